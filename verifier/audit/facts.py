"""What a proven answer says about a person's attributes, one by one and in sums, and what it was read from.

Every answer leaves some values of an attribute possible (circuits.telling), and some of each sum of several that the
question has. Dates of birth, never ages: those are counted on different days. Alternatives ("this or that") are
projected on each attribute and each sum, so that no more is taken from an answer than it says.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache

from circuits.attributes import Attribute
from circuits.encoding import fields
from circuits.predicate import Predicate
from circuits.predicate.clauses import clauses
from circuits.predicate.nodes import Form
from circuits.telling import Intervals, Remainder, sentence, telling
from circuits.telling.intervals import common
from circuits.vocabulary import Vocabulary
from verifier.checking import Claim

_KEY = 16
Ended = Callable[[str], int | None]
"""Names the entry that ended a credential, by its id."""
Hidden = Callable[[int, int], bool]
"""Tells whether an entry from one number to below another has no body: it may have ended any credential."""
Changed = Callable[[tuple["Source", "Fact"], tuple["Source", "Fact"]], bool]
"""Tells whether the log says, or may have said, that a value changed between two questions about it."""


def nothing_hidden(_start: int, _end: int) -> bool:
    """Every entry has its body."""
    return False


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer says about one attribute, or one sum: the values it leaves, encoded, and the same in words."""

    form: Form
    intervals: Intervals
    words: str

    @property
    def name(self) -> str:
        """Of the attribute; of a sum's first."""
        return self.form[0][1]

    @property
    def statement(self) -> str:
        """The words as a sentence; those about a sum are one."""
        return self.words if len(self.form) > 1 else f"{self.name} is {self.words}"


@dataclass(frozen=True, slots=True)
class Fact:
    """What was told, by which entry, to whom, and how long the log was when the question was put."""

    index: int
    asked_at: int
    relying_party: str
    told: Told

    def implies(self, other: "Fact") -> bool:
        """Whether it was asked for no earlier, and leaves no value that the other does not."""
        mine = self.told.intervals
        return self.asked_at >= other.asked_at and common(mine, other.told.intervals) == mine


@dataclass(slots=True)
class Source:
    """One commitment: an attribute in a credential, and what has been proven about it."""

    credential: str
    index: int
    successor: bool
    schema_digest: bytes
    attribute: Attribute
    facts: list[Fact] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    """Credentials that it has been found to contradict: once is enough."""

    @classmethod
    def of(cls, claim: Claim, attribute: Attribute) -> "Source":
        """Read which credential a claim takes an attribute from."""
        registered = claim.registered[claim.vocabulary.place(attribute.name)]
        credential = registered.credential
        successor = credential.supersedes is not None
        return cls(credential.id, registered.index, successor, credential.schema_digest, attribute)


def told_by(claim: Claim) -> tuple[Told, ...]:
    """Work out what an answer says: attributes first, then sums; nothing that it leaves as it was."""
    answered = claim.answered
    return _told(claim.predicate, claim.vocabulary, claim.query.as_of_day, answered.answer, answered.clauses)


@lru_cache(maxsize=1024)
def _told(
    predicate: Predicate,
    vocabulary: Vocabulary,
    as_of: int,
    answer: bool,  # noqa: FBT001 - a cache's key
    holding: tuple[bool, ...] | None,
) -> tuple[Told, ...]:
    """Work out what an answer says; lenders ask the same questions over and over."""
    tellings = [telling(predicate, vocabulary, as_of=as_of, answer=answer)]
    if holding is not None:
        listed = zip(clauses(predicate), holding, strict=True)
        tellings += [telling(clause, vocabulary, as_of=as_of, answer=holds) for clause, holds in listed]
    merged: dict[Form, Remainder] = {}
    for remainder in (each for told in tellings for each in told.remainders):
        if remainder.intervals is None or remainder.untouched:
            continue
        before = merged.get(remainder.form)
        both = remainder.intervals if before is None else common(before.intervals or (), remainder.intervals)
        merged[remainder.form] = replace(remainder, intervals=both)
    return tuple(
        Told(form, remainder.intervals or (), sentence(remainder, predicate, vocabulary, as_of=as_of))
        for form, remainder in sorted(merged.items(), key=lambda item: len(item[0]) > 1)
    )


def changed(one: tuple[Source, Fact], another: tuple[Source, Fact], *, ended: Ended, hidden: Hidden) -> bool:
    """Whether the log says that a value may have changed between two questions about it.

    From one credential it cannot. From two: if, after the earlier of the two questions was put and before the later
    one was answered (a value may change while the question is under way, and when that was put is only the verifier's
    word), the credential of the earlier had ended (superseded or revoked), or that of the later had been logged, as a
    successor or under the same schema (where it takes the old one's place for good: see verifier.fold.lines). Or if
    what an entry between the two said is gone: whoever erases could else take away what clears a provider.
    """
    (earlier, before), (later, after) = sorted((one, another), key=lambda pair: pair[1].asked_at)
    if earlier.credential == later.credential:
        return False
    replaces = later.successor or later.schema_digest == earlier.schema_digest
    if replaces and later.index >= before.asked_at:
        return True
    end = ended(earlier.credential)
    latest = max(after.asked_at, after.index)
    return (end is not None and end < latest) or hidden(before.asked_at, latest)


def slot(claim: Claim, attribute: Attribute) -> bytes:
    """Name a person's attribute: no references of people are kept, as in verifier.fold.lines."""
    unit = (attribute.name, str(attribute.type), attribute.currency or "", attribute.period or "")
    return named(claim, *unit)


def named(claim: Claim, *words: str) -> bytes:
    """Name something of the person that a claim is about."""
    framed = fields("zkattest/consistency/1", *(text.encode() for text in (claim.query.provider, claim.person, *words)))
    return hashlib.sha256(framed).digest()[:_KEY]
