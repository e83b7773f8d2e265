"""What an answer disclosed: of each attribute, what stays possible, and by how much that is less than before."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import lru_cache

from circuits.leakage.cuts import alone, pieces
from circuits.leakage.knowledge import Knowledge
from circuits.leakage.rules import Question
from circuits.telling.intervals import Intervals, count

HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True, slots=True, repr=False)
class Disclosed:
    """Of one attribute, what an answer told.

    Attributes:
        name: the attribute.
        left: what stays possible for this reader, encoded.
        bits: by how many halvings fewer values are possible than before, to two decimals; 0 if it told nothing.
        narrowest: how many values the narrowest set has that the reader's cuts leave around any value, or None where
            nothing is promised.
    """

    name: str
    left: Intervals
    bits: Decimal
    narrowest: int | None

    def __repr__(self) -> str:
        return "<Disclosed redacted>"


def disclosed(question: Question, before: Knowledge, after: Knowledge) -> tuple[Disclosed, ...]:
    """Say what an answer told about each of the question's attributes, in the order of first use."""
    return tuple(_disclosed(question, before, after))


def _disclosed(question: Question, before: Knowledge, after: Knowledge) -> Iterator[Disclosed]:
    for name in question.predicate.attributes:
        form = alone(name)
        left = after.left(form, question.schema)
        promise = question.schema.attribute(name).disclosure
        widths = (high - low + 1 for low, high in pieces(left, after.cuts.get(form, ())))
        yield Disclosed(
            name,
            left,
            halvings(count(before.left(form, question.schema)), count(left)),
            min(widths) if promise and promise.residual else None,
        )


@lru_cache(maxsize=1024)
def halvings(before: int, after: int) -> Decimal:
    """How often `before` values must be halved to be `after`, to two decimals; never below 0."""
    if after >= before or after < 1:
        return Decimal(0)
    with localcontext(prec=60) as context:
        return (context.ln(Decimal(before) / Decimal(after)) / context.ln(Decimal(2))).quantize(HUNDREDTH)
