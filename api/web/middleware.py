"""What surrounds every request of both services: an outermost catch, measurement, one log line, a body limit.

Plain ASGI: a middleware that wraps requests and responses in objects costs a task per request.
"""

import time
from collections.abc import Mapping
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import FilteringBoundLogger

from api.web import problems
from api.web.logs import whereabouts
from api.web.metrics import Metrics
from api.web.problems import Problem

_SAFE_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
# Polled every few seconds and of no interest to anyone reading the log.
_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})


class Observe:
    """Outermost: an exception nobody foresaw becomes a 500 that tells an id only; every request is counted."""

    def __init__(self, app: ASGIApp, *, logger: FilteringBoundLogger, metrics: Metrics) -> None:
        self._app = app
        self._logger = logger
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0
        started = time.perf_counter()

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                message["headers"] = [*message.get("headers", ()), *_SAFE_HEADERS]
            await send(message)

        try:
            await self._app(scope, receive, note_status)
        except Exception as error:
            instance = problems.incident()
            self._metrics.incidents.labels("internal").inc()
            self._logger.critical("internal", instance=instance, route=_route(scope), **whereabouts(error))
            if status:
                raise  # half an answer is out: only the server can break the connection
            await problems.present(Problem("internal"), instance=instance)(scope, receive, note_status)
        seconds = time.perf_counter() - started
        route = _route(scope)
        self._metrics.requests.labels(scope["method"], route, str(status)).observe(seconds)
        if route not in _QUIET:
            self._logger.info(
                "request", method=scope["method"], route=route, status=status, ms=round(seconds * 1000, 2)
            )


class BodyLimit:
    """Refuses a body larger than its route allows: at once where its length is declared, else while it is read."""

    def __init__(self, app: ASGIApp, *, most: int, by_path: Mapping[str, int]) -> None:
        self._app = app
        self._most = most
        self._by_path = dict(by_path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._by_path.get(scope["path"], self._most)
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        problem = Problem("too-large", f"a body here has at most {most} bytes", headers={"Connection": "close"})
        if not declared.isdigit() or int(declared) > most:
            await problems.present(problem, instance=scope["path"])(scope, receive, send)
            return
        read = 0

        async def count() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                raise problem
            return message

        await self._app(scope, count, send)


def _route(scope: Scope) -> str:
    """The template of the route, never the path: a path may hold what a person typed."""
    return str(getattr(scope.get("route"), "path", "none"))
