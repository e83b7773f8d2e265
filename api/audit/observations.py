"""What a report tells beyond clean or not, collected while a log is replayed; memory stays bounded.

Two numbers for each entry (when, and which parties), as the replay itself keeps its time; the rest has a size that does
not grow with the log: parties beyond the first thousand are counted together, days are put together when they are too
many, and of people the ones that are asked about most are kept.
"""

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from circuits.attributes import Attribute, AttributeType
from circuits.predicate import Predicate
from circuits.telling import Intervals
from circuits.telling.intervals import common, count
from circuits.vocabulary import Vocabulary
from verifier.audit.facts import Told, slot, told_by
from verifier.checking import Claim
from verifier.entries.kinds import AnswerEntry, DeclinedEntry, Entry, ProviderEntry, UndeterminedEntry
from verifier.log.leaves import LoggedEntry

MOST_PARTIES: Final = 1_000
MOST_BINS: Final = 800
MOST_COMMITMENTS: Final = 1_024
MOST_FACTS: Final = 16
MOST_INDICES: Final = 8
MOST_NAMED: Final = 3
DAY: Final = 86_400
OTHERS: Final = "(others)"
OUTCOMES: Final = ("yes", "no", "undetermined", "declined")


@dataclass(slots=True)
class Shown:
    """What one answer says about one attribute, or several that say the same.

    Attributes:
        intervals: the values left, encoded.
        words: the same for people.
        indices: of the entries: the first ones, and then the newest.
        relying_parties: who asked, the first few.
        answers: how many there are.
    """

    intervals: Intervals
    words: str
    indices: list[int] = field(default_factory=list)
    relying_parties: list[str] = field(default_factory=list)
    answers: int = 0

    def add(self, index: int, relying_party: str) -> None:
        """Note that it was said by one more answer."""
        self.answers += 1
        if len(self.indices) >= MOST_INDICES:
            del self.indices[MOST_INDICES // 2]
        self.indices.append(index)
        if relying_party not in self.relying_parties and len(self.relying_parties) < MOST_NAMED:
            self.relying_parties.append(relying_party)


@dataclass(slots=True)
class Commitment:
    """An attribute of a person in one credential, with what was proven about it.

    Attributes:
        place: names the person's attribute, whatever the credential.
        provider, subject: whose, by the handle that the first who asked has for them.
        credential: the entry with the credential.
        attribute: under its schema.
        answers: how many narrowed it.
        left: the values that all of them leave.
        facts: what they say, the same only once; of more than MOST_FACTS the ones that say most.
        predicate, vocabulary, as_of: of the newest answer, for words.
    """

    place: bytes
    provider: str
    subject: str
    credential: int
    attribute: Attribute
    predicate: Predicate
    vocabulary: Vocabulary
    as_of: int
    left: Intervals
    answers: int = 0
    facts: dict[Intervals, Shown] = field(default_factory=dict)

    def add(self, index: int, relying_party: str, told: Told) -> None:
        """Note one more answer."""
        self.answers += 1
        self.left = common(self.left, told.intervals)
        self.facts.setdefault(told.intervals, Shown(told.intervals, told.words)).add(index, relying_party)
        if len(self.facts) > MOST_FACTS:
            del self.facts[max(self.facts, key=count)]


class Observations:
    """Watches one replay (`verifier.audit.observing.Observer`)."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.names: dict[str, str] = {}
        self.providers: dict[str, Counter[str]] = {}
        self.relying_parties: dict[str, Counter[str]] = {}
        self.purposes: dict[str, Counter[str]] = {}
        self.bins: dict[int, Counter[str]] = {}
        self.bin_days = 1
        self.first: int | None = None
        self.last: int | None = None
        self._times = array("q")
        self._asked = array("H")
        self._numbers: dict[str, int] = {}
        self._commitments: dict[tuple[bytes, str], Commitment] = {}

    def read(self, logged: LoggedEntry, entry: Entry) -> None:
        """Note when, who and what."""
        at = logged.appended_at
        self.first = at if self.first is None else min(self.first, at)
        self.last = at if self.last is None else max(self.last, at)
        party = ""
        if isinstance(entry, ProviderEntry) and (entry.id in self.names or len(self.names) < MOST_PARTIES):
            self.names[entry.id] = entry.name
            party = entry.id
        if isinstance(entry, AnswerEntry | UndeterminedEntry | DeclinedEntry):
            party = entry.query.provider
            self._count(at, entry)
        missing = logged.index - len(self._times)
        self._times.extend([0] * missing + [at])
        self._asked.extend([0] * missing + [self._number(party)])

    def held(self, index: int, claim: Claim) -> None:
        """Note what a verified answer says about each attribute that has an order, or a few words."""
        for told in told_by(claim):
            if len(told.form) > 1:
                continue
            attribute = claim.vocabulary.attribute(told.name)
            if attribute.type is not AttributeType.TEXT:
                self._commitment(claim, attribute).add(index, claim.query.relying_party, told)

    def at(self, index: int | None) -> int | None:
        """When an entry was appended, as its body says; None where that could not be read."""
        return self._times[index] or None if index is not None and index < len(self._times) else None

    def provider_of(self, index: int | None) -> str | None:
        """The provider that an entry is of, or asked."""
        if index is None or index >= len(self._asked) or not self._asked[index]:
            return None
        return next(name for name, number in self._numbers.items() if number == self._asked[index])

    def most_asked(self, most: int) -> Sequence[Commitment]:
        """The commitments with the most answers, the most first."""
        found = sorted(self._commitments.values(), key=_rank)
        return found[:most]

    def about(self, indices: Sequence[int]) -> list[tuple[Commitment, list[Shown]]]:
        """The commitments to one attribute of one person that some answers are about, with what each of them says."""
        wanted, found = set(indices), dict[bytes, list[tuple[Commitment, list[Shown]]]]()
        for commitment in self._commitments.values():
            said = [each for each in commitment.facts.values() if wanted.intersection(each.indices)]
            if said:
                found.setdefault(commitment.place, []).append((commitment, said))
        # One answer may tell of several attributes: the one is meant about which all of them say something.
        for each in found.values():
            if wanted <= {index for _, facts in each for said in facts for index in said.indices}:
                return each
        return []

    def _count(self, at: int, entry: AnswerEntry | UndeterminedEntry | DeclinedEntry) -> None:
        match entry:
            case AnswerEntry():
                outcome = "yes" if entry.answer else "no"
            case UndeterminedEntry():
                outcome = "undetermined"
                self.reasons[entry.reason] += 1
            case _:
                outcome = "declined"
        self.outcomes[outcome] += 1
        query = entry.query
        for counted, name in (
            (self.providers, query.provider),
            (self.relying_parties, query.relying_party),
            (self.purposes, query.purpose),
        ):
            known = name if name in counted or len(counted) < MOST_PARTIES else OTHERS
            counted.setdefault(known, Counter())[outcome] += 1
        self.bins.setdefault(at // (DAY * self.bin_days), Counter())[outcome] += 1
        while len(self.bins) > MOST_BINS:
            self._widen()

    def _widen(self) -> None:
        """Put two neighbouring bins together, everywhere."""
        narrow, self.bins, self.bin_days = self.bins, {}, self.bin_days * 2
        for number, counted in narrow.items():
            self.bins.setdefault(number // 2, Counter()).update(counted)

    def _number(self, party: str) -> int:
        if not party or (party not in self._numbers and len(self._numbers) >= MOST_PARTIES):
            return 0
        return self._numbers.setdefault(party, len(self._numbers) + 1)

    def _commitment(self, claim: Claim, attribute: Attribute) -> Commitment:
        registered = claim.registered[claim.vocabulary.place(attribute.name)]
        place = slot(claim, attribute)
        key = (place, registered.credential.id)
        found = self._commitments.get(key)
        if found is None:
            if len(self._commitments) >= 2 * MOST_COMMITMENTS:
                kept = sorted(self._commitments.items(), key=lambda item: _rank(item[1]))[:MOST_COMMITMENTS]
                self._commitments = dict(kept)
            found = self._commitments[key] = Commitment(
                place,
                claim.query.provider,
                claim.query.subject,
                registered.index,
                attribute,
                claim.predicate,
                claim.vocabulary,
                claim.query.as_of_day,
                ((attribute.minimum, attribute.maximum),),
            )
        found.predicate, found.vocabulary, found.as_of = claim.predicate, claim.vocabulary, claim.query.as_of_day
        return found


def _rank(commitment: Commitment) -> tuple[bool, int, int, str]:
    """What contradicts itself first, then what was asked about most."""
    return bool(commitment.left), -commitment.answers, commitment.credential, commitment.attribute.name
