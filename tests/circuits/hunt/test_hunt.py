"""No assignment of any circuit gives a false answer: decided for every question and person, not sampled.

For each of them: the honest wires satisfy the true answer's statement, and nothing else does; nothing satisfies the
false one's; and no change of one wire, or of two that meet, makes forced wires satisfy it.
"""

from random import Random

import pytest
from hunt_cases import Asked, Bag, FoundError, answers_provable, asked, hunt
from hunt_hostile import hostile_values
from hunt_questions import Case

from circuits.predicate import evaluate

BLOCK = 50
"""Questions in one test."""


def _hunted(start):
    bag = Bag()
    for n in range(start, start + BLOCK):
        hunt(asked(f"hunt/{n}"), bag)
    assert bag.questions == BLOCK
    assert bag.cases > BLOCK
    assert bag.wires > 20 * BLOCK
    assert bag.pairs > 4 * BLOCK


@pytest.mark.parametrize("start", range(0, 3 * BLOCK, BLOCK))
def test_no_assignment_gives_a_false_answer(start):
    _hunted(start)


@pytest.mark.long
@pytest.mark.parametrize("start", range(3 * BLOCK, 53 * BLOCK, BLOCK))
def test_no_assignment_gives_a_false_answer_to_thousands(start):
    _hunted(start)


def test_the_hunt_starts_from_what_is_true():
    """Who says of somebody the opposite of what is so has been found."""
    question = asked("hunt/0")
    case = question.people[0]
    liar = Case(**{name: getattr(case, name) for name in Case.__slots__} | {"answer": not case.answer})
    hunt(Asked(question.relations, [case]), Bag())
    with pytest.raises(FoundError):
        hunt(Asked(question.relations, [liar]), Bag())


def _hunted_among_hostile_values(start):
    """Nothing is provable of them but what plain evaluation of those integers says, if that."""
    provable = 0
    for n in range(start, start + BLOCK):
        question = asked(f"hostile/{n}", people=3)
        random = Random(question.people[0].seed)  # noqa: S311  # reproducible, not secret
        for case in question.people:
            assert answers_provable(question, case.committed) == {case.answer}, case.seed
            values = hostile_values(random, case)
            committed = [values[name] for name in case.predicate.attributes]
            answers = answers_provable(question, committed)
            assert answers <= {evaluate(case.predicate, values, case.as_of)}, (case.seed, case.text, values)
            provable += len(answers)
    assert provable > BLOCK


@pytest.mark.parametrize("start", [0])
def test_values_out_of_bounds_prove_nothing_false(start):
    _hunted_among_hostile_values(start)


@pytest.mark.long
@pytest.mark.parametrize("start", range(BLOCK, 41 * BLOCK, BLOCK))
def test_values_out_of_bounds_prove_nothing_false_of_thousands(start):
    _hunted_among_hostile_values(start)
