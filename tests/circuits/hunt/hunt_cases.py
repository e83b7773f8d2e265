"""The hunt through one question: both answers' circuits, everybody asked, nothing may be found."""

from collections.abc import Sequence
from dataclasses import dataclass

from hunt_questions import Case, Predicate, Schema, crowd
from hunt_repairs import Columns, forced, unsatisfied
from hunt_solver import Search, Wire, solve

from circuits.compiler import CompiledRelation, compile_predicate
from circuits.constraints import Circuit, L, R
from circuits.errors import WitnessError


class FoundError(Exception):
    """The hunt found something; says what, with the seed that finds it again."""

    def __init__(self, case: Case, what: str) -> None:
        super().__init__(f"{what}\nseed {case.seed}: {case.text}\n{case.values}")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question's circuits, for YES and NO, and the people."""

    relations: dict[bool, CompiledRelation]
    people: list[Case]

    def circuit(self, case: Case, *, honest: bool) -> Circuit:
        """The statement of a person's true answer, or of the false one."""
        return self.relations[case.answer is honest].circuit

    def one_for_each_answer(self) -> list[Case]:
        """As many as there are different answers among the people."""
        return list({case.answer: case for case in self.people}.values())


@dataclass(slots=True)
class Bag:
    """What was decided."""

    questions: int = 0
    cases: int = 0
    wires: int = 0
    pairs: int = 0


def compiled(predicate: Predicate, schema: Schema, as_of: int) -> dict[bool, CompiledRelation]:
    """Compile both answers."""
    return {answer: compile_predicate(predicate, schema, as_of=as_of, answer=answer) for answer in (False, True)}


def asked(seed: str, people: int = 12) -> Asked:
    """Draw a question, compile it, draw people."""
    drawn = crowd(seed, accept=compiled, people=people)
    return Asked(compiled(drawn[0].predicate, drawn[0].schema, drawn[0].as_of), drawn)


def hunt(question: Asked, bag: Bag) -> None:
    """Hunt everybody's true answer and false answer down.

    Raises:
        FoundError: the honest prover fails, or anything but the honest assignment satisfies the true answer's
            statement, or anything at all the false one's.
    """
    bag.questions += 1
    chosen = question.one_for_each_answer()
    honest = {case.answer: honest_columns(question.relations[case.answer], case) for case in chosen}
    for case in chosen:
        bag.cases += 1
        require_one_assignment(case, question.circuit(case, honest=True), honest[case.answer])
        require_no_wires(question.relations[not case.answer], case)
        false = question.circuit(case, honest=False)
        require_nothing(case, solve(false, case.committed))
        # forced: the honest wires of the true answer, and those of somebody who has the false one
        for columns in honest.values():
            outcome = forced(false, columns, case.committed)
            bag.wires += outcome.wires
            bag.pairs += outcome.pairs
            if outcome.repair is not None:
                raise FoundError(case, f"forced wires give a false answer: {outcome.repair}")


def honest_columns(relation: CompiledRelation, case: Case) -> Columns:
    """The honest prover's wires, which satisfy the statement."""
    try:
        columns = relation.wires(case.committed).padded(relation.circuit.N)
    except WitnessError as error:
        raise FoundError(case, "the honest prover has no wires") from error
    if failing := unsatisfied(relation.circuit, columns, case.committed):
        raise FoundError(case, f"the honest wires break {failing}")
    return columns


def require_no_wires(relation: CompiledRelation, case: Case) -> None:
    """The honest prover refuses what is not so."""
    try:
        relation.wires(case.committed)
    except WitnessError:
        return
    raise FoundError(case, "wires for a false answer")


def require_one_assignment(case: Case, circuit: Circuit, columns: Columns) -> None:
    """The true answer's statement is satisfied by the honest wires and by nothing else, hints of no effect apart."""
    search = solve(circuit, case.committed)
    if len(search.solutions) != 1 or not search.complete:
        raise FoundError(case, f"{len(search.solutions)} assignments of a true answer, complete {search.complete}")
    solution = search.solutions[0]
    if strange := solution.loose - harmless(circuit, columns):
        raise FoundError(case, f"free wires {sorted(strange)}")
    for kind, (one, other) in enumerate(zip(columns, solution.columns, strict=True)):
        for i, (a, b) in enumerate(zip(one, other, strict=True)):
            if a != b and (kind, i) not in solution.loose:
                raise FoundError(case, f"wire {kind, i} of the honest prover is not what the statement says")


def harmless(circuit: Circuit, columns: Columns) -> set[Wire]:
    """Wires that are multiplied with 0 and enter nothing else: hints that are not needed."""
    entered = {(kind, i) for row in circuit.gates + circuit.rows for kind, i, _ in row.terms}
    gates = range(circuit.D, circuit.D + len(circuit.gates))
    hints = {(kind, g) for g in gates for kind, other in ((L, R), (R, L)) if columns[other][g] == 0}
    return hints - entered


def require_nothing(case: Case, search: Search) -> None:
    """Nothing satisfies the statement, and that is certain."""
    if search.solutions:
        raise FoundError(case, f"an assignment for a false answer: {search.solutions[0].columns}")
    if not search.complete:
        raise FoundError(case, "the search for a false answer was not exhaustive")


def answers_provable(question: Asked, values: Sequence[int]) -> set[bool]:
    """The answers for which any prover has an assignment, whatever is committed to.

    Raises:
        FoundError: the search was not exhaustive.
    """
    provable = set()
    for answer, relation in question.relations.items():
        search = solve(relation.circuit, values, most=1)
        if search.solutions:
            provable.add(answer)
        elif not search.complete:
            raise FoundError(question.people[0], f"not exhaustive for {values}")
    return provable
