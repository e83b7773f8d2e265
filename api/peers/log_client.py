"""A log over HTTP, as anybody reads it (checkpoint, tiles) and as an auditor does (entries with their bodies).

Whoever serves it may be slow, broken or hostile: an answer costs at most its bound, a request at most its time. What is
asked for never changes, so a request that broke off is put again.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Self

import httpx2

from api.peers.lender_client import Refusal, Unreachable
from circuits.encoding import parse_json
from circuits.errors import EncodingError
from verifier.log.bundles import SLOT
from verifier.log.layout import CHECKPOINT, Place
from verifier.log.merkle import HASH
from verifier.log.tiles import WIDTH

TIMEOUT: Final = httpx2.Timeout(30.0, connect=3.0)
MOST_SECONDS: Final = 300.0
"""For one answer: each of its chunks may come just in time."""
MOST_NOTE: Final = 64 << 10
MOST_PAGE: Final = 16 << 20
PAUSES: Final = (0.2, 1.0, 3.0, 10.0)
"""Seconds before a request is put again."""
MOST_PAUSE: Final = 60.0
_LATER: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_AGAIN: Final = (httpx2.TimeoutException, httpx2.NetworkError, httpx2.ProtocolError)


class TooLarge(Exception):  # noqa: N818 - names what the answer is
    """An answer is larger than anything that was asked for can be, or than we keep in memory."""


class LogClient:
    """One log at one address; a context manager.

    Args:
        url: the verifier's address, or that of a folder of static files that somebody serves under `/log`.
        key: with scope `audit`; only entries' bodies take one, and nothing else is sent it.
        pause: waits so many seconds.
    """

    def __init__(self, url: str, *, key: str | None = None, pause: Callable[[float], None] = time.sleep) -> None:
        self.url = url.rstrip("/")
        self._key = key
        self._pause = pause
        self._reached = False
        self._client = httpx2.Client(timeout=TIMEOUT, trust_env=False, headers={"Accept-Encoding": "identity"})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def checkpoint(self) -> str:
        """The newest signed checkpoint, not yet verified.

        Raises:
            Refusal, Unreachable: there is none to be had.
        """
        content = self._get(f"/log/{CHECKPOINT}", most=MOST_NOTE)
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            raise Unreachable(self.url, "what is served there as a checkpoint is not text") from None

    def tile(self, place: Place) -> bytes:
        """A tile or bundle, at most as wide as asked; raises as checkpoint does."""
        width = place.width * (SLOT if place.level is None else HASH)
        return self._get(f"/log/tile/{place.path}", most=width)

    def entries(self, start: int, limit: int = WIDTH) -> object:
        """A page of entries with bodies: JSON that means one thing, of whatever shape.

        Raises:
            TooLarge: ask for fewer.
            Refusal, Unreachable: see checkpoint; without a key, or with a wrong one, a Refusal.
        """
        content = self._get(f"/v1/entries?start={start}&limit={limit}", most=MOST_PAGE, signed=True, too_large=True)
        try:
            found: object = parse_json(content)
        except EncodingError as error:
            raise Unreachable(self.url, f"what it answers is {error}") from None
        return found

    def _get(self, path: str, *, most: int, signed: bool = False, too_large: bool = False) -> bytes:
        headers = {"Authorization": f"Bearer {self._key}"} if signed and self._key else {}
        refused: Refusal | Unreachable
        pauses = iter(PAUSES)
        while True:
            pause = next(pauses, None)
            try:
                with self._answer(path, headers) as response:
                    self._reached = True
                    if response.is_success:
                        return _content(response, most)
                    wait = _wait(response) if response.status_code in _LATER else None
                    refused = _refusal(response)
            except _AGAIN as error:
                wait = 0.0 if self._reached else None  # an address where nobody has ever answered is a wrong one
                refused = _unreachable(self.url, error)
            except TooLarge:
                if too_large:
                    raise
                raise Unreachable(self.url, f"the answer to {path} is longer than it can be") from None
            if wait is None or pause is None:
                raise refused
            self._pause(max(wait, pause))

    @contextmanager
    def _answer(self, path: str, headers: dict[str, str]) -> Iterator[httpx2.Response]:
        try:
            with self._client.stream("GET", self.url + path, headers=headers) as response:
                yield response
        except _AGAIN:
            raise
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise Unreachable(self.url, f"it cannot be read: {type(error).__name__}") from None


def _content(response: httpx2.Response, most: int) -> bytes:
    deadline = time.monotonic() + MOST_SECONDS
    chunks: list[bytes] = []
    read = 0
    for chunk in response.iter_raw():
        read += len(chunk)
        if read > most:
            raise TooLarge
        if time.monotonic() > deadline:
            raise httpx2.ReadTimeout("slow")
        chunks.append(chunk)
    return b"".join(chunks)


def _wait(response: httpx2.Response) -> float:
    told = response.headers.get("retry-after", "")
    return min(float(told), MOST_PAUSE) if told.isascii() and told.isdigit() and len(told) <= len("86400") else 0.0


def _refusal(response: httpx2.Response) -> Refusal:
    try:
        problem = parse_json(_content(response, MOST_NOTE))
    except (EncodingError, TooLarge):
        problem = {}
    return Refusal(response.status_code, problem if isinstance(problem, dict) else {})


def _unreachable(url: str, error: Exception) -> Unreachable:
    match error:
        case httpx2.ConnectError():
            return Unreachable(url, "nobody answers there")
        case httpx2.TimeoutException():
            return Unreachable(url, "the service does not answer in time")
        case _:
            return Unreachable(url, f"the answer broke off, or is none ({type(error).__name__})")
