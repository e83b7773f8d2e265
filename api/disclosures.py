"""What an answer disclosed, for people: the members that logs and attestations have, with words beside them.

{"attribute": "salary", "bits": "0.01", "left": [["10000001", "1000000000"]], "narrowest": 10000001,
 "words": "at least 100,000.01 USD per year", "narrowest_words": "100,000.01 USD per year"}
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from circuits.attributes import Attributes
from circuits.leakage import Disclosed, written
from circuits.leakage.cuts import alone
from circuits.leakage.words import left_in_words, width_in_words
from circuits.predicate import Predicate

MOST: Final = 128


def in_words(
    told: Iterable[Disclosed], schema: Attributes, *, as_of: int, question: Predicate | None = None
) -> list[dict[str, Any]]:
    """Write what an answer disclosed, as it is logged, with `words` for `left` and `narrowest_words` for `narrowest`.

    Args:
        told: of each attribute.
        schema: what the question was typed under.
        as_of: day number at which ages are counted.
        question: what was asked.
    """
    disclosed = tuple(told)
    return [
        member | _words(each, schema, as_of, question)
        for each, member in zip(disclosed, written.to_json(disclosed), strict=True)
    ]


def lines(disclosed: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say each of in_words in a line: `salary: at least 100,000.01 USD per year (0.01 bits)`."""
    return [f"{each['attribute']}: {each['words']}{_bits(each['bits'])}" for each in disclosed]


def _words(each: Disclosed, schema: Attributes, as_of: int, question: Predicate | None) -> dict[str, str | None]:
    narrowest = None if each.narrowest is None else width_in_words(schema.attribute(each.name), each.narrowest)
    left = left_in_words(alone(each.name), each.left, schema, as_of=as_of, question=question)
    return {"words": left, "narrowest_words": narrowest}


def _bits(bits: str) -> str:
    """Texts stand for so many values that they are not counted for people."""
    return f" ({bits} bits)" if Decimal(bits) < MOST else ""
