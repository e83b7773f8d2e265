"""Random questions: the compiled meaning agrees with plain evaluation of the words, and so does the proof."""

import operator
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits import statement
from circuits.attributes import Schema
from circuits.compiler import compile_predicate
from circuits.errors import PredicateError, WitnessError
from circuits.group.curve import N
from circuits.pedersen import Opening, commit
from circuits.predicate import evaluate, parse

SCHEMA = Schema.from_json(
    {
        "schema": "random",
        "version": 1,
        "attributes": [
            {"name": "pay", "type": "money", "currency": "USD", "period": "month", "max": "20.00"},
            {"name": "owed", "type": "money", "currency": "USD", "max": "20.00"},
            {"name": "worth", "type": "money", "currency": "USD", "min": "-9.99", "max": "9.99"},
            {"name": "years", "type": "integer", "min": 0, "max": 12},
            {"name": "score", "type": "integer", "min": -3, "max": 3},
            {"name": "born", "type": "date", "min": "1999-02-01", "max": "2004-03-31"},
            {"name": "land", "type": "enum", "values": ["CA", "US", "MX"]},
            {"name": "home", "type": "bool"},
            {"name": "firm", "type": "text"},
        ],
    }
)
COMPARE = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
FRAGMENTS = [*"()[],.<>=!&|+-*'\"\\ 0159aen_", "in", "true", "date(", "9" * 20]
FIRMS = ("ACME", "Umbrella")

cents = st.integers(-300, 2300)
days = st.dates(date(1999, 1, 1), date(2004, 12, 31))


def _money(amount):
    return f"{'-' * (amount < 0)}{abs(amount) // 100}.{abs(amount) % 100:02}"


people = st.fixed_dictionaries(
    {
        "pay": st.integers(0, 2000).map(lambda c: Fraction(c, 100)),
        "owed": st.integers(0, 2000).map(lambda c: Fraction(c, 100)),
        "worth": st.integers(-999, 999).map(lambda c: Fraction(c, 100)),
        "years": st.integers(0, 12),
        "score": st.integers(-3, 3),
        "born": st.dates(date(1999, 2, 1), date(2004, 3, 31)),
        "land": st.sampled_from(("CA", "US", "MX")),
        "home": st.booleans(),
        "firm": st.sampled_from(FIRMS),
        "now": st.dates(date(2020, 2, 1), date(2024, 3, 1)),
    }
)


def _encoded(person):
    texts = {
        **{name: _money(int(person[name] * 100)) for name in ("pay", "owed", "worth")},
        **{name: str(person[name]) for name in ("years", "score", "land", "home", "firm")},
        "born": person["born"].isoformat(),
    }
    return {name: SCHEMA.attribute(name).encode(text) for name, text in texts.items()}


@st.composite
def amounts(draw):
    name, op, amount = (
        draw(st.sampled_from(("pay", "owed", "worth"))),
        draw(st.sampled_from(sorted(COMPARE))),
        draw(cents),
    )
    return f"{name} {op} {_money(amount)}", lambda p: COMPARE[op](p[name], Fraction(amount, 100))


@st.composite
def mirrored(draw):
    name, op, number = (
        draw(st.sampled_from(("years", "score"))),
        draw(st.sampled_from(sorted(COMPARE))),
        draw(st.integers(-4, 13)),
    )
    return f"{number} {op} {name}", lambda p: COMPARE[op](number, p[name])


@st.composite
def ratios(draw):
    op, a, b = draw(st.sampled_from(("<", "<=", ">", ">="))), draw(st.integers(-4, 4)), draw(st.integers(1, 4))
    c = draw(cents)
    text = f"owed * {b} {op} pay * {a} * 0.5 + {_money(c)}"
    return text, lambda p: COMPARE[op](p["owed"] * b, p["pay"] * Fraction(a, 2) + Fraction(c, 100))


@st.composite
def dates(draw):
    op, day = draw(st.sampled_from(sorted(COMPARE))), draw(days)
    return f'born {op} date("{day}")', lambda p: COMPARE[op](p["born"], day)


@st.composite
def ages(draw):
    op, years = draw(st.sampled_from(sorted(COMPARE))), draw(st.integers(15, 26))
    return f"age(born) {op} {years}", lambda p: COMPARE[op](_age(p["born"], p["now"]), years)


def _age(born, now):
    birthdays = 0
    day = born
    while day < now:
        day += timedelta(days=1)
        birthdays += (day.month, day.day) == (born.month, born.day) or (
            (born.month, born.day) == (2, 29) and (day.month, day.day) == (3, 1) and (day - timedelta(days=1)).day == 28
        )
    return birthdays


@st.composite
def words(draw):
    name, known = draw(st.sampled_from((("land", ("CA", "US", "MX")), ("firm", FIRMS))))
    listed = draw(st.lists(st.sampled_from(known), min_size=1, max_size=3))
    if len(listed) == 1 and draw(st.booleans()):
        op = draw(st.sampled_from(("==", "!=")))
        return f"{name} {op} '{listed[0]}'", lambda p: COMPARE[op](p[name], listed[0])
    quoted = ", ".join(f'"{word}"' for word in listed)
    return f"{name} in [{quoted}]", lambda p: p[name] in listed


