"""Log entries: tagged kinds and their one canonical form (RFC 8785 JSON).

An undetermined answer, as its body reads::

    {"asked_at":412,"at":"2026-11-22T15:46:17Z","consent":"eyJ...","credential":"0lJ...","kind":"undetermined",
     "query":{...},"reason":"stale","request":null}

`kind` and `at` are in every body; `at` is the time the entry was appended, and the "now" of every later check.
`asked_at` is the size the log had when the question was put: what an answer may rely on was logged before that.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

from circuits import calendar
from circuits.attributes import Schema
from circuits.encoding import b64u, b64u_decode, canonical_json, parse_json
from circuits.errors import CircuitsError
from circuits.jws import VerifyKey
from circuits.leakage import Disclosed, written
from circuits.predicate.typing import MAX_ATOMS
from circuits.query import Query
from circuits.vocabulary import MAX_SCHEMAS
from verifier.entries.attestors import AttestorEntry
from verifier.entries.erasure import ErasureEntry
from verifier.entries.members import choice, count, members_of, require_members, text, texts, truths
from verifier.entries.parties import PartyEntry
from verifier.entries.signed_request import SignedRequest
from verifier.entries.withdrawal import WithdrawalEntry
from verifier.errors import EntryError
from verifier.log.leaves import LoggedEntry

REASONS = ("absent", "stale", "disputed")
MAX_BODY = 1 << 18
"""Eight schemas and their credentials, quoted, fit an evidence file."""
MAX_CONSENT = 1 << 15


class Entry(Protocol):
    """What every kind of entry can do."""

    kind: ClassVar[str]

    def to_fields(self) -> dict[str, Any]:
        """Write the members of the body besides `kind` and `at`."""
        ...


@dataclass(frozen=True, slots=True)
class ProviderEntry:
    """A provider and the key it signs with from `valid_from` (Unix seconds) on; the same id again rotates the key."""

    kind: ClassVar[str] = "provider"
    id: str
    name: str
    key: VerifyKey
    prover_url: str
    valid_from: int

    def to_fields(self) -> dict[str, Any]:
        """Write the members of the body."""
        return {
            "id": self.id,
            "name": self.name,
            "jwk": self.key.to_jwk(),
            "prover_url": self.prover_url,
            "valid_from": calendar.rfc3339(self.valid_from),
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Invert to_fields."""
        require_members(fields, "id", "name", "jwk", "prover_url", "valid_from")
        if not isinstance(fields["jwk"], dict):
            raise EntryError("jwk: must be an object")
        return cls(
            id=text(fields, "id"),
            name=text(fields, "name"),
            key=VerifyKey.from_jwk(fields["jwk"]),
            prover_url=text(fields, "prover_url", longest=2048),
            valid_from=calendar.unix(text(fields, "valid_from")),
        )


@dataclass(frozen=True, slots=True)
class SchemaEntry:
    """A schema that a provider issues under. Immutable: its digest is its name."""

    kind: ClassVar[str] = "schema"
    provider: str
    schema: Schema

    def to_fields(self) -> dict[str, Any]:
        """Write the members of the body."""
        return {"provider": self.provider, "schema": self.schema.to_json()}

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Invert to_fields."""
        require_members(fields, "provider", "schema")
        if not isinstance(fields["schema"], dict):
            raise EntryError("schema: must be an object")
        return cls(text(fields, "provider"), Schema.from_json(fields["schema"]))


@dataclass(frozen=True, slots=True)
class CredentialEntry:
    """A credential as its provider signed it; a newer one names the one it supersedes."""

    kind: ClassVar[str] = "credential"
    token: str

    def to_fields(self) -> dict[str, Any]:
        """Write the members of the body."""
        return {"token": self.token}

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Invert to_fields."""
        require_members(fields, "token")
        return cls(text(fields, "token", longest=MAX_BODY))


@dataclass(frozen=True, slots=True)
class RevocationEntry:
    """A provider's signed word that a credential is void (verifier.entries.revocation)."""

    kind: ClassVar[str] = "revocation"
    token: str

    def to_fields(self) -> dict[str, Any]:
        """Write the members of the body."""
        return {"token": self.token}

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Invert to_fields."""
        require_members(fields, "token")
        return cls(text(fields, "token", longest=MAX_BODY))


@dataclass(frozen=True, slots=True)
class AnswerEntry:
    """A proven yes or no with all it takes to check it again, and the attestation that was handed out.

    `consent` is the token of the consent that it was asked under; `disclosed` what the answer told, in the provider's
    word. `request` is the question as its relying party signed it, here and in the other outcomes; None if it was not.
    """

    kind: ClassVar[str] = "answer"
    query: Query
    asked_at: int
    credentials: tuple[str, ...]
    answer: bool
    proof: bytes
    attestation: str
    consent: str
    disclosed: tuple[Disclosed, ...]
    clauses: tuple[bool, ...] | None = None
    request: SignedRequest | None = None

    def to_fields(self) -> dict[str, Any]:
        """Write the members of the body."""
        return {
            "query": self.query.to_json(),
            "asked_at": self.asked_at,
            "credentials": list(self.credentials),
            "answer": "yes" if self.answer else "no",
            "clauses": None if self.clauses is None else list(self.clauses),
            "proof": b64u(self.proof),
            "attestation": self.attestation,
            "consent": self.consent,
            "disclosed": written.to_json(self.disclosed),
            "request": None if self.request is None else self.request.to_fields(),
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Invert to_fields."""
        rest = ("credentials", "answer", "clauses", "proof", "attestation", "consent", "disclosed")
        require_members(fields, "query", "asked_at", "request", *rest)
        return cls(
            query=Query.from_json(members_of(fields, "query")),
            asked_at=count(fields, "asked_at"),
            credentials=texts(fields, "credentials", most=MAX_SCHEMAS),
            answer=choice(fields, "answer", ("yes", "no")) == "yes",
            proof=b64u_decode(text(fields, "proof", longest=1 << 16)),
            attestation=text(fields, "attestation", longest=1 << 17),
            consent=text(fields, "consent", longest=MAX_CONSENT),
            disclosed=written.from_json(fields["disclosed"]),
            clauses=None if fields["clauses"] is None else truths(fields, "clauses", most=MAX_ATOMS),
            request=SignedRequest.member_of(fields),
        )


