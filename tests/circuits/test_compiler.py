"""What compiles to what: the cheapest shape, the same for both answers, and widths that cover the schema's bounds."""

import pickle
from itertools import pairwise

import pytest

from circuits import compiler
from circuits.attributes import Schema, default_schema
from circuits.calendar import day_number
from circuits.compiler import Comparison, CompiledRelation, Hidden, compile_predicate, require_provable
from circuits.compiler.layout import lay_out
from circuits.compiler.plan import Count, Region
from circuits.errors import StatementError, WitnessError
from circuits.gadgets import EQ, GE, Bands, OneOf
from circuits.predicate import evaluate, parse
from circuits.query import Reasons

SCHEMA = default_schema()
OTHER = Schema.from_json(SCHEMA.to_json() | {"version": SCHEMA.version + 1})
TODAY = day_number("2026-11-22")
V0, V1, V2 = (((k, 1),) for k in range(3))
WHY = Reasons.FAILED_CLAUSES


emitted = compiler._emitted.cache_info  # how often a circuit was made


def _compiled(text, answer=True, schema=SCHEMA, as_of=TODAY, **told):  # noqa: FBT002  # a test's shorthand
    return compile_predicate(parse(text, schema), schema, as_of=as_of, answer=answer, **told)


@pytest.mark.parametrize(
    ("text", "t", "bits", "base", "below"),
    [
        ("salary >= 100000", 10_000_000, 30, 8, False),
        ("salary > 100000", 10_000_001, 30, 8, False),
        ("salary < 100000", 10_000_000, 30, 8, True),
        ("salary <= 100000", 10_000_001, 30, 8, True),
        ("3 * salary >= 100", 3334, 30, 8, False),
        ("3 * salary > 100", 3334, 30, 8, False),
        ("3 * salary > 99", 3301, 30, 8, False),
        ("3 * salary <= 100", 3334, 30, 8, True),
        ("3 * salary < 100", 3334, 30, 8, True),
        ("net_worth >= -5", -500, 38, 8, False),
        ("tenure_months >= 24", 24, 12, 4, False),
        ("tenure_months >= 1200", 1200, 12, 4, False),
        ("tenure_months > 65535", 65536, 18, 8, False),
        ("age(date_of_birth) >= 21", day_number("2005-11-23"), 18, 8, True),
        ("age(date_of_birth) < 21", day_number("2005-11-23"), 18, 8, False),
        ("age(date_of_birth) > 20", day_number("2005-11-23"), 18, 8, True),
        ("age(date_of_birth) <= 20", day_number("2005-11-23"), 18, 8, False),
    ],
)
def test_one_comparison_has_no_hidden_bit(text, t, bits, base, below):
    yes, no = _compiled(text), _compiled(text, answer=False)
    layout = yes.layout
    assert (layout.form, layout.t, layout.base, layout.negated, layout.bounds) == (V0, t, base, below, ())
    assert layout.bits - bits in range(base.bit_length() - 1)
    assert no.layout == Comparison(1, V0, t, layout.bits, negated=not below, base=base)
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


HOLDER, TODDLER = day_number("2005-11-23"), day_number("2006-11-23")


