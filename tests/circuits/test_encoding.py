"""Canonical bytes and their strict inverses."""

import base64

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from circuits.encoding import (
    B32,
    b64u,
    b64u_decode,
    be32,
    canonical_json,
    fields,
    len8,
    len64be,
    parse_b32,
    parse_canonical_json,
    parse_fields,
    parse_json,
)
from circuits.errors import EncodingError


def test_numbers():
    assert be32(258) == b"\x00\x00\x01\x02"
    assert len8(b"abc") == b"\x03"
    assert len64be(b"abc") == bytes(7) + b"\x03"
    assert parse_b32(B32(77), 78) == 77
    for encode, number in (be32, 2**32), (be32, -1), (B32, 2**256), (B32, -1):
        with pytest.raises(EncodingError):
            encode(number)
    for encoded in B32(78), B32(77)[1:], B32(77) + b"\x00":
        with pytest.raises(EncodingError):
            parse_b32(encoded, 78)
    with pytest.raises(EncodingError):
        len8(bytes(256))


def test_fields_and_their_inverse():
    framed = fields("query", b"", b"abc")
    assert framed == bytes(7) + b"\x05query" + bytes(8) + bytes(7) + b"\x03abc"
    assert parse_fields("query", framed, 2) == (b"", b"abc")
    for label, encoded, count in (
        ("other", framed, 2),
        ("query", framed, 1),
        ("query", framed, 3),
        ("query", framed[:-1], 2),
        ("query", framed + b"\x00", 2),
        ("query", b"", 0),
    ):
        with pytest.raises(EncodingError):
            parse_fields(label, encoded, count)


def test_fields_do_not_run_together():
    assert fields("x", b"ab", b"c") != fields("x", b"a", b"bc")
    assert fields("x", b"ab") != fields("x", b"ab", b"")


@pytest.mark.parametrize("content", [b"", b"\x00", b"ab", b"abc", bytes(range(256))])
def test_base64url(content):
    assert b64u_decode(b64u(content)) == content


@pytest.mark.parametrize("text", ["YQ==", "YR", "Y", "YWJ\n", "YWJj\n", "a+b/", "YQ ", "é", "ÿÿ"])
def test_base64url_has_one_form(text):
    with pytest.raises(EncodingError):
        b64u_decode(text)


def test_json():
    obj = {"b": [1, -2, True, None], "a": "é", "": {}}
    encoded = canonical_json(obj)
    assert encoded == '{"":{},"a":"é","b":[1,-2,true,null]}'.encode()
    assert parse_json(encoded) == obj
    assert parse_canonical_json(encoded) == obj
    assert parse_json(b' {"a": 1} ') == {"a": 1}
    with pytest.raises(EncodingError):
        parse_canonical_json(b' {"a": 1} ')


_LEAVES = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text()
_JSON = st.recursive(_LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner))


@given(_JSON)
def test_canonical_json_is_that_of_another_implementation(obj):
    assert canonical_json(obj) == rfc8785.dumps(obj)
    assert parse_canonical_json(canonical_json(obj)) == obj


@given(st.binary(max_size=40))
def test_base64url_is_that_of_another_implementation(content):
    assert b64u(content) == base64.urlsafe_b64encode(content).rstrip(b"=").decode()
    assert b64u_decode(b64u(content)) == content


@given(st.text(alphabet="AQgwEIMB-_9z", max_size=9))
def test_a_text_is_the_base64url_of_its_content_or_of_nothing(text):
    try:
        content = b64u_decode(text)
    except EncodingError:
        content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) if len(text) % 4 != 1 else b""
        assert b64u(content) != text or not text
    else:
        assert b64u(content) == text


def test_json_depth():
    assert parse_json(b"[" * 64 + b"]" * 64)
    assert parse_json(b'["' + b"[" * 100 + b'\\"[", []]') == ["[" * 100 + '"[', []]
    for deep in (b"[" * 65 + b"]" * 65, b'{"a":' * 65, b'"' + b"[" * 1_000_000, b'"\\' * 100_000 + b"[" * 100):
        with pytest.raises(EncodingError):
            parse_json(deep)


@pytest.mark.parametrize(
    "encoded",
    [
        b"",
        b"{",
        b'{"a":1,"a":2}',
        b'[{"a":{"b":1,"b":1}}]',
        b"1.0",
        b"1e3",
        b"-0",
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"9007199254740992",
        b"1" * 5000,
        b"[" * 100_000,
        b'"\xff"',
        b"\xef\xbb\xbf{}",
        b"{} {}",
    ],
)
def test_json_refused(encoded):
    with pytest.raises(EncodingError):
        parse_json(encoded)


@pytest.mark.parametrize("obj", [1.0, [0.5], {"a": float("nan")}, 2**53, {1: 2}, "\ud800", object(), {"a": {1, 2}}])
def test_json_without_canonical_form(obj):
    with pytest.raises(EncodingError):
        canonical_json(obj)


def test_where_a_string_begins_that_does_not_end():
    with pytest.raises(EncodingError, match=r"^not JSON: unterminated string starting at line 1, column 7$"):
        parse_json(b'{"a": "b')
