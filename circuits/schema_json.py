"""Reading a schema's JSON: every key known, every bound checked, every mistake named by its path."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from circuits import calendar
from circuits.currencies import decimals
from circuits.encoding import parse_json
from circuits.errors import EncodingError, SchemaError, ValueRefused
from circuits.values import (
    FIRST_DATE,
    LAST_DATE,
    MAX_INTEGER,
    TEXT_BYTES,
    Attribute,
    AttributeType,
    Disclosure,
    normal_text,
    parse_decimal,
)

MAX_ATTRIBUTES = 64
MAX_VALUES = 1024
MAX_VALUE_LENGTH = 64
MAX_LADDER = 1024
PERIODS = ("hour", "day", "week", "month", "quarter", "year")
RESERVED = frozenset(
    {
        *("as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let"),
        *("loop", "namespace", "null", "package", "return", "true", "var", "void", "while", "and", "not", "or"),
    }
)
"""Words that CEL or the language keep for themselves: an attribute of that name could never be asked about."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
_SCHEMA_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}\Z")
_COMMON = {"name", "type"}
_KEYS = {
    AttributeType.MONEY: {"currency", "period", "min", "max", "disclosure"},
    AttributeType.INTEGER: {"min", "max", "disclosure"},
    AttributeType.DATE: {"min", "max", "disclosure"},
    AttributeType.ENUM: {"values"},
    AttributeType.BOOL: set[str](),
    AttributeType.TEXT: set[str](),
}
_NEEDED = {
    AttributeType.MONEY: {"currency", "max"},
    AttributeType.INTEGER: {"min", "max"},
    AttributeType.ENUM: {"values"},
}


def read_schema(source: bytes | str | Mapping[str, Any]) -> tuple[str, int, tuple[Attribute, ...]]:
    """Read a schema's name, version and attributes.

    Raises:
        SchemaError: where and what is wrong (the author's fault).
    """
    members = _object(source if isinstance(source, Mapping) else _parse(source), "schema")
    _require_keys(members, {"schema", "version", "attributes"}, {"schema", "version", "attributes"}, "schema")
    name, version, listed = members["schema"], members["version"], members["attributes"]
    if not isinstance(name, str) or not _SCHEMA_NAME.match(name):
        raise SchemaError("schema", "a name has up to 63 lower-case letters, digits, - and _, the first a letter")
    if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= MAX_INTEGER >> 32:
        raise SchemaError("version", "must be a whole number from 1")
    if not isinstance(listed, Sequence) or isinstance(listed, str | bytes) or not 1 <= len(listed) <= MAX_ATTRIBUTES:
        raise SchemaError("attributes", f"must be a list of 1 to {MAX_ATTRIBUTES} attributes")
    attributes = tuple(_attribute(item, f"attributes[{i}]") for i, item in enumerate(listed))
    seen: set[str] = set()
    for i, attribute in enumerate(attributes):
        if attribute.name in seen:
            raise SchemaError(f"attributes[{i}].name", f"{attribute.name} is there twice")
        seen.add(attribute.name)
    return name, version, attributes


def _parse(source: bytes | str) -> object:
    try:
        return parse_json(source.encode() if isinstance(source, str) else source)
    except (EncodingError, UnicodeEncodeError) as error:
        raise SchemaError("schema", str(error)) from error


def _attribute(item: object, path: str) -> Attribute:
    members = _object(item, path)
    name = members.get("name")
    if not isinstance(name, str) or not _NAME.match(name):
        raise SchemaError(f"{path}.name", "a name has up to 63 lower-case letters, digits and _, the first a letter")
    if name in RESERVED:
        raise SchemaError(f"{path}.name", f"{name} is a word of the predicate language")
    kind = members.get("type")
    if not isinstance(kind, str) or kind not in set(AttributeType):
        raise SchemaError(f"{path}.type", f"must be one of {', '.join(AttributeType)}")
    type_ = AttributeType(kind)
    _require_keys(members, _COMMON | _KEYS[type_], _NEEDED.get(type_, set()), path)
    match type_:
        case AttributeType.ENUM:
            values = _values(members["values"], f"{path}.values")
            return Attribute(name, type_, 0, len(values) - 1, values=values)
        case AttributeType.BOOL:
            return Attribute(name, type_, 0, 1)
        case AttributeType.TEXT:
            return Attribute(name, type_, 0, (1 << 8 * TEXT_BYTES) - 1)
        case AttributeType.DATE:
            minimum, maximum = members.get("min", FIRST_DATE), members.get("max", LAST_DATE)
        case _:
            minimum, maximum = members.get("min", "0"), members["max"]
    currency, period = _currency(members, path), _period(members, path)
    places = 0 if currency is None else decimals(currency)
    low = _number(minimum, type_, places, f"{path}.min")
    high = _number(maximum, type_, places, f"{path}.max")
    if low >= high:
        raise SchemaError(f"{path}.max", "must be above min")
    bounded = Attribute(name, type_, low, high, currency, period)
    if "disclosure" not in members:
        return bounded
    disclosure = _disclosure(members["disclosure"], bounded, f"{path}.disclosure")
    return Attribute(name, type_, low, high, currency, period, disclosure=disclosure)


