"""HTTP to the other service: one pool, strict timeouts, no redirects, no proxies, a bound on what is read.

Whoever is on the other side may be slow, broken or hostile; it costs us at most the timeout and `most` bytes.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx2

from api import strict_json
from api.problems import Problem

CONNECT_SECONDS: Final = 1.0
_JSON: Final = frozenset({"application/json", "application/problem+json"})


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
        self._client = httpx2.Client(
            timeout=httpx2.Timeout(timeout, connect=min(CONNECT_SECONDS, timeout)),
            limits=httpx2.Limits(max_connections=connections, max_keepalive_connections=connections),
            follow_redirects=False,
            trust_env=False,
        )

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def post(self, url: str, body: Mapping[str, Any], *, key: str) -> Reply:
        """Post JSON, read JSON. A connection that the peer closed while it was idle is replaced once.

        Raises:
            PeerUnreachable: no answer within the time.
            PeerBroken: an answer that is not JSON, or too large.
        """
        content = json.dumps(body, separators=(",", ":")).encode()
        try:
            return self._post(url, content, key)
        except (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError):
            pass
        except httpx2.HTTPError as error:
            raise PeerUnreachable(type(error).__name__) from None
        try:
            return self._post(url, content, key)
        except httpx2.HTTPError as error:
            raise PeerUnreachable(type(error).__name__) from None

    def _post(self, url: str, content: bytes, key: str) -> Reply:
        headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }
        deadline = time.monotonic() + self._timeout
        with self._client.stream("POST", url, content=content, headers=headers) as response:
            media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            if media_type not in _JSON:
                raise PeerBroken(f"HTTP {response.status_code} without JSON")
            chunks: list[bytes] = []
            read = 0
            for chunk in response.iter_raw():
                read += len(chunk)
                if read > self._most:
                    raise PeerBroken(f"an answer of more than {self._most} bytes")
                # Each chunk may come just within the read timeout: a slow peer must not hold a thread for hours.
                if time.monotonic() > deadline:
                    raise PeerUnreachable("slow")
                chunks.append(chunk)
        try:
            return Reply(response.status_code, strict_json.parse(b"".join(chunks)))
        except Problem as problem:
            raise PeerBroken(problem.detail) from None
