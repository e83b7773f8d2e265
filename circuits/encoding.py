"""Canonical bytes: every encoder here has one strict inverse, so that equal bytes and equal meaning coincide.

Sources: RFC 4648 section 5 (base64url), RFC 8785 (JSON Canonicalization Scheme).
"""

import binascii
import json
import re
from collections.abc import Sequence
from typing import Any, NoReturn

import rfc8785

from circuits.errors import EncodingError

MAX_SAFE_INTEGER = 2**53 - 1  # beyond it JSON numbers differ between languages (RFC 7493, section 2.2)
MAX_DEPTH = 64
_BRACKET_OR_STRING = re.compile(rb'[\[\]{}]|"(?:[^"\\]|\\.)*+"?', re.DOTALL)  # never fails half-way: linear
_B64U = re.compile(r"[A-Za-z0-9_-]*\Z")
_TO_URL, _FROM_URL = bytes.maketrans(b"+/", b"-_"), bytes.maketrans(b"-_", b"+/")
# The last character of a text that is cut off after 1 or 2 bytes of a group of 3: its unused bits are zero.
_LAST = {2: "AQgw", 3: "AEIMQUYcgkosw048"}


def be32(number: int) -> bytes:
    """Encode 0 <= number < 2^32 as 4 bytes, big endian.

    Raises:
        EncodingError: out of range (the caller's fault).
    """
    return _fixed(number, 4)


def len8(content: bytes) -> bytes:
    """Encode the length of content as one byte; EncodingError if it is above 255."""
    return _fixed(len(content), 1)


def len64be(content: bytes) -> bytes:
    """Encode the length of content as 8 bytes, big endian."""
    return _fixed(len(content), 8)


def B32(number: int) -> bytes:  # the protocol's letter
    """Encode 0 <= number < 2^256 as 32 bytes, big endian; EncodingError if it is out of range."""
    return _fixed(number, 32)


def parse_b32(encoded: bytes, bound: int) -> int:
    """Invert B32 for a number below bound.

    Raises:
        EncodingError: not 32 bytes, or the number is not below the bound (the sender's fault).
    """
    if len(encoded) != 32:
        raise EncodingError(f"expected 32 bytes, got {len(encoded)}")
    number = int.from_bytes(encoded, "big")
    if number >= bound:
        raise EncodingError("number is not reduced")
    return number


def fields(label: str, *values: bytes) -> bytes:
    """Frame a label and its fields, each with an 8-byte big-endian length in front, in the given order."""
    parts = (label.encode("ascii"), *values)
    return b"".join([piece for part in parts for piece in (len(part).to_bytes(8, "big"), part)])


def parse_fields(label: str, encoded: bytes, count: int) -> tuple[bytes, ...]:
    """Invert fields: exactly this label, exactly count values, nothing left over.

    Raises:
        EncodingError: anything else (the sender's fault).
    """
    parts: list[bytes] = []
    rest = memoryview(encoded)
    while rest:
        size = int.from_bytes(rest[:8], "big")
        if len(rest) < 8 or size > len(rest) - 8:
            raise EncodingError(f"{label}: field {len(parts)} is cut short")
        parts.append(bytes(rest[8 : 8 + size]))
        rest = rest[8 + size :]
        if len(parts) > count + 1:
            raise EncodingError(f"{label}: more than {count} fields")
    if len(parts) != count + 1 or parts[0] != label.encode("ascii"):
        raise EncodingError(f"not {count} fields under the label {label}")
    return tuple(parts[1:])


def b64u(content: bytes) -> str:
    """Encode bytes as unpadded base64url."""
    return binascii.b2a_base64(content, newline=False).translate(_TO_URL, b"=").decode("ascii")


def b64u_decode(text: str) -> bytes:
    """Invert b64u: no padding, no other alphabet, no stray bits in the last character.

    Raises:
        EncodingError: not the one canonical text of some bytes (the sender's fault).
    """
    over = len(text) % 4
    if not _B64U.match(text) or over == 1:
        raise EncodingError("not unpadded base64url")
    if over and text[-1] not in _LAST[over]:
        raise EncodingError("base64url with stray bits")
    return binascii.a2b_base64(text.encode("ascii").translate(_FROM_URL) + b"=" * (-over % 4))


