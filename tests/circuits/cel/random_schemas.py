"""Schemas at random: every type, names that are CEL's own words, bounds from tiny to 2^63-1, negative ones too."""

from random import Random

from circuits.attributes import Schema
from circuits.calendar import iso
from circuits.schema_json import PERIODS

NAMES = (
    *("salary", "net_worth", "debt", "born", "hired", "country", "owns_home", "tenure", "employer", "score", "a", "b2"),
    *("x_", "is", "at", "least", "of", "these", "hold", "plus", "times", "per", "one", "none", "exactly", "so", "that"),
    *("age", "date", "at_least", "int", "type", "string", "double", "bool", "list", "map", "dyn", "duration", "size"),
    *("has", "matches", "all", "exists", "timestamp", "subject", "google", "u", "r", "b", "e5", "in_", "true_", "nul"),
)
CURRENCIES = ("USD", "USD", "EUR", "JPY", "KWD", "CLF")
WORDS = (
    *("US", "CA", "DE", "a b", "A", "a", "A ", "0", "5", "2008-11-22", "true", "is true", "it's", 'say "hi"'),
    *("Zo\u00eb", "caf\u00e9 \U0001f600", "\u05d0\u05d1", "z\u200bz", "back\\slash", "\\u0041", "[", "(((", "&& x"),
    *("x, y", "x; y"),
)
LARGEST = 2**63 - 1


def random_schema(rng: Random) -> Schema:
    """Draw a schema of up to 9 attributes, at least one of them ordered."""
    names = rng.sample(NAMES, rng.randint(2, 8))
    attributes = [_attribute(rng, name) for name in names]
    attributes.append({"name": "z9", **rng.choice((_money, _integer, _date))(rng)})
    return Schema.from_json({"schema": "random", "version": 1, "attributes": attributes})


def _attribute(rng: Random, name: str) -> dict[str, object]:
    kinds = (_money, _money, _money, _integer, _integer, _date, _date, _enum, _bool, _text)
    return {"name": name, **rng.choice(kinds)(rng)}


def _money(rng: Random) -> dict[str, object]:
    low, high = _bounds(rng)
    places = {"JPY": 0, "KWD": 3, "CLF": 4}
    currency = rng.choice(CURRENCIES)
    decimals = places.get(currency, 2)
    members = {"type": "money", "currency": currency, "min": _decimal(low, decimals), "max": _decimal(high, decimals)}
    return members | ({"period": rng.choice(PERIODS)} if rng.random() < 0.4 else {})


def _integer(rng: Random) -> dict[str, object]:
    low, high = _bounds(rng)
    return {"type": "integer", "min": str(low), "max": str(high)}


def _bounds(rng: Random) -> tuple[int, int]:
    """Bounds in minor units: small ones make coincidences, large ones overflow."""
    size = rng.choice((30, 3000, 10**6, 10**9, 10**12, 10**15, LARGEST))
    high = rng.choice((size, rng.randint(1, size)))
    low = rng.choice((0, 0, -high, -rng.randint(0, size), rng.randint(0, high - 1)))
    return low, high


def _decimal(minor: int, places: int) -> str:
    digits = str(abs(minor)).rjust(places + 1, "0")
    point = len(digits) - places
    return "-" * (minor < 0) + digits[:point] + ("." + digits[point:]) * (places > 0)


def _date(rng: Random) -> dict[str, object]:
    if rng.random() < 0.5:
        return {"type": "date"}
    first = rng.randint(1, 3_650_000)
    return {"type": "date", "min": iso(first), "max": iso(min(first + rng.choice((2, 800, 40_000)), 3_652_059))}


def _enum(rng: Random) -> dict[str, object]:
    return {"type": "enum", "values": rng.sample(WORDS, rng.randint(1, 6))}


def _bool(_rng: Random) -> dict[str, object]:
    return {"type": "bool"}


def _text(_rng: Random) -> dict[str, object]:
    return {"type": "text"}
