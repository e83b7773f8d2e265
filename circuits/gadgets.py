"""Compound questions: hidden comparison bits, combined by a formula, of which only the result is public.

Emission order (part of the format): atoms in order, then certified bounds, then the formula in post-order, operands
left to right, n-ary nodes by pairing neighbours level by level (an odd last one moves up), the final row last.
`circuits/notes/gadgets.md` writes out every row.

A formula is an atom's index, or a tuple: ("not", x), ("and", x, y, ...), ("or", x, y, ...), ("at_least", k, x, y, ...).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from circuits.constraints import Builder, Circuit, L, Linear, O, R, V, forms
from circuits.errors import StatementError, WitnessError
from circuits.group.curve import N
from circuits.prover import UNSATISFIED, Wires
from circuits.range import (
    BASE,
    MAX_WIDTH,
    Form,
    centred,
    multiplicities,
    require_form,
    require_integer,
    require_width,
    split,
)

DIGIT_BITS = BASE.bit_length() - 1
HALF = pow(2, -1, N)
MAX_DEPTH = 64
_ARITY = {"not": range(1, 2), "and": range(2, 513), "or": range(2, 513)}


@dataclass(frozen=True, slots=True)
class GE:
    """The hidden bit [sum a_k V_k - t >= 0], for |sum a_k V_k - t| < 2^width."""

    form: Form
    t: int
    width: int


@dataclass(frozen=True, slots=True)
class EQ:
    """The hidden bit [sum a_k V_k = t mod N]."""

    form: Form
    t: int


Atom = GE | EQ
Formula = int | Sequence[Any]
Bounds = Mapping[int, int]
"""Value index -> bits: the circuit also proves that V_k lies in [0, 2^bits)."""


def predicate_circuit(
    K: int, atoms: Sequence[Atom], formula: Formula, result: int, bounds: Bounds | None = None
) -> Circuit:
    """State that a formula over hidden comparison bits has a public result.

    The circuits for the two results differ in one constant. Over the integers a GE bit means what it says only under
    the conditions of certified_width, which is the compiler's to ensure.

    Args:
        K: how many committed values the statement is about.
        atoms: GE and EQ, named by their index in the formula.
        formula: see the module.
        result: what the formula is claimed to be worth, 0 or 1.
        bounds: values whose range is proven along, so that linear forms cannot wrap around the group order.

    Raises:
        StatementError: anything out of bounds, unknown or meaningless (the caller's fault).
    """
    emitter = _Emitter(K, atoms, formula, bounds or {}, None)
    return emitter.circuit(formula, result)


def predicate_witness(
    values: Sequence[int], atoms: Sequence[Atom], formula: Formula, result: int, bounds: Bounds | None = None
) -> Wires:
    """Compute all wires of predicate_circuit for honest values; the same code emits both.

    Raises:
        WitnessError: the formula is not worth result, or a value is out of bounds; none is named (the caller's fault).
        StatementError: as predicate_circuit.
    """
    wires = _Assignment(values)
    emitter = _Emitter(len(values), atoms, formula, bounds or {}, wires)
    circuit = emitter.circuit(formula, result)
    return wires.finished(circuit)


def certified_width(form: Form, t: int, bounds: Bounds) -> int:
    """Return the least width for which a GE atom means what it says over the integers.

    Args:
        form: ((k, a_k), ...).
        t: threshold.
        bounds: k -> bits such that V_k in [0, 2^bits) is certified, by this circuit or by the credential.

    Raises:
        StatementError: a value has no bound, or no width up to 252 suffices (the caller's fault).
    """
    if missing := sorted(k for k, _ in form if k not in bounds):
        raise StatementError(f"values without a certified bound: {missing}")
    reach = sum(abs(a) << bounds[k] for k, a in form) + abs(t)
    width = -(-max(reach.bit_length(), 1) // DIGIT_BITS) * DIGIT_BITS
    if width > MAX_WIDTH:
        raise StatementError(f"width {width}: at most {MAX_WIDTH}")
    return width


class _Assignment:
    """The prover's side of an emission: values for every wire as it is emitted."""

    def __init__(self, values: Sequence[int]) -> None:
        self._wires: dict[tuple[int, int], int] = {(V, k): v for k, v in enumerate(values)}

    def worth(self, value: Linear) -> int:
        return (sum(c * self._wires[wire] for wire, c in value.terms.items()) + value.const) % N

    def put(self, kind: int, index: int, value: int) -> None:
        self._wires[kind, index] = value % N

    def finished(self, circuit: Circuit) -> Wires:
        columns = [[0] * circuit.N for _ in range(3)]
        for (kind, index), value in self._wires.items():
            if kind != V:
                columns[kind][index] = value
        if circuit.D:
            columns[O][: circuit.b] = multiplicities(columns[L][: circuit.D], circuit.b)
        return Wires(tuple(columns[L]), tuple(columns[R]), tuple(columns[O]))


class _Emitter:
    """Emits gates and rows in the format's order and, if there is an assignment, the wires' values."""

    def __init__(
        self, K: int, atoms: Sequence[Atom], formula: Formula, bounds: Bounds, wires: _Assignment | None
    ) -> None:
        require_integer(K, "K")
        self._wires = wires
        width = 0
        for atom in atoms:
            width += _atom_width(K, atom)
        for k, bits in bounds.items():
            require_form(K, ((k, 1),), 0)
            require_width(bits, BASE)
            width += bits
        width += _formula_width(formula, len(atoms))
        self._builder = Builder(K, BASE, width // DIGIT_BITS)
        self._next_digit = 0
        self._bits = [self._atom(atom) for atom in atoms]
        for k in sorted(bounds):
            self._bound(k, bounds[k])

    def circuit(self, formula: Formula, result: object) -> Circuit:
        if result not in {0, 1} or isinstance(result, float):
            raise StatementError("the result must be yes or no")
        root = self._node(formula).plus(-1 if result else 0)
        self._builder.zero(root)
        if self._wires and self._wires.worth(root):
            raise WitnessError(UNSATISFIED)
        return self._builder.circuit()

    def _atom(self, atom: Atom) -> Linear:
        d = forms(atom.form).plus(-atom.t)
        return self._at_least_zero(d, atom.width) if isinstance(atom, GE) else self._is_zero(d)

    def _at_least_zero(self, d: Linear, width: int) -> Linear:
        """Bit * (2d+1) = w + 1 + d with w = bit ? d : -1-d in [0, 2^width); leaving out any row is forgeable."""
        build = self._builder
        B = build.gate()
        bit = Linear.wire(L, B)
        build.output(bit)
        build.zero(bit - Linear.wire(R, B))
        S = build.gate()
        w = self._digits(width, d)
        build.output(w + Linear.wire(R, S, HALF).plus(HALF))
        build.zero(Linear.wire(L, S) - bit)
        build.zero(Linear.wire(R, S) - d.scaled(2).plus(1))
        if self._wires:
            difference = centred(self._wires.worth(d))
            for wire, value in ((L, B), difference >= 0), ((R, B), difference >= 0), ((L, S), difference >= 0):
                self._wires.put(*wire, int(value))
            self._wires.put(R, S, 2 * difference + 1)
        return bit

    def _is_zero(self, q: Linear) -> Linear:
        """Q * hint = 1 - z and q * z = 0, so z = [q = 0]."""
        build = self._builder
        E1 = build.gate()
        E2 = E1 + 1
        z = Linear.wire(R, E2)
        build.output(z.scaled(-1).plus(1))
        build.zero(Linear.wire(L, E1) - q)
        build.output(Linear())
        build.zero(Linear.wire(L, E2) - Linear.wire(L, E1))
        if self._wires:
            x = self._wires.worth(q)
            self._wires.put(L, E1, x)
            self._wires.put(L, E2, x)
            self._wires.put(R, E1, pow(x, -1, N) if x else 0)
            self._wires.put(R, E2, int(not x))
        return z

    def _bound(self, k: int, bits: int) -> None:
        value = Linear.wire(V, k)
        if self._wires:
            self._put_digits(self._wires.worth(value), bits)
        self._builder.zero(self._builder.number(bits) - value)
        self._next_digit += bits // DIGIT_BITS

    def _digits(self, width: int, d: Linear) -> Linear:
        """Digits of d if it is not negative, of -1-d if it is."""
        if self._wires:
            difference = centred(self._wires.worth(d))
            self._put_digits(difference if difference >= 0 else -1 - difference, width)
        self._next_digit += width // DIGIT_BITS
        return self._builder.number(width)

    def _put_digits(self, value: int, width: int) -> None:
        if self._wires:
            for i, digit in enumerate(split(value, width, BASE), self._next_digit):
                self._wires.put(L, i, digit)

    def _node(self, node: Formula) -> Linear:
        if isinstance(node, int):
            return self._bits[node]
        operator = node[0]
        if operator == "at_least":
            total = Linear(const=-node[1])
            for operand in [self._node(x) for x in node[2:]]:
                total += operand
            return self._at_least_zero(total, _count_width(len(node) - 2))
        operands = [self._node(x) for x in node[1:]]
        if operator == "not":
            return operands[0].scaled(-1).plus(1)
        while len(operands) > 1:
            paired = [self._pair(operator, x, y) for x, y in zip(operands[0::2], operands[1::2], strict=False)]
            operands = paired + operands[2 * len(paired) :]
        return operands[0]

    def _pair(self, operator: str, x: Linear, y: Linear) -> Linear:
        build = self._builder
        g = build.gate()
        both = build.aux()
        build.output(both)
        build.zero(Linear.wire(L, g) - x)
        build.zero(Linear.wire(R, g) - y)
        if self._wires:
            left, right = self._wires.worth(x), self._wires.worth(y)
            self._wires.put(L, g, left)
            self._wires.put(R, g, right)
            ((kind, index),) = both.terms
            self._wires.put(kind, index, left * right)
        return both if operator == "and" else x + y - both


def _atom_width(K: int, atom: Atom) -> int:
    """Check an atom and return its digits' bits."""
    if isinstance(atom, GE):
        require_form(K, atom.form, atom.t)
        require_width(atom.width, BASE)
        return atom.width
    if isinstance(atom, EQ):
        require_form(K, atom.form, atom.t)
        return 0
    raise StatementError(f"unknown atom {type(atom).__name__}")


def _count_width(operands: int) -> int:
    """Digits' bits for a count of so many bits, minus a k between 1 and their number."""
    return -(-operands.bit_length() // DIGIT_BITS) * DIGIT_BITS


def _formula_width(node: Formula, atoms: int, depth: int = 0) -> int:
    """Check a formula and return the bits of the digits its at_least nodes need."""
    if depth > MAX_DEPTH:
        raise StatementError(f"formula nested deeper than {MAX_DEPTH}")
    if isinstance(node, bool) or not isinstance(node, (int, tuple, list)):
        raise StatementError("a formula is an atom's index or a tuple")
    if isinstance(node, int):
        if not 0 <= node < atoms:
            raise StatementError(f"atom {node}: there are {atoms}")
        return 0
    width = _require_arity(node)
    first = 2 if node[0] == "at_least" else 1
    return width + sum(_formula_width(operand, atoms, depth + 1) for operand in node[first:])


def _require_arity(node: Sequence[Any]) -> int:
    """Check a node's operator and the number of its operands; return the bits of the digits it needs itself."""
    operator, count = (node[0], len(node) - 1) if node else (None, 0)
    if operator == "at_least":
        k = node[1] if count else 0
        require_integer(k, "at_least's k")
        if not 1 <= k < count:
            raise StatementError(f"at_least {k} of {count - 1} operands")
        return _count_width(count - 1)
    if not isinstance(operator, str) or operator not in _ARITY:
        raise StatementError(f"unknown operator {operator!r}")
    if count not in _ARITY[operator]:
        raise StatementError(f"{operator} of {count} operands")
    return 0
