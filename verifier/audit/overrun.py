"""Overruns: whether the answers to one relying party alone tell more of a person than the schema promises.

An attribute with a `residual` of n promises that whoever asks, however often, is left with at least n values. What a
relying party knows is folded from its answers (circuits.leakage), as the prover does before it answers; here from those
that were logged and hold, so that what is found was told. A value that was committed to anew may have changed: what is
possible of it is forgotten, as there. Attributes of two schemas are two, whatever they are called: to ask about one
makes nobody forget what was told of the other. What nothing is promised about is remembered as well: whoever knows it
reads more in an answer about both.

Memory: what MOST_PAIRS (person, relying party) know, those that were last asked; of each the last MOST_ENTRIES entries.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from circuits.leakage import Knowledge, Question
from circuits.leakage.cuts import alone
from circuits.telling.intervals import count
from circuits.vocabulary import Vocabulary
from verifier.audit.facts import named
from verifier.checking import Claim

MOST_PAIRS = 1 << 16
MOST_ENTRIES = 64


@dataclass(frozen=True, slots=True)
class Overrun:
    """Answers that left one relying party with fewer values than promised. The provider that gave them is to blame.

    Attributes:
        attribute: of which.
        indices: the entries of these answers, ascending.
        reason: for people.
    """

    attribute: str
    indices: tuple[int, ...]
    reason: str


@dataclass(slots=True)
class _Reader:
    """What one relying party knows of one person.

    Attributes:
        known: from its answers; attributes have full names (see _names).
        sources: of each attribute the credential it was learnt from.
        indices: the answers.
        told: the attributes of which it has been said that too little is left.
    """

    known: Knowledge = field(default_factory=Knowledge)
    sources: dict[str, str] = field(default_factory=dict)
    indices: list[int] = field(default_factory=list)
    told: set[str] = field(default_factory=set)


class Overruns:
    """Everything that was answered about attributes with a residual; fed by one thread."""

    def __init__(self) -> None:
        self._readers: OrderedDict[bytes, _Reader] = OrderedDict()

    def add(self, index: int, claim: Claim) -> list[Overrun]:
        """Add an answer whose proof has been verified, in the order of the log.

        Args:
            index: its entry.
            claim: as appraised.

        Returns:
            The attributes of which too little is left; each is told once for a relying party.
        """
        promised = {
            name: promise.residual
            for name in claim.predicate.attributes
            if (promise := claim.vocabulary.attribute(name).disclosure) and promise.residual
        }
        full, short = _names(claim.vocabulary)
        reader = self._reader(claim)
        reader.indices = [*reader.indices, index][-MOST_ENTRIES:]
        sources = {full[name]: claim.source(name).id for name in claim.predicate.attributes}
        changed = [name for name, source in sources.items() if reader.sources.get(name, source) != source]
        reader.sources |= sources
        question = Question(claim.predicate, claim.vocabulary, claim.query.as_of_day, claim.query.reasons)
        reading = question.read_by(reader.known.without(changed).renamed(short))
        known = reading.after(answer=claim.answered.answer, clauses=claim.answered.clauses)
        reader.known = known.renamed(full)
        found = []
        for name, residual in promised.items():
            left = count(known.left(alone(name), claim.vocabulary))
            if left < residual and full[name] not in reader.told:
                reader.told.add(full[name])
                found.append(Overrun(name, tuple(reader.indices), _reason(claim, name, left, residual)))
        return found

    def _reader(self, claim: Claim) -> _Reader:
        key = named(claim, claim.query.relying_party)
        reader = self._readers.setdefault(key, _Reader())
        self._readers.move_to_end(key)
        if len(self._readers) > MOST_PAIRS:
            self._readers.popitem(last=False)
        return reader


@lru_cache(maxsize=256)
def _names(vocabulary: Vocabulary) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Name each attribute so that no other schema's has the name; and the other way round."""
    schemas, place = vocabulary.schemas, vocabulary.place
    full = {each.name: f"{schemas[place(each.name)].digest.hex()}/{each.name}" for each in vocabulary}
    return full, {name: short for short, name in full.items()}


def _reason(claim: Claim, name: str, left: int, residual: int) -> str:
    party = claim.query.relying_party
    return f"the answers to {party} leave {left} values of {name}, where the schema promises {residual}"
