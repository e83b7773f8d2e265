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


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """What the peer said, as bytes; the media type in lower case, without parameters."""

    status: int
    media_type: bytes
    content: bytes

    def __repr__(self) -> str:
        return f"<Answer {self.status} redacted>"


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
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Accept": "application/json"}
        answer = self.send(url, content, headers=headers)
        if answer.media_type not in _JSON:
            raise PeerBroken(f"HTTP {answer.status} without JSON")
        try:
            return Reply(answer.status, strict_json.parse(answer.content))
        except Problem as problem:
            raise PeerBroken(problem.detail) from None

    def send(self, url: str, content: bytes, *, headers: Mapping[str, str]) -> Answer:
        """Post bytes, read bytes. A connection that the peer closed while it was idle is replaced once.

        Raises:
            PeerUnreachable: no answer within the time.
            PeerBroken: an answer that is too large.
        """
        try:
            return self._send(url, content, headers)
        except (httpcore2.RemoteProtocolError, httpcore2.ReadError, httpcore2.WriteError):
            pass
        except _FAILURES as error:
            raise PeerUnreachable(type(error).__name__) from None
        try:
            return self._send(url, content, headers)
        except _FAILURES as error:
            raise PeerUnreachable(type(error).__name__) from None

    def _send(self, url: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        sent: dict[bytes | str, bytes | str] = {"Accept-Encoding": "identity"}
        sent.update(headers.items())
        deadline = time.monotonic() + self._timeout
        with self._pool.stream("POST", url, content=content, headers=sent, extensions=self._extensions) as response:
            named = (value for name, value in response.headers if name.lower() == b"content-type")
            media_type = next(named, b"").partition(b";")[0].strip().lower()
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
        return Answer(response.status, media_type, b"".join(chunks))
