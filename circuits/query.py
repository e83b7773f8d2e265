"""A query: who asks what about whom, for whom, when, and until when. Its digest is inside every proof.

The lender's words are kept (`predicate_text`), the meaning is fixed by `predicate_digest` under `schema_digests`.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from circuits import calendar
from circuits.encoding import b64u, b64u_decode, fields, parse_json
from circuits.errors import EncodingError, QueryError
from circuits.vocabulary import MAX_SCHEMAS, vocabulary_digest

MAX_TEXT = 1024
MAX_NAME = 256
MAX_AGE_DAYS = 36_525

_LABEL = "zkattest/query/1"
_KEYS = (
    *("id", "nonce", "audience", "relying_party", "provider", "subject", "purpose", "predicate", "predicate_digest"),
    *("schemas", "reasons", "as_of", "max_age", "issued_at", "expires_at", "consent"),
)
_NAMES = ("audience", "relying_party", "provider", "subject", "purpose")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Reasons(StrEnum):
    """What an answer may say besides yes or no."""

    OUTCOME_ONLY = "outcome-only"
    """Nothing."""
    FAILED_CLAUSES = "failed-clauses"
    """For a no, which clauses failed, each of them proven; only with the subject's consent."""


@dataclass(frozen=True, slots=True)
class Query:
    """One question asked once.

    Attributes:
        id: 16 bytes in base64url, random unless the request may be repeated: what it becomes then has the same one.
        nonce: 32 random bytes.
        audience: origin of the verifier that asks; a proof for one verifier is no proof for another.
        relying_party: who wants to know.
        provider: who is to answer.
        subject: the provider's reference for the person.
        purpose: why, as a code or a short text.
        predicate_text: the question as written.
        predicate_digest: SHA-256 of the typed question's canonical bytes.
        schema_digests: the schemas it is typed under, in order of precedence (circuits.vocabulary).
        as_of: ISO date at which ages are counted.
        max_age: days that the credential may be old on that date, or None.
        issued_at, expires_at: Unix seconds; the query may be answered from the first until before the second.
        consent: reference of the consent it relies on; empty if none.
        reasons: whether a no comes with the clauses that failed.
        digest: SHA-256 of to_bytes(), computed once.
    """

    id: str
    nonce: bytes
    audience: str
    relying_party: str
    provider: str
    subject: str
    purpose: str
    predicate_text: str
    predicate_digest: bytes
    schema_digests: tuple[bytes, ...]
    as_of: str
    max_age: int | None
    issued_at: int
    expires_at: int
    consent: str = ""
    reasons: Reasons = Reasons.OUTCOME_ONLY
    digest: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Require every field to be in its one form.

        Raises:
            QueryError: which is not (whoever wrote the query is to blame).
        """
        _require_bytes("id", _decode("id", self.id), 16)
        _require_bytes("nonce", self.nonce, 32)
        _require_bytes("predicate_digest", self.predicate_digest, 32)
        if not 1 <= len(self.schema_digests) <= MAX_SCHEMAS or len(set(self.schema_digests)) < len(self.schema_digests):
            raise QueryError(f"schemas: must be 1 to {MAX_SCHEMAS} different digests")
        for digest in self.schema_digests:
            _require_bytes("schemas", digest, 32)
        if not isinstance(self.reasons, Reasons):
            raise QueryError(f"reasons: must be one of {', '.join(Reasons)}")
        for name in _NAMES:
            _require_text(name, getattr(self, name), 1, MAX_NAME)
        _require_text("consent", self.consent, 0, MAX_NAME)
        if not 1 <= len(self.predicate_text) <= MAX_TEXT or not self.predicate_text.isascii():
            raise QueryError(f"predicate: must be 1 to {MAX_TEXT} ASCII characters")
        try:
            calendar.day_number(self.as_of)
            calendar.rfc3339(self.issued_at)
            calendar.rfc3339(self.expires_at)
        except EncodingError as error:
            raise QueryError(f"as_of, issued_at or expires_at: {error}") from error
        if self.expires_at <= self.issued_at:
            raise QueryError("expires_at: must be after issued_at")
        if self.max_age is not None and not 0 <= self.max_age <= MAX_AGE_DAYS:
            raise QueryError(f"max_age: must be 0 to {MAX_AGE_DAYS} days")
        object.__setattr__(self, "digest", hashlib.sha256(self.to_bytes()).digest())

    @property
    def as_of_day(self) -> int:
        """The day number of as_of."""
        return calendar.day_number(self.as_of)

    @property
    def vocabulary_digest(self) -> bytes:
        """The digest of its schemas together; of one schema, that schema's."""
        return vocabulary_digest(self.schema_digests)

    def to_bytes(self) -> bytes:
        """Encode every field in fixed order, each with its length in front."""
        return self._written(self.nonce, self.issued_at, self.expires_at)

    def request_digest(self) -> bytes:
        """Digest what stays the same when it is put again because its answer was lost: not its nonce, nor its times."""
        return hashlib.sha256(self._written(bytes(32), 0, 1)).digest()

    def _written(self, nonce: bytes, issued_at: int, expires_at: int) -> bytes:
        max_age = "" if self.max_age is None else str(self.max_age)
        texts = (
            *(self.audience, self.relying_party, self.provider, self.subject, self.purpose, self.predicate_text),
            *(self.as_of, max_age, calendar.rfc3339(issued_at), calendar.rfc3339(expires_at), self.consent),
            self.reasons,
        )
        binary = (b64u_decode(self.id), nonce, self.predicate_digest, b"".join(self.schema_digests))
        return fields(_LABEL, *binary, *(text.encode() for text in texts))

    def to_json(self) -> dict[str, Any]:
        """Write as JSON: binary in base64url, times in RFC 3339."""
        return {
            "id": self.id,
            "nonce": b64u(self.nonce),
            "audience": self.audience,
            "relying_party": self.relying_party,
            "provider": self.provider,
            "subject": self.subject,
            "purpose": self.purpose,
            "predicate": self.predicate_text,
            "predicate_digest": b64u(self.predicate_digest),
            "schemas": [b64u(digest) for digest in self.schema_digests],
            "reasons": self.reasons.value,
            "as_of": self.as_of,
            "max_age": self.max_age,
            "issued_at": calendar.rfc3339(self.issued_at),
            "expires_at": calendar.rfc3339(self.expires_at),
            "consent": self.consent,
        }

    @classmethod
    def from_json(cls, source: bytes | str | Mapping[str, Any]) -> "Query":
        """Invert to_json: every member must be there, and no other.

        Raises:
            QueryError: anything else (the sender's fault).
        """
        members = _parse(source)
        for name in _KEYS:
            if name not in ("max_age", "schemas") and not isinstance(members[name], str):
                raise QueryError(f"{name}: must be a text")
        listed = members["schemas"]
        if not isinstance(listed, list) or not all(isinstance(digest, str) for digest in listed):
            raise QueryError("schemas: must be a list of digests")
        if members["reasons"] not in set(Reasons):
            raise QueryError(f"reasons: must be one of {', '.join(Reasons)}")
        max_age = members["max_age"]
        if max_age is not None and (not isinstance(max_age, int) or isinstance(max_age, bool)):
            raise QueryError("max_age: must be a whole number of days, or null")
        return cls(
            id=members["id"],
            nonce=_decode("nonce", members["nonce"]),
            audience=members["audience"],
            relying_party=members["relying_party"],
            provider=members["provider"],
            subject=members["subject"],
            purpose=members["purpose"],
            predicate_text=members["predicate"],
            predicate_digest=_decode("predicate_digest", members["predicate_digest"]),
            schema_digests=tuple(_decode("schemas", digest) for digest in listed),
            reasons=Reasons(members["reasons"]),
            as_of=members["as_of"],
            max_age=max_age,
            issued_at=_unix("issued_at", members["issued_at"]),
            expires_at=_unix("expires_at", members["expires_at"]),
            consent=members["consent"],
        )


def _parse(source: bytes | str | Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(source, Mapping):
        try:
            source = parse_json(source.encode() if isinstance(source, str) else source)
        except (EncodingError, UnicodeEncodeError) as error:
            raise QueryError(str(error)) from error
    if not isinstance(source, Mapping) or set(source) != set(_KEYS):
        raise QueryError(f"a query is a JSON object with exactly the members {', '.join(_KEYS)}")
    return source


def _decode(name: str, text: str) -> bytes:
    try:
        return b64u_decode(text)
    except EncodingError as error:
        raise QueryError(f"{name}: {error}") from error


def _unix(name: str, time: str) -> int:
    try:
        return calendar.unix(time)
    except EncodingError as error:
        raise QueryError(f"{name}: {error}") from error


def _require_bytes(name: str, content: bytes, size: int) -> None:
    if len(content) != size:
        raise QueryError(f"{name}: must have {size} bytes")


def _require_text(name: str, text: str, shortest: int, longest: int) -> None:
    if not shortest <= len(text) <= longest or _CONTROL.search(text):
        raise QueryError(f"{name}: must be {shortest} to {longest} characters, none of them a control character")
