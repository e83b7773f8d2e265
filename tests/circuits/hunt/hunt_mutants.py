"""Statements as a builder would emit them that forgets something: the hunt has to notice each."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from circuits.constraints import Circuit, L, O, R, Row


@dataclass(frozen=True, slots=True)
class Mutant:
    """One thing left out: its kind, `row`, `gate` or `digit`, its number, and how the statement then is."""

    kind: str
    index: int
    circuit: Circuit


def mutants(circuit: Circuit) -> Iterator[Mutant]:
    """Leave out each linear row, each gate, and of each digit that it is one."""
    for q in range(len(circuit.rows)):
        yield Mutant("row", q, replace(circuit, rows=circuit.rows[:q] + circuit.rows[q + 1 :], k=-1))
    used = [i + 1 for row in circuit.gates + circuit.rows for kind, i, _ in row.terms if kind == O]
    free = max([circuit.b, *used])
    for g in range(len(circuit.gates)):
        gates = list(circuit.gates)
        gates[g] = Row.of([(O, free, 1)], 0)
        yield Mutant("gate", g, replace(circuit, gates=tuple(gates), k=-1))
    for i in range(circuit.D):
        gates, rows = (tuple(_moved(row, i, free) for row in rows) for rows in (circuit.gates, circuit.rows))
        yield Mutant("digit", i, replace(circuit, gates=gates, rows=rows, k=-1))


def _moved(row: Row, digit: int, free: int) -> Row:
    """Let a wire that is no digit stand in a digit's place."""
    return Row.of(((O, free, c) if (kind, i) == (L, digit) else (kind, i, c) for kind, i, c in row.terms), row.const)


def kind_of(circuit: Circuit, mutant: Mutant) -> str:
    """Describe what was left out by its shape: which types of wires it has, and how many."""
    if mutant.kind == "digit":
        return "digit"
    row = (circuit.rows if mutant.kind == "row" else circuit.gates)[mutant.index]
    if mutant.kind == "row" and mutant.index == len(circuit.rows) - 1:
        return "row: last"
    names = ["digit" if kind == L and i < circuit.D else "LROV"[kind] for kind, i, _ in row.terms]
    own = (kind := mutant.kind) == "gate" and any(
        i == circuit.D + mutant.index for kind, i, _ in row.terms if kind in {L, R}
    )
    counted = " ".join(f"{name}*" if names.count(name) > 1 else name for name in dict.fromkeys(names))
    return f"{kind}: {'own ' if own else ''}{counted or '0'}"
