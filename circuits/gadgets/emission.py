"""Emitting a compound question: gates and rows in the format's order, and the witness by the same steps.

Emission order (part of the format): atoms in order, then certified bounds, then the formula in post-order, operands
left to right, n-ary nodes by pairing neighbours level by level (an odd last one moves up), the clauses' rows, the final
row last. `circuits/notes/gadgets.md` writes out every row.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from circuits.constraints import Builder, Circuit, L, Linear, O, R, V, forms
from circuits.errors import StatementError, WitnessError
from circuits.gadgets import polynomial
from circuits.gadgets.atoms import EQ, GE, Atom, Bands, Bounds, OneOf, require_atom, require_bounds, size
from circuits.gadgets.formula import Formula, at_least_bits, count_strategy, formula_size
from circuits.group.curve import N
from circuits.prover import UNSATISFIED, Wires
from circuits.range import BASE, Form, centred, multiplicities, require_integer, split

HALF = pow(2, -1, N)


class Assignment:
    """Values of all wires, as far as they are known."""

    def __init__(self, values: Sequence[int]) -> None:
        self._wires: dict[tuple[int, int], int] = {(V, k): v for k, v in enumerate(values)}

    def worth(self, value: Linear) -> int:
        """Evaluate a linear combination mod N."""
        wires = self._wires
        return (sum(c * wires[wire] for wire, c in value.terms.items()) + value.const) % N

    def put(self, kind: int, index: int, value: int) -> None:
        """Set a wire."""
        self._wires[kind, index] = value % N

    def finished(self, circuit: Circuit) -> Wires:
        """Return the columns, multiplicities counted."""
        columns = [[0] * circuit.N for _ in range(3)]
        for (kind, index), value in self._wires.items():
            if kind != V:
                columns[kind][index] = value
        if circuit.D:
            columns[O][: circuit.b] = multiplicities(columns[L][: circuit.D], circuit.b)
        return Wires(tuple(columns[L]), tuple(columns[R]), tuple(columns[O]))


Step = Callable[[Assignment], None]


@dataclass(frozen=True, slots=True)
class Emission:
    """A circuit, and the steps that compute all its wires from the committed values."""

    circuit: Circuit
    steps: tuple[Step, ...]

    def wires(self, values: Sequence[int]) -> Wires:
        """Compute the witness.

        Raises:
            WitnessError: the statement does not hold of these values; none is named (the caller's fault).
        """
        if len(values) != self.circuit.K:
            raise WitnessError(f"the statement is about {self.circuit.K} committed values")
        assignment = Assignment(values)
        for step in self.steps:
            step(assignment)
        return assignment.finished(self.circuit)


def emit(
    K: int,
    atoms: Sequence[Atom],
    formula: Formula,
    result: int,
    bounds: Bounds | None = None,
    *,
    clauses: Sequence[int] | None = None,
    base: int = BASE,
) -> Emission:
    """Emit the statement that a formula over hidden bits has a public result; see predicate_circuit."""
    emitter = _Emitter(K, atoms, formula, bounds or {}, base)
    return emitter.closed(formula, result, clauses)


class _Emitter:
    def __init__(self, K: int, atoms: Sequence[Atom], formula: Formula, bounds: Bounds, base: int) -> None:
        require_integer(K, "K")
        require_integer(base, "base")
        if base < 2 or base & (base - 1):
            raise StatementError(f"base {base} is not a power of two")
        for atom in atoms:
            require_atom(K, atom, base)
        require_bounds(K, bounds, base)
        self._base = base
        self._digit_bits = base.bit_length() - 1
        sizes = [size(atom) for atom in atoms]
        bits = sum(cost.bits for cost in sizes)
        width = sum(cost.digit_bits for cost in sizes) + sum(bound.bits for bound in bounds.values())
        width += formula_size(formula, bits, self._digit_bits).digit_bits
        self._builder = Builder(K, base, width // self._digit_bits)
        self._next_digit = 0
        self._steps: list[Step] = []
        self._powers: dict[Form, list[Linear]] = {}
        self._bits: list[Linear] = []
        for atom in atoms:
            self._bits += self._atom(atom)
        for k in sorted(bounds):
            value = Linear.wire(V, k).plus(-bounds[k].low)
            self._builder.zero(self._number(bounds[k].bits, value) - value)

    def closed(self, formula: Formula, result: object, clauses: Sequence[int] | None) -> Emission:
        """Emit the formula and its result, and close the statement."""
        operands, root = self._root(formula)
        if clauses is not None:
            if len(clauses) != len(operands):
                raise StatementError(f"{len(clauses)} clauses are told of {len(operands)}")
            for operand, holds in zip(operands, clauses, strict=True):
                self._told(operand, holds)
        self._told(root, result)
        return Emission(self._builder.circuit(), tuple(self._steps))

    def _told(self, value: Linear, result: object) -> None:
        if result not in {0, 1} or isinstance(result, float):
            raise StatementError("the result must be yes or no")
        difference = value.plus(-1 if result else 0)
        self._builder.zero(difference)

        def require(wires: Assignment) -> None:
            if wires.worth(difference):
                raise WitnessError(UNSATISFIED)

        self._steps.append(require)

    # -- atoms -----------------------------------------------------------------------------------------------------

    def _atom(self, atom: Atom) -> list[Linear]:
        f = forms(atom.form)
        match atom:
            case GE(_, t, width):
                return [self._at_least_zero(f.plus(-t), width)]
            case EQ(_, t):
                return [self._is_zero(f.plus(-t))]
            case OneOf(form, values):
                powers = self._powers.setdefault(form, [Linear(const=1), f])
                return [self._is_zero(self._polynomial(powers, polynomial.vanishing(values)))]
            case Bands(_, cuts, width):
                return self._bands(f, cuts, width)

    def _at_least_zero(self, d: Linear, width: int) -> Linear:
        """Bit * (2d+1) = w + 1 + d with w = bit ? d : -1-d in [0, 2^width); leaving out any row is forgeable."""
        build = self._builder
        B = build.gate()
        bit = Linear.wire(L, B)
        build.output(bit)
        build.zero(bit - Linear.wire(R, B))
        S = build.gate()

        def step(wires: Assignment) -> None:
            difference = centred(wires.worth(d))
            for wire in (L, B), (R, B), (L, S):
                wires.put(*wire, int(difference >= 0))
            wires.put(R, S, 2 * difference + 1)

        self._steps.append(step)
        # The digits are those of d if it is not negative, of -1-d if it is.
        w = self._number(width, d, folded=True)
        build.output(w + Linear.wire(R, S, HALF).plus(HALF))
        build.zero(Linear.wire(L, S) - bit)
        build.zero(Linear.wire(R, S) - d.scaled(2).plus(1))
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

        def step(wires: Assignment) -> None:
            x = wires.worth(q)
            wires.put(L, E1, x)
            wires.put(L, E2, x)
            inverse = pow(x or 1, -1, N)  # made either way: that the two sides are equal should not show in the time
            wires.put(R, E1, inverse if x else 0)
            wires.put(R, E2, int(not x))

        self._steps.append(step)
        return z

    def _bands(self, f: Linear, cuts: Sequence[int], width: int) -> list[Linear]:
        """Bits that are 0 or 1 and sum up to 1, so one is set; f lies between the cuts that it selects."""
        build = self._builder
        bits = []
        for _ in cuts[1:]:
            B = build.gate()
            bits.append(Linear.wire(L, B))
            build.output(bits[-1])
            build.zero(bits[-1] - Linear.wire(R, B))
        one, low, above = Linear(), Linear(), Linear()
        for j, bit in enumerate(bits):
            one, low, above = one + bit, low + bit.scaled(cuts[j]), above + bit.scaled(cuts[j + 1])
        build.zero(one.plus(-1))

        def step(wires: Assignment) -> None:
            value = centred(wires.worth(f))
            for j, bit in enumerate(bits):
                ((_, B),) = bit.terms
                holds = int(cuts[j] <= value < cuts[j + 1])
                wires.put(L, B, holds)
                wires.put(R, B, holds)

        self._steps.append(step)
        for distance in (f - low, above.plus(-1) - f):
            build.zero(self._number(width, distance) - distance)
        return bits

    def _number(self, width: int, value: Linear, *, folded: bool = False) -> Linear:
        """Take digits for a value in [0, 2^width), or, folded, for x or -1-x, whichever is not negative."""
        first, count = self._next_digit, width // self._digit_bits
        self._next_digit += count

        def step(wires: Assignment) -> None:
            x = centred(wires.worth(value))
            x = -1 - x if folded and x < 0 else x
            for i, digit in enumerate(split(x, width, self._base), first):
                wires.put(L, i, digit)

        self._steps.append(step)
        return self._builder.number(width)

    # -- the formula -----------------------------------------------------------------------------------------------

    def _root(self, formula: Formula) -> tuple[list[Linear], Linear]:
        """Emit a formula; return the worth of its outermost operands, and its own."""
        if isinstance(formula, int):
            return [self._bits[formula]], self._bits[formula]
        operator, rest = formula[0], formula[1:]
        if operator == "sum":
            total = Linear(const=rest[0])
            for coefficient, bit in rest[1:]:
                total += self._bits[bit].scaled(coefficient)
            return [total], total
        counted = operator in ("at_least", "count")
        operands = [self._root(x)[1] for x in rest[counted:]]
        return operands, self._joined(operator, rest[0] if counted else None, operands)

    def _joined(self, operator: str, counted: int | tuple[int, ...] | None, operands: list[Linear]) -> Linear:
        total = Linear()
        for operand in operands:
            total += operand
        if isinstance(counted, tuple):
            return self._count(total, frozenset(counted), len(operands))
        if counted is not None:
            width = at_least_bits(len(operands), self._digit_bits)
            return self._at_least_zero(total.plus(-counted), width)
        if operator == "not":
            return operands[0].scaled(-1).plus(1)
        while len(operands) > 1:
            paired = [self._pair(operator, x, y) for x, y in zip(operands[0::2], operands[1::2], strict=False)]
            operands = paired + operands[2 * len(paired) :]
        return operands[0]

    def _count(self, total: Linear, numbers: frozenset[int], count: int) -> Linear:
        strategy = count_strategy(numbers, count)
        value = self._polynomial([Linear(const=1), total], strategy.coefficients)
        if strategy.indicator:
            return value
        hit = self._is_zero(value)
        return hit.scaled(-1).plus(1) if strategy.negated else hit

    def _pair(self, operator: str, x: Linear, y: Linear) -> Linear:
        both = self._product(x, y)
        return both if operator == "and" else x + y - both

    # -- products --------------------------------------------------------------------------------------------------

    def _product(self, x: Linear, y: Linear) -> Linear:
        build = self._builder
        g = build.gate()
        product = build.aux()
        build.output(product)
        build.zero(Linear.wire(L, g) - x)
        build.zero(Linear.wire(R, g) - y)
        ((kind, index),) = product.terms

        def step(wires: Assignment) -> None:
            left, right = wires.worth(x), wires.worth(y)
            wires.put(L, g, left)
            wires.put(R, g, right)
            wires.put(kind, index, left * right)

        self._steps.append(step)
        return product

    def _polynomial(self, powers: list[Linear], coefficients: polynomial.Coefficients) -> Linear:
        """Evaluate sum c_i x^i; powers are those of x that exist (from x^0 on), and grow by what is needed."""
        j = polynomial.best_powers(len(coefficients) - 1)
        while len(powers) <= j:
            powers.append(self._product(powers[-1], powers[1]))
        total: Linear | None = None
        for block in reversed(polynomial.blocks(coefficients, j)):
            value = Linear()
            for c, power in zip(block, powers, strict=False):
                value += power.scaled(c)
            total = value if total is None else self._product(total, powers[j]) + value
        return total or Linear()