@st.composite
def lists(draw):
    listed = draw(st.lists(st.integers(-4, 13), min_size=1, max_size=4))
    return f"years in [{', '.join(map(str, listed))}]", lambda p: p["years"] in listed


flags = st.sampled_from(
    [
        ("home", lambda p: p["home"]),
        ("home == false", lambda p: not p["home"]),
        ("true != home", lambda p: not p["home"]),
    ]
)
atoms = st.one_of(amounts(), mirrored(), ratios(), dates(), ages(), words(), lists(), flags)


@st.composite
def junctions(draw, parts):
    op = draw(st.sampled_from(("&&", "||", "at_least")))
    listed = draw(st.lists(parts, min_size=2, max_size=3))
    if op == "at_least":
        k = draw(st.integers(1, len(listed)))
        return f"at_least({k}, {', '.join(t for t, _ in listed)})", lambda p: sum(f(p) for _, f in listed) >= k
    folded = all if op == "&&" else any
    return f" {op} ".join(f"({t})" for t, _ in listed), lambda p: folded(f(p) for _, f in listed)


def _negated(part):
    return f"!({part[0]})", lambda p: not part[1](p)


questions = st.recursive(atoms, lambda parts: st.one_of(junctions(parts), parts.map(_negated)), max_leaves=6)


def _attempt(text):
    """Parse to a predicate, or to the language's own error; any other exception fails the test."""
    try:
        return parse(text, SCHEMA)
    except PredicateError as error:
        return error


def _require_in_place(error, text):
    assert 0 <= error.position <= len(text)
    assert error.pointer()


def _parsed(text):
    """Parse; a factor of zero and a text grown too large are refused, and then there is nothing to compare."""
    predicate = _attempt(text)
    if not isinstance(predicate, PredicateError):
        return predicate
    assert any(reason in predicate.reason for reason in ("cancel out", "at most", "nested")), text
    return None


@settings(max_examples=300, deadline=None)
@given(questions, people)
def test_a_question_means_what_its_words_say(question, person):
    text, meaning = question
    predicate = _parsed(text)
    if predicate is None:
        return
    values, now = _encoded(person), person["now"].toordinal()
    truth = bool(meaning(person))
    assert evaluate(predicate, values, now) is truth
    assert evaluate(predicate.negated(), values, now) is not truth
    assert parse(predicate.canonical_text(), SCHEMA).ast == predicate.ast


@settings(max_examples=60, deadline=None)
@given(questions, people)
def test_the_truth_and_only_the_truth_is_proven(question, person):
    text, meaning = question
    predicate = _parsed(text)
    if predicate is None:
        return
    values, now = _encoded(person), person["now"].toordinal()
    truth = bool(meaning(person))
    relation = compile_predicate(predicate, SCHEMA, as_of=now, answer=truth)
    opposite = compile_predicate(predicate, SCHEMA, as_of=now, answer=not truth)
    assert (relation.circuit.N, relation.circuit.D) == (opposite.circuit.N, opposite.circuit.D)
    assert relation.circuit.proof_bytes == opposite.circuit.proof_bytes
    openings = tuple(Opening(values[name] % N, 7 + i) for i, name in enumerate(relation.attributes))
    built = statement.Statement(relation, tuple(map(commit, openings)), b"context", truth)
    statement.verify(built, statement.prove(built, statement.Witness(openings), entropy=bytes(32)))
    with pytest.raises(WitnessError):
        opposite.wires([opening.value for opening in openings])


@settings(max_examples=300, deadline=None)
@given(questions, questions)
def test_different_questions_have_different_words(one, other):
    a, b = _parsed(one[0]), _parsed(other[0])
    if a is None or b is None:
        return
    same = a.digest == b.digest
    assert (a.ast == b.ast) is same
    assert (a.english() == b.english()) is same
    assert (a.canonical_text() == b.canonical_text()) is same


@settings(max_examples=300, deadline=None)
@given(questions, st.integers(0, 200), st.sampled_from(FRAGMENTS))
def test_a_mutated_text_is_a_question_or_refused_by_the_language(question, place, inserted):
    text = question[0]
    place %= len(text) + 1
    for mutated in (text[:place] + inserted + text[place:], text[:place] + text[place + 1 :], text[:place] + inserted):
        predicate = _attempt(mutated)
        if isinstance(predicate, PredicateError):
            _require_in_place(predicate, mutated)
        else:
            assert parse(predicate.canonical_text(), SCHEMA).digest == predicate.digest


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_a_question_or_refused_by_the_language(text):
    predicate = _attempt(text)
    if isinstance(predicate, PredicateError):
        _require_in_place(predicate, text)
