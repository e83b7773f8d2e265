"""The remainders of a question: for each attribute and form, exactly the values that an answer leaves possible.

The set of all people for whom the answer is so is projected on every attribute, starting from the schema's bounds: not
from what anybody may have learnt before, which is for whoever keeps such a ledger to intersect. The formula's truth
table, restricted to what each group of attributes can do, says which cells stay possible; within a group that has forms
the cells of a box are narrowed further by their shadows.

Work: tables of 2^comparisons bits (at most 2^16), at most MAX_BOXES boxes for a group with forms, and at most
shadows.MAX_STEPS elimination steps for a question. A remainder that this does not settle is not worked out: its
intervals are None. One of a question without forms of several attributes is always settled.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from circuits.attributes import Attributes
from circuits.errors import StatementError
from circuits.predicate import nodes
from circuits.predicate.nodes import Form
from circuits.predicate.question import Predicate
from circuits.telling.cells import Box, Cell, Group, groups, reach
from circuits.telling.intervals import Interval, Intervals, count, united
from circuits.telling.shadows import Budget, Shadow, TooMuchWorkError, shadow
from circuits.telling.truth import MAX_ATOMS, Tables

MAX_BOXES = 1024


@dataclass(frozen=True, slots=True)
class Remainder:
    """What stays possible of one attribute, or of one linear form of several.

    Attributes:
        form: ((1, attribute),), or a form without common divisor.
        bounds: of the schema, encoded (circuits.values), both ends inside; for a form what its attributes' allow.
        intervals: closed, encoded, ascending, disjoint and never touching. An attribute's values in them, and no
            others, are those of people with this answer. For a form they are the ranges between the question's own
            thresholds that have at least one such person in them, joined where they touch. Empty if nobody can have
            the answer; None if not worked out.
    """

    form: Form
    bounds: Interval
    intervals: Intervals | None

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes it is about."""
        return tuple(name for _, name in self.form)

    @property
    def untouched(self) -> bool:
        """Whether every value stays possible: then the answer alone tells nothing here."""
        return self.intervals == (self.bounds,)

    @property
    def possible(self) -> int | None:
        """How many values stay possible; None if that is not worked out."""
        return None if self.intervals is None else count(self.intervals)


@dataclass(frozen=True, slots=True)
class Telling:
    """What one answer to a question tells.

    Attributes:
        answer: True for YES.
        somebody: whether anybody within the schema's bounds has this answer; None if not worked out.
        remainders: of the attributes in the order of first use, then of the forms of several.
    """

    answer: bool
    somebody: bool | None
    remainders: tuple[Remainder, ...]


def telling(predicate: Predicate, schema: Attributes, *, as_of: int, answer: bool) -> Telling:
    """Work out what an answer tells someone who knew only the schema.

    Args:
        predicate: the question.
        schema: the schema it was typed under.
        as_of: day number at which ages are counted.
        answer: True for YES.

    Raises:
        StatementError: typed under another schema, or more comparisons than the language allows (the caller's fault).
    """
    return _Question(predicate, schema, as_of, answer).telling()


def example(predicate: Predicate, schema: Attributes, *, as_of: int, answer: bool) -> dict[str, int] | None:
    """Make up a person with an answer: an encoded value for every attribute of the question.

    Returns:
        The values, or None: nobody has this answer, or none was found within the same bounds of work.

    Raises:
        StatementError: as telling.
    """
    return _Question(predicate, schema, as_of, answer).example()


@dataclass(slots=True)
class _Projected:
    """A box with what its attributes can be.

    Attributes:
        box: which.
        sure, most: for each attribute the values that certainly, and that at most, occur; None for a box that
            certainly, or possibly, has no person in it.
        point: somebody in it, if that is sure.
    """

    box: Box
    sure: tuple[Interval, ...] | None
    most: tuple[Interval, ...] | None
    point: tuple[int, ...] | None


@dataclass(slots=True)
class _Worked:
    """A group with its boxes, and the rows of the truth table that it certainly, and that it at most, allows."""

    group: Group
    boxes: list[_Projected]
    complete: bool
    sure: int = 0
    most: int = 0
    rows: dict[int, int] = field(default_factory=dict)


