"""What both applications are built on: strict requests, problem+json for everything, keys, health, documents.

`build` makes a FastAPI application and nothing else: databases, threads and pools are opened by its lifespan.
"""

import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, FastAPI, Request, Response, Security
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.models import HTTPBearer
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from fastapi.security.base import SecurityBase
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from structlog.typing import FilteringBoundLogger

from api.settings import ApplicationSettings
from api.web import problems, strict_json
from api.web.auth import AuthenticationError, Authenticator, Principal, Scope
from api.web.documentation import HEADERS, page
from api.web.errors import TABLE, as_problem
from api.web.metrics import Metrics
from api.web.middleware import BodyLimit, Observe
from api.web.problems import Problem, ProblemDocument
from api.web.rates import Rates
from api.web.signatures import Signatures
from api.web.unfit import plain

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
_METHODS_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True)
class Gate:
    """Who may enter, and how often."""

    keys: Authenticator
    rates: Rates
    failures: Rates
    signatures: Signatures | None = None

    async def enter(self, request: Request, authorization: str | None) -> Principal:
        """Find out who is asking: by a signature if there is one, else by an API key; AuthenticationError if nobody."""
        if self.signatures is not None and ("signature" in request.headers or "signature-input" in request.headers):
            return await run_in_threadpool(self.signatures.authenticate, await self.signatures.read(request))
        found = self.keys.cached(authorization)
        return await run_in_threadpool(self.keys.authenticate, authorization) if found is None else found


class StrictRequest(Request):
    """A request whose JSON means one thing only."""

    async def json(self) -> Any:  # noqa: ANN401 - JSON is any of six types
        """The parsed body; raises `bad-request` (see `api.web.strict_json`)."""
        if not hasattr(self, "_json"):
            self._json = strict_json.parse(await self.body())
        return self._json


class StrictRoute(APIRoute):
    """A route that takes JSON, says so, and reads it strictly. Every router has to name it: inclusion does not."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler, given a strict request."""
        answer = super().get_route_handler()
        takes_body = self.body_field is not None

        async def strict(request: Request) -> Response:
            if takes_body and request.method in _METHODS_WITH_BODY:
                media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
                if media_type != "application/json":
                    raise Problem("unsupported-media-type", headers={"Accept-Post": "application/json"})
            return await answer(StrictRequest(request.scope, request.receive))

        return strict


class _KeyScheme(SecurityBase):
    """How the documents describe an API key; the work is done in `holder_of`."""

    def __init__(self) -> None:
        self.scheme_name = "key"
        self.model = HTTPBearer(
            description="`Authorization: Bearer zka_<id>_<secret>`. Keys are scoped and revocable. "
            "Or sign the request: HTTP Message Signatures (RFC 9421), Ed25519."
        )

    async def __call__(self, request: Request) -> str | None:
        return request.headers.get("authorization")


_KEY: Final = _KeyScheme()


def holder_of(*scopes: Scope) -> Callable[..., Awaitable[Principal]]:
    """A dependency: the principal of a key that has one of the scopes, counted against its rate limit."""
    wanted = " ".join(scopes)

    async def principal(request: Request, authorization: Annotated[str | None, Security(_KEY)]) -> Principal:
        gate: Gate = request.app.state.gate
        try:
            found = await gate.enter(request, authorization)
        except AuthenticationError:
            gate.failures.spend(request.client.host if request.client else "unknown")
            raise
        gate.rates.spend(found.key_id)
        if found.scopes.isdisjoint(scopes):
            challenge = f'Bearer realm="zkattest", error="insufficient_scope", scope="{wanted}"'
            raise Problem(
                "insufficient-scope",
                f"this needs the scope {' or '.join(scopes)}",
                headers={"WWW-Authenticate": challenge},
            )
        return found

    return principal


def build(
    *,
    title: str,
    description: str,
    version: str,
    settings: ApplicationSettings,
    lifespan: Lifespan,
    logger: FilteringBoundLogger,
    metrics: Metrics,
    large: tuple[str, ...],
) -> FastAPI:
    """An application with strict routes, problem+json and measurement around it; `large` paths take batches."""
    app = FastAPI(
        title=title,
        description=description,
        version=version,
        lifespan=lifespan,
        redirect_slashes=False,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.router.route_class = StrictRoute
    app.state.metrics = metrics
    app.state.logger = logger
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_unfit_request)
    for kind in TABLE:
        app.add_exception_handler(kind, _on_known_error)
    app.add_middleware(BodyLimit, most=settings.body_limit, by_path=dict.fromkeys(large, settings.batch_body_limit))
    app.add_middleware(Observe, logger=logger, metrics=metrics)
    app.include_router(_operations())
    _add_page(app)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]  # FastAPI's documented way
    return app


def _operations() -> APIRouter:
    router = APIRouter(tags=["operations"], route_class=StrictRoute)

    @router.get("/healthz", summary="The process is alive")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @router.get(
        "/readyz",
        summary="The service can do its work",
        responses=problems.documented("unavailable"),
    )
    async def readyz(request: Request) -> dict[str, Any]:
        state: Mapping[str, Any] = await run_in_threadpool(request.app.state.readiness)
        return {"status": "ready", **state}

    @router.get(
        "/metrics",
        summary="Prometheus metrics, without anything personal",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    async def metrics(request: Request) -> Response:
        found: Metrics = request.app.state.metrics
        return Response(found.render(), headers={"Content-Type": found.media_type, "Cache-Control": "no-store"})

    return router


def _add_page(app: FastAPI) -> None:
    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return Response(page(app.openapi()), media_type="text/html", headers=dict(HEADERS))


async def _on_http_error(request: Request, error: Exception) -> Response:
    if isinstance(error, Problem):
        return problems.present(error, instance=request.url.path)
    known = error if isinstance(error, HTTPException) else HTTPException(500)
    name = problems.BY_STATUS.get(known.status_code)
    if name is None:
        raise error
    return problems.present(Problem(name, headers=known.headers), instance=request.url.path)


async def _on_known_error(request: Request, error: Exception) -> Response:
    problem = as_problem(error)
    instance = request.url.path
    if problem.kind.status >= 500:  # noqa: PLR2004 - the server's side of HTTP
        instance = problems.incident()
        logger: FilteringBoundLogger = request.app.state.logger
        logger.warning(problem.kind.name, instance=instance, error=type(error).__name__)
    return problems.present(problem, instance=instance)


async def _on_unfit_request(request: Request, error: Exception) -> Response:
    errors = error.errors() if isinstance(error, RequestValidationError) else []
    if any(each["loc"][0] == "path" for each in errors):
        return problems.present(Problem("not-found"), instance=request.url.path)
    found = [{"pointer": _pointer(each["loc"]), "detail": plain(each)} for each in errors[:20]]
    return problems.present(Problem("unprocessable", extra={"errors": found}), instance=request.url.path)


def _pointer(location: tuple[str | int, ...]) -> str:
    source, *rest = location
    path = "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in rest)
    return "#" + (f"/{path}" if path else "") if source == "body" else f"{source}: {path}"


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=app.description,
            routes=app.routes,
            tags=app.openapi_tags,
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schema = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        schemas["Problem"] = schema
        for operation in (each for path in document["paths"].values() for each in path.values()):
            # FastAPI documents its own error shape where we answer with a problem.
            unfit = operation["responses"].get("422", {}).get("content", {}).get("application/json")
            if unfit is not None:
                operation["responses"].pop("422")
                operation["responses"].update(json.loads(json.dumps(problems.documented("unprocessable"))))
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        app.openapi_schema = document
    return app.openapi_schema
