"""Consistency: what all proven answers about one person say together, across lenders, questions and dates.

Every answer leaves some values of an attribute possible (circuits.telling). Two that leave none in common contradict
each other, if the value cannot have changed between:

- from one credential: its commitments never change, so sound proofs cannot contradict each other at all;
- from two credentials that have the attribute under the same name, type and unit: unless, after the earlier of the two
  questions was put and before the later one was answered, the credential of the earlier had ended (superseded or
  revoked), or that of the later had been logged, as a successor or under the same schema (where it takes the old one's
  place for good).
  Nor can they be held against each other where an entry between the two questions was erased: whoever erases could
  else take away a revocation, and with it what clears an honest provider.

Answers are held against each other attribute by attribute, which misses nothing about one attribute; then,
where sums of several attributes were asked about, all together (verifier.audit.sums).

Memory, for each (person, attribute): at most MOST_SOURCES credentials with MOST_FACTS answers each, and for a person
MOST_SUMS sums. One that says no more than a later one is dropped; if there are still too many, the one that says least,
or the oldest sum; so with people who are asked about a million times as with those who are asked about once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

from circuits.attributes import Attribute, AttributeType
from circuits.telling import Intervals
from circuits.telling.intervals import common, count, united
from verifier.audit.facts import Ended, Fact, Hidden, Source, changed, named, nothing_hidden, slot, told_by
from verifier.audit.sums import Sum, contradicted, keep
from verifier.checking import Claim

MOST_SOURCES = 8
MOST_FACTS = 8


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Answers that cannot all be true of one person. The provider that proved them is to blame.

    Attributes:
        attribute: of which no value is left; of a sum its attributes, separated by commas.
        indices: the entries of the answers, ascending; without any one of them there would be no contradiction.
        reason: what each of them says, for people.
    """

    attribute: str
    indices: tuple[int, ...]
    reason: str


class Consistency:
    """Everything that has been answered, as far as it narrows somebody's values; fed by one thread.

    Args:
        ended: names the entry that ended a credential; called where two credentials differ.
        hidden: tells which entries' bodies are gone.
    """

    def __init__(self, ended: Ended, hidden: Hidden = nothing_hidden) -> None:
        self._ended = ended
        self._changed = partial(changed, ended=ended, hidden=hidden)
        self._sources: dict[bytes, list[Source]] = {}
        self._sums: dict[bytes, list[Sum]] = {}
        self._told: set[bytes] = set()

    def add(self, index: int, claim: Claim) -> list[Contradiction]:
        """Add an answer whose proof has been verified; entries may come in any order.

        Args:
            index: its entry.
            claim: as appraised.

        Returns:
            What it contradicts; each pair of credentials is told once for an attribute.
        """
        found: list[Contradiction] = []
        own: list[Sum] = []
        for told in told_by(claim):
            fact = Fact(index, claim.asked_at, claim.query.relying_party, told)
            terms = []
            for factor, name in told.form:
                place, source = self._place(claim, claim.vocabulary.attribute(name))
                terms.append((factor, place, source))
                if len(told.form) == 1:
                    found += self._contradictions(self._sources[place], source, fact)
            own.append(Sum(fact, tuple(terms)))
        found += self._jointly(claim, own, known=bool(found))
        for each in own:
            if len(each.terms) == 1:
                _keep(each.terms[0][2], each.fact)
        return found

    def _jointly(self, claim: Claim, own: Sequence[Sum], *, known: bool) -> Iterator[Contradiction]:
        """Hold what was said about sums, now or before, against all else about the same attributes.

        A person is told about once; one whose answers are known to contradict each other without sums, not at all.
        """
        person = named(claim)
        before = self._sums.get(person, [])
        sums = [each for each in own if len(each.terms) > 1]
        if not before and not sums:
            return
        kept = before
        for each in sums:
            kept = keep(kept, each)
        self._sums[person] = kept
        if known or person in self._told:
            self._told.add(person)
            return
        places = sorted(frozenset[bytes]().union(*(each.slots for each in (*before, *sums))))
        single = [
            Sum(fact, ((1, place, source),))
            for place in places
            for source in self._sources.get(place, [])
            for fact in source.facts
        ]
        newest = sorted(chain(before, single), key=lambda each: -each.fact.asked_at)
        facts = contradicted(own, newest, changed=self._changed)
        if facts:
            self._told.add(person)
            yield _jointly_contradicted(facts)

    def _place(self, claim: Claim, attribute: Attribute) -> tuple[bytes, Source]:
        place = slot(claim, attribute)
        return place, self._source(self._sources.setdefault(place, []), claim, attribute)

    def _source(self, sources: list[Source], claim: Claim, attribute: Attribute) -> Source:
        new = Source.of(claim, attribute)
        for source in sources:
            if source.credential == new.credential:
                return source
        if len(sources) >= MOST_SOURCES:  # one that has ended first: only questions put before can still meet it
            sources.remove(min(sources, key=lambda held: (self._ended(held.credential) is None, held.index)))
        sources.append(new)
        return new

    def _contradictions(self, sources: Sequence[Source], source: Source, fact: Fact) -> Iterator[Contradiction]:
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


