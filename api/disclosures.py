"""What an answer disclosed, and under which consent, for people: what logs and tokens hold, with words beside it.

    {"attribute": "salary", "bits": "0.01", "left": [["10000001", "1000000000"]], "narrowest": 10000001,
     "words": "at least 100,000.01 USD per year", "narrowest_words": "100,000.01 USD per year"}

There are only hashes of texts: those that stand in the question are spelt, others counted.
"""

from collections.abc import Iterable
from typing import Any

from circuits.attributes import Attributes
from circuits.calendar import rfc3339
from circuits.consent import PURPOSES, Consent
from circuits.leakage import Disclosed, written
from circuits.leakage.cuts import alone
from circuits.leakage.words import left_in_words, width_in_words
from circuits.predicate import Predicate


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


def consented(consent: Consent) -> dict[str, Any]:
    """Write a consent as JSON, with words for its purpose, and without the token."""
    often = consent.frequency
    return {
        "id": consent.id,
        "relying_party": consent.relying_party,
        "via": consent.via,
        "purpose": consent.purpose,
        "purpose_words": PURPOSES[consent.purpose],
        "reasons": consent.reasons.value,
        "allowed": consent.allowed.to_json(),
        "frequency": None if often is None else {"count": often.count, "seconds": often.seconds},
        "granted_at": rfc3339(consent.issued_at),
        "expires_at": rfc3339(consent.expires_at),
    }


def _words(each: Disclosed, schema: Attributes, as_of: int, question: Predicate | None) -> dict[str, str | None]:
    narrowest = None if each.narrowest is None else width_in_words(schema.attribute(each.name), each.narrowest)
    left = left_in_words(alone(each.name), each.left, schema, as_of=as_of, question=question)
    return {"words": left, "narrowest_words": narrowest}
