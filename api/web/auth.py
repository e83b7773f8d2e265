"""API keys: `Authorization: Bearer zka_<id>_<secret>`; signed requests, which need none, are `signatures`.

Only SHA-256 of the whole key is stored. The secret is 32 random bytes, so a fast hash is enough: there is nothing to
guess. A key has an owner (a relying party, a provider, a verifier) and scopes; revocation is a date, never a deletion.
"""

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from circuits.encoding import b64u
from verifier.entries.signed_request import SignedRequest

PREFIX: Final = "zka"
_KEY: Final = re.compile(r"zka_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
_MOST_CACHED: Final = 10_000


class Scope(StrEnum):
    """What a key may do. No scope implies another."""

    QUERY = "query"
    ISSUE = "issue"
    PROVE = "prove"
    AUDIT = "audit"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is stored of a key."""

    id: str
    digest: bytes
    owner: str
    scopes: frozenset[Scope]
    revoked_at: int | None = None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made: the text is shown once, the record is stored."""

    text: str = field(repr=False)
    record: KeyRecord


class KeyStore(Protocol):
    """Where records live."""

    def find(self, key_id: str) -> KeyRecord | None:
        """The record, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking, proven; with the request, if it is signed."""

    key_id: str
    owner: str
    scopes: frozenset[Scope]
    request: SignedRequest | None = None


class AuthenticationError(Exception):
    """The caller has not shown who they are. One class and one message for every reason: it must not help guessing."""

    def __init__(self) -> None:
        super().__init__("send Authorization: Bearer with a key that is valid, or sign the request with one")


def digest(text: str) -> bytes:
    """What is stored in place of a key."""
    return hashlib.sha256(b"zkattest/api-key/1" + text.encode()).digest()


def make_key(*, owner: str, scopes: frozenset[Scope], entropy: Callable[[int], bytes] = secrets.token_bytes) -> NewKey:
    """A fresh key for the owner."""
    key_id = entropy(8).hex()
    text = f"{PREFIX}_{key_id}_{b64u(entropy(32))}"
    return NewKey(text, KeyRecord(key_id, digest(text), owner, scopes))


class Authenticator:
    """Finds out who is asking; keeps found keys for a moment, so that the hot path needs no database."""

    def __init__(self, store: KeyStore, *, keep: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._keep = keep
        self._clock = clock
        self._found: dict[bytes, tuple[float, Principal]] = {}
        # An unknown id costs the same comparison as a known one.
        self._nobody = digest(secrets.token_hex(32))

    def cached(self, authorization: str | None) -> Principal | None:
        """The principal if this very key was found a moment ago; never touches the store."""
        token = _bearer(authorization)
        if token is None:
            return None
        entry = self._found.get(digest(token))
        return entry[1] if entry and entry[0] > self._clock() else None

    def authenticate(self, authorization: str | None) -> Principal:
        """The principal behind an `Authorization` header.

        Raises:
            AuthenticationError: no header, another scheme, malformed, unknown, wrong or revoked (the caller's fault).
        """
        token = _bearer(authorization)
        if token is None:
            raise AuthenticationError
        presented = digest(token)
        record = self._store.find(token.split("_", 2)[1])
        matches = hmac.compare_digest(presented, record.digest if record else self._nobody)
        if record is None or not matches or record.revoked_at is not None:
            self._found.pop(presented, None)
            raise AuthenticationError
        principal = Principal(record.id, record.owner, record.scopes)
        if self._keep:
            if len(self._found) >= _MOST_CACHED:
                self._found.clear()
            self._found[presented] = (self._clock() + self._keep, principal)
        return principal


def _bearer(authorization: str | None) -> str | None:
    if authorization is None or not authorization.isascii():
        return None
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not _KEY.fullmatch(token):
        return None
    return token