def _disjoint(fact: Fact, met: Sequence[tuple[Source, Fact]], source: Source) -> list[Fact]:
    """Choose as few of the answers met as leave nothing in common with a new one; none if something is left."""
    translated = [(held, _translated(held.told.intervals, owner.attribute, source.attribute)) for owner, held in met]

    def left(chosen: Sequence[tuple[Fact, Intervals]]) -> Intervals:
        intervals = fact.told.intervals
        for _, each in chosen:
            intervals = common(intervals, each)
        return intervals

    if not met or left(translated):
        return []
    for pair in list(translated):
        fewer = [each for each in translated if each is not pair]
        if not left(fewer):
            translated = fewer
    return sorted([fact, *(held for held, _ in translated)], key=lambda held: held.index)


def _contradiction(facts: Sequence[Fact], *, same: bool) -> Contradiction:
    name = facts[0].told.name
    said = "; ".join(f"entry {fact.index} for {fact.relying_party} says {name} is {fact.told.words}" for fact in facts)
    what = f"one commitment to {name} has" if same else f"{name} has, without a logged change between,"
    return Contradiction(name, tuple(fact.index for fact in facts), f"{what} more than one value: {said}")


def _jointly_contradicted(facts: Sequence[Fact]) -> Contradiction:
    names = dict.fromkeys(name for fact in facts for _, name in fact.told.form)
    said = "; ".join(f"entry {fact.index} for {fact.relying_party} says {fact.told.statement}" for fact in facts)
    what = f"{', '.join(names)} have, without a logged change between, no values of which all this is true"
    indices = sorted({fact.index for fact in facts})
    return Contradiction(", ".join(names), tuple(indices), f"{what}: {said}")


def _keep(source: Source, fact: Fact) -> None:
    """Keep what was told of a commitment: without what that implies, and at most the few that say most."""
    if any(held.implies(fact) for held in source.facts):
        return
    source.facts = [held for held in source.facts if not fact.implies(held)] + [fact]
    if len(source.facts) > MOST_FACTS:
        source.facts.remove(max(source.facts, key=lambda held: count(held.told.intervals)))


def _translated(intervals: Intervals, written: Attribute, read: Attribute) -> Intervals:
    """Write values of one schema's attribute as another's: words of an enum stand at other places.

    Where one list has words that the other has not, the same value may be another word: who is a "freelancer" under the
    one is "other" under the other.
    """
    if written.type is not AttributeType.ENUM or written.values == read.values:
        return intervals
    places = {word: place for place, word in enumerate(read.values)}
    words = {written.values[value] for low, high in intervals for value in range(low, high + 1)}
    if not words:
        return ()
    if not words <= places.keys():
        return ((0, len(read.values) - 1),)
    possible = [place for word, place in places.items() if word in words or word not in written.values]
    return united((place, place) for place in possible)
