"""A vocabulary is its schemas in order of precedence, under one digest."""

import pytest

from circuits.attributes import Schema
from circuits.errors import PredicateTypeError, SchemaError
from circuits.predicate import parse
from circuits.vocabulary import MAX_SCHEMAS, Vocabulary, vocabulary_digest


def _schema(name, *attributes):
    return Schema.from_json({"schema": name, "version": 1, "attributes": list(attributes)})


PAY = {"name": "pay", "type": "money", "currency": "USD", "max": "100.00"}
PASSPORT = _schema("passport", {"name": "land", "type": "enum", "values": ["CA", "US"]}, PAY)
PAYROLL = _schema("payroll", PAY | {"max": "5000000.00", "period": "month"}, {"name": "fixed", "type": "bool"})


def test_the_first_schema_that_has_a_name_gives_it():
    both, turned = Vocabulary((PASSPORT, PAYROLL)), Vocabulary((PAYROLL, PASSPORT))
    assert [attribute.name for attribute in both] == ["land", "pay", "fixed"]
    assert both.attribute("pay") == PASSPORT.attribute("pay")
    assert turned.attribute("pay") == PAYROLL.attribute("pay")
    assert (turned.place("pay"), turned.place("land")) == (0, 1)
    assert turned.used(["fixed", "pay"]) == (PAYROLL,)
    assert turned.used(["land", "pay"]) == turned.schemas
    assert "pay" in both
    assert "debt" not in both
    with pytest.raises(SchemaError, match="no attribute named 'debt'"):
        both.attribute("debt")


def test_the_digest_names_the_schemas_and_their_order():
    both, turned = Vocabulary((PASSPORT, PAYROLL)), Vocabulary((PAYROLL, PASSPORT))
    assert Vocabulary((PAYROLL,)).digest == PAYROLL.digest
    assert both.digest == vocabulary_digest([PASSPORT.digest, PAYROLL.digest])
    assert len({both, turned, Vocabulary((PASSPORT,)), Vocabulary((PASSPORT, PAYROLL))}) == 3


def test_a_question_is_typed_under_all_of_them():
    both = Vocabulary((PAYROLL, PASSPORT))
    predicate = parse('pay > 4000 && land == "US"', both)
    assert predicate.schema_digest == both.digest
    assert predicate.english() == 'pay is more than 4,000.00 USD per month and land is "US"'
    with pytest.raises(PredicateTypeError, match="no attribute named debt; there are pay, fixed, land"):
        parse("debt > 1", both)


@pytest.mark.parametrize(
    "schemas", [(), (PAYROLL, PAYROLL), tuple(_schema(f"s{i}", PAY) for i in range(MAX_SCHEMAS + 1))]
)
def test_no_schema_too_many_and_the_same_twice_are_refused(schemas):
    Vocabulary((PAYROLL, PASSPORT))
    with pytest.raises(SchemaError):
        Vocabulary(schemas)
