"""Inquiries: what was asked about a subject, by whom, why, and what became of it; for the subject's eyes.

Every question that came under a consent of theirs is there, the declined ones too. They are sealed under the subject's
key and erased with them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, func, insert, or_, select, update

from circuits import calendar
from circuits.consent import Consent, Frequency
from circuits.encoding import b64u, b64u_decode, canonical_json, parse_canonical_json
from circuits.errors import CircuitsError, EncodingError
from circuits.leakage import Disclosed, written
from circuits.query import Query
from prover.errors import CursorRefused, VaultError
from prover.models import INQUIRIES
from prover.vault import Entropy, Notes, SealedSubject, Vault

_EARLIER = (
    select(INQUIRIES.c.id, INQUIRIES.c.query, INQUIRIES.c.issued_at, INQUIRIES.c.sealed)
    .where(or_(INQUIRIES.c.query == bindparam("asked"), INQUIRIES.c.request == bindparam("repeated")))
    .order_by((INQUIRIES.c.query == bindparam("asked")).desc(), INQUIRIES.c.id.desc())
    .limit(1)
)
_NEW = insert(INQUIRIES)


class Outcome(StrEnum):
    """What became of a question."""

    ANSWERED = "answered"
    UNDETERMINED = "undetermined"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """What was decided about a question, which is the same however often it is sent.

    Attributes:
        outcome: what became of it.
        answer: True for yes; None unless it was answered.
        clauses: of a no with its reasons, which clauses hold.
        credentials: ids of those the answer is about, in the order of the query's schemas.
        disclosed: what the answer told.
        reason: why it was undetermined or declined, in a word.
        gap: id of the credential that an undetermined outcome lies with, if there is one.
    """

    outcome: Outcome
    answer: bool | None = None
    clauses: tuple[bool, ...] | None = None
    credentials: tuple[str, ...] = ()
    disclosed: tuple[Disclosed, ...] = ()
    reason: str | None = None
    gap: str | None = None

    def __repr__(self) -> str:
        return f"<Told {self.outcome} redacted>"


@dataclass(frozen=True, slots=True, repr=False)
class Inquiry:
    """A question about a subject.

    Attributes:
        relying_party, via, purpose, question, as_of: as in the query.
        schemas: digests of those it was put under.
        consent: id of the consent it came under.
        id: the query's, which is the same if it is put again: `jti` of an attestation.
        query: the query's digest in base64url when it was first put, as an attestation names it.
        asked_at: Unix seconds.
        told: what became of it.
    """

    relying_party: str
    via: str
    purpose: str
    question: str
    as_of: str
    schemas: tuple[bytes, ...]
    consent: str
    id: str
    query: str
    asked_at: int
    told: Told

    def __repr__(self) -> str:
        return "<Inquiry redacted>"

    def to_json(self) -> dict[str, Any]:
        """Write as JSON."""
        told = self.told
        return {
            "relying_party": self.relying_party,
            "via": self.via,
            "purpose": self.purpose,
            "question": self.question,
            "as_of": self.as_of,
            "schemas": [b64u(digest) for digest in self.schemas],
            "consent": self.consent,
            "id": self.id,
            "query": self.query,
            "asked_at": calendar.rfc3339(self.asked_at),
            "outcome": told.outcome.value,
            "answer": told.answer,
            "clauses": None if told.clauses is None else list(told.clauses),
            "credentials": list(told.credentials),
            "disclosed": written.to_json(told.disclosed),
            "reason": told.reason,
            "credential": told.gap,
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "Inquiry":
        """Invert to_json. Raises KeyError, TypeError, ValueError, CircuitsError: it is none."""
        clauses = found["clauses"]
        told = Told(
            outcome=Outcome(found["outcome"]),
            answer=found["answer"],
            clauses=None if clauses is None else tuple(clauses),
            credentials=tuple(found["credentials"]),
            disclosed=written.from_json(found["disclosed"]),
            reason=found["reason"],
            gap=found["credential"],
        )
        names = ("relying_party", "via", "purpose", "question", "as_of", "consent", "id", "query")
        texts = {name: found[name] for name in names}
        schemas = tuple(map(b64u_decode, found["schemas"]))
        asked_at = calendar.unix(found["asked_at"])
        return cls(**texts, schemas=schemas, asked_at=asked_at, told=told)


@dataclass(frozen=True, slots=True, repr=False)
class Page:
    """Some inquiries, newest first.

    Attributes:
        inquiries: these.
        next: leads to those before them; None: there are none.
    """

    inquiries: tuple[Inquiry, ...]
    next: str | None

    def __repr__(self) -> str:
        return f"<Page of {len(self.inquiries)} redacted>"


@dataclass(frozen=True, slots=True, repr=False)
class Earlier:
    """What came of a query when it was put before.

    Attributes:
        row: its number.
        issued_at: when that was, by the verifier's clock.
        same: it was the very same one; else it has been put again, at another time.
        told: what was decided.
    """

    row: int
    issued_at: int
    same: bool
    told: Told

    def __repr__(self) -> str:
        return "<Earlier redacted>"


def earlier(connection: Connection, notes: Notes, query: bytes, request: bytes) -> Earlier | None:
    """Find what a query came to that was put before, by its keyed hash or that of its request. Raises VaultError."""
    row = connection.execute(_EARLIER, {"asked": query, "repeated": request}).one_or_none()
    if row is None:
        return None
    found = bytes(row.query)
    return Earlier(row.id, row.issued_at, found == query, _opened(notes, found, bytes(row.sealed)).told)


def renew(connection: Connection, before: Earlier, query: Query, *, now: int) -> None:
    """Count an inquiry as of now: it was put again, and had the same outcome."""
    times = {"asked_at": now, "issued_at": max(before.issued_at, query.issued_at)}
    connection.execute(update(INQUIRIES).where(INQUIRIES.c.id == before.row).values(times))


def often(
    connection: Connection,
    consent: bytes,
    frequency: Frequency | None,
    query: Query,
    *,
    besides: Earlier | None,
    now: int,
) -> bool:
    """Whether a consent was used as often as it may be, besides what is only repeated.

    What counts is what was answered or undetermined, by our clock or by the verifier's: it counts by its own.
    """
    if frequency is None:
        return False
    window = or_(
        INQUIRIES.c.asked_at >= now - frequency.seconds, INQUIRIES.c.issued_at >= query.issued_at - frequency.seconds
    )
    chosen = select(func.count()).select_from(INQUIRIES).where(window)
    if besides is not None:
        chosen = chosen.where(INQUIRIES.c.id != besides.row)
    found = connection.scalar(chosen.where(INQUIRIES.c.consent_id == consent, INQUIRIES.c.counted))
    return (found or 0) >= frequency.count


def note(
    connection: Connection,
    notes: Notes,
    query: Query,
    told: Told,
    *,
    consent: Consent,
    row: Mapping[str, object],
    now: int,
    entropy: Entropy,
) -> None:
    """Note what became of a question; `row` has the columns subject_id, query, request and consent_id."""
    inquiry = Inquiry(
        relying_party=query.relying_party,
        via=query.audience,
        purpose=query.purpose,
        question=query.predicate_text,
        as_of=query.as_of,
        schemas=query.schema_digests,
        consent=consent.id,
        id=query.id,
        query=b64u(query.digest),
        asked_at=now,
        told=told,
    )
    which = row["query"]
    sealed = notes.seal(
        canonical_json(inquiry.to_json()), of=bytes(which) if isinstance(which, bytes) else b"", entropy=entropy
    )
    counted = told.outcome is not Outcome.DECLINED
    more = {"asked_at": now, "issued_at": query.issued_at, "counted": counted, "sealed": sealed}
    connection.execute(_NEW, {**row, **more})


def page(engine: Engine, vault: Vault, subject: SealedSubject, *, limit: int, after: str | None = None) -> Page:
    """List inquiries about a subject, newest first.

    Args:
        engine: the migrated database.
        vault: its vault.
        subject: whom they are about.
        limit: how many at most.
        after: `next` of the page before.

    Raises:
        CursorRefused: `after` is no inquiry about this subject (whoever sent it is to blame).
        VaultError: the vault was tampered with.
    """
    theirs = INQUIRIES.c.subject_id == subject.id
    chosen = select(INQUIRIES.c.query, INQUIRIES.c.sealed).where(theirs).order_by(INQUIRIES.c.id.desc())
    with engine.connect().execution_options(reading=True) as connection:
        if after is not None:
            last = connection.scalar(select(INQUIRIES.c.id).where(theirs, INQUIRIES.c.query == _place(vault, after)))
            if last is None:
                raise CursorRefused("it is not the `next` of a page of these inquiries")
            chosen = chosen.where(INQUIRIES.c.id < last)
        rows = connection.execute(chosen.limit(limit + 1)).all()
    notes = vault.notes(subject)
    found = tuple(_opened(notes, bytes(row.query), bytes(row.sealed)) for row in rows[:limit])
    return Page(found, found[-1].query if len(rows) > limit else None)


def _place(vault: Vault, after: str) -> bytes:
    try:
        return vault.query_lookup(b64u_decode(after))
    except EncodingError:
        return b""


def _opened(notes: Notes, query: bytes, sealed: bytes) -> Inquiry:
    try:
        return Inquiry.from_json(parse_canonical_json(notes.open(sealed, of=query)))
    except (CircuitsError, KeyError, TypeError, ValueError) as error:
        raise VaultError("an inquiry cannot be read") from error
