"""Decides whether a circuit has any assignment at all for given committed values.

Linear rows are eliminated; a gate whose two factors and output hang on one unknown is a quadratic with at most two
roots; digits that occur only together are one number with a range; what then is left is branched over until every
branch has an assignment or a contradiction. Nothing here knows a gadget: only L_g R_g = row, row = 0, and that a digit
is below the base. A search that had to guess, or ran out of steps, says that it is not complete.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hunt_algebra import Affine, N, digits, inverse, reach
from hunt_system import ContradictionError, System

from circuits.constraints import Circuit, L, O, R, Row, V

Wire = tuple[int, int]
MAX_STEPS = 400


class StrangeCircuitError(Exception):
    """The circuit does what no circuit of ours does: a row names a digit's reciprocal, or a multiplicity."""


@dataclass(frozen=True, slots=True)
class Solution:
    """One assignment: the three columns, and the wires that could have had other values."""

    columns: tuple[list[int], list[int], list[int]]
    loose: frozenset[Wire]


@dataclass(frozen=True, slots=True)
class Search:
    """What was found, and whether there is certainly nothing else."""

    solutions: tuple[Solution, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class Number:
    """Digit wires that occur in every row in the same proportions: one unknown, any of 0..greatest."""

    wires: tuple[int, ...]
    weights: tuple[int, ...]
    greatest: int


def solve(circuit: Circuit, values: Sequence[int], *, most: int = 2, steps: int = MAX_STEPS) -> Search:
    """Search all assignments.

    Args:
        circuit: the statement.
        values: what is committed to.
        most: solutions after which the search stops.
        steps: branches after which it gives up.
    """
    wires = _Wires(circuit, values)
    found: dict[tuple[tuple[int, ...], ...], Solution] = {}
    complete = True
    pending = [wires.system()]
    while pending:
        system = pending.pop()
        steps -= 1
        if steps < 0 or len(found) >= most:
            return Search(tuple(found.values()), complete=False)
        try:
            system.propagate()
        except ContradictionError:
            continue
        if not system.equations and not system.gates:
            solution = wires.solution(system)
            found[tuple(map(tuple, solution.columns))] = solution
            continue
        branches, whole = system.branches()
        complete = complete and whole
        pending += reversed(list(branches))
    return Search(tuple(found.values()), complete)


class _Wires:
    """Between a circuit's wires and the unknowns of a system."""

    def __init__(self, circuit: Circuit, values: Sequence[int]) -> None:
        self.circuit = circuit
        self.values = [v % N for v in values]
        rows = circuit.gates + circuit.rows
        columns: dict[Wire, list[tuple[int, int]]] = {}
        for at, row in enumerate(rows):
            for kind, index, c in row.terms:
                columns.setdefault((kind, index), []).append((at, c))
        if any((kind == O and index < circuit.b) or (kind == R and index < circuit.D) for kind, index in columns):
            raise StrangeCircuitError
        self.numbers = _numbers(circuit, columns)
        width = circuit.D + len(circuit.gates)
        self.free = [(kind, i) for kind in (L, R) for i in range(circuit.D, width)]
        self.free += sorted(wire for wire in columns if wire[0] == O)
        count = len(self.numbers)
        self.unknown: dict[Wire, Affine] = {wire: ({count + n: 1}, 0) for n, wire in enumerate(self.free)}
        for n, number in enumerate(self.numbers):
            for i, weight in zip(number.wires, number.weights, strict=True):
                self.unknown[L, i] = ({n: weight}, 0)

    def system(self) -> "System":
        system = System(len(self.numbers) + len(self.free))
        for n, number in enumerate(self.numbers):
            system.domains[n] = range(number.greatest + 1)
        for g, row in enumerate(self.circuit.gates, self.circuit.D):
            system.add_gate((self.unknown[L, g], self.unknown[R, g], self._affine(row)))
        for row in self.circuit.rows:
            system.add_equation(self._affine(row))
        return system

    def _affine(self, row: Row) -> Affine:
        terms: dict[int, int] = {}
        const = row.const
        counted: set[int] = set()
        for kind, index, c in row.terms:
            if kind == V:
                const += c * self.values[index]
                continue
            ((unknown, weight),) = self.unknown[kind, index][0].items()
            if unknown < len(self.numbers):
                # the row has all of the number's digits in proportion: any one of them gives the number's coefficient
                if unknown in counted:
                    continue
                counted.add(unknown)
                c = c * inverse(weight) % N  # noqa: PLW2901  # the coefficient of the number instead of the digit's
            terms[unknown] = (terms.get(unknown, 0) + c) % N
        return {x: c for x, c in terms.items() if c}, const % N

    def solution(self, system: "System") -> Solution:
        worth, loose = system.worth()
        columns = [0] * self.circuit.N, [0] * self.circuit.N, [0] * self.circuit.N
        open_wires: set[Wire] = set()
        for n, number in enumerate(self.numbers):
            for i, digit in zip(number.wires, digits(worth[n], number.weights, self.circuit.b), strict=True):
                columns[L][i] = digit
                columns[O][digit] += 1
            if n in loose:
                open_wires |= {(L, i) for i in number.wires}
        for n, (kind, i) in enumerate(self.free, len(self.numbers)):
            columns[kind][i] = worth[n]
            if n in loose:
                open_wires.add((kind, i))
        return Solution(columns, frozenset(open_wires))


def _numbers(circuit: Circuit, columns: dict[Wire, list[tuple[int, int]]]) -> list[Number]:
    """Gather digits whose columns are proportional and whose weights leave no gap; others are numbers of one digit."""
    alike: dict[tuple[tuple[int, int], ...], list[tuple[int, int]]] = {}
    for i in range(circuit.D):
        column = columns.get((L, i), [])
        if column:
            first = column[0][1]
            down = inverse(first)
            alike.setdefault(tuple((at, c * down % N) for at, c in column), []).append((first, i))
        else:
            alike[(-1 - i, 1),] = [(1, i)]
    numbers = []
    for members in alike.values():
        for least, _ in members:
            down = inverse(least)
            weights, wires = zip(*sorted((c * down % N, i) for c, i in members), strict=True)
            if weights[0] == 1 and (greatest := reach(weights, circuit.b)) is not None and greatest < N // 4:
                numbers.append(Number(wires, weights, greatest))
                break
        else:
            numbers += [Number((i,), (1,), circuit.b - 1) for _, i in members]
    return numbers
