"""What is left of an attribute is said in its own words."""

import pytest

from circuits.attributes import Schema, default_schema
from circuits.calendar import day_number
from circuits.leakage import Knowledge, Known, Question, Rules, decide, disclosed, learn
from circuits.leakage.cuts import alone, bounds_of
from circuits.leakage.words import left_in_words, width_in_words
from circuits.predicate import parse

SCHEMA = default_schema()
DAY = day_number("2026-11-22")


def told(text, *, answer, schema=SCHEMA):
    question = Question(parse(text, schema), schema, DAY)
    after = learn(question, decide(question, Known(), Rules()).spent, answer=answer)
    (each,) = disclosed(question, Knowledge(), after.own)
    return left_in_words(alone(each.name), each.left, schema, as_of=DAY, question=question.predicate)


@pytest.mark.parametrize(
    ("text", "yes", "no"),
    [
        ("salary > 100000", "at least 100,000.01 USD per year", "at most 100,000.00 USD per year"),
        ("age(date_of_birth) >= 21", "on or before 2005-11-22 (21 or older)", "on or after 2005-11-23 (20 or younger)"),
        ('country in ["US", "CA"]', 'one of "CA", "US"', 'none of "CA", "US"'),
        ("owns_home", "true", "false"),
        ("tenure_months >= 24", "at least 24", "at most 23"),
        ('employer == "ACME"', '"ACME"', 'not "ACME"'),
        ('employer in ["ACME", "Initech"]', 'one of "ACME", "Initech"', 'none of "ACME", "Initech"'),
        ("net_worth >= -100000000", "anything", "anything"),
    ],
)
def test_either_answer(text, yes, no):
    assert (told(text, answer=True), told(text, answer=False)) == (yes, no)


def test_texts_of_earlier_questions_are_counted():
    bounds = bounds_of(alone("employer"), SCHEMA)
    here = parse('employer == "ACME"', SCHEMA)
    there = 7
    acme = SCHEMA.attribute("employer").encode("ACME")
    without = tuple(sorted({bounds[0] + there, acme}))
    left = ((bounds[0], without[0] - 1), (without[0] + 1, without[1] - 1), (without[1] + 1, bounds[1]))
    say = {"schema": SCHEMA, "as_of": DAY}
    assert left_in_words(alone("employer"), left, **say, question=here) == 'none of "ACME", a text that was asked about'
    assert left_in_words(alone("employer"), left, **say) == "none of 2 texts that were asked about"
    assert left_in_words(alone("employer"), ((there, there),), **say) == "a text that was asked about"
    half = ((bounds[0], bounds[1] // 2),)  # nobody asks so, but a prover may say so
    assert left_in_words(alone("employer"), half, **say) == "one of many texts"


def test_a_form_is_a_sentence_and_widths_have_units():
    form = ((1, "debt"), (-2, "salary"))
    low, _ = bounds_of(form, SCHEMA)
    assert left_in_words(form, ((low, 0),), SCHEMA, as_of=DAY) == "debt is at most 2 times salary"
    widths = {"salary": 1_000_000, "date_of_birth": 30, "tenure_months": 6}
    assert [width_in_words(SCHEMA.attribute(name), width) for name, width in widths.items()] == [
        "10,000.00 USD per year",
        "30 days",
        "6 values",
    ]
    one = Schema.from_json({"schema": "one", "version": 1, "attributes": [{"name": "born", "type": "date"}]})
    assert width_in_words(one.attribute("born"), 1) == "1 day"
