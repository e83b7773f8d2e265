"""Every field of a query is in its one form and in its digest."""

import dataclasses
import json

import pytest

from circuits.encoding import b64u
from circuits.errors import QueryError
from circuits.query import Query, Reasons

QUERY = Query(
    id=b64u(bytes(16)),
    nonce=bytes(range(32)),
    audience="https://verifier.example",
    relying_party="lender",
    provider="kyc",
    subject="4711",
    purpose="credit",
    predicate_text="salary > 100000",
    predicate_digest=bytes(32),
    schema_digests=(b"\x01" * 32,),
    as_of="2026-11-22",
    max_age=90,
    issued_at=1795362377,
    expires_at=1795362437,
    consent="",
)

CHANGES = {
    "id": b64u(b"\x01" * 16),
    "nonce": bytes(32),
    "audience": "https://other.example",
    "relying_party": "other",
    "provider": "other",
    "subject": "4712",
    "purpose": "other",
    "predicate_text": "salary >= 100000",
    "predicate_digest": b"\x01" * 32,
    "schema_digests": (b"\x01" * 32, b"\x02" * 32),
    "as_of": "2026-11-23",
    "max_age": None,
    "issued_at": 1795362378,
    "expires_at": 1795362438,
    "consent": "c-1",
    "reasons": Reasons.FAILED_CLAUSES,
}


def test_a_query_comes_back_from_its_json():
    assert Query.from_json(QUERY.to_json()) == QUERY
    assert Query.from_json(json.dumps(QUERY.to_json())) == QUERY
    assert Query.from_json(json.dumps(QUERY.to_json()).encode()).digest == QUERY.digest
    assert QUERY.to_json()["issued_at"] == "2026-11-22T15:46:17Z"
    assert Query.from_json(dataclasses.replace(QUERY, max_age=None).to_json()).max_age is None


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Query) if field.init])
def test_every_field_is_in_the_digest(name):
    assert dataclasses.replace(QUERY).digest == QUERY.digest
    changed = dataclasses.replace(QUERY, **{name: CHANGES[name]})
    assert changed.digest != QUERY.digest
    assert Query.from_json(changed.to_json()) == changed


@pytest.mark.parametrize("name", CHANGES)
def test_put_again_it_is_the_same_request(name):
    same = dataclasses.replace(QUERY, **{name: CHANGES[name]}).request_digest() == QUERY.request_digest()
    assert same is (name in {"nonce", "issued_at", "expires_at"})


def test_text_does_not_slide_from_field_to_field():
    one = dataclasses.replace(QUERY, audience="ab", relying_party="c")
    other = dataclasses.replace(QUERY, audience="a", relying_party="bc")
    assert one.digest != other.digest


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", "AAAA"),
        ("id", "not base64url!"),
        ("nonce", bytes(31)),
        ("predicate_digest", b""),
        ("schema_digests", (bytes(33),)),
        ("schema_digests", ()),
        ("schema_digests", (bytes(32), bytes(32))),
        ("schema_digests", tuple(bytes([i]) * 32 for i in range(9))),
        ("reasons", "all"),
        ("audience", ""),
        ("relying_party", "a" * 257),
        ("subject", "a\nb"),
        ("subject", "\ud800"),
        ("provider", "\x7f"),
        ("purpose", ""),
        ("predicate_text", ""),
        ("predicate_text", "a" * 1025),
        ("predicate_text", "salary > é"),
        ("as_of", "2026-02-30"),
        ("max_age", -1),
        ("max_age", 40_000),
        ("issued_at", 1795362437),
        ("issued_at", -(10**18)),
        ("expires_at", 10**18),
        ("consent", "\x00"),
    ],
)
def test_a_field_in_another_form_is_refused(name, value):
    with pytest.raises(QueryError):
        dataclasses.replace(QUERY, **{name: value})


@pytest.mark.parametrize("name", list(QUERY.to_json()))
def test_a_member_that_is_missing_or_of_another_type_is_refused(name):
    members = QUERY.to_json()
    assert Query.from_json(members) == QUERY
    with pytest.raises(QueryError):
        Query.from_json({k: v for k, v in members.items() if k != name})
    for wrong in ([], {}, True, 1.5, "\x00\xe9"):
        with pytest.raises(QueryError):
            Query.from_json(members | {name: wrong})


@pytest.mark.parametrize("source", ["", "[]", "{}", b"\xff", "null", '{"id":"a","id":"b"}', "\ud800"])
def test_anything_but_a_query_is_refused(source):
    with pytest.raises(QueryError):
        Query.from_json(source)


def test_an_extra_member_is_refused():
    with pytest.raises(QueryError):
        Query.from_json(QUERY.to_json() | {"answer": "yes"})


@pytest.mark.parametrize("name", ["id", "nonce", "predicate_digest"])
def test_padded_base64_is_refused(name):
    with pytest.raises(QueryError):
        Query.from_json(QUERY.to_json() | {name: QUERY.to_json()[name] + "="})


@pytest.mark.parametrize("time", ["2026-11-22", "2026-11-22T15:46:17+00:00", "1795362377"])
def test_a_time_in_another_form_is_refused(time):
    with pytest.raises(QueryError):
        Query.from_json(QUERY.to_json() | {"issued_at": time})
