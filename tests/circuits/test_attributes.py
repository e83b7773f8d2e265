"""Values encode to one integer each; a schema has one digest; every mistake is named by its place."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits.attributes import Attribute, AttributeType, Schema, default_schema
from circuits.calendar import day_number
from circuits.encoding import canonical_json
from circuits.errors import EncodingError, SchemaError, ValueRefused
from circuits.values import decimal_text, parse_decimal, text_scalar

PERSON = {
    "schema": "person",
    "version": 3,
    "attributes": [
        {
            "name": "salary",
            "type": "money",
            "currency": "USD",
            "period": "year",
            "max": "10000000.00",
            "disclosure": {"residual": "10000", "ladder": ["25000", "50000.00"]},
        },
        {"name": "fortune", "type": "money", "currency": "JPY", "min": "-5", "max": 1000},
        {"name": "age", "type": "integer", "min": 0, "max": 150},
        {"name": "born", "type": "date"},
        {"name": "country", "type": "enum", "values": ["US", "CA", "Österreich"]},
        {"name": "sanctioned", "type": "bool"},
        {"name": "employer", "type": "text"},
    ],
}
SCHEMA = Schema.from_json(PERSON)


@pytest.mark.parametrize(
    ("name", "text", "encoded"),
    [
        ("salary", "100000", 10_000_000),
        ("salary", "100000.5", 10_000_050),
        ("salary", "0.01", 1),
        ("salary", "10000000.00", 10**9),
        ("salary", "1.230", 123),
        ("salary", "-0.00", 0),
        ("fortune", "-5", -5),
        ("fortune", "129.0", 129),
        ("age", "129.0", 129),
        ("born", "2008-11-22", day_number("2008-11-22")),
        ("born", "1900-01-01", day_number("1900-01-01")),
        ("country", "US", 0),
        ("country", "Österreich", 2),
        ("sanctioned", "YES", 1),
        ("sanctioned", "true", 1),
        ("sanctioned", "0", 0),
        ("sanctioned", "False", 0),
    ],
)
def test_a_value_has_one_number_and_the_number_comes_back(name, text, encoded):
    attribute = SCHEMA.attribute(name)
    assert attribute.encode(text) == encoded
    assert attribute.encode(attribute.decode(encoded)) == encoded


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("salary", "100000.005", "more than 2 decimals"),
        ("salary", "10000000.01", "outside the schema's bounds, 0.00 to 10000000.00"),
        ("salary", "-0.01", "outside"),
        *(("salary", text, "not a plain decimal number") for text in ("", " 1", "1 ", "1e5", "1,000", "+1", "0x1")),
        *(("salary", text, "not a plain decimal number") for text in (".5", "5.", "٣", "1_000", "NaN", "inf", "01")),
        ("salary", "9" * 40, "not a plain"),
        ("fortune", "-5.5", "must be a whole number"),
        ("age", "1.5", "must be a whole number"),
        ("age", "151", "outside the schema's bounds, 0 to 150"),
        ("born", "2008-02-30", "no such day"),
        ("born", "1899-12-31", "outside the schema's bounds, 1900-01-01 to 2199-12-31"),
        ("country", "us", "not one of the values"),
        ("sanctioned", "maybe", "neither true"),
        ("employer", "", "1 to 1024 characters"),
        ("employer", "x" * 1025, "1 to 1024 characters"),
        ("employer", "a\x00b", "control"),
        ("employer", "\ud800", "control"),
        ("employer", "\u0378", "unknown to Unicode"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_without_being_quoted(name, text, reason):
    with pytest.raises(ValueRefused, match=reason) as refused:
        SCHEMA.attribute(name).encode(text)
    assert refused.value.attribute == name
    assert len(text) < 4 or text not in str(refused.value)


def test_a_text_is_equal_to_itself_in_any_normal_form():
    employer = SCHEMA.attribute("employer")
    assert employer.encode("Café") == employer.encode("Cafe\u0301") == text_scalar("Café")
    assert employer.encode("Café") != employer.encode("Cafe")
    assert 0 <= employer.encode("ACME") <= employer.maximum < 2**248
    with pytest.raises(ValueRefused):
        employer.decode(employer.encode("ACME"))


@pytest.mark.parametrize(("name", "number"), [("country", 3), ("country", -1), ("sanctioned", 2), ("born", 0)])
def test_a_number_that_encodes_nothing_is_not_written(name, number):
    assert SCHEMA.attribute(name).decode(SCHEMA.attribute(name).maximum)
    with pytest.raises(ValueRefused):
        SCHEMA.attribute(name).decode(number)


@given(st.integers(-(10**12), 10**12), st.integers(0, 4))
def test_decimals_come_back(number, places):
    assert parse_decimal(decimal_text(number, places), places) == number
    if places:
        with pytest.raises(EncodingError):
            parse_decimal(decimal_text(number, places) + "1", places)


def test_a_schema_round_trips_and_spelling_does_not_change_its_digest():
    assert Schema.from_json(SCHEMA.to_bytes()) == SCHEMA
    assert Schema.from_json(SCHEMA.to_bytes()).to_bytes() == SCHEMA.to_bytes() == canonical_json(SCHEMA.to_json())
    respelt = copy.deepcopy(PERSON)
    respelt["attributes"][0] |= {"max": "10000000", "min": 0}
    respelt["attributes"][3] |= {"min": "1900-01-01"}
    assert Schema.from_json(json.dumps(respelt)).digest == SCHEMA.digest
    respelt["attributes"][0]["max"] = "10000000.01"
    assert Schema.from_json(respelt).digest != SCHEMA.digest
    assert SCHEMA.attribute("salary").width == 30
    assert [a.name for a in SCHEMA] == ["salary", "fortune", "age", "born", "country", "sanctioned", "employer"]
    assert "salary" in SCHEMA
    assert "wage" not in SCHEMA
    with pytest.raises(SchemaError, match="no attribute named 'wage'"):
        SCHEMA.attribute("wage")


def _with(index, **changes):
    schema = copy.deepcopy(PERSON)
    schema["attributes"][index].update(changes)
    return schema


def _without(index, key):
    schema = copy.deepcopy(PERSON)
    del schema["attributes"][index][key]
    return schema


@pytest.mark.parametrize(
    ("mutated", "path"),
    [
        ("[]", "schema"),
        ("{", "schema"),
        ('{"schema": 1.5}', "schema"),
        ('{"schema":"a","schema":"b","version":1,"attributes":[]}', "schema"),
        (PERSON | {"extra": 1}, "schema.extra"),
        ({k: v for k, v in PERSON.items() if k != "version"}, "schema.version"),
        (PERSON | {"schema": "Person"}, "schema"),
        (PERSON | {"version": 0}, "version"),
        (PERSON | {"version": True}, "version"),
        (PERSON | {"attributes": []}, "attributes"),
        (PERSON | {"attributes": [{"name": f"a{i}", "type": "bool"} for i in range(65)]}, "attributes"),
        (PERSON | {"attributes": ["salary"]}, r"attributes\[0\]"),
        (_with(0, name="Salary"), r"attributes\[0\].name"),
        (_with(0, name="a" * 64), r"attributes\[0\].name"),
        (_with(0, name="in"), "word of the predicate language"),
        (_with(1, name="salary"), r"attributes\[1\].name: salary is there twice"),
        (_with(0, type="float"), r"attributes\[0\].type"),
        (_with(0, type=["money"]), r"attributes\[0\].type"),
        (_with(0, currency="XYZ"), r"attributes\[0\].currency"),
        (_with(0, currency=840), r"attributes\[0\].currency"),
        (_with(0, period="decade"), r"attributes\[0\].period"),
        (_with(0, max="0.00"), r"attributes\[0\].max"),
        (_with(0, max="1.005"), r"attributes\[0\].max"),
        (_with(0, max="9" * 30), r"attributes\[0\].max"),
        (_with(0, max=None), r"attributes\[0\].max"),
        (_with(0, minimum="1"), r"attributes\[0\].minimum"),
        (_without(0, "max"), r"attributes\[0\].max: is missing"),
        (_without(0, "currency"), r"attributes\[0\].currency: is missing"),
        (_without(2, "min"), r"attributes\[2\].min: is missing"),
        (_with(2, currency="USD"), r"attributes\[2\].currency: unknown key"),
        (_with(3, min="1900"), r"attributes\[3\].min"),
        (_with(3, min=1900), r"attributes\[3\].min"),
        (_with(4, values=[]), r"attributes\[4\].values"),
        (_with(4, values="US"), r"attributes\[4\].values"),
        (_with(4, values=["US", "US"]), r"attributes\[4\].values\[1\]: is there twice"),
        (_with(4, values=["e\u0301"]), r"attributes\[4\].values\[0\]: must be in normal form"),
        (_with(4, values=["a" * 65]), r"attributes\[4\].values\[0\]"),
        (_with(5, values=["x"]), r"attributes\[5\].values: unknown key"),
        (_with(0, disclosure={"budget": 1}), r"attributes\[0\].disclosure.budget"),
        (_with(0, disclosure={"residual": "0"}), r"attributes\[0\].disclosure.residual"),
        (
            _with(0, disclosure={"ladder": ["2", "1"]}),
            r"attributes\[0\].disclosure.ladder\[1\]: thresholds must ascend",
        ),
        (_with(0, disclosure={"ladder": [True]}), r"attributes\[0\].disclosure.ladder\[0\]"),
        (_with(0, disclosure=[]), r"attributes\[0\].disclosure"),
    ],
)
def test_a_bad_schema_is_refused_with_its_place(mutated, path):
    assert Schema.from_json(json.dumps(PERSON)) == SCHEMA
    with pytest.raises(SchemaError, match=path):
        Schema.from_json(mutated)


def test_the_schema_that_ships_is_in_order():
    schema = default_schema()
    assert schema.name == "kyc-person"
    assert Schema.from_json(schema.to_bytes()) == schema
    assert schema.attribute("salary") == Attribute(
        "salary",
        AttributeType.MONEY,
        0,
        10**9,
        currency="USD",
        period="year",
        disclosure=schema.attribute("salary").disclosure,
    )
    assert schema.attribute("salary").disclosure.residual == 1_000_000
    assert len(schema.attribute("country").values) == 249
