"""The cells of what is known: the smallest sets of people that all the cuts together can tell apart.

Attributes that meet in a form are looked at together, all others alone. An attribute alone is cut into pieces. A group
is cut into boxes, one piece of each attribute and of each form, of which those are left in which somebody can be; in a
box an attribute has as many values as the box's shadow on it (circuits.telling.shadows).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product

from circuits.attributes import Attributes
from circuits.leakage.cuts import alone, pieces
from circuits.leakage.knowledge import Knowledge
from circuits.predicate.nodes import Form
from circuits.telling.cells import reach
from circuits.telling.intervals import Interval
from circuits.telling.shadows import MAX_STEPS, Budget, Inequality, TooMuchWorkError, shadow

MAX_BOXES = 1024
MAX_SHADOWS = 256


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
        sure: what of each attribute's piece surely occurs; None: perhaps nothing.
    """

    group: Group
    attributes: tuple[Interval, ...]
    forms: tuple[Interval, ...]
    most: tuple[Interval, ...]
    sure: tuple[Interval | None, ...]


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
            yield Box(group, (piece,), (), (piece,), (piece,))
        return
    candidates = _candidates(group, cells, known, schema)
    for attributes, forms in islice(candidates, MAX_BOXES):
        projected, steps = _projected(group, attributes, forms)
        budget.spend(steps)
        if projected is not None:
            yield Box(group, attributes, forms, *projected)
    if next(candidates, None) is not None:
        raise TooMuchWorkError


def narrowest(found: Iterable[Box], place: int, *, paired: bool) -> int:
    """Count the values of an attribute that are surely left to whoever is in any of the boxes.

    Args:
        found: a group's boxes.
        place: the attribute's, in the group.
        paired: whether somebody may have been in several of the boxes, one after the other, with the same value of the
            attribute. Then it lies in all their shadows at once; how far these overlap, two of them determine.

    Raises:
        TooMuchWorkError: there are too many different shadows to compare.
    """
    if not paired:
        return min((_width(box.sure[place]) for box in found), default=1)
    shadows = dict.fromkeys((box.most[place], box.sure[place]) for box in found)
    if len(shadows) > MAX_SHADOWS:
        raise TooMuchWorkError
    return min(_overlaps(sorted(shadows, key=lambda each: each[0])), default=1)


def _overlaps(shadows: Sequence[tuple[Interval, Interval | None]]) -> Iterator[int]:
    """Of each two, ascending, whose real shadows meet, and of each alone: how much the sure ones have in common."""
    for number, (most, sure) in enumerate(shadows):
        for other, theirs in islice(shadows, number, None):
            if other[0] > most[1]:
                break
            yield _width(_common(sure, theirs))


def _common(a: Interval | None, b: Interval | None) -> Interval | None:
    if a is None or b is None or max(a[0], b[0]) > min(a[1], b[1]):
        return None
    return max(a[0], b[0]), min(a[1], b[1])


def _width(interval: Interval | None) -> int:
    return 0 if interval is None else interval[1] - interval[0] + 1


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


@lru_cache(maxsize=4096)
def _projected(
    group: Group, attributes: tuple[Interval, ...], forms: tuple[Interval, ...]
) -> tuple[tuple[tuple[Interval, ...], tuple[Interval | None, ...]] | None, int]:
    """Project a box on each attribute: what occurs at most, and what surely; None if surely nobody is in it.

    Beside it, the work that it takes: that is counted each time, so that whether there is too much of it does not
    depend on what else was asked meanwhile.
    """
    budget = Budget()
    system: list[Inequality] = []
    for i, piece in enumerate(attributes):
        system += _between(tuple(int(i == j) for j in range(len(attributes))), piece)
    for form, strip in zip(group.forms, forms, strict=True):
        coefficients = {name: coefficient for coefficient, name in form}
        system += _between(tuple(coefficients.get(name, 0) for name in group.names), strip)
    most: list[Interval] = []
    sure: list[Interval | None] = []
    for i in range(len(attributes)):
        real = shadow(system, i, dark=False, budget=budget)
        if real.interval is None:
            return None, MAX_STEPS - budget.steps
        most.append(real.interval)
        sure.append(real.interval if real.exact else shadow(system, i, dark=True, budget=budget).interval)
    return (tuple(most), tuple(sure)), MAX_STEPS - budget.steps


def _between(coefficients: tuple[int, ...], interval: Interval) -> list[Inequality]:
    low, high = interval
    return [(coefficients, -low), (tuple(-c for c in coefficients), high)]
