"""Consistency: what all proven answers about one person say together, across lenders, questions and dates.

Every answer leaves some values of an attribute possible (circuits.telling). Two that leave none in common contradict
each other, if the value cannot have changed between:

- from one credential: its commitments never change, so sound proofs cannot contradict each other at all;
- from two credentials that have the attribute under the same name, type and unit: unless, after the earlier of the two
  questions was put and before the later one, the credential of the earlier had ended (superseded or revoked), or that
  of the later had been logged, as a successor or under the same schema (where it takes the old one's place for good).

Dates of birth are compared, never ages: those were counted on different days. What an answer says is projected on each
attribute, exactly; that two answers about sums of several attributes cannot both be is not looked for.

Memory, for each (person, attribute): at most MOST_SOURCES credentials with MOST_FACTS answers each. One that says no
more than a later one is dropped; if there are still too many, the one that says least; so with people who are asked
about a million times as with those who are asked about once.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from circuits.attributes import Attribute, AttributeType
from circuits.encoding import fields
from circuits.predicate import Predicate
from circuits.predicate.clauses import clauses
from circuits.telling import Intervals, Remainder, sentence, telling
from circuits.telling.intervals import count, united
from circuits.vocabulary import Vocabulary
from verifier.checking import Claim

MOST_SOURCES = 8
MOST_FACTS = 8
_KEY = 16

Ended = Callable[[str], int | None]
"""Names the entry that ended a credential, by its id."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Answers that cannot all be true of one person. The provider that proved them is to blame.

    Attributes:
        attribute: of which no value is left.
        indices: the entries of the answers, ascending; without any one of them there would be no contradiction.
        reason: what each of them says, for people.
    """

    attribute: str
    indices: tuple[int, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class _Told:
    """What an answer says about one attribute: the values it leaves, encoded, and the same in words."""

    name: str
    intervals: Intervals
    words: str


@dataclass(frozen=True, slots=True)
class _Fact:
    index: int
    asked_at: int
    relying_party: str
    told: _Told

    def implies(self, other: "_Fact") -> bool:
        """Whether it was asked for no earlier, and leaves no value that the other does not."""
        mine = self.told.intervals
        return self.asked_at >= other.asked_at and _common(mine, other.told.intervals) == mine


@dataclass(slots=True)
class _Source:
    """One commitment: an attribute in a credential, and what has been proven about it."""

    credential: str
    index: int
    successor: bool
    schema_digest: bytes
    attribute: Attribute
    facts: list[_Fact] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    """Credentials that it has been found to contradict: once is enough."""

    def keep(self, fact: _Fact) -> None:
        if any(held.implies(fact) for held in self.facts):
            return
        self.facts = [held for held in self.facts if not fact.implies(held)] + [fact]
        if len(self.facts) > MOST_FACTS:
            self.facts.remove(max(self.facts, key=lambda held: count(held.told.intervals)))


class Consistency:
    """Everything that has been answered, as far as it narrows somebody's values; fed by one thread.

    Args:
        ended: names the entry that ended a credential; called where two credentials differ.
    """

    def __init__(self, ended: Ended) -> None:
        self._ended = ended
        self._sources: dict[bytes, list[_Source]] = {}

    def add(self, index: int, claim: Claim) -> list[Contradiction]:
        """Add an answer whose proof has been verified; entries may come in any order.

        Args:
            index: its entry.
            claim: as appraised.

        Returns:
            What it contradicts; each pair of credentials is told once for an attribute.
        """
        found: list[Contradiction] = []
        for told in _answer(claim):
            attribute = claim.vocabulary.attribute(told.name)
            sources = self._sources.setdefault(_slot(claim, attribute), [])
            source = self._source(sources, claim, attribute)
            fact = _Fact(index, claim.asked_at, claim.query.relying_party, told)
            found += self._contradictions(sources, source, fact)
            source.keep(fact)
        return found

    def _source(self, sources: list[_Source], claim: Claim, attribute: Attribute) -> _Source:
        registered = claim.registered[claim.vocabulary.place(attribute.name)]
        credential = registered.credential
        for source in sources:
            if source.credential == credential.id:
                return source
        if len(sources) >= MOST_SOURCES:  # one that has ended first: only questions put before can still meet it
            sources.remove(min(sources, key=lambda held: (self._ended(held.credential) is None, held.index)))
        successor = credential.supersedes is not None
        sources.append(_Source(credential.id, registered.index, successor, credential.schema_digest, attribute))
        return sources[-1]

    def _contradictions(self, sources: Sequence[_Source], source: _Source, fact: _Fact) -> Iterator[Contradiction]:
        for other in sorted(sources, key=lambda each: each is not source):
            if source.credential in source.told:
                return  # what contradicts itself can be compared with nothing
            if other.credential in source.told or other.credential in other.told:
                continue
            met = [(other, held) for held in other.facts]
            if other is not source:
                met = [pair for pair in met if not self._changed((source, fact), pair)]
                own = [(source, held) for held in source.facts] if met else []
                met += [pair for pair in own if not any(self._changed(pair, each) for each in met)]
            disjoint = _disjoint(fact, met, source)
            if disjoint:
                source.told.add(other.credential)
                other.told.add(source.credential)
                yield _contradiction(disjoint, same=other is source)

    def _changed(self, one: tuple[_Source, _Fact], another: tuple[_Source, _Fact]) -> bool:
        """Whether the log says that the value may have changed between two questions."""
        (earlier, before), (later, after) = sorted((one, another), key=lambda pair: pair[1].asked_at)
        replaces = later.successor or later.schema_digest == earlier.schema_digest  # for good: see verifier.lines
        if replaces and later.index >= before.asked_at:
            return True
        ended = self._ended(earlier.credential)
        return ended is not None and ended < after.asked_at


def _answer(claim: Claim) -> tuple[_Told, ...]:
    answered = claim.answered
    return _told(claim.predicate, claim.vocabulary, claim.query.as_of_day, answered.answer, answered.clauses)


@lru_cache(maxsize=1024)
def _told(
    predicate: Predicate,
    vocabulary: Vocabulary,
    as_of: int,
    answer: bool,  # noqa: FBT001 - a cache's key
    holding: tuple[bool, ...] | None,
) -> tuple[_Told, ...]:
    """Work out what an answer says; lenders ask the same questions over and over."""
    tellings = [telling(predicate, vocabulary, as_of=as_of, answer=answer)]
    if holding is not None:
        listed = zip(clauses(predicate), holding, strict=True)
        tellings += [telling(clause, vocabulary, as_of=as_of, answer=holds) for clause, holds in listed]
    merged: dict[str, Remainder] = {}
    for remainder in (each for told in tellings for each in told.remainders):
        if len(remainder.form) > 1 or remainder.intervals is None or remainder.untouched:
            continue
        name = remainder.form[0][1]
        before = merged.get(name)
        both = remainder.intervals if before is None else _common(before.intervals or (), remainder.intervals)
        merged[name] = replace(remainder, intervals=both)
    return tuple(
        _Told(name, remainder.intervals or (), sentence(remainder, predicate, vocabulary, as_of=as_of))
        for name, remainder in merged.items()
    )


def _slot(claim: Claim, attribute: Attribute) -> bytes:
    """Name a person's attribute: no references of people are kept, as in verifier.lines."""
    query = claim.query
    unit = (attribute.name, str(attribute.type), attribute.currency or "", attribute.period or "")
    named = fields("zkattest/consistency/1", *(text.encode() for text in (query.provider, query.subject, *unit)))
    return hashlib.sha256(named).digest()[:_KEY]


