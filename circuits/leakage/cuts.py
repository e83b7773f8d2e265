"""Cuts: the places where a question separates the values of an attribute, or of a linear form of several.

A cut c lies between c - 1 and c. Whatever a question combines its comparisons to, and whatever the answer, nobody can
learn more of a value from it than on which side of each of its cuts the value lies. Two questions about the same cut
tell the same twice.
"""

from collections.abc import Mapping
from functools import lru_cache

from circuits.attributes import Attributes
from circuits.predicate import nodes
from circuits.predicate.nodes import Atom, Compare, Form
from circuits.predicate.question import Predicate
from circuits.telling.cells import reach, reduced, solutions
from circuits.telling.intervals import Interval, Intervals

Cuts = tuple[int, ...]
"""Ascending."""


@lru_cache(maxsize=1024)
def cuts_of(predicate: Predicate, schema: Attributes, as_of: int) -> Mapping[Form, Cuts]:
    """List a question's cuts by attribute, `((1, name),)`, and by form without common divisor.

    Lenders ask the same ones over and over: do not change what is returned.

    Args:
        predicate: the question.
        schema: what it was typed under.
        as_of: day number at which ages are counted; the same age another day is another cut.
    """
    found: dict[Form, set[int]] = {}
    for atom in nodes.atoms(predicate.ast):
        form = form_of(atom)
        bounds = bounds_of(form, schema)
        for low, high in solutions(atom, bounds, as_of):
            found.setdefault(form, set()).update(c for c in (low, high + 1) if bounds[0] < c <= bounds[1])
    return {form: tuple(sorted(cuts)) for form, cuts in found.items() if cuts}


def form_of(atom: Atom) -> Form:
    """What a comparison is about."""
    return reduced(atom.form) if isinstance(atom, Compare) else alone(atom.attribute)


def alone(name: str) -> Form:
    """The form of one attribute."""
    return ((1, name),)


def bounds_of(form: Form, schema: Attributes) -> Interval:
    """What the schema allows, both ends inside; of a form, what its attributes' bounds allow."""
    attributes = [schema.attribute(name) for _, name in form]
    return reach(form, [(attribute.minimum, attribute.maximum) for attribute in attributes])


def pieces(intervals: Intervals, cuts: Cuts) -> list[Interval]:
    """Cut intervals up."""
    found: list[Interval] = []
    for low, high in intervals:
        start = low
        for cut in cuts:
            if start < cut <= high:
                found.append((start, cut - 1))
                start = cut
        found.append((start, high))
    return found
