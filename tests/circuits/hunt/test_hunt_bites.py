"""The hunt can fail: it finds what is planted, and notices nearly everything a builder could forget."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from hunt_algebra import N
from hunt_cases import asked, harmless
from hunt_hostile import hostile_values
from hunt_mutants import kind_of, mutants
from hunt_repairs import forced, unsatisfied
from hunt_solver import StrangeCircuitError, solve

from circuits.constraints import Circuit, L, O, R, Row, V
from circuits.predicate import evaluate

SMALL = 48
"""Slots of the circuits whose every row is left out once."""
FEW = 8
"""A kind of row that is left out so often must be missed at least once."""
STEPS = 60
"""Without a row a search may have to guess; a forgery that takes more guesses is left to the others asked."""


def _columns(question, case):
    circuit = question.circuit(case, honest=True)
    return circuit, question.relations[case.answer].wires(case.committed).padded(circuit.N)


# what is planted is found


def _fitted(circuit, columns, values):
    """The same circuit with other constants: those that make these wires satisfy it."""
    known = dict(enumerate(columns)) | {V: values}

    def fitted(row, worth):
        return replace(row, const=(worth - sum(c * known[kind][i] for kind, i, c in row.terms)) % N)

    gates = (fitted(row, columns[L][g] * columns[R][g]) for g, row in enumerate(circuit.gates, circuit.D))
    return replace(circuit, gates=tuple(gates), rows=tuple(fitted(row, 0) for row in circuit.rows))


def _planted(seed):
    """Arbitrary wires, and constants that fit them: whatever the search says, it is not that there is nothing."""
    random = Random(f"planted/{seed}")  # noqa: S311  # reproducible, not secret
    question = asked(f"planted/{seed}", people=1)
    circuit = question.relations[True].circuit
    scalars = random.choice((lambda: random.randrange(N), lambda: random.randrange(2)))
    columns = tuple([scalars() for _ in range(circuit.N)] for _ in (L, R, O))
    columns[L][: circuit.D] = [random.randrange(circuit.b) for _ in range(circuit.D)]
    columns[O][: circuit.b] = [columns[L][: circuit.D].count(j) for j in range(circuit.b)]
    values = [random.randrange(N) for _ in range(circuit.K)]
    planted = _fitted(circuit, columns, values)
    assert not unsatisfied(planted, columns, values)
    search = solve(planted, values, steps=100)
    assert search.solutions or not search.complete
    for solution in search.solutions:
        assert not unsatisfied(planted, solution.columns, values)


@pytest.mark.parametrize("seed", range(40))
def test_the_search_never_loses_an_assignment(seed):
    _planted(seed)


@pytest.mark.long
@pytest.mark.parametrize("start", range(40, 2040, 200))
def test_the_search_never_loses_one_of_thousands_of_assignments(start):
    for seed in range(start, start + 200):
        _planted(seed)


@pytest.mark.parametrize("seed", range(20))
def test_forced_wires_that_can_be_repaired_are_found(seed):
    """Honest wires, of which one or two that meet have been changed."""
    random = Random(f"broken/{seed}")  # noqa: S311  # reproducible, not secret
    question = asked(f"broken/{seed}", people=1)
    circuit, columns = _columns(question, question.people[0])
    committed = question.people[0].committed
    idle = harmless(circuit, columns)
    rows = [[(kind, i) for kind, i, _ in row.terms if kind != V] for row in circuit.rows]
    rows += [
        [(kind, i) for kind, i, _ in row.terms] + [(L, g), (R, g)] for g, row in enumerate(circuit.gates, circuit.D)
    ]
    for row in random.sample(rows, min(len(rows), 10)):
        for count in (1, 2):
            wires = random.sample([*dict.fromkeys(row)], min(count, len({*row})))
            broken = tuple(list(column) for column in columns)
            for kind, i in wires:
                is_digit = kind == L and i < circuit.D
                shift = random.randrange(1, circuit.b) if is_digit else random.randrange(1, N)
                broken[kind][i] = (broken[kind][i] + shift) % (circuit.b if is_digit else N)
            broken[O][: circuit.b] = [broken[L][: circuit.D].count(j) for j in range(circuit.b)]
            repair = forced(circuit, broken, committed).repair
            assert repair is not None
            if not unsatisfied(circuit, broken, committed):
                assert repair.changes == ()
                assert {*wires} <= idle
            for (kind, i), delta in repair.changes:
                broken[kind][i] = (broken[kind][i] + delta) % N
            broken[O][: circuit.b] = [broken[L][: circuit.D].count(j) for j in range(circuit.b)]
            assert not unsatisfied(circuit, broken, committed)


@pytest.mark.parametrize(
    ("square", "solvable", "loose"), [(4, True, True), (N - 1, True, True), (0, True, False), (5, False, False)]
)
def test_gates_that_are_squares(square, solvable, loose):
    """A square has two roots, 0 has one, 5 is no square mod N."""
    x_is_y = Row.of([(L, 0, 1), (R, 0, -1)], 0)
    circuit = Circuit(1, 0, 0, (Row.of([], square),), (x_is_y,))
    search = solve(circuit, [0])
    assert (bool(search.solutions), search.complete) == (solvable, True)
    for solution in search.solutions:
        assert not unsatisfied(circuit, solution.columns, [0])
        assert bool(solution.loose) is loose


def test_a_search_that_guesses_says_so():
    """x y = 1 has more solutions than can be listed, and x y = 1 with x + y = 0 two that are found."""
    product = (Row.of([], 1),)
    search = solve(Circuit(1, 0, 0, product, ()), [0])
    assert search.solutions
    assert not search.complete
    search = solve(Circuit(1, 0, 0, product, (Row.of([(L, 0, 1), (R, 0, 1)], 0),)), [0])
    assert search.solutions
    assert search.complete


@pytest.mark.parametrize("wire", [(R, 0), (O, 3)], ids=["a digit's reciprocal", "a multiplicity"])
def test_rows_that_name_what_no_row_should(wire):
    fine = Circuit(1, 16, 1, (), (Row.of([(L, 0, 1), (V, 0, -1)], 0),))
    assert len(solve(fine, [5]).solutions) == 1
    assert solve(fine, [16]).solutions == ()
    with pytest.raises(StrangeCircuitError):
        solve(replace(fine, rows=(*fine.rows, Row.of([(*wire, 1)], 0))), [5])


# what is forgotten is noticed


def _verdict(question, baselines, mutated, index):
    """Say what a statement without one of its parts allows: a false answer, free wires, or certainly nothing more."""
    verdict = "nothing"
    for case, baseline in zip(question.people, baselines, strict=True):
        without = mutated[not case.answer][index].circuit
        search = solve(without, case.committed, most=1, steps=STEPS)
        for solution in search.solutions:
            assert not unsatisfied(without, solution.columns, case.committed), case.seed
            return "false answer"
        if verdict == "nothing" and not search.complete:
            verdict = "undecided"
        search = solve(mutated[case.answer][index].circuit, case.committed, steps=STEPS)
        assert search.solutions or not search.complete, (case.seed, index)
        loose = {(kind, i) for s in search.solutions for kind, i in s.loose if kind != O or i < without.N}
        outputs = {(O, i) for i in range(without.N)}
        if len(search.solutions) > 1 or (loose - outputs) - baseline.loose:
            verdict = "free wires"
    return verdict


def _noticed(seeds):
    verdicts = Counter()
    for seed in seeds:
        question = asked(seed)
        if question.relations[True].circuit.N > SMALL:
            continue
        mutated = {answer: list(mutants(relation.circuit)) for answer, relation in question.relations.items()}
        baselines = [solve(question.circuit(c, honest=True), c.committed).solutions[0] for c in question.people]
        for index, mutant in enumerate(mutated[True]):
            kind = kind_of(question.relations[True].circuit, mutant)
            verdicts[kind, _verdict(question, baselines, mutated, index)] += 1
    return verdicts


def _forged_by_hostile_values(seeds):
    """Count the questions where a sum of attributes is forgeable without the row of a certified bound, and all such."""
    forged = tried = 0
    for seed in seeds:
        question = asked(seed, people=4)
        random = Random(seed)  # noqa: S311  # reproducible, not secret
        circuit = question.relations[True].circuit
        if circuit.N > SMALL or not any(len(edge.terms) > 1 for edge in question.people[0].edges):
            continue
        bounds = [
            mutant
            for mutant in mutants(circuit)
            if mutant.kind == "row" and kind_of(circuit, mutant) in {"row: digit V", "row: digit* V"}
        ]
        for mutant in bounds:
            tried += 1
            mutated = {a: [*mutants(r.circuit)][mutant.index].circuit for a, r in question.relations.items()}
            forged += any(_forgery(random, case, mutated) for case in question.people for _ in range(20))
    return forged, tried


def _forgery(random, case, circuits):
    values = hostile_values(random, case)
    truth = evaluate(case.predicate, values, case.as_of)
    committed = [values[name] for name in case.predicate.attributes]
    return bool(solve(circuits[not truth], committed, most=1, steps=STEPS).solutions)


def test_without_certified_bounds_sums_are_forged():
    """The values that prove nothing false of the whole statement do prove it where a bound is not certified."""
    forged, tried = _forged_by_hostile_values(f"bounds/{n}" for n in range(60))
    assert forged * 3 > tried > 10, (forged, tried)


def _require_bite(verdicts):
    total = Counter()
    for (_, verdict), count in verdicts.items():
        total[verdict] += count
    # nothing more: the formula, or everybody's values, say already what the row says; the search was exhaustive
    assert total["nothing"] * 25 < sum(total.values()), verdicts
    assert total["undecided"] * 100 < sum(total.values()), verdicts
    assert total["false answer"] * 3 > sum(total.values()), verdicts
    for kind in {kind for kind, _ in verdicts}:
        noticed = verdicts[kind, "false answer"] + verdicts[kind, "free wires"]
        assert noticed or verdicts[kind, "nothing"] < FEW, (kind, verdicts)


def test_what_a_builder_forgets_is_noticed():
    _require_bite(_noticed(f"mutant/{n}" for n in range(20)))


@pytest.mark.long
@pytest.mark.parametrize("start", range(20, 620, 100))
def test_what_a_builder_forgets_is_noticed_in_hundreds_of_questions(start):
    _require_bite(_noticed(f"mutant/{n}" for n in range(start, start + 100)))
