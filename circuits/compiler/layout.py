"""The layout of a plan: which atoms tell its truths, which ranges have to be certified, and in which base.

Choices, each by counting slots: several cuts of one form are bands, or bits of their own; sets of values of one form
are told apart each by itself, or by the parts in which they overlap; the base is the one with the cheapest shape.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from circuits.compiler.plan import Among, Count, Plan, Region
from circuits.constraints import shape
from circuits.errors import StatementError
from circuits.gadgets import EQ, GE, Atom, Bands, Bound, Emission, Formula, OneOf, emit
from circuits.gadgets.atoms import size
from circuits.gadgets.formula import formula_size
from circuits.range import Comparison, Form, certified_width, require_certified

Reach = Mapping[int, tuple[int, int]]
"""Value index -> least and greatest value that the schema allows."""

MOST_DIGIT_BITS = 8
_PAIRED = 3  # up to so many operands, products of pairs are as cheap as counting


@dataclass(frozen=True, slots=True)
class Hidden:
    """A formula over hidden bits is worth result; see circuits.gadgets.predicate_circuit for the fields."""

    K: int
    atoms: tuple[Atom, ...]
    formula: Formula
    result: int
    bounds: tuple[tuple[int, int, int], ...]
    base: int
    clauses: tuple[int, ...] | None = None

    def emit(self) -> Emission:
        """Emit the circuit and the steps of its witness."""
        bounds = {k: Bound(low, bits) for k, low, bits in self.bounds}
        return emit(self.K, self.atoms, self.formula, self.result, bounds, clauses=self.clauses, base=self.base)


Layout = Comparison | Hidden


def lay_out(plan: Plan, reach: Reach) -> Layout:
    """Find the cheapest sound statement that a question, as planned, is answered with YES.

    Args:
        plan: the question.
        reach: the bounds of every value.

    Returns:
        The cheapest, which still may be too large for one proof: emitting it then raises StatementError.
    """
    digit_bits = range(1, MOST_DIGIT_BITS + 1)
    if isinstance(plan, Region) and len(plan.cuts) == 1:
        return min((_comparison(plan, reach, lg) for lg in digit_bits), key=_cost)
    return min((_Hiding(plan, reach, lg).layout() for lg in digit_bits), key=_cost)


def stated(layout: Layout, *, answer: bool, clauses: tuple[bool, ...] | None = None) -> Layout:
    """State another answer, or of a NO also which of the plan's parts hold; the rest stays as it is."""
    if isinstance(layout, Comparison):
        return layout if answer else replace(layout, negated=not layout.negated)
    return replace(layout, result=int(answer), clauses=None if clauses is None else tuple(map(int, clauses)))


def opposite(layout: Layout) -> Layout:
    """State the other answer; of a NO that is told with its reasons, a YES without any."""
    if isinstance(layout, Comparison):
        return replace(layout, negated=not layout.negated)
    return replace(layout, result=1 - layout.result, clauses=None)


def _comparison(plan: Region, reach: Reach, lg: int) -> Comparison:
    """State a comparison without a hidden bit: that d >= 0, or that -1-d >= 0."""
    (t,) = plan.cuts
    bounds = _bounds([plan.form], {}, reach, lg)
    bits = _rounded(certified_width(plan.form, t, reach), lg)
    return Comparison(len(reach), plan.form, t, bits, plan.first, 1 << lg, bounds)


def _cost(layout: Layout) -> tuple[int, int, int]:
    """Weigh a layout: bytes and time as the shape rule weighs them, then slots, then digits."""
    lg = layout.base.bit_length() - 1
    digit_bits = sum(bits for _, _, bits in layout.bounds)
    gates = aux = 0
    if isinstance(layout, Comparison):
        digit_bits += layout.bits
    else:
        sizes = [size(atom) for atom in layout.atoms]
        formula = formula_size(layout.formula, sum(cost.bits for cost in sizes), lg)
        digit_bits += sum(cost.digit_bits for cost in (*sizes, formula))
        gates = sum(cost.gates for cost in (*sizes, formula))
        aux = sum(cost.aux for cost in (*sizes, formula))
    D = digit_bits // lg
    need = max(D + gates, (layout.base if D else 0) + aux, 1)
    try:
        k, n_f, l_f = shape(need)
    except StatementError:
        return 1 << 30, need, D
    return 106 * k + 32 * (n_f + l_f), need, D