@dataclass(frozen=True, slots=True)
class UndeterminedEntry:
    """A question the provider could not answer: the value is absent, too old for it, or disputed."""

    kind: ClassVar[str] = "undetermined"
    query: Query
    asked_at: int
    reason: str
    credential: str | None
    consent: str
    request: SignedRequest | None = None

    def to_fields(self) -> dict[str, Any]:
        """Write the members of the body."""
        return {
            "query": self.query.to_json(),
            "asked_at": self.asked_at,
            "reason": self.reason,
            "credential": self.credential,
            "consent": self.consent,
            "request": None if self.request is None else self.request.to_fields(),
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Invert to_fields."""
        require_members(fields, "query", "asked_at", "reason", "credential", "consent", "request")
        return cls(
            query=Query.from_json(members_of(fields, "query")),
            asked_at=count(fields, "asked_at"),
            reason=choice(fields, "reason", REASONS),
            credential=None if fields["credential"] is None else text(fields, "credential"),
            consent=text(fields, "consent", longest=MAX_CONSENT),
            request=SignedRequest.member_of(fields),
        )


@dataclass(frozen=True, slots=True)
class DeclinedEntry:
    """A question the provider declined, without saying why."""

    kind: ClassVar[str] = "declined"
    query: Query
    asked_at: int
    request: SignedRequest | None = None

    def to_fields(self) -> dict[str, Any]:
        """Write the members of the body."""
        return {
            "query": self.query.to_json(),
            "asked_at": self.asked_at,
            "request": None if self.request is None else self.request.to_fields(),
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Invert to_fields."""
        require_members(fields, "query", "asked_at", "request")
        return cls(
            query=Query.from_json(members_of(fields, "query")),
            asked_at=count(fields, "asked_at"),
            request=SignedRequest.member_of(fields),
        )


_KINDS: dict[str, Callable[[Mapping[str, Any]], Entry]] = {
    ProviderEntry.kind: ProviderEntry.from_fields,
    SchemaEntry.kind: SchemaEntry.from_fields,
    AttestorEntry.kind: AttestorEntry.from_fields,
    CredentialEntry.kind: CredentialEntry.from_fields,
    RevocationEntry.kind: RevocationEntry.from_fields,
    PartyEntry.kind: PartyEntry.from_fields,
    AnswerEntry.kind: AnswerEntry.from_fields,
    UndeterminedEntry.kind: UndeterminedEntry.from_fields,
    DeclinedEntry.kind: DeclinedEntry.from_fields,
    ErasureEntry.kind: ErasureEntry.from_fields,
    WithdrawalEntry.kind: WithdrawalEntry.from_fields,
}
REGISTRY_KINDS = (
    AttestorEntry.kind,
    ProviderEntry.kind,
    SchemaEntry.kind,
    CredentialEntry.kind,
    RevocationEntry.kind,
    PartyEntry.kind,
    ErasureEntry.kind,
    WithdrawalEntry.kind,
)
FOLDED_KINDS = (*REGISTRY_KINDS, AnswerEntry.kind, UndeterminedEntry.kind)
"""What a registry is folded from: outcomes say which credentials speak about whom, and how often a consent was used."""


def encode(entry: Entry, appended_at: int) -> bytes:
    """Write an entry's body: what is salted, hashed and logged.

    Args:
        entry: any kind.
        appended_at: Unix seconds.

    Raises:
        EntryError: decode would not give the entry back: a log that held it could not be read (blame: who made it).
    """
    body = canonical_json({**entry.to_fields(), "kind": entry.kind, "at": calendar.rfc3339(appended_at)})
    if decode(body) != (entry, appended_at):
        raise EntryError("the entry does not survive its own encoding")
    return body


def decode(body: bytes) -> tuple[Entry, int]:
    """Parse a body: the entry and the time (Unix seconds) it was appended; the strict inverse of encode.

    Raises:
        EntryError: unknown kind, missing or extra members, or a member in another form (blame: log operator).
    """
    if len(body) > MAX_BODY:
        raise EntryError("an entry's body is too long")
    try:
        fields = parse_json(body)
        if not isinstance(fields, dict):
            raise EntryError("an entry's body is a JSON object")
        parse = _KINDS.get(text(fields, "kind"))
        if parse is None:
            raise EntryError("the kind of the entry is unknown")
        appended_at = calendar.unix(text(fields, "at"))
        entry = parse({name: fields[name] for name in fields if name not in ("kind", "at")})
    except CircuitsError as error:
        raise EntryError(f"{type(error).__name__}: {error}") from error
    return entry, appended_at


def decode_logged(logged: LoggedEntry) -> Entry:
    """Parse a logged entry, whose number, kind and time are repeated beside its body.

    Raises:
        EntryError: malformed, or the repetition contradicts the body (blame: log operator).
    """
    entry, appended_at = decode(logged.body)
    if (entry.kind, appended_at) != (logged.kind, logged.appended_at):
        raise EntryError("kind or time stated beside the body are not the body's")
    return entry
