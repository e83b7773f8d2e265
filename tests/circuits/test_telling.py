"""What an answer tells, against brute force: everybody in a small schema is listed, and the answers sorted out."""

from itertools import product
from math import prod
from random import Random, SystemRandom

import pytest

from circuits import calendar
from circuits.attributes import Schema, default_schema
from circuits.errors import PredicateError, StatementError
from circuits.predicate import evaluate, nodes, parse
from circuits.telling import bounds_sentence, example, sentence, telling
from circuits.telling.cells import groups
from circuits.telling.intervals import clipped, complement, count, united
from circuits.telling.shadows import Budget, TooMuchWorkError, shadow

TODAY = calendar.day_number("2024-02-29")
SMALL = Schema.from_json(
    {
        "schema": "small",
        "version": 1,
        "attributes": [
            {"name": "a", "type": "integer", "min": 0, "max": 9},
            {"name": "b", "type": "integer", "min": -4, "max": 5},
            {"name": "c", "type": "integer", "min": 1, "max": 7},
            {"name": "m", "type": "money", "currency": "EUR", "max": "0.09"},
            {"name": "born", "type": "date", "min": "2003-02-26", "max": "2003-03-04"},
            {"name": "land", "type": "enum", "values": ["CA", "US", "MX"]},
            {"name": "home", "type": "bool"},
            {"name": "firm", "type": "text"},
        ],
    }
)
CROWD = 1500
FIRMS = ("ACME", "Umbrella")
OTHER = 12_345  # the hash of some text that no question names


def everybody(name):
    attribute = SMALL.attribute(name)
    if name == "firm":
        return [OTHER, *map(attribute.encode, FIRMS)]
    return range(attribute.minimum, attribute.maximum + 1)


def single(draw):
    order = draw.choice(("<", "<=", ">", ">=", "==", "!="))
    return draw.choice(
        (
            f"a {order} {draw.randint(-1, 10)}",
            f"b * {draw.choice((-2, 1, 3))} {draw.choice(('<', '<=', '>', '>='))} {draw.randint(-9, 9)}",
            f"m {order} 0.0{draw.randint(0, 9)}",
            f'born {order} date("2003-0{draw.randint(2, 3)}-0{draw.randint(1, 9)}")',
            f"age(born) {order} {draw.randint(20, 21)}",
            f"c in [{', '.join(str(draw.randint(0, 8)) for _ in range(draw.randint(2, 4)))}]",
            f'land in ["CA", "{draw.choice(("US", "MX"))}"]',
            f'firm {draw.choice(("==", "!="))} "{draw.choice(FIRMS)}"',
            "home",
        )
    )


def several(draw):
    one, other, third = draw.sample("abc", 3)
    order = draw.choice(("<", "<=", ">", ">=", "==", "!="))
    left = f"{one} * {draw.choice((1, 1, 2, 3, 5))}"
    right = f"{other} * {draw.choice((1, 1, 2, 3))} + {draw.randint(-4, 6)}"
    return f"{left} {order} {right}{f' - {third} * 2' if draw.random() < 0.3 else ''}"


