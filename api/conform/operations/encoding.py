"""Canonical bytes: JSON, base64url, framed fields, scalars, dates and times."""

from typing import Any, Final

from api.conform.operations.members import Members, Operation, hex_all, unhex, unhex_all
from circuits import calendar
from circuits.encoding import (
    b64u,
    b64u_decode,
    canonical_json,
    fields,
    parse_b32,
    parse_canonical_json,
    parse_fields,
    parse_json,
)
from circuits.group import EngineName, N


def _content(members: Members) -> bytes:
    """A JSON document, as text or, where it is none, as bytes."""
    return unhex(members["bytes"]) if "bytes" in members else members["text"].encode()


def _canonical(members: Members, _engine: EngineName) -> dict[str, Any]:
    return {"canonical": canonical_json(parse_json(_content(members))).decode()}


def _require_canonical(members: Members, _engine: EngineName) -> dict[str, Any]:
    parse_canonical_json(_content(members))
    return {}


def _base64url_encode(members: Members, _engine: EngineName) -> dict[str, Any]:
    return {"text": b64u(unhex(members["bytes"]))}


def _base64url_decode(members: Members, _engine: EngineName) -> dict[str, Any]:
    return {"bytes": b64u_decode(members["text"]).hex()}


def _fields_encode(members: Members, _engine: EngineName) -> dict[str, Any]:
    return {"bytes": fields(members["label"], *unhex_all(members["values"])).hex()}


def _fields_decode(members: Members, _engine: EngineName) -> dict[str, Any]:
    return {"values": hex_all(parse_fields(members["label"], unhex(members["bytes"]), members["count"]))}


def _scalar(members: Members, _engine: EngineName) -> dict[str, Any]:
    return {"number": str(parse_b32(unhex(members["bytes"]), N))}


def _day(members: Members, _engine: EngineName) -> dict[str, Any]:
    return {"day": calendar.day_number(members["date"])}


def _seconds(members: Members, _engine: EngineName) -> dict[str, Any]:
    return {"seconds": calendar.unix(members["time"])}


def _age(members: Members, _engine: EngineName) -> dict[str, Any]:
    return {"years": calendar.age(calendar.day_number(members["born"]), calendar.day_number(members["as_of"]))}


OPERATIONS: Final[dict[str, Operation]] = {
    "json.canonical": _canonical,
    "json.require-canonical": _require_canonical,
    "base64url.encode": _base64url_encode,
    "base64url.decode": _base64url_decode,
    "fields.encode": _fields_encode,
    "fields.decode": _fields_decode,
    "scalar.decode": _scalar,
    "date.decode": _day,
    "time.decode": _seconds,
    "age.count": _age,
}
