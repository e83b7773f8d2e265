"""Under which schemas a question is put: named, left out, several, too many."""

import itertools
import os

import pytest

from api.verifier import meaning
from api.web.problems import Problem
from api.wire.questions import QueryRequest
from circuits.attributes import Schema
from circuits.encoding import b64u
from circuits.errors import PredicateSyntaxError, PredicateTypeError
from circuits.jws import SigningKey
from verifier.entries.kinds import ProviderEntry, SchemaEntry
from verifier.fold.registry import Registry

PROVIDER = "acme-kyc"
CURRENCY = {"type": "money", "currency": "USD", "max": "1000000.00"}


def schema(name, *attributes, version=1):
    return Schema.from_json({"schema": name, "version": version, "attributes": list(attributes)})


def integer(name):
    return {"name": name, "type": "integer", "min": "0", "max": "1000"}


PERSON = schema(
    "person",
    {"name": "salary", **CURRENCY},
    {"name": "country", "type": "enum", "values": ["CA", "US"]},
    {"name": "employer", "type": "text"},
)
PAYROLL = schema("payroll", {"name": "monthly_pay", **CURRENCY}, {"name": "employer", "type": "text"})
PAYROLL_2 = schema("payroll", {"name": "monthly_pay", **CURRENCY}, integer("months"), version=2)


def registry_of(*schemas, of=PROVIDER):
    key = SigningKey.generate(entropy=os.urandom(32)).public
    registry, index = Registry(), itertools.count()
    for name in {PROVIDER, of}:
        registry.apply(next(index), ProviderEntry(name, name, key, "http://localhost:1", 1), 1)
    for each in schemas:
        registry.apply(next(index), SchemaEntry(of, each), 1)
    return registry


def read(text, *schemas, **request):
    body = QueryRequest.model_validate({"predicate": text, "consent": "a.b.c"} | request)
    vocabulary, predicate = meaning.read(body, provider=PROVIDER, registry=registry_of(*schemas))
    assert predicate.schema_digest == vocabulary.digest
    return vocabulary.schemas


ALONE = [
    ("salary > 1", (PERSON,)),
    ("monthly_pay > 1", (PAYROLL_2,)),
    ('employer == "x"', (PERSON,)),  # the schema that was there first
    ('monthly_pay > 1 && employer == "x"', (PAYROLL,)),  # an older version that has both, rather than two credentials
    ("months > 1", (PAYROLL_2,)),
    ("monthly_pay > salary", (PERSON, PAYROLL_2)),
    ('country == "US" && monthly_pay > 4000', (PERSON, PAYROLL_2)),
    ('country == "US" && at_least(1, monthly_pay > 4000, months >= 3)', (PERSON, PAYROLL_2)),
]


@pytest.mark.parametrize(("text", "expected"), ALONE)
def test_without_a_name_the_first_that_fits_or_the_newest_together(text, expected):
    assert read(text, PERSON, PAYROLL, PAYROLL_2) == expected


@pytest.mark.parametrize("text", ["salary > 1", 'country == "US"', 'employer == "x"', 'country == "US" && salary > 1'])
def test_a_schema_under_a_new_name_changes_nothing_that_was_asked_before(text):
    later = [schema(f"later{i}", *(attribute.to_json() for attribute in PERSON)) for i in range(2)]
    assert read(text, PERSON) == read(text, PERSON, PAYROLL, *later, PAYROLL_2) == (PERSON,)
    newer = schema("person", *(attribute.to_json() for attribute in PERSON), version=2)
    assert read(text, PERSON, *later, newer) == (newer,)


NAMED = [
    ("salary > 1", ["person"], (PERSON,)),
    ("salary > 1", [b64u(PERSON.digest)], (PERSON,)),
    ("monthly_pay > salary", ["person", "payroll"], (PERSON, PAYROLL_2)),
    ("monthly_pay > salary", ["payroll", "person"], (PAYROLL_2, PERSON)),
    ("salary > 1", ["payroll", "person"], (PERSON,)),  # what is not needed is left out
    ('employer == "x"', ["person", b64u(PAYROLL.digest)], (PERSON,)),
    ('employer == "x"', [b64u(PAYROLL.digest), "person"], (PAYROLL,)),  # the first that has it
]


@pytest.mark.parametrize(("text", "names", "expected"), NAMED)
def test_the_order_of_a_list_is_that_of_precedence(text, names, expected):
    assert read(text, PERSON, PAYROLL, PAYROLL_2, schemas=names) == expected


WRONG = [
    ({"schemas": ["person", "nothing"]}, "#/schemas/1", "no schema of that name"),
    ({"schemas": ["person", b64u(PERSON.digest)]}, "#/schemas/1", "twice"),
    ({"schemas": ["person"], "schema": "person"}, "#/schemas", "either"),
    ({"schema": "nothing"}, "#/schema", "no schema of that name"),
]


@pytest.mark.parametrize(("request_", "pointer", "said"), WRONG)
def test_a_schema_that_cannot_be_meant_is_named(request_, pointer, said):
    assert read("salary > 1", PERSON, PAYROLL, schemas=["person"]) == (PERSON,)
    with pytest.raises(Problem) as caught:
        read("salary > 1", PERSON, PAYROLL, **request_)
    (error,) = caught.value.extra["errors"]
    assert error["pointer"] == pointer
    assert said in error["detail"]


UNKNOWN = [
    ("wage > 1", 0, ("salary", "monthly_pay", "months")),
    ("salary > 1 && wage > 1", 14, ("salary", "monthly_pay", "months")),
    ("monthly_pay > 1 && salary > 1 && wage > 1", 33, ("salary", "monthly_pay", "months")),
    ("salary > 1.001 && monthly_pay > 1", 9, ("decimal",)),
    ('employer == "x" && months > 1 && salary > 1.001', 42, ("decimal",)),
    ('employer == "x" && monthly_pay > 1.001', 33, ("decimal",)),  # as the old version says, which has both
]


@pytest.mark.parametrize(("text", "position", "said"), UNKNOWN)
def test_what_means_nothing_is_told_with_all_there_is(text, position, said):
    with pytest.raises(PredicateTypeError) as caught:
        read(text, PERSON, PAYROLL, PAYROLL_2)
    assert caught.value.position == position
    assert all(word in caught.value.reason for word in said)


def test_syntax_is_told_before_any_schema_is_looked_at():
    with pytest.raises(PredicateSyntaxError):
        read("salary >", PERSON, PAYROLL)


def test_a_question_takes_eight_schemas_of_however_many_and_no_more():
    many = [schema(f"s-{n}", integer(f"a_{n}")) for n in range(12)]
    asked = [*many[:4], *many[-4:]]

    def text(wanted):
        return " && ".join(f"{attribute.name} > 1" for each in wanted for attribute in each)

    assert read(text(asked), *many) == tuple(asked)
    with pytest.raises(Problem, match="at most 8"):
        read(text(many[:9]), *many)


def test_another_providers_schemas_are_not_this_ones():
    assert read("salary > 1", PERSON) == (PERSON,)
    body = QueryRequest(predicate="salary > 1", consent="a.b.c")
    with pytest.raises(Problem, match="no schema yet"):
        meaning.read(body, provider=PROVIDER, registry=registry_of(PERSON, of="other-kyc"))