class _Question:
    def __init__(self, predicate: Predicate, schema: Attributes, as_of: int, answer: bool) -> None:  # noqa: FBT001  # whose telling it is
        if predicate.schema_digest != schema.digest:
            raise StatementError("the question was typed under another schema")
        atoms = tuple(dict.fromkeys(nodes.atoms(predicate.ast)))
        if len(atoms) > MAX_ATOMS:
            raise StatementError(f"a question has at most {MAX_ATOMS} comparisons")
        self.predicate = predicate
        self.schema = schema
        self.answer = answer
        self.tables = Tables(len(atoms))
        table = self.tables.of(predicate.ast, {atom: j for j, atom in enumerate(atoms)})
        self.wanted = table if answer else self.tables.all ^ table
        self.budget = Budget()
        self.groups = [self._worked(group) for group in groups(atoms, schema, as_of)]

    def telling(self) -> Telling:
        sure, most = self._joint(sure=True), self._joint(sure=False)
        known: dict[Form, Intervals | None] = {}
        bounds: dict[Form, Interval] = {}
        for worked in self.groups:
            for form, interval, certain, possible in self._remainders(worked):
                known[form] = certain if certain == possible else None
                bounds[form] = interval
        single: list[Form] = [((1, name),) for name in self.predicate.attributes]
        several = [form for form in known if len(form) > 1]
        remainders = tuple(Remainder(form, bounds[form], known[form]) for form in (*single, *several))
        somebody = True if sure else None if most else False
        return Telling(self.answer, somebody, remainders)

    def example(self) -> dict[str, int] | None:
        rows = self._joint(sure=True)
        if not rows:
            return None
        row = (rows & -rows).bit_length() - 1
        person: dict[str, int] = {}
        for worked in self.groups:
            holding = row & worked.group.among
            found = next(each for each in worked.boxes if each.point and each.box.holding == holding)
            person.update(zip(worked.group.names, found.point or (), strict=True))
        return person

    def _joint(self, *, sure: bool, but: _Worked | None = None) -> int:
        """Tabulate the rows with the answer that all groups, or all but one, allow."""
        rows = self.wanted
        for worked in self.groups:
            if worked is not but:
                rows &= worked.sure if sure else worked.most
        return rows

    def _worked(self, group: Group) -> _Worked:
        listed = group.boxes()
        boxes = list(islice(listed, MAX_BOXES)) if group.forms else list(listed)
        worked = _Worked(group, [], complete=next(listed, None) is None)
        for box in boxes:
            if box.holding not in worked.rows:
                worked.rows[box.holding] = self.tables.rows(box.holding, group.among)
            rows = worked.rows[box.holding]
            if not self.wanted & rows:
                continue
            projected = self._projected(group, box)
            worked.boxes.append(projected)
            worked.sure |= rows if projected.sure else 0
            worked.most |= rows if projected.most else 0
        if not worked.complete:
            worked.most = self.tables.all
        return worked

    def _projected(self, group: Group, box: Box) -> _Projected:
        cells = tuple(cell.interval for cell in box.attributes)
        if not group.forms:
            return _Projected(box, cells, cells, tuple(low for low, _ in cells))
        system = group.inequalities(box)
        sure: list[Shadow] = []
        most: list[Interval] = []
        try:
            for i in range(len(cells)):
                real = shadow(system, i, dark=False, budget=self.budget)
                if real.interval is None:
                    return _Projected(box, None, None, None)
                most.append(real.interval)
                sure.append(real if real.exact else shadow(system, i, dark=True, budget=self.budget))
        except TooMuchWorkError:
            return _Projected(box, None, cells, None)
        # A dark shadow may be empty on one attribute and not on another: then somebody is there all the same.
        known = [each for each in sure if each.interval is not None]
        if not known:
            return _Projected(box, None, tuple(most), None)
        place = next(i for i, each in enumerate(sure) if each is known[0])
        point = known[0].point(place, len(cells))
        intervals = tuple(each.interval or (x, x) for each, x in zip(sure, point, strict=True))
        return _Projected(box, intervals, tuple(most), point)

    def _remainders(self, worked: _Worked) -> Iterator[tuple[Form, Interval, Intervals, Intervals]]:
        """List (form, bounds, values that are sure, values at most) of a group's attributes and forms."""
        group = worked.group
        certain = self._possible(worked, sure=True)
        at_most = self._possible(worked, sure=False)
        schema = [self.schema.attribute(name) for name in group.names]
        bounds = {attribute.name: (attribute.minimum, attribute.maximum) for attribute in schema}
        for i, name in enumerate(group.names):
            sure = united(each.sure[i] for each in certain if each.sure)
            most = united(each.most[i] for each in at_most if each.most)
            yield ((1, name),), bounds[name], sure, most if worked.complete else united([bounds[name]])
        for i, form in enumerate(group.forms):
            whole = reach(form, [bounds[name] for _, name in form])
            sure = _cells(each.box.forms[i] for each in certain)
            most = _cells(each.box.forms[i] for each in at_most)
            yield form, whole, sure, most if worked.complete else united([whole])

    def _possible(self, worked: _Worked, *, sure: bool) -> list[_Projected]:
        """List the boxes that, with something of all other groups, certainly or possibly have the answer."""
        joint = self._joint(sure=sure, but=worked)
        boxes = (each for each in worked.boxes if (each.sure if sure else each.most))
        return [each for each in boxes if joint & worked.rows[each.box.holding]]


def _cells(cells: Iterator[Cell]) -> Intervals:
    return united(cell.interval for cell in cells)