def _disjoint(fact: _Fact, met: Sequence[tuple[_Source, _Fact]], source: _Source) -> list[_Fact]:
    """Choose as few of the answers met as leave nothing in common with a new one; none if something is left."""
    translated = [(held, _translated(held.told.intervals, owner.attribute, source.attribute)) for owner, held in met]

    def left(chosen: Sequence[tuple[_Fact, Intervals]]) -> Intervals:
        intervals = fact.told.intervals
        for _, each in chosen:
            intervals = _common(intervals, each)
        return intervals

    if not met or left(translated):
        return []
    for pair in list(translated):
        fewer = [each for each in translated if each is not pair]
        if not left(fewer):
            translated = fewer
    return sorted([fact, *(held for held, _ in translated)], key=lambda held: held.index)


def _contradiction(facts: Sequence[_Fact], *, same: bool) -> Contradiction:
    name = facts[0].told.name
    said = "; ".join(f"entry {fact.index} for {fact.relying_party} says {name} is {fact.told.words}" for fact in facts)
    what = f"one commitment to {name} has" if same else f"{name} has, without a logged change between,"
    return Contradiction(name, tuple(fact.index for fact in facts), f"{what} more than one value: {said}")


def _translated(intervals: Intervals, written: Attribute, read: Attribute) -> Intervals:
    """Write values of one schema's attribute as another's: words of an enum stand at other places."""
    if written.type is not AttributeType.ENUM or written.values == read.values:
        return intervals
    places = {word: place for place, word in enumerate(read.values)}
    words = (written.values[value] for low, high in intervals for value in range(low, high + 1))
    return united((places[word], places[word]) for word in words if word in places)


def _common(some: Intervals, others: Intervals) -> Intervals:
    return united((max(a, c), min(b, d)) for a, b in some for c, d in others)
