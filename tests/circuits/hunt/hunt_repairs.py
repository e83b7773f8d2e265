"""Forced assignments: can changing one wire, or two that meet, make wires satisfy a statement they do not satisfy?

Every row and gate is linear in one wire, and bilinear in two. So it is not tried with some values: whether *any* value
of a wire, or any two values of two wires, repairs all that fails is computed exactly. A digit may only become another
digit, with the multiplicities counted again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hunt_algebra import N, inverse, roots

from circuits.constraints import Circuit, L, O, R, V

Wire = tuple[int, int]
Columns = tuple[list[int], list[int], list[int]]


@dataclass(frozen=True, slots=True)
class Repair:
    """Changes, wire -> what is added, after which every row and gate holds."""

    changes: tuple[tuple[Wire, int], ...]


@dataclass(frozen=True, slots=True)
class Forced:
    """What was found, and how many wires and pairs of wires were decided."""

    repair: Repair | None
    wires: int
    pairs: int


def unsatisfied(circuit: Circuit, columns: Columns, values: Sequence[int]) -> list[int]:
    """List what fails: gates by their number from 0, then rows, then one more if digits or multiplicities are wrong."""
    all_columns = {L: columns[L], R: columns[R], O: columns[O], V: [v % N for v in values]}
    worth = [
        (sum(c * all_columns[kind][i] for kind, i, c in row.terms) + row.const) % N
        for row in circuit.gates + circuit.rows
    ]
    for g in range(len(circuit.gates)):
        worth[g] = (columns[L][circuit.D + g] * columns[R][circuit.D + g] - worth[g]) % N
    digits = columns[L][: circuit.D]
    worth.append(int(columns[O][: circuit.b] != [digits.count(j) for j in range(circuit.b)]))
    return [n for n, x in enumerate(worth) if x]


def forced(circuit: Circuit, columns: Columns, values: Sequence[int]) -> Forced:
    """Decide every single wire and every pair of wires that meet in a row or gate.

    A wire that occurs in nothing that fails repairs nothing, whatever it becomes; so one of the wires is taken from
    the first row that fails, the other from the rows that the first one could break or from others that fail.
    """
    return _Forcing(circuit, columns, values).decide()


class _Forcing:
    def __init__(self, circuit: Circuit, columns: Columns, values: Sequence[int]) -> None:
        self.circuit = circuit
        self.columns = columns
        self.slopes: dict[Wire, dict[int, int]] = {}
        """Wire -> row -> how much the row changes with the wire."""
        self.members: list[set[Wire]] = []
        self.worth: list[int] = []
        known = {L: columns[L], R: columns[R], O: columns[O], V: [v % N for v in values]}
        for n, row in enumerate(circuit.gates + circuit.rows):
            gate = n < len(circuit.gates)
            worth = (sum(c * known[kind][i] for kind, i, c in row.terms) + row.const) % N
            moves = {(kind, i): -c if gate else c for kind, i, c in row.terms if kind != V}
            if gate:
                g = circuit.D + n
                worth = columns[L][g] * columns[R][g] - worth
                moves[L, g] = moves.get((L, g), 0) + columns[R][g]
                moves[R, g] = moves.get((R, g), 0) + columns[L][g]
            self.worth.append(worth % N)
            self.members.append(set(moves))
            for wire, c in moves.items():
                self.slopes.setdefault(wire, {})[n] = c % N
        self.failing = {n for n, x in enumerate(self.worth) if x}
        for g in range(circuit.D, circuit.D + len(circuit.gates)):
            self.slopes.setdefault((L, g), {})
            self.slopes.setdefault((R, g), {})

    def decide(self) -> Forced:
        if not self.failing:
            return Forced(Repair(()), 0, 0)
        pairs = 0
        for x in self.members[min(self.failing)]:
            if changes := self._single(x, {}):
                return Forced(Repair(changes), len(self.slopes), pairs)
            others = set().union(*(self.members[n] for n in self.slopes[x].keys() | self.failing)) - {x}
            for y in others:
                if not self.failing <= self.slopes[x].keys() | self.slopes[y].keys():
                    continue
                pairs += 1
                if changes := self._pair(x, y):
                    return Forced(Repair(changes), len(self.slopes), pairs)
        return Forced(None, len(self.slopes), pairs)

    def _is_digit(self, wire: Wire) -> bool:
        return wire[0] == L and wire[1] < self.circuit.D

    def _single(self, x: Wire, moved: dict[int, int]) -> tuple[tuple[Wire, int], ...]:
        """Change x so that every row holds; moved: what rows are worth after another change."""
        slopes = self.slopes[x]
        failing = (self.failing - moved.keys()) | {n for n, worth in moved.items() if worth}
        if not failing or not failing <= slopes.keys():
            return ()
        first = min(failing)
        if not slopes[first]:
            return ()
        delta = -moved.get(first, self.worth[first]) * inverse(slopes[first]) % N
        if any((moved.get(n, self.worth[n]) + c * delta) % N for n, c in slopes.items()):
            return ()
        if self._is_digit(x) and (self.columns[L][x[1]] + delta) % N >= self.circuit.b:
            return ()
        return ((x, delta),)

    def _pair(self, x: Wire, y: Wire) -> tuple[tuple[Wire, int], ...]:
        if self._is_digit(y):
            x, y = y, x
        if self._is_digit(x):
            digit = self.columns[L][x[1]]
            deltas: Iterator[int] = (other - digit for other in range(self.circuit.b) if other != digit)
        else:
            deltas = self._candidates(x, y)
        for delta in deltas:
            if delta % N == 0:
                continue
            moved = {n: (self.worth[n] + c * delta) % N for n, c in self.slopes[x].items()}
            if not any(moved.values()) and self.failing <= moved.keys():
                return ((x, delta % N),)
            gate = self._gate(x, y)
            before = self.slopes[y].get(gate, 0) if gate is not None else 0
            if gate is not None:
                self.slopes[y][gate] = (before + delta) % N
            changes = self._single(y, moved)
            if gate is not None:
                self.slopes[y][gate] = before
            if changes:
                return ((x, delta % N), *changes)
        return ()

    def _gate(self, x: Wire, y: Wire) -> int | None:
        """The gate whose two factors x and y are."""
        same = x[1] == y[1] >= self.circuit.D and {x[0], y[0]} == {L, R}
        return x[1] - self.circuit.D if same else None

    def _candidates(self, x: Wire, y: Wire) -> Iterator[int]:
        """What x must change by, if y makes up for the rest: the roots of two rows' resultant in y's change."""
        gate = self._gate(x, y)
        rows = sorted(self.slopes[x].keys() | self.slopes[y].keys())
        lines = [(self.worth[n], self.slopes[x].get(n, 0), self.slopes[y].get(n, 0), int(n == gate)) for n in rows]
        constrained = False
        for n, (w, a, b, e) in enumerate(lines):
            if not b and not e:
                if a:
                    yield -w * inverse(a) % N
                    return
                if w:
                    return
            for w2, a2, b2, e2 in lines[n + 1 :]:
                # w + a s + (b + e s) t = 0 and the same with 2: eliminate t
                found = roots(a * e2 - a2 * e, w * e2 + a * b2 - w2 * e - a2 * b, w * b2 - w2 * b)
                if found is not None:
                    constrained = True
                    yield from found
        if not constrained:
            # one row alone, or rows that say the same: nearly every change of x has one of y that makes up for it
            yield from (1, 2, 3)
