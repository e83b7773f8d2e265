"""The strongest reader there could be: it is told how every comparison of every question comes out that was paid for.

What that leaves is an interval of an attribute alone, or a polygon in the plane of debt and net worth, cut with exact
fractions: nothing here is computed by the rules.
"""

from fractions import Fraction

from people import PLANE, SCHEMA

from circuits import calendar
from circuits import predicate as predicates
from circuits.predicate import Predicate, nodes


class Reader:
    """What is left of one person's attributes."""

    def __init__(self):
        self.before = []
        self.intervals = {name: _bounds(name) for name in ("debt", "net_worth", "salary", "date_of_birth")}
        self.polygon = _plane()

    def hear(self, predicate, values, day):
        """Be told of every comparison of a question."""
        for atom in set(nodes.atoms(predicate.ast)):
            alone = Predicate("a comparison", atom, SCHEMA.digest)
            holds = predicates.evaluate(alone, values, day)
            if isinstance(atom, nodes.Age):
                latest = calendar.latest_birth(day, atom.years)
                self._narrow("date_of_birth", *((None, latest) if holds else (latest + 1, None)))
            elif isinstance(atom, nodes.Member):
                if holds:
                    self._narrow(atom.attribute, values[atom.attribute], values[atom.attribute])
            elif isinstance(atom, nodes.Compare):
                self._compare(atom, values)

    def renew(self, changed):
        """One attribute has another value from now on; of the others everything stays known."""
        self.before.append({name: self._across(name) for name in PLANE if name != changed})
        self.intervals[changed] = _bounds(changed)
        self.polygon = _plane()

    def left(self, name):
        """The values it cannot tell from the person's: lowest and highest."""
        ends = [self._across(name), *(each[name] for each in self.before if name in each)]
        return max(low for low, _ in ends), min(high for _, high in ends)

    def knew(self, predicate, values, day, answer):
        """Whether an answer that was said to follow is the same at both ends of what is left of its one attribute."""
        names = [name for name in predicate.attributes if name in self.intervals]
        changed = ({name: end} for name in names for end in self.left(name))
        return len(names) > 1 or all(predicates.evaluate(predicate, values | each, day) == answer for each in changed)

    def _across(self, name):
        low, high = self.intervals[name]
        if name in PLANE:
            across = [point[PLANE.index(name)] for point in self.polygon]
            low, high = max(low, -(-min(across) // 1)), min(high, max(across) // 1)
        return int(low), int(high)

    def _compare(self, atom, values):
        """Which side of the comparison's constant, or on it."""
        total = sum(a * values[name] for a, name in atom.form)
        symbol = atom.operator.symbol
        if symbol in ("==", "!="):
            if total == atom.constant:
                self._between(atom.form, atom.constant, atom.constant)
            return
        low = symbol in ("<=", ">")  # whether the constant itself lies on the low side
        edge = atom.constant if low else atom.constant - 1
        self._between(atom.form, *((None, edge) if total <= edge else (edge + 1, None)))

    def _between(self, form, low, high):
        if len(form) == 1:
            ((a, name),) = form
            self._narrow(name, None if low is None else -(-low // a), None if high is None else high // a)
        coefficients = {name: a for a, name in form}
        if set(coefficients) <= set(PLANE):
            line = tuple(Fraction(coefficients.get(name, 0)) for name in PLANE)
            if low is not None:
                self.polygon = clip(self.polygon, line, Fraction(low))
            if high is not None:
                self.polygon = clip(self.polygon, tuple(-c for c in line), Fraction(-high))

    def _narrow(self, name, low, high):
        left = self.intervals[name]
        if low is not None:
            left[0] = max(left[0], low)
        if high is not None:
            left[1] = min(left[1], high)


def clip(polygon, line, least):
    """The part of a convex polygon in which a x + b y >= least."""
    a, b = line
    kept = []
    for (x0, y0), (x1, y1) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        here, there = a * x0 + b * y0 - least, a * x1 + b * y1 - least
        if here >= 0:
            kept.append((x0, y0))
        if here * there < 0:
            t = here / (here - there)
            kept.append((x0 + t * (x1 - x0), y0 + t * (y1 - y0)))
    return kept


def _bounds(name):
    attribute = SCHEMA.attribute(name)
    return [attribute.minimum, attribute.maximum]


def _plane():
    (x0, x1), (y0, y1) = (_bounds(name) for name in PLANE)
    return [(Fraction(x), Fraction(y)) for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))]