def question(draw, kinds, size):
    if size == 1:
        text = draw.choice(kinds)(draw)
    else:
        parts = [question(draw, kinds, 1 + draw.randrange(max(1, size // 2))) for _ in range(draw.randint(2, 3))]
        joined = {"&&": " && ".join(f"({p})" for p in parts), "||": " || ".join(f"({p})" for p in parts)}
        text = draw.choice((*joined.values(), f"at_least({draw.randint(1, len(parts))}, {', '.join(parts)})"))
    return f"!({text})" if draw.random() < 0.2 else text


def questions(seed, kinds, number):
    draw = Random(seed)  # noqa: S311 - a reproducible choice of questions
    while number:
        try:
            predicate = parse(question(draw, kinds, draw.randint(1, 6)), SMALL)
        except PredicateError:
            continue  # two sides that can never be equal are no question
        if prod(len(everybody(name)) for name in predicate.attributes) <= CROWD:
            number -= 1
            yield predicate


def require_exact(predicate):
    """Compare both answers' tellings with a list of everybody; count remainders, and those that are worked out."""
    people = [
        dict(zip(predicate.attributes, values, strict=True))
        for values in product(*map(everybody, predicate.attributes))
    ]
    answered = {answer: [p for p in people if evaluate(predicate, p, TODAY) is answer] for answer in (True, False)}
    total = exact = 0
    for answer, those in answered.items():
        told = telling(predicate, SMALL, as_of=TODAY, answer=answer)
        assert told.somebody in (bool(those), None), predicate.text
        person = example(predicate, SMALL, as_of=TODAY, answer=answer)
        found = person is not None and evaluate(predicate, person, TODAY) is answer
        assert found if told.somebody else person is None, predicate.text
        for remainder in told.remainders:
            total += 1
            if remainder.intervals is None:
                continue
            exact += 1
            assert remainder.intervals == united(remainder.intervals)
            assert sentence(remainder, predicate, SMALL, as_of=TODAY)
            reached = {sum(c * p[name] for c, name in remainder.form) for p in those}
            for cell in ranges(predicate, remainder):
                within = any(low <= cell[0] and cell[1] <= high for low, high in remainder.intervals)
                assert within is any(cell[0] <= value <= cell[1] for value in reached), (predicate.text, remainder)
    return total, exact


def ranges(predicate, remainder):
    """The pieces a remainder is made of: single values of an attribute, ranges between thresholds of a form."""
    if len(remainder.form) == 1:
        return [(value, value) for value in everybody(remainder.form[0][1])]
    atoms = tuple(dict.fromkeys(nodes.atoms(predicate.ast)))
    found = [(g, g.forms.index(remainder.form)) for g in groups(atoms, SMALL, TODAY) if remainder.form in g.forms]
    return [cell.interval for group, place in found for cell in group.form_cells[place]]


@pytest.fixture
def seed():
    chosen = SystemRandom().randrange(2**32)
    print(f"seed {chosen}")  # noqa: T201 - shown when a test fails
    return chosen


@pytest.mark.parametrize("number", [150, pytest.param(2000, marks=pytest.mark.long)])
@pytest.mark.parametrize("fixed", [True, False], ids=["fixed", "fresh"])
def test_without_forms_everything_is_worked_out_and_exact(number, fixed, seed):
    for predicate in questions(20081122 if fixed else seed, (single,), number):
        total, exact = require_exact(predicate)
        assert total == exact, predicate.text


@pytest.mark.parametrize("number", [50, pytest.param(2000, marks=pytest.mark.long)])
@pytest.mark.parametrize("fixed", [True, False], ids=["fixed", "fresh"])
def test_with_forms_nothing_false_is_told_and_most_is_worked_out(number, fixed, seed):
    total = exact = 0
    for predicate in questions(20081122 if fixed else seed, (several, several, single), number):
        told, known = require_exact(predicate)
        total, exact = total + told, exact + known
    assert exact > 0.6 * total


KYC = default_schema()
NOW = calendar.day_number("2026-11-22")
RATIO = "debt * 100 <= salary * 40"
WORDED = {
    "salary > 100000": (
        ["at least 100,000.01 USD per year"],
        ["at most 100,000.00 USD per year"],
    ),
    'salary > 100000 && age(date_of_birth) >= 21 && country in ["US","CA"]': (
        ["at least 100,000.01 USD per year", "on or before 2005-11-22 (21 or older)", 'one of "CA", "US"'],
        ["nothing", "nothing", "nothing"],
    ),
    "salary < 20000 || sanctioned": (
        ["nothing", "nothing"],
        ["at least 20,000.00 USD per year", "false"],
    ),
    "!(salary in [1, 2]) || salary == 2": (["not exactly 1.00 USD per year"], ["exactly 1.00 USD per year"]),
    "age(date_of_birth) == 30": (
        ["from 1995-11-23 to 1996-11-22 (aged 30)"],
        ["on or before 1995-11-22, or on or after 1996-11-23"],
    ),
    "age(date_of_birth) >= 30 && age(date_of_birth) < 40": (
        ["from 1986-11-23 to 1996-11-22 (aged 30 to 39)"],
        ["on or before 1986-11-22, or on or after 1996-11-23"],
    ),
    "age(date_of_birth) < 0": (["on or after 2026-11-23 (not born yet)"], ["on or before 2026-11-22 (0 or older)"]),
    "age(date_of_birth) < 18": (["on or after 2008-11-23 (17 or younger)"], ["on or before 2008-11-22 (18 or older)"]),
    'employer == "ACME"': (['"ACME"'], ['not "ACME"']),
    'employer != "ACME" && employer != "X"': (['none of "ACME", "X"'], ['one of "ACME", "X"']),
    'country in ["AD","AE","AF","AG","AI","AL","AM"]': (["one of 7 words"], ["one of 242 words"]),
    "salary > 20000000": (["nobody can have this answer"], ["nothing"]),
    "salary in [1,2,3,4,5,6,7]": (
        ["in 7 ranges from 1.00 to 7.00 USD per year"],
        ["in 8 ranges from 0.00 to 10,000,000.00 USD per year"],
    ),
    RATIO: (
        ["at most 4,000,000.00 USD", "nothing", "5 times debt is at most 2 times salary"],
        ["at least 0.01 USD", "nothing", "5 times debt is more than 2 times salary"],
    ),
    f"{RATIO} && salary <= 50000": (
        ["at most 20,000.00 USD", "at most 50,000.00 USD per year", "5 times debt is at most 2 times salary"],
        ["nothing", "nothing", "nothing"],
    ),
    "salary == debt": (
        ["at most 10,000,000.00 USD", "nothing", "debt is exactly salary"],
        ["nothing", "nothing", "debt is not exactly salary"],
    ),
    "debt == salary * 0.4": (
        ["not worked out"] * 3,
        ["nothing", "nothing", "5 times debt is not exactly 2 times salary"],
    ),
}


@pytest.mark.parametrize("text", WORDED)
@pytest.mark.parametrize("answer", [True, False], ids=["yes", "no"])
def test_what_is_told_reads_well(text, answer):
    predicate = parse(text, KYC)
    told = telling(predicate, KYC, as_of=NOW, answer=answer)
    assert [sentence(each, predicate, KYC, as_of=NOW) for each in told.remainders] == WORDED[text][not answer]


def test_bounds_read_well():
    assert [bounds_sentence(attribute) for attribute in KYC] == [
        "0.00 to 10,000,000.00 USD per year",
        "-100,000,000.00 to 1,000,000,000.00 USD",
        "0.00 to 1,000,000,000.00 USD",
        "1900-01-01 to 2199-12-31",
        "249 words",
        "true or false",
        "true or false",
        "0 to 1,200",
        "any text",
    ]


def test_sixteen_comparisons_and_long_lists_are_exact():
    lists = " || ".join(f"tenure_months in [{','.join(str(8 * i + j) for j in range(0, 8, 2))}]" for i in range(15))
    predicate = parse(f"({lists}) && !sanctioned", KYC)
    told = telling(predicate, KYC, as_of=NOW, answer=True)
    assert told.remainders[0].intervals == tuple((i, i) for i in range(0, 120, 2))
    assert telling(predicate, KYC, as_of=NOW, answer=False).remainders[0].untouched


def test_too_much_work_is_not_worked_out_and_never_guessed():
    listed = ", ".join(map(str, range(20)))
    ratio = parse("debt * 5 <= salary * 2", KYC)
    assert telling(ratio, KYC, as_of=NOW, answer=True).remainders[0].intervals == ((0, 400_000_000),)
    predicate = parse(f"debt * 5 <= salary * 2 && !(salary in [{listed}]) && !(debt in [{listed}])", KYC)
    told = telling(predicate, KYC, as_of=NOW, answer=True)
    assert [each.intervals for each in told.remainders] == [None, None, None]
    assert told.somebody in (True, None)
    with pytest.raises(TooMuchWorkError):
        shadow([((1, 0), 0), ((-1, 0), 9), ((0, 1), 0), ((0, -1), 9)], 0, dark=True, budget=Budget(1))


def test_a_question_under_another_schema_is_refused():
    predicate = parse("salary > 1", KYC)
    assert telling(predicate, KYC, as_of=NOW, answer=True).somebody
    with pytest.raises(StatementError):
        telling(predicate, SMALL, as_of=NOW, answer=True)
    with pytest.raises(StatementError):
        example(predicate, SMALL, as_of=NOW, answer=True)


def test_sets_of_integers_have_one_form():
    assert united([(5, 7), (1, 2), (3, 3), (9, 8)]) == ((1, 3), (5, 7))
    assert clipped([(-5, 2), (4, 99)], (0, 9)) == ((0, 2), (4, 9))
    assert complement(((0, 2), (5, 9)), (0, 9)) == ((3, 4),)
    assert complement((), (0, 9)) == ((0, 9),)
    assert complement(((0, 9),), (0, 9)) == ()
    assert count(((0, 2), (5, 5))) == 4


def test_shadows_of_a_system():
    box = [((1, 0), 0), ((-1, 0), 9), ((0, 1), 0), ((0, -1), 9)]
    equal = [*box, ((2, -3), 0), ((-2, 3), 0)]
    assert shadow(box, 0, dark=True, budget=Budget()).interval == (0, 9)
    real, dark = (shadow(equal, 0, dark=each, budget=Budget()) for each in (False, True))
    assert (real.interval, real.exact, dark.interval) == ((0, 9), False, None)
    sums = [*box, ((1, 1), -15)]
    lower = shadow(sums, 0, dark=True, budget=Budget())
    assert (lower.interval, lower.exact, lower.point(0, 2)) == ((6, 9), True, (6, 9))
    with pytest.raises(ValueError, match="empty"):
        dark.point(0, 2)
