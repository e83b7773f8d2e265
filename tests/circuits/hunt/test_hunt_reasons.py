"""A NO that says which clauses failed: nobody can name other clauses than those that did."""

from itertools import product

import pytest
from hunt_cases import (
    FoundError,
    asked,
    honest_columns,
    require_no_wires,
    require_nothing,
    require_one_assignment,
)
from hunt_questions import Case
from hunt_repairs import forced
from hunt_solver import solve

from circuits.compiler import CompiledRelation, compile_predicate
from circuits.errors import PredicateTypeError
from circuits.predicate import evaluate
from circuits.predicate.clauses import clauses, concluded
from circuits.query import Reasons

BLOCK = 50
ALL = 5
"""Up to so many clauses every other combination is tried, beyond that the neighbours of the truth."""


def _told(case: Case, holds: tuple[bool, ...] | None) -> CompiledRelation:
    return compile_predicate(
        case.predicate,
        case.schema,
        as_of=case.as_of,
        answer=holds is None,
        reasons=Reasons.FAILED_CLAUSES,
        clauses=holds,
    )


def _others(case: Case, truth: tuple[bool, ...]) -> list[tuple[bool, ...]]:
    if len(truth) <= ALL:
        others = list(product((False, True), repeat=len(truth)))
    else:
        others = [(*truth[:i], not truth[i], *truth[i + 1 :]) for i in range(len(truth))]
    return [other for other in others if other != truth and not concluded(case.predicate.ast, other)]


def _hunted(case: Case) -> int:
    """Hunt one person's YES or NO with reasons; count the false tales that were refuted."""
    parts = clauses(case.predicate)
    truth = tuple(evaluate(part, case.values, case.as_of) for part in parts)
    assert concluded(case.predicate.ast, truth) is case.answer
    if case.answer:
        true, false = _told(case, None), [_told(case, other) for other in _others(case, truth)]
    else:
        true, false = _told(case, truth), [_told(case, None), *(_told(case, other) for other in _others(case, truth))]
    columns = honest_columns(true, case)
    require_one_assignment(case, true.circuit, columns)
    for relation in false:
        if relation.circuit.proof_bytes != true.circuit.proof_bytes:
            raise FoundError(case, "the size tells the answer")
        require_no_wires(relation, case)
        require_nothing(case, solve(relation.circuit, case.committed))
        if forced(relation.circuit, columns, case.committed).repair:
            raise FoundError(case, "forced wires tell of other clauses")
    return len(false)


def _hunt(start: int) -> None:
    tales = 0
    for n in range(start, start + BLOCK):
        question = asked(f"reasons/{n}", people=4)
        if len(clauses(question.people[0].predicate)) == 1:
            continue
        try:
            _told(question.people[0], None)
        except PredicateTypeError:
            continue  # told apart, the clauses are too much for one proof
        for case in question.people:
            tales += _hunted(case)
    assert tales > 4 * BLOCK


def test_nobody_names_other_clauses():
    _hunt(0)


@pytest.mark.long
@pytest.mark.parametrize("start", range(BLOCK, 21 * BLOCK, BLOCK))
def test_nobody_names_other_clauses_in_hundreds_of_questions(start):
    _hunt(start)