def _currency(members: Mapping[str, Any], path: str) -> str | None:
    currency = members.get("currency")
    if "currency" not in members:
        return None
    if not isinstance(currency, str):
        raise SchemaError(f"{path}.currency", "must be the ISO 4217 code of a currency")
    try:
        decimals(currency)
    except EncodingError as error:
        raise SchemaError(f"{path}.currency", str(error)) from error
    return currency


def _period(members: Mapping[str, Any], path: str) -> str | None:
    if "period" not in members:
        return None
    period = members["period"]
    if period not in PERIODS:
        raise SchemaError(f"{path}.period", f"must be one of {', '.join(PERIODS)}")
    return str(period)


def _number(bound: object, type_: AttributeType, places: int, path: str) -> int:
    """Read a bound or a threshold: a decimal string, a JSON integer, or a date."""
    if isinstance(bound, bool) or not isinstance(bound, int | str) or (type_ == "date" and isinstance(bound, int)):
        raise SchemaError(path, "must be a date, YYYY-MM-DD" if type_ == "date" else "must be a number in a string")
    try:
        number = calendar.day_number(str(bound)) if type_ == "date" else parse_decimal(str(bound), places)
    except (EncodingError, ValueError) as error:
        raise SchemaError(path, str(error)) from error
    if abs(number) > MAX_INTEGER:
        raise SchemaError(path, "beyond 2^63-1 minor units")
    return number


def _values(listed: object, path: str) -> tuple[str, ...]:
    if not isinstance(listed, Sequence) or isinstance(listed, str | bytes) or not 1 <= len(listed) <= MAX_VALUES:
        raise SchemaError(path, f"must be a list of 1 to {MAX_VALUES} texts")
    seen: dict[str, None] = {}
    for i, value in enumerate(listed):
        if not isinstance(value, str) or len(value) > MAX_VALUE_LENGTH:
            raise SchemaError(f"{path}[{i}]", f"must be a text of at most {MAX_VALUE_LENGTH} characters")
        try:
            normal = normal_text(value)
        except EncodingError as error:
            raise SchemaError(f"{path}[{i}]", str(error)) from error
        if normal != value or value in seen:
            raise SchemaError(f"{path}[{i}]", "is there twice" if value in seen else "must be in normal form NFC")
        seen[value] = None
    return tuple(seen)


def _disclosure(item: object, attribute: Attribute, path: str) -> Disclosure:
    members = _object(item, path)
    _require_keys(members, {"residual", "ladder"}, set(), path)
    residual = None
    if "residual" in members:
        # A width, not a value: days for a date, an amount for money.
        residual = _number(members["residual"], AttributeType.INTEGER, attribute.decimals, f"{path}.residual")
        if residual < 1:
            raise SchemaError(f"{path}.residual", "must be above 0")
    listed = members.get("ladder", [])
    if not isinstance(listed, Sequence) or isinstance(listed, str | bytes) or len(listed) > MAX_LADDER:
        raise SchemaError(f"{path}.ladder", f"must be a list of at most {MAX_LADDER} thresholds")
    ladder: list[int] = []
    for i, threshold in enumerate(listed):
        place = f"{path}.ladder[{i}]"
        try:
            encoded = attribute.encode(str(_textual(threshold, place)))
        except ValueRefused as error:
            raise SchemaError(place, error.reason) from error
        if ladder and encoded <= ladder[-1]:
            raise SchemaError(place, "thresholds must ascend")
        ladder.append(encoded)
    return Disclosure(residual, tuple(ladder))


def _textual(threshold: object, path: str) -> str | int:
    if isinstance(threshold, bool) or not isinstance(threshold, str | int):
        raise SchemaError(path, "must be a number in a string")
    return threshold


def _object(item: object, path: str) -> Mapping[str, Any]:
    if not isinstance(item, Mapping) or not all(isinstance(key, str) for key in item):
        raise SchemaError(path, "must be a JSON object")
    return item


def _require_keys(members: Mapping[str, Any], known: set[str], needed: set[str], path: str) -> None:
    for key in members:
        if key not in known:
            raise SchemaError(f"{path}.{key}"[:200], f"unknown key; known are {', '.join(sorted(known))}")
    for key in sorted(needed):
        if key not in members:
            raise SchemaError(f"{path}.{key}", "is missing")
