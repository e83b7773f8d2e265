"""What an answer disclosed, as JSON: the same in the prover's response, in the log and in an attestation.

    [{"attribute": "salary", "bits": "1.00", "left": [["10000001", "1000000000"]], "narrowest": 1000000}]

Numbers of values are texts, for hashes of texts have 252 bits; `narrowest` is a number, at most 2^53 - 1.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from circuits.encoding import MAX_SAFE_INTEGER
from circuits.errors import EncodingError
from circuits.leakage.told import Disclosed
from circuits.telling.intervals import Interval, united

MAX_ATTRIBUTES: Final = 64
MAX_INTERVALS: Final = 1024
_KEYS: Final = {"attribute", "bits", "left", "narrowest"}
_BITS: Final = re.compile(r"(0|[1-9][0-9]{0,2})\.[0-9]{2}\Z")
_WHOLE: Final = re.compile(r"(0|-?[1-9][0-9]{0,79})\Z")


def to_json(told: Iterable[Disclosed]) -> list[dict[str, Any]]:
    """Write what an answer disclosed."""
    return [
        {
            "attribute": each.name,
            "bits": f"{each.bits:.2f}",
            "left": [[str(low), str(high)] for low, high in each.left],
            "narrowest": None if each.narrowest is None else min(each.narrowest, MAX_SAFE_INTEGER),
        }
        for each in told
    ]


def from_json(found: object) -> tuple[Disclosed, ...]:
    """Read what an answer disclosed, in its one form.

    Raises:
        EncodingError: it has another (whoever wrote it is to blame).
    """
    if not isinstance(found, list) or len(found) > MAX_ATTRIBUTES:
        raise EncodingError(f"disclosed: must be a list of at most {MAX_ATTRIBUTES}")
    return tuple(_one(each) for each in found)


def _one(found: object) -> Disclosed:
    if not isinstance(found, dict) or set(found) != _KEYS:
        raise EncodingError(f"disclosed: each has exactly the members {', '.join(sorted(_KEYS))}")
    name, bits, left, narrowest = (found[key] for key in ("attribute", "bits", "left", "narrowest"))
    if not isinstance(name, str):
        raise EncodingError("disclosed: attribute must be a text")
    if not isinstance(bits, str) or not _BITS.match(bits):
        raise EncodingError("disclosed: bits must be a number with two decimals")
    if not isinstance(left, list) or not 1 <= len(left) <= MAX_INTERVALS:
        raise EncodingError(f"disclosed: left must be a list of 1 to {MAX_INTERVALS} intervals")
    intervals = tuple(_interval(each) for each in left)
    if united(intervals) != intervals:
        raise EncodingError("disclosed: left must be ascending, its intervals neither empty nor touching")
    if narrowest is not None and (
        not isinstance(narrowest, int) or isinstance(narrowest, bool) or not 0 <= narrowest <= MAX_SAFE_INTEGER
    ):
        raise EncodingError("disclosed: narrowest must be a number of values, or null")
    return Disclosed(name, intervals, Decimal(bits), narrowest)


def _interval(found: object) -> Interval:
    if (
        not isinstance(found, list)
        or len(found) != 2
        or not all(isinstance(each, str) and _WHOLE.match(each) for each in found)
    ):
        raise EncodingError("disclosed: an interval is a list of two whole numbers, as texts")
    return int(found[0]), int(found[1])