@pytest.mark.parametrize(
    ("text", "atoms", "formula"),
    [
        ("owns_home", (EQ(V0, 1),), 0),
        ("!owns_home", (EQ(V0, 1),), ("sum", 1, (-1, 0))),
        ("salary == 5", (EQ(V0, 500),), 0),
        ("salary != 5", (EQ(V0, 500),), ("sum", 1, (-1, 0))),
        ('country == "AD"', (EQ(V0, 0),), 0),
        ('country in ["AE", "AD"]', (OneOf(V0, (0, 1)),), 0),
        ('country == "AE" || country in ["AF", "AD"]', (OneOf(V0, (0, 1, 2)),), 0),
        ('country != "AE" && country != "AD"', (OneOf(V0, (0, 1)),), ("sum", 1, (-1, 0))),
        ('country in ["AE", "AD"] && country != "AD"', (EQ(V0, 1),), 0),
        ('country in ["AE", "AD"] && country in ["AD", "AF"]', (EQ(V0, 0),), 0),
        ("salary > 5 || salary > 9 || !(salary <= 5)", None, None),
        ("salary >= 1 && salary >= 2 && !(salary < 3)", None, None),
        ("salary > 5 || salary <= 5", (), ("sum", 1)),
        ("salary > 5 && salary <= 5", (), ("sum", 0)),
        ('country == "AD" && country == "AE"', (), ("sum", 0)),
        ('country != "AD" || country != "AE"', (), ("sum", 1)),
        (
            "age(date_of_birth) == 20",
            (Bands(V0, (0, HOLDER, TODDLER, 109573), 18),),
            1,
        ),
    ],
)
def test_questions_about_one_attribute(text, atoms, formula):
    yes, no = _compiled(text), _compiled(text, answer=False)
    if atoms is None:
        assert isinstance(yes.layout, Comparison)
        return
    assert yes.layout.formula == no.layout.formula == formula
    if text.startswith("age"):
        ((band,),) = (yes.layout.atoms,)
        assert band.cuts[1:3] == (HOLDER, TODDLER)
    else:
        assert yes.layout.atoms == no.layout.atoms == atoms
    assert (yes.layout.result, no.layout.result) == (1, 0)
    assert yes.circuit.gates == no.circuit.gates
    assert yes.circuit.rows[:-1] == no.circuit.rows[:-1]
    assert yes.circuit.proof_bytes == no.circuit.proof_bytes


@pytest.mark.parametrize(
    ("text", "kinds", "formula"),
    [
        ("salary > 5 && tenure_months < 3", [GE, GE], ("and", 0, ("sum", 1, (-1, 1)))),
        ("at_least(2, owns_home, sanctioned, salary >= 5)", [GE, EQ, EQ], ("count", (2, 3), 1, 2, 0)),
        ("owns_home && sanctioned && salary > 1 && tenure_months > 1", [GE, GE, EQ, EQ], ("count", (4,), 2, 3, 0, 1)),
        ("!(owns_home || sanctioned)", [EQ, EQ], ("and", ("sum", 1, (-1, 0)), ("sum", 1, (-1, 1)))),
        ("!at_least(2, owns_home, sanctioned, salary < 5)", [GE, EQ, EQ], None),
        ("salary >= 5 && salary < 9 && owns_home", [Bands, EQ], ("and", 1, 3)),
        ("at_least(2, salary > 1, salary > 2, salary > 3)", [], None),
        ('country == "AD" && salary > 1 || country in ["AD", "AE"] && salary > 2', [Bands, EQ, EQ], None),
    ],
)
def test_compound_questions_are_a_formula_over_hidden_bits(text, kinds, formula):
    yes, no = _compiled(text), _compiled(text, answer=False)
    if not kinds:
        assert isinstance(yes.layout, Comparison)
        assert yes.layout.t == 201
        return
    assert [type(atom) for atom in yes.layout.atoms] == kinds
    if formula is not None:
        assert yes.layout.formula == formula
    assert yes.circuit.gates == no.circuit.gates
    assert yes.circuit.rows[:-1] == no.circuit.rows[:-1]
    assert yes.circuit.rows[-1].terms == no.circuit.rows[-1].terms
    assert yes.circuit.proof_bytes == no.circuit.proof_bytes


def test_comparisons_that_ask_the_same_share_their_bit():
    relation = _compiled("salary > 5 && owns_home || salary <= 5 && !owns_home")
    assert len(relation.layout.atoms) == 2


def test_thresholds_of_one_form_share_digits():
    few, many = (
        _compiled(" || ".join(f"(salary > {10_000 * i} && tenure_months > {i})" for i in range(1, n + 1)))
        for n in (2, 8)
    )
    assert [type(atom) for atom in many.layout.atoms] == [Bands, Bands]
    digits = [relation.circuit.D * (relation.circuit.b.bit_length() - 1) for relation in (few, many)]
    assert digits[1] < 1.4 * digits[0]


