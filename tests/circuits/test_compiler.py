"""What compiles to what: the cheapest shape, the same for both answers, and widths that cover the schema's bounds."""

import pytest

from circuits.attributes import Schema, default_schema
from circuits.calendar import day_number
from circuits.compiler import Comparison, Hidden, compile_predicate
from circuits.errors import StatementError, WitnessError
from circuits.gadgets import EQ, GE
from circuits.predicate import parse

SCHEMA = default_schema()
TODAY = day_number("2026-11-22")


def _compiled(text, answer=True, schema=SCHEMA, as_of=TODAY):  # noqa: FBT002  # a test's shorthand
    return compile_predicate(parse(text, schema), schema, as_of=as_of, answer=answer)


@pytest.mark.parametrize(
    ("text", "form", "t", "bits"),
    [
        ("salary >= 100000", ((0, 1),), 10_000_000, 32),
        ("salary > 100000", ((0, 1),), 10_000_001, 32),
        ("salary < 100000", ((0, -1),), -9_999_999, 32),
        ("salary <= 100000", ((0, -1),), -10_000_000, 32),
        ("3 * salary >= 100", ((0, 1),), 3334, 32),
        ("3 * salary > 100", ((0, 1),), 3334, 32),
        ("3 * salary > 99", ((0, 1),), 3301, 32),
        ("3 * salary <= 100", ((0, -1),), -3333, 32),
        ("3 * salary < 100", ((0, -1),), -3333, 32),
        ("net_worth >= -5", ((0, 1),), -500, 40),
        ("tenure_months >= 24", ((0, 1),), 24, 12),
        ("tenure_months >= 1200", ((0, 1),), 1200, 12),
        ("tenure_months > 65535", ((0, 1),), 65536, 16),
        ("tenure_months > 65536", ((0, 1),), 65537, 20),
        ("age(date_of_birth) >= 21", ((0, -1),), -day_number("2005-11-22"), 20),
        ("age(date_of_birth) < 21", ((0, 1),), day_number("2005-11-23"), 20),
        ("age(date_of_birth) > 20", ((0, -1),), -day_number("2005-11-22"), 20),
        ("age(date_of_birth) <= 20", ((0, 1),), day_number("2005-11-23"), 20),
        ("salary > 9223372036854775807", ((0, 1),), (2**63 - 1) * 100 + 1, 72),
    ],
)
def test_one_comparison_has_no_hidden_bit(text, form, t, bits):
    yes, no = _compiled(text), _compiled(text, answer=False)
    assert yes.relation == Comparison(form, t, bits, negated=False)
    assert no.relation == Comparison(form, t, bits, negated=True)
    assert (yes.circuit.D, yes.circuit.gates, len(yes.circuit.rows)) == (no.circuit.D, (), len(no.circuit.rows))
    assert yes.circuit.proof_bytes == no.circuit.proof_bytes
    assert yes.circuit.digest != no.circuit.digest


@pytest.mark.parametrize("op", ["<", "<=", ">", ">="])
@pytest.mark.parametrize("threshold", ["-99999999999", "-0.01", "0", "0.01", "9999999.99", "10000000", "10000000.01"])
def test_every_value_within_its_bounds_fits_the_width(op, threshold):
    """Below, on and above every corner exactly one of YES and NO has a witness."""
    text = f"salary {op} {threshold}"
    answers = [_compiled(text, answer=answer) for answer in (True, False)]
    for value in (0, 1, 10**9 - 1, 10**9):
        assert sum(_has_witness(relation, value) for relation in answers) == 1


def _has_witness(relation, *values):
    try:
        relation.wires(values)
    except WitnessError:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "atoms", "formula"),
    [
        ("owns_home", (EQ(((0, 1),), 1),), 0),
        ("!owns_home", (EQ(((0, 1),), 1),), ("not", 0)),
        ("salary == 5", (EQ(((0, 1),), 500),), 0),
        ("salary != 5", (EQ(((0, 1),), 500),), ("not", 0)),
        ('country == "AD"', (EQ(((0, 1),), 0),), 0),
        ('country in ["AE", "AD"]', (EQ(((0, 1),), 0), EQ(((0, 1),), 1)), ("or", 0, 1)),
        (
            "salary > 5 && tenure_months < 3",
            (GE(((0, 1),), 501, 32), GE(((1, 1),), 3, 12)),
            ("and", 0, ("not", 1)),
        ),
        (
            "at_least(2, owns_home, sanctioned, salary >= 5)",
            (EQ(((0, 1),), 1), EQ(((1, 1),), 1), GE(((2, 1),), 500, 32)),
            ("at_least", 2, 0, 1, 2),
        ),
        (
            "age(date_of_birth) == 20",
            (GE(((0, 1),), day_number("2006-11-23"), 20), GE(((0, 1),), day_number("2005-11-23"), 20)),
            ("and", ("not", 0), 1),
        ),
    ],
)
def test_other_questions_are_a_formula_over_hidden_bits(text, atoms, formula):
    yes, no = _compiled(text), _compiled(text, answer=False)
    assert yes.relation == Hidden(atoms, formula, 1, ())
    assert no.relation == Hidden(atoms, formula, 0, ())
    assert yes.circuit.gates == no.circuit.gates
    assert yes.circuit.rows[:-1] == no.circuit.rows[:-1]
    assert yes.circuit.proof_bytes == no.circuit.proof_bytes


def test_comparisons_that_ask_the_same_share_their_bit():
    relation = _compiled("salary > 5 && owns_home || salary <= 5 && !owns_home").relation
    assert len(relation.atoms) == 2
    relation = _compiled("salary >= 5.01 || salary < 5.01 || salary > 5").relation
    assert len(relation.atoms) == 1


def test_a_sum_of_attributes_certifies_their_bounds():
    yes = _compiled("debt * 100 <= salary * 40")
    assert yes.attributes == ("debt", "salary")
    assert yes.relation.bounds == ((0, 40), (1, 32))
    assert yes.relation.atoms == (GE(((0, 5), (1, -2)), 1, 44),)
    assert yes.relation.formula == ("not", 0)
    for debt, salary, truth in [(40, 100, True), (41, 100, False), (0, 0, True), (10**11, 0, False), (0, 10**9, True)]:
        assert _has_witness(yes, debt, salary) is truth
        assert _has_witness(_compiled("debt * 100 <= salary * 40", answer=False), debt, salary) is not truth
    assert not _has_witness(yes, 0, -1)
    assert not _has_witness(_compiled("debt * 100 <= salary * 40", answer=False), 0, -1)


def test_only_ages_depend_on_the_day():
    assert _compiled("salary > 5") is _compiled("salary > 5", as_of=TODAY + 1)
    ages = [_compiled("age(date_of_birth) >= 21", as_of=TODAY + i).circuit.digest for i in (0, 1)]
    assert ages[0] != ages[1]


def test_the_circuit_is_a_format():
    assert (
        _compiled("salary > 100000").circuit.digest.hex()
        == "6ed4088c2b87af82e8f3aabdc80888e4ad065d8772172fc552c3153515140da6"
    )


def test_a_question_compiles_under_its_own_schema_only():
    other = Schema.from_json(SCHEMA.to_json() | {"version": 2})
    assert _compiled("salary > 5", schema=other).circuit == _compiled("salary > 5").circuit
    with pytest.raises(StatementError):
        compile_predicate(parse("salary > 5", SCHEMA), other, as_of=TODAY, answer=True)
