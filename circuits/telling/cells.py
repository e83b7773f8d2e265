"""A question cut into cells: pieces of each attribute and each form on which every comparison is constant.

Attributes that meet in a form of several belong to one group; groups have nothing in common but the formula. Within a
group a box is one cell of each attribute and one of each form; it may be empty, which shadows.py finds out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import gcd

from circuits import calendar
from circuits.attributes import Attributes
from circuits.predicate import nodes
from circuits.predicate.nodes import Age, Among, Atom, Compare, Flag, Form, Member, Operator
from circuits.telling.intervals import Interval, Intervals, clipped, complement
from circuits.telling.shadows import Inequality


@dataclass(frozen=True, slots=True)
class Cell:
    """Consecutive values, and which comparisons hold there, as a mask."""

    interval: Interval
    holding: int


@dataclass(frozen=True, slots=True)
class Box:
    """One cell of each of a group's attributes, and one of each of its forms."""

    attributes: tuple[Cell, ...]
    forms: tuple[Cell, ...]

    @property
    def holding(self) -> int:
        """The comparisons that hold in it, as a mask; each belongs to one attribute or to one form."""
        return sum(cell.holding for cell in (*self.attributes, *self.forms))


@dataclass(frozen=True, slots=True)
class Group:
    """Attributes that meet in forms, or one attribute alone.

    Attributes:
        names: the attributes.
        forms: of several attributes each, without common divisor.
        attribute_cells, form_cells: theirs, ascending.
        among: its comparisons, as a mask.
    """

    names: tuple[str, ...]
    forms: tuple[Form, ...]
    attribute_cells: tuple[tuple[Cell, ...], ...]
    form_cells: tuple[tuple[Cell, ...], ...]
    among: int

    def boxes(self) -> Iterator[Box]:
        """List the boxes, without those whose form's cell is out of reach of its attributes' cells."""
        for cells in product(*self.attribute_cells):
            reaches = [reach(form, self._intervals(form, cells)) for form in self.forms]
            within = [
                [cell for cell in listed if cell.interval[0] <= high and low <= cell.interval[1]]
                for listed, (low, high) in zip(self.form_cells, reaches, strict=True)
            ]
            for chosen in product(*within):
                yield Box(cells, chosen)

    def inequalities(self, box: Box) -> list[Inequality]:
        """Write a box as a system over the group's attributes, in their order."""
        system: list[Inequality] = []
        size = len(self.names)
        for i, cell in enumerate(box.attributes):
            unit = tuple(int(i == j) for j in range(size))
            system += _between(unit, cell.interval)
        for form, cell in zip(self.forms, box.forms, strict=True):
            coefficients = {name: coefficient for coefficient, name in form}
            system += _between(tuple(coefficients.get(name, 0) for name in self.names), cell.interval)
        return system

    def _intervals(self, form: Form, cells: Sequence[Cell]) -> list[Interval]:
        return [cells[self.names.index(name)].interval for _, name in form]


def reach(form: Form, intervals: Sequence[Interval]) -> Interval:
    """Bound a form, given bounds of its attributes in its own order."""
    ends = [sorted((a * low, a * high)) for (a, _), (low, high) in zip(form, intervals, strict=True)]
    return sum(low for low, _ in ends), sum(high for _, high in ends)


def reduced(form: Form) -> Form:
    """Divide a form by its coefficients' common divisor."""
    divisor = gcd(*(coefficient for coefficient, _ in form))
    return tuple((coefficient // divisor, name) for coefficient, name in form)


def groups(atoms: Sequence[Atom], schema: Attributes, as_of: int) -> list[Group]:
    """Cut a question's comparisons into groups; their places in the list number them in every mask."""
    bounds = {name: (schema.attribute(name).minimum, schema.attribute(name).maximum) for name in _names(atoms)}
    cuts: dict[Form, list[tuple[int, Intervals]]] = {((1, name),): [] for name in bounds}
    together = {name: {name} for name in bounds}
    for j, atom in enumerate(atoms):
        form = reduced(atom.form) if isinstance(atom, Compare) else ((1, atom.attribute),)
        limits = reach(form, [bounds[name] for _, name in form])
        cuts.setdefault(form, []).append((1 << j, solutions(atom, limits, as_of)))
        joined = set().union(*(together[name] for _, name in form))
        together.update(dict.fromkeys(joined, joined))
    cells = {form: _cells(reach(form, [bounds[name] for _, name in form]), found) for form, found in cuts.items()}
    found: list[Group] = []
    for names in dict.fromkeys(tuple(name for name in bounds if name in together[first]) for first in bounds):
        own = [form for form in cuts if {name for _, name in form} <= set(names)]
        forms = tuple(form for form in own if len(form) > 1)
        among = sum(bit for form in own for bit, _ in cuts[form])
        attribute_cells = tuple(cells[((1, name),)] for name in names)
        found.append(Group(names, forms, attribute_cells, tuple(cells[form] for form in forms), among))
    return found


def solutions(atom: Atom, bounds: Interval, as_of: int) -> Intervals:
    """List the values within bounds, of the atom's attribute or of its reduced form, for which it holds."""
    match atom:
        case Compare(operator, form, constant):
            divisor = gcd(*(coefficient for coefficient, _ in form))
            low, high = -(-constant // divisor), constant // divisor
        case Age(operator, _, years):  # born on day x, the age is `years` exactly when low <= x <= high
            low, high = calendar.latest_birth(as_of, years + 1) + 1, calendar.latest_birth(as_of, years)
            operator = operator.mirrored
        case Flag():
            return clipped([(1, 1)], bounds)
        case Member(_, _, numbers) | Among(_, numbers, _):
            return clipped([(number, number) for number in numbers], bounds)
    return _ordered(operator, low, high, bounds)


def _ordered(operator: Operator, low: int, high: int, bounds: Interval) -> Intervals:
    """Solve `x operator t` where low..high is what equals t, one value or a span or nothing."""
    match operator:
        case Operator.LT:
            return clipped([(bounds[0], low - 1)], bounds)
        case Operator.LE:
            return clipped([(bounds[0], high)], bounds)
        case Operator.GT:
            return clipped([(high + 1, bounds[1])], bounds)
        case Operator.GE:
            return clipped([(low, bounds[1])], bounds)
        case Operator.EQ:
            return clipped([(low, high)], bounds)
    return complement(clipped([(low, high)], bounds), bounds)


def _cells(bounds: Interval, cuts: Sequence[tuple[int, Intervals]]) -> tuple[Cell, ...]:
    toggles: dict[int, int] = {bounds[0]: 0}
    for bit, intervals in cuts:
        for low, high in intervals:
            toggles[low] = toggles.get(low, 0) ^ bit
            toggles[high + 1] = toggles.get(high + 1, 0) ^ bit
    toggles.pop(bounds[1] + 1, None)
    starts = sorted(toggles)
    found, holding = [], 0
    for start, end in zip(starts, [*starts[1:], bounds[1] + 1], strict=True):
        holding ^= toggles[start]
        found.append(Cell((start, end - 1), holding))
    return tuple(found)


def _names(atoms: Sequence[Atom]) -> tuple[str, ...]:
    return nodes.names(nodes.And(tuple(atoms)))


def _between(coefficients: tuple[int, ...], interval: Interval) -> list[Inequality]:
    low, high = interval
    return [(coefficients, -low), (tuple(-c for c in coefficients), high)]