def test_a_ratio_certifies_what_it_must():
    """Both values of 5 debt - 2 salary need a range; of salary - net_worth, the wider one does not."""
    yes = _compiled("debt * 100 <= salary * 40")
    assert yes.attributes == ("debt", "salary")
    assert (yes.layout.form, yes.layout.t, yes.layout.negated) == (((0, 5), (1, -2)), 1, True)
    assert [k for k, _, _ in yes.layout.bounds] == [0, 1]
    assert [k for k, _, _ in _compiled("salary > net_worth").layout.bounds] == [1]
    both = _compiled("salary > 100000 && debt * 100 <= salary * 40").layout
    assert [k for k, _, _ in both.bounds] == [1]  # salary's own comparison is a range of it
    for debt, salary, truth in [(40, 100, True), (41, 100, False), (0, 0, True), (10**11, 0, False), (0, 10**9, True)]:
        assert _has_witness(yes, debt, salary) is truth
        assert _has_witness(_compiled("debt * 100 <= salary * 40", answer=False), debt, salary) is not truth
    assert not _has_witness(yes, 0, -1)
    assert not _has_witness(_compiled("debt * 100 <= salary * 40", answer=False), 0, -1)


def test_told_clauses_cost_nothing():
    text = 'salary > 100000 && tenure_months >= 24 && country in ["US", "CA"]'
    yes = _compiled(text, reasons=WHY)
    silent = _compiled(text)
    for clauses in [(False, True, True), (True, False, False), (False, False, False)]:
        told = _compiled(text, answer=False, reasons=WHY, clauses=clauses)
        assert told.circuit.gates == yes.circuit.gates == silent.circuit.gates
        assert told.circuit.proof_bytes == silent.circuit.proof_bytes
        assert len(told.circuit.rows) == len(silent.circuit.rows) + 3
        values = [
            10**9 * clauses[0],
            600 * clauses[1],
            SCHEMA.attribute("country").encode("US" if clauses[2] else "DE"),
        ]
        assert _has_witness(told, *values)
        assert not _has_witness(yes, *values)
        lies = (not clauses[0], *clauses[1:])
        if not all(lies):
            assert not _has_witness(_compiled(text, answer=False, reasons=WHY, clauses=lies), *values)


def test_clauses_stay_apart_where_they_are_told():
    """Joined they are one region of salary; told apart, each has its own bit."""
    text = "salary >= 5 && salary < 9"
    told = [
        _compiled(text, answer=False, reasons=WHY, clauses=clauses)
        for clauses in [(False, True), (True, False), (False, False)]
    ]
    assert [[_has_witness(relation, value) for relation in told] for value in (400, 900, 500)] == [
        [True, False, False],
        [False, True, False],
        [False, False, False],
    ]
    single = _compiled("salary >= 5", answer=False, reasons=WHY, clauses=(False,))
    assert single.circuit == _compiled("salary >= 5", answer=False).circuit


@pytest.mark.parametrize(
    ("answer", "reasons", "clauses"),
    [
        (True, Reasons.OUTCOME_ONLY, (True, True)),
        (False, Reasons.OUTCOME_ONLY, (True, False)),
        (True, WHY, (True, True)),
        (False, WHY, None),
        (False, WHY, (True, True)),
        (False, WHY, (False,)),
        (False, WHY, (False, True, True)),
    ],
)
def test_clauses_are_told_of_a_no_that_asked_for_them(answer, reasons, clauses):
    text = "owns_home && sanctioned"
    _compiled(text, answer=False, reasons=WHY, clauses=(True, False))
    with pytest.raises(StatementError):
        _compiled(text, answer=answer, reasons=reasons, clauses=clauses)


def test_only_ages_depend_on_the_day():
    assert _compiled("salary > 5") is _compiled("salary > 5", as_of=TODAY + 1)
    ages = [_compiled("age(date_of_birth) >= 21", as_of=TODAY + i).circuit.digest for i in (0, 1)]
    assert ages[0] != ages[1]


@pytest.mark.parametrize(
    ("text", "digest"),
    [
        ("salary > 100000", "dd6e76908e34176f3ec364e4f0fa03b8a46438cf51811c910a56fcb845f53b9a"),
        (
            'salary > 100000 && age(date_of_birth) >= 21 && country in ["US", "CA"]',
            "cee017e7b263346eed0615d3328e58b4df215bbce3454f7dab22d199503a4304",
        ),
        (
            "debt * 100 <= salary * 40 || at_least(2, owns_home, tenure_months >= 24, salary > 1, salary > 2)",
            "48369719a8b87e039f26a1b07e217890ef62f8c5bfcac5a78f2d826c9a9d9619",
        ),
    ],
)
def test_the_circuit_is_a_format(text, digest):
    assert _compiled(text).circuit.digest.hex() == digest


