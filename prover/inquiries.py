"""Inquiries: what was asked about a subject, by whom, why, and what became of it; for the subject's eyes.

Every question that came under a consent of theirs is there, the declined ones too. They are sealed under the subject's
key and erased with them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, or_, select

from circuits import calendar
from circuits.consent import Consent, Frequency
from circuits.encoding import b64u, canonical_json, parse_canonical_json
from circuits.errors import CircuitsError
from circuits.leakage import Disclosed, written
from circuits.query import Query
from prover.errors import VaultError
from prover.models import INQUIRIES
from prover.vault import Entropy, Notes, SealedSubject, Vault


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
        consent: id of the consent it came under.
        query: the query's digest in base64url, as an attestation names it.
        asked_at: Unix seconds.
        told: what became of it.
    """

    relying_party: str
    via: str
    purpose: str
    question: str
    as_of: str
    consent: str
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
            "consent": self.consent,
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
        texts = {name: found[name] for name in ("relying_party", "via", "purpose", "question", "as_of")}
        asked_at = calendar.unix(found["asked_at"])
        return cls(**texts, consent=found["consent"], query=found["query"], asked_at=asked_at, told=told)


def earlier(connection: Connection, notes: Notes, query: bytes) -> Inquiry | None:
    """Find what a query came to that was sent before, by its keyed hash. Raises VaultError."""
    sealed = connection.scalar(select(INQUIRIES.c.sealed).where(INQUIRIES.c.query == query))
    return None if sealed is None else _opened(notes, query, bytes(sealed))


def often(connection: Connection, consent: bytes, frequency: Frequency | None, query: Query, *, now: int) -> bool:
    """Whether a consent was used as often as it may be.

    What counts is what was answered or undetermined, by our clock or by the verifier's: it counts by its own.
    """
    if frequency is None:
        return False
    window = or_(
        INQUIRIES.c.asked_at >= now - frequency.seconds, INQUIRIES.c.issued_at >= query.issued_at - frequency.seconds
    )
    chosen = select(func.count()).select_from(INQUIRIES)
    found = connection.scalar(chosen.where(INQUIRIES.c.consent_id == consent, INQUIRIES.c.counted, window))
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
    """Note what became of a question; `row` has the columns subject_id, query and consent_id."""
    inquiry = Inquiry(
        relying_party=query.relying_party,
        via=query.audience,
        purpose=query.purpose,
        question=query.predicate_text,
        as_of=query.as_of,
        consent=consent.id,
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
    connection.execute(insert(INQUIRIES).values({**row, **more}))


def listing(engine: Engine, vault: Vault, subject: SealedSubject, *, limit: int = 1000) -> list[Inquiry]:
    """List the newest inquiries about a subject, newest first.

    Raises:
        VaultError: the vault was tampered with.
    """
    chosen = select(INQUIRIES.c.query, INQUIRIES.c.sealed).where(INQUIRIES.c.subject_id == subject.id)
    with engine.connect().execution_options(reading=True) as connection:
        rows = connection.execute(chosen.order_by(INQUIRIES.c.id.desc()).limit(limit)).all()
    notes = vault.notes(subject)
    return [_opened(notes, bytes(row.query), bytes(row.sealed)) for row in rows]


def _opened(notes: Notes, query: bytes, sealed: bytes) -> Inquiry:
    try:
        return Inquiry.from_json(parse_canonical_json(notes.open(sealed, of=query)))
    except (CircuitsError, KeyError, TypeError, ValueError) as error:
        raise VaultError("an inquiry cannot be read") from error