def canonical_json(obj: object) -> bytes:
    """Encode as RFC 8785 JSON; floats are refused, integers stay within +-(2^53 - 1).

    Raises:
        EncodingError: a float, a huge integer, a key that is no text, lone surrogates (the caller's fault).
    """
    plain = _require_canonical(obj)
    try:
        if not plain:
            return rfc8785.dumps(obj)  # type: ignore[arg-type]  # checked by the library itself, which raises
        return _WRITER.encode(obj).encode()
    except (rfc8785.CanonicalizationError, ValueError, RecursionError) as error:
        raise EncodingError(f"not canonical JSON: {type(error).__name__}") from error


def parse_json(encoded: bytes) -> Any:  # noqa: ANN401  # JSON is any of its seven types
    """Parse UTF-8 JSON strictly: no duplicate names, no floats, no NaN, no integer beyond 2^53 - 1, depth at most 64.

    Raises:
        EncodingError: any of these, or no JSON at all (the sender's fault).
    """
    _require_shallow(encoded)
    try:
        return _READER.decode(encoded.decode("utf-8"))
    except EncodingError:
        raise
    except UnicodeDecodeError as error:
        raise EncodingError(f"not JSON: not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        what = error.msg.removesuffix(" at").lower()  # some of its words for "what" end in an "at" of their own
        raise EncodingError(f"not JSON: {what} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise EncodingError("not JSON: nested too deep") from error


def parse_canonical_json(encoded: bytes) -> Any:  # noqa: ANN401  # JSON is any of its seven types
    """Parse JSON that must already be in its RFC 8785 form, byte for byte.

    Raises:
        EncodingError: it is not (the sender's fault).
    """
    obj = parse_json(encoded)
    if canonical_json(obj) != encoded:
        raise EncodingError("JSON is not in canonical form")
    return obj


def _require_shallow(encoded: bytes) -> None:
    """Count brackets outside strings: the parser itself recurses, and how deep it may depends on the process."""
    if encoded.count(b"[") + encoded.count(b"{") <= MAX_DEPTH:
        return
    depth = 0
    for match in _BRACKET_OR_STRING.finditer(encoded):
        token = match.group()[:1]
        depth += (token in b"[{") - (token in b"]}")
        if depth > MAX_DEPTH:
            raise EncodingError(f"JSON nested deeper than {MAX_DEPTH}")


def _fixed(number: int, size: int) -> bytes:
    try:
        return number.to_bytes(size, "big")
    except OverflowError as error:
        raise EncodingError(f"number does not fit {size} bytes") from error


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise EncodingError("duplicate name in a JSON object")
    return members


def _refuse_other(_item: object) -> NoReturn:
    raise EncodingError("only JSON's own types have a canonical form")


def _refuse_float(_text: str) -> NoReturn:
    raise EncodingError("JSON number is not an integer")


def _parse_int(text: str) -> int:
    if len(text) > 17 or text == "-0" or not -MAX_SAFE_INTEGER <= (number := int(text)) <= MAX_SAFE_INTEGER:
        raise EncodingError("JSON integer out of range")
    return number


def _require_canonical(obj: object) -> bool:
    """Refuse what has no canonical form here; True if every name is ASCII, whose order is the same in any encoding."""
    pending: list[object] = [obj]
    seen, plain = 0, True
    while pending:
        item = pending.pop()
        seen += 1
        if seen > 10_000_000:
            raise EncodingError("an endless structure has no canonical form")
        # Most of what there is are texts, and every text is in order: they are left out at once.
        if isinstance(item, (list, tuple)):
            pending += [each for each in item if type(each) is not str]
        elif isinstance(item, dict):
            try:
                names = "".join(item)
            except TypeError:
                raise EncodingError("a name in a JSON object is a text") from None
            plain = plain and names.isascii()
            pending += [each for each in item.values() if type(each) is not str]
        elif isinstance(item, float):
            raise EncodingError("a float has no canonical form here")
        elif isinstance(item, int) and not -MAX_SAFE_INTEGER <= item <= MAX_SAFE_INTEGER:
            raise EncodingError("JSON integer out of range")
    return plain


# Both are made once: making them costs more than most documents. With names in ASCII the writer's bytes are those of
# rfc8785, which writes all others: the same escapes, the same integers, names in order.
_WRITER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_refuse_other)
_READER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_refuse_float, parse_int=_parse_int, parse_constant=_refuse_float
)
