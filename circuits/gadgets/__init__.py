"""Compound questions: hidden bits about committed values, combined by a formula of which only the result is public."""

from collections.abc import Sequence

from circuits.constraints import Circuit
from circuits.gadgets.atoms import EQ, GE, Atom, Bands, Bound, Bounds, OneOf
from circuits.gadgets.emission import Emission, emit
from circuits.gadgets.formula import Formula
from circuits.prover import Wires
from circuits.range import BASE

__all__ = [
    "EQ",
    "GE",
    "Atom",
    "Bands",
    "Bound",
    "Bounds",
    "Emission",
    "Formula",
    "OneOf",
    "emit",
    "predicate_circuit",
    "predicate_witness",
]


def predicate_circuit(
    K: int,
    atoms: Sequence[Atom],
    formula: Formula,
    result: int,
    bounds: Bounds | None = None,
    *,
    clauses: Sequence[int] | None = None,
    base: int = BASE,
) -> Circuit:
    """State that a formula over hidden bits has a public result.

    The circuits for the two results differ in one constant. Over the integers a bit about several values means what it
    says only under the conditions of circuits.range.require_certified, which is the compiler's to ensure.

    Args:
        K: how many committed values the statement is about.
        atoms: what yields the bits that the formula names by number.
        formula: circuits.gadgets.formula.
        result: what the formula is claimed to be worth, 0 or 1.
        bounds: values whose range is proven along, so that linear forms cannot wrap around the group order.
        clauses: what the formula's outermost operands are claimed to be worth, if that is told.
        base: of the digits, a power of two.

    Raises:
        StatementError: anything out of bounds, unknown or meaningless (the caller's fault).
    """
    return emit(K, atoms, formula, result, bounds, clauses=clauses, base=base).circuit


def predicate_witness(
    values: Sequence[int],
    atoms: Sequence[Atom],
    formula: Formula,
    result: int,
    bounds: Bounds | None = None,
    *,
    clauses: Sequence[int] | None = None,
    base: int = BASE,
) -> Wires:
    """Compute all wires of predicate_circuit for honest values.

    Raises:
        WitnessError: the formula is not worth result, or a value is out of bounds; none is named (the caller's fault).
        StatementError: as predicate_circuit.
    """
    return emit(len(values), atoms, formula, result, bounds, clauses=clauses, base=base).wires(values)