class _Hiding:
    """One layout of a plan with hidden bits, in one base."""

    def __init__(self, plan: Plan, reach: Reach, lg: int) -> None:
        self._reach = reach
        self._lg = lg
        self._plan = plan
        self._atoms: list[Atom] = []
        self._next_bit = 0
        self._cut_bits: dict[Form, dict[int, int]] = {}
        self._band_bits: dict[Form, list[tuple[int, int]]] = {}
        self._value_bits: dict[tuple[Form, frozenset[int]], tuple[int, ...]] = {}
        cuts: dict[Form, set[int]] = {}
        sets: dict[Form, dict[frozenset[int], None]] = {}
        for leaf in _leaves(plan):
            if isinstance(leaf, Among):
                sets.setdefault(leaf.form, {})[leaf.values] = None
            elif leaf.cuts:
                cuts.setdefault(leaf.form, set()).update(leaf.cuts)
        for form, listed in cuts.items():
            self._tell_cuts(form, sorted(listed))
        for form, values in sets.items():
            self._tell_values(form, list(values))

    def layout(self) -> Hidden:
        certified: dict[int, tuple[int, int]] = {}
        for atom in self._atoms:
            match atom:
                case GE(((k, 1),), t, width):
                    certified[k] = (t - (1 << width), t + (1 << width))
                case Bands(((k, 1),), cuts):
                    certified[k] = (cuts[0], cuts[-1])
        forms = dict.fromkeys(atom.form for atom in self._atoms if len(atom.form) > 1)
        bounds = _bounds(forms, certified, self._reach, self._lg)
        certified |= {k: (low, low + (1 << bits)) for k, low, bits in bounds}
        for atom in self._atoms:
            if len(atom.form) > 1:
                _require_atom_certified(atom, certified)
        formula = self._formula(self._plan)
        return Hidden(len(self._reach), tuple(self._atoms), formula, 1, bounds, 1 << self._lg)

    # -- atoms -----------------------------------------------------------------------------------------------------

    def _tell_cuts(self, form: Form, cuts: list[int]) -> None:
        single = [GE(form, t, _rounded(certified_width(form, t, self._reach), self._lg)) for t in cuts]
        bands = self._bands(form, cuts)
        if len(cuts) == 1 or self._slots([bands]) >= self._slots(single):
            self._cut_bits[form] = {atom.t: self._take(atom) for atom in single}
        else:
            first = self._take(bands)
            self._band_bits[form] = [(cut, first + j) for j, cut in enumerate(bands.cuts[:-1])]

    def _bands(self, form: Form, cuts: Sequence[int]) -> Bands:
        ends = [sorted((a * self._reach[k][0], a * self._reach[k][1])) for k, a in form]
        least, greatest = (sum(end[i] for end in ends) for i in (0, 1))
        listed = (min(least, cuts[0]), *cuts, max(greatest + 1, cuts[-1]))
        widest = max(above - below for below, above in pairwise(listed))
        return Bands(form, listed, _rounded(max(widest - 1, 1).bit_length(), self._lg))

    def _tell_values(self, form: Form, sets: list[frozenset[int]]) -> None:
        """Tell each set by itself, or the parts in which they overlap, of which each set is a sum."""
        every = sorted(frozenset().union(*sets))
        members: dict[tuple[bool, ...], set[int]] = {}
        for value in every:
            members.setdefault(tuple(value in values for values in sets), set()).add(value)
        parts = [frozenset(part) for part in members.values()]
        if self._slots(_equal(form, part) for part in parts) < self._slots(_equal(form, part) for part in sets):
            taken = {part: self._take(_equal(form, part)) for part in parts}
        else:
            taken = {part: self._take(_equal(form, part)) for part in sets}
        for values in sets:
            own = (values,) if values in taken else tuple(part for part in parts if part <= values)
            self._value_bits[form, values] = tuple(taken[part] for part in own)

    def _take(self, atom: Atom) -> int:
        """Add an atom and return the number of its first bit."""
        first = self._next_bit
        self._atoms.append(atom)
        self._next_bit += size(atom).bits
        return first

    def _slots(self, atoms: Iterable[Atom]) -> int:
        sizes = [size(atom) for atom in atoms]
        return sum(cost.gates + cost.digit_bits // self._lg for cost in sizes)

    # -- the formula -----------------------------------------------------------------------------------------------

    def _formula(self, plan: Plan) -> Formula:
        match plan:
            case Region():
                return self._region(plan)
            case Among(form, values, negated):
                bits = self._value_bits[form, values]
                return _sum(int(negated), [(-1 if negated else 1, bit) for bit in bits])
            case Count(least, parts):
                operands = [self._formula(part) for part in parts]
                if len(parts) <= _PAIRED and least in (1, len(parts)):
                    return ("or" if least == 1 else "and", *operands)
                return ("count", tuple(range(least, len(parts) + 1)), *operands)

    def _region(self, region: Region) -> Formula:
        if region.form in self._band_bits:
            bands = self._band_bits[region.form]
            return _sum(0, [(1, bit) for cut, bit in bands if region.holds(cut)])
        if not region.cuts:
            return ("sum", int(region.first))
        # The bits of the cuts go from 1 to 0 once, so that their alternating sum is the truth itself.
        sign = -1 if region.first else 1
        bits = [self._cut_bits[region.form][cut] for cut in region.cuts]
        return _sum(int(region.first), [(sign * (-1) ** i, bit) for i, bit in enumerate(bits)])


def _sum(const: int, terms: list[tuple[int, int]]) -> Formula:
    if const == 0 and len(terms) == 1 and terms[0][0] == 1:
        return terms[0][1]
    return ("sum", const, *terms)


def _equal(form: Form, values: frozenset[int]) -> Atom:
    listed = tuple(sorted(values))
    return EQ(form, listed[0]) if len(listed) == 1 else OneOf(form, listed)


def _leaves(plan: Plan) -> Iterator[Region | Among]:
    if isinstance(plan, Count):
        for part in plan.parts:
            yield from _leaves(part)
    else:
        yield plan


def _bounds(
    forms: Iterable[Form], certified: Mapping[int, tuple[int, int]], reach: Reach, lg: int
) -> tuple[tuple[int, int, int], ...]:
    """Choose whose ranges to prove, so that every form of several values is one of integers.

    In each form one value with coefficient 1 or -1 may be left out: the widest. See range.require_certified.
    """
    several = [form for form in forms if len(form) > 1]
    chosen = {k for form in several for k, a in form if abs(a) != 1 and k not in certified}
    for form in several:
        loose = [k for k, _ in form if k not in certified and k not in chosen]
        loose.sort(key=lambda k: (reach[k][0] - reach[k][1], k))
        chosen.update(loose[1:])
    return tuple((k, reach[k][0], _rounded((reach[k][1] - reach[k][0]).bit_length(), lg)) for k in sorted(chosen))


def _require_atom_certified(atom: Atom, certified: Mapping[int, tuple[int, int]]) -> None:
    match atom:
        case GE(form, t, width):
            require_certified(form, t, width, certified)
        case EQ(form, t):
            require_certified(form, t, 0, certified)
        case OneOf(form, values):
            require_certified(form, max(map(abs, values)), 0, certified)
        case Bands(form, cuts, width):
            require_certified(form, max(map(abs, cuts)), width, certified)


def _rounded(bits: int, lg: int) -> int:
    return -(-bits // lg) * lg
