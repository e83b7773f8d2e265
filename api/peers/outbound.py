"""HTTP to the other service: one pool, strict timeouts, no redirects, no proxies, a bound on what is read.

Whoever is on the other side may be slow, broken or hostile; it costs us at most the timeout and `most` bytes.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpcore2
import httpx2

from api.web import strict_json
from api.web.problems import Problem

CONNECT_SECONDS: Final = 1.0
_FAILURES: Final = (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError)
_JSON: Final = frozenset({b"application/json", b"application/problem+json"})


class PeerUnreachable(Exception):  # noqa: N818 - names the state; asking again later is safe
    """The peer did not answer, or not in time, or said it cannot now (nobody's fault, or the peer's operator's)."""


class PeerBroken(Exception):  # noqa: N818 - names the finding
    """The peer answered with something that is not what the interface says (the peer's fault)."""


@dataclass(frozen=True, slots=True, repr=False)
class Reply:
    """What the peer said."""

    status: int
    body: Any

    @property
    def problem(self) -> str:
        """The name of the problem it answered with, or nothing."""
        kind = self.body.get("type", "") if isinstance(self.body, dict) else ""
        return str(kind).rsplit("/", 1)[-1]

    def __repr__(self) -> str:
        return f"<Reply {self.status} redacted>"


class Outbound:
    """A pool of connections to any number of peers."""

    def __init__(self, *, timeout: float, connections: int, most: int) -> None:
        self._most = most
        self._timeout = timeout
        seconds = dict.fromkeys(("read", "write", "pool"), timeout) | {"connect": min(CONNECT_SECONDS, timeout)}
        self._extensions = {"timeout": seconds}
        # The pool of httpx2 without its client: cookies, redirects, proxies and decoding are what is not wanted here,
        # and cost as much as the exchange.
        self._pool = httpcore2.ConnectionPool(
            ssl_context=httpx2.create_ssl_context(trust_env=False),
            max_connections=connections,
            max_keepalive_connections=connections,
        )

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()

    def post(self, url: str, body: Mapping[str, Any], *, key: str) -> Reply:
        """Post JSON, read JSON. A connection that the peer closed while it was idle is replaced once.

        Raises:
            PeerUnreachable: no answer within the time.
            PeerBroken: an answer that is not JSON, or too large.
        """
        content = json.dumps(body, separators=(",", ":")).encode()
        try:
            return self._post(url, content, key)
        except (httpcore2.RemoteProtocolError, httpcore2.ReadError, httpcore2.WriteError):
            pass
        except _FAILURES as error:
            raise PeerUnreachable(type(error).__name__) from None
        try:
            return self._post(url, content, key)
        except _FAILURES as error:
            raise PeerUnreachable(type(error).__name__) from None

    def _post(self, url: str, content: bytes, key: str) -> Reply:
        headers: dict[bytes | str, bytes | str] = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }
        deadline = time.monotonic() + self._timeout
        with self._pool.stream("POST", url, content=content, headers=headers, extensions=self._extensions) as response:
            named = (value for name, value in response.headers if name.lower() == b"content-type")
            media_type = next(named, b"").partition(b";")[0].strip().lower()
            if media_type not in _JSON:
                raise PeerBroken(f"HTTP {response.status} without JSON")
            chunks: list[bytes] = []
            read = 0
            for chunk in response.iter_stream():
                read += len(chunk)
                if read > self._most:
                    raise PeerBroken(f"an answer of more than {self._most} bytes")
                # Each chunk may come just within the read timeout: a slow peer must not hold a thread for hours.
                if time.monotonic() > deadline:
                    raise PeerUnreachable("slow")
                chunks.append(chunk)
        try:
            return Reply(response.status, strict_json.parse(b"".join(chunks)))
        except Problem as problem:
            raise PeerBroken(problem.detail) from None
