"""The cells of what is known: the smallest sets of people that all the cuts together can tell apart.

Attributes that meet in a form are looked at together, all others alone. An attribute alone is cut into pieces. A group
is cut into boxes, one piece of each attribute and of each form, of which those are left in which somebody can be; in a
box an attribute has as many values as the box's shadow on it (circuits.telling.shadows).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product

from circuits.attributes import Attributes
from circuits.leakage.cuts import alone, pieces
from circuits.leakage.knowledge import Knowledge
from circuits.predicate.nodes import Form
from circuits.telling.cells import reach
from circuits.telling.intervals import Interval
from circuits.telling.shadows import Budget, Inequality, TooMuchWorkError, shadow

MAX_BOXES = 1024


@dataclass(frozen=True, slots=True)
class Group:
    """Attributes that meet in forms (or one alone), and the forms."""

    names: tuple[str, ...]
    forms: tuple[Form, ...]


@dataclass(frozen=True, slots=True)
class Box:
    """A piece of each attribute and of each form of a group, in which somebody can be.

    Attributes:
        group: whose.
        attributes, forms: the pieces, in the group's order.
        most: what of each attribute's piece can occur at most.
        widths: how many values of each attribute surely occur.
    """

    group: Group
    attributes: tuple[Interval, ...]
    forms: tuple[Interval, ...]
    most: tuple[Interval, ...]
    widths: tuple[int, ...]


def groups(forms: Mapping[Form, object]) -> list[Group]:
    """Put together what meets in forms of several attributes."""
    together: dict[str, set[str]] = {}
    for form in forms:
        joined = {name for _, name in form}.union(*(together.get(name, {name}) for _, name in form))
        together.update(dict.fromkeys(joined, joined))
    members = dict.fromkeys(tuple(sorted(names)) for names in together.values())
    return [
        Group(names, tuple(sorted(form for form in forms if len(form) > 1 and {n for _, n in form} <= set(names))))
        for names in members
    ]


def boxes(group: Group, known: Knowledge, schema: Attributes, budget: Budget) -> Iterator[Box]:
    """List a group's boxes that somebody can be in, given what stays possible.

    Raises:
        TooMuchWorkError: there are more than MAX_BOXES, or their shadows take more than the budget.
    """
    cells = [pieces(known.left(alone(name), schema), known.cuts.get(alone(name), ())) for name in group.names]
    if not group.forms:
        for (piece,) in product(*cells):
            yield Box(group, (piece,), (), (piece,), (piece[1] - piece[0] + 1,))
        return
    candidates = _candidates(group, cells, known, schema)
    for attributes, forms in islice(candidates, MAX_BOXES):
        projected = _projected(group, attributes, forms, budget)
        if projected is not None:
            yield Box(group, attributes, forms, *projected)
    if next(candidates, None) is not None:
        raise TooMuchWorkError


def _candidates(
    group: Group, cells: list[list[Interval]], known: Knowledge, schema: Attributes
) -> Iterator[tuple[tuple[Interval, ...], tuple[Interval, ...]]]:
    strips = [pieces(known.left(form, schema), known.cuts.get(form, ())) for form in group.forms]
    for attributes in product(*cells):
        placed = dict(zip(group.names, attributes, strict=True))
        reaches = [reach(form, [placed[name] for _, name in form]) for form in group.forms]
        near = [
            [strip for strip in listed if strip[0] <= high and low <= strip[1]]
            for listed, (low, high) in zip(strips, reaches, strict=True)
        ]
        for forms in product(*near):
            yield attributes, forms


def _projected(
    group: Group, attributes: tuple[Interval, ...], forms: tuple[Interval, ...], budget: Budget
) -> tuple[tuple[Interval, ...], tuple[int, ...]] | None:
    """Project a box on each attribute: at most, and how many values surely; None if surely nobody is in it."""
    system: list[Inequality] = []
    for i, piece in enumerate(attributes):
        system += _between(tuple(int(i == j) for j in range(len(attributes))), piece)
    for form, strip in zip(group.forms, forms, strict=True):
        coefficients = {name: coefficient for coefficient, name in form}
        system += _between(tuple(coefficients.get(name, 0) for name in group.names), strip)
    most: list[Interval] = []
    widths: list[int] = []
    for i in range(len(attributes)):
        real = shadow(system, i, dark=False, budget=budget)
        if real.interval is None:
            return None
        sure = real if real.exact else shadow(system, i, dark=True, budget=budget)
        most.append(real.interval)
        widths.append(0 if sure.interval is None else sure.interval[1] - sure.interval[0] + 1)
    return tuple(most), tuple(widths)


def _between(coefficients: tuple[int, ...], interval: Interval) -> list[Inequality]:
    low, high = interval
    return [(coefficients, -low), (tuple(-c for c in coefficients), high)]