def test_a_relation_travels_as_its_layout():
    relation = _compiled('country in ["US", "CA"] && salary > 5')
    us = SCHEMA.attribute("country").encode("US")
    packed = pickle.dumps(relation)
    assert len(packed) < 1500
    received = pickle.loads(packed)  # noqa: S301  # our own bytes
    assert isinstance(received, CompiledRelation)
    assert (received, received.circuit) == (relation, relation.circuit)
    assert received.wires([us, 501]) == relation.wires([us, 501])


@pytest.mark.parametrize("text", ["salary > 7001", "debt * 7001 <= salary", "salary > 7001 && owns_home"])
@pytest.mark.parametrize("first", [True, False])
def test_the_answer_that_was_never_given_before_takes_no_longer(text, first):
    """Emitting a circuit is work that an observer could time: both are emitted when either is needed."""
    compiler._emitted.cache_clear()  # what other tests of this process have asked
    travelled = pickle.loads(pickle.dumps(_compiled(text, answer=first)))  # noqa: S301  # our own bytes
    assert emitted().misses == 2
    other = _compiled(text, answer=not first)
    assert pickle.loads(pickle.dumps(other)) == other != travelled  # noqa: S301  # our own bytes
    assert emitted().misses == 2


def test_a_question_compiles_under_its_own_schema_only():
    other = Schema.from_json(SCHEMA.to_json() | {"version": 2})
    assert _compiled("salary > 5", schema=other).circuit == _compiled("salary > 5").circuit
    with pytest.raises(StatementError):
        compile_predicate(parse("salary > 5", SCHEMA), other, as_of=TODAY, answer=True)


def test_what_does_not_fit_one_proof_is_refused():
    reach = dict.fromkeys(range(16), (0, 2**100))
    forms = [tuple((k, a + k) for k in range(16)) for a in range(2, 18)]
    few, many = (Count(1, tuple(Region(form, False, (5, 9, 11)) for form in forms[:n])) for n in (2, 16))  # noqa: FBT003  # a plain truth
    names = tuple("abcdefghijklmnop")
    assert isinstance(CompiledRelation(lay_out(few, reach), names).layout, Hidden)
    with pytest.raises(StatementError, match="slots"):
        CompiledRelation(lay_out(many, reach), names)


def test_the_digits_base_is_the_cheapest():
    for text in ("salary > 5", "tenure_months > 5", "salary > net_worth", "salary > 5 && tenure_months > 5"):
        compiled = _compiled(text)
        assert compiled.circuit.N <= 24
    sizes = [
        _compiled(" && ".join(f"salary * {i} > {i + 1} * debt" for i in range(2, n))).circuit.N for n in range(3, 9)
    ]
    assert all(one <= other for one, other in pairwise(sizes))


ALL = (
    "salary > 5 && (salary < 9 || tenure_months >= 24) && country in ['US', 'CA'] "
    "&& at_least(2, owns_home, sanctioned, salary != 7)"
)


@pytest.mark.parametrize("text", [ALL, f"!({ALL})"])
def test_the_plan_means_what_the_words_mean(text):
    predicate = parse(text, SCHEMA)
    yes, no = _compiled(text), _compiled(text, answer=False)
    country = SCHEMA.attribute("country").encode
    for salary in (500, 501, 700, 899, 900, 10**9):
        for tenure in (23, 24):
            for where in ("US", "CA", "FR"):
                for home, sanctioned in ((0, 0), (0, 1), (1, 1)):
                    values = dict(
                        zip(predicate.attributes, (salary, tenure, country(where), home, sanctioned), strict=True)
                    )
                    truth = evaluate(predicate, values, TODAY)
                    assert _has_witness(yes, *values.values()) is truth
                    assert _has_witness(no, *values.values()) is not truth


@pytest.mark.parametrize("reasons", Reasons)
def test_what_is_provable_is_compiled_for_both_answers(reasons):
    asked = parse("salary > 5 && owns_home && debt > 71", SCHEMA)
    require_provable(asked, SCHEMA, as_of=TODAY, reasons=reasons)
    made = emitted().misses
    failed = {"clauses": (False, False, False)} if reasons is WHY else {}
    for answer, told in ((True, {}), (False, failed)):
        compile_predicate(asked, SCHEMA, as_of=TODAY, answer=answer, reasons=reasons, **told)
    assert emitted().misses == made
    with pytest.raises(StatementError):
        require_provable(asked, OTHER, as_of=TODAY, reasons=reasons)
