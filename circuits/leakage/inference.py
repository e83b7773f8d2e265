"""What an answer adds to what is known, and whether it adds anything: a question read by someone who knows something.

The comparisons of a question fall into rows of a truth table, as in circuits.telling; here the rows are only those that
what is known leaves possible. If all of them give the same answer, the answer follows: anyone could have given it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from circuits.attributes import Attributes
from circuits.leakage.arrangement import Box, Group, boxes, groups
from circuits.leakage.cuts import Cuts, alone, bounds_of, cuts_of, form_of
from circuits.leakage.knowledge import Knowledge
from circuits.predicate import nodes
from circuits.predicate.clauses import clauses as clauses_of
from circuits.predicate.nodes import Form
from circuits.predicate.question import Predicate
from circuits.telling.cells import solutions
from circuits.telling.intervals import Intervals, common, complement, united
from circuits.telling.shadows import Budget, TooMuchWorkError
from circuits.telling.truth import Tables

_Sides = tuple[Intervals, Intervals]
"""The values for which a question does not hold, and those for which it does."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question as it is for every reader.

    Attributes:
        places: its comparisons, numbered.
        holding: of each what it is about, and where it holds.
        cuts: by what they are about.
        groups: what meets in forms.
    """

    places: Mapping[nodes.Atom, int]
    holding: Mapping[nodes.Atom, tuple[Form, Intervals]]
    cuts: Mapping[Form, Cuts]
    groups: tuple[Group, ...]


@lru_cache(maxsize=1024)
def _asked(predicate: Predicate, schema: Attributes, as_of: int) -> _Asked:
    """Take a question apart; lenders ask the same ones over and over."""
    atoms = tuple(dict.fromkeys(nodes.atoms(predicate.ast)))
    holding = {
        atom: (form, solutions(atom, bounds_of(form, schema), as_of)) for atom in atoms for form in [form_of(atom)]
    }
    about = dict.fromkeys(form for form, _ in holding.values())
    places = {atom: place for place, atom in enumerate(atoms)}
    return _Asked(places, holding, cuts_of(predicate, schema, as_of), tuple(groups(about)))


@dataclass(frozen=True, slots=True)
class _Seen:
    """A group's boxes as this reader sees them: each with the rows of the truth table in which it lies."""

    boxes: tuple[tuple[Box, int], ...]
    rows: int


class Reading(Protocol):
    """A question, read by someone who knows something."""

    @property
    def answer(self) -> bool | None:
        """The answer, if it follows from what is known; else None."""
        ...

    @property
    def clauses(self) -> tuple[bool | None, ...]:
        """Of each clause whether it holds, where that follows."""
        ...

    def after(self, *, answer: bool, clauses: Sequence[bool] | None = None) -> Knowledge:
        """What is known with the answer; the cuts are as before.

        Args:
            answer: True for YES.
            clauses: for each clause whether it holds, where that is told as well.
        """
        ...


def read(predicate: Predicate, schema: Attributes, as_of: int, known: Knowledge) -> Reading:
    """Read a question.

    Args:
        predicate: the question.
        schema: what it was typed under.
        as_of: day number at which ages are counted.
        known: what its reader knows before the answer.
    """
    if len(predicate.attributes) == 1:
        return _OfOne(predicate, schema, as_of, known)
    return _OfSeveral(predicate, schema, as_of, known)


class _OfOne:
    """A question about one attribute: it holds for some of its values, whoever reads it."""

    def __init__(self, predicate: Predicate, schema: Attributes, as_of: int, known: Knowledge) -> None:
        self._known = known
        self._form = alone(predicate.attributes[0])
        self._left = known.left(self._form, schema)
        self._sides, self._clauses = _sides(predicate, schema, as_of)

    @property
    def answer(self) -> bool | None:
        return self._settled(self._sides)

    @property
    def clauses(self) -> tuple[bool | None, ...]:
        return tuple(self._settled(sides) for sides in self._clauses)

    def after(self, *, answer: bool, clauses: Sequence[bool] | None = None) -> Knowledge:
        left = common(self._left, self._sides[answer])
        for sides, holds in zip(self._clauses, clauses, strict=True) if clauses is not None else ():
            left = common(left, sides[holds])
        if not left:  # see _OfSeveral
            return self._known.without(name for _, name in self._form)
        return self._known.with_left({self._form: left})

    def _settled(self, sides: _Sides) -> bool | None:
        no, yes = (common(self._left, side) for side in sides)
        return None if no and yes else bool(yes)


@lru_cache(maxsize=1024)
def _sides(predicate: Predicate, schema: Attributes, as_of: int) -> tuple[_Sides, tuple[_Sides, ...]]:
    """Solve a question about one attribute, and each of its clauses."""
    bounds = bounds_of(alone(predicate.attributes[0]), schema)

    def solved(part: Predicate) -> _Sides:
        reading = _OfSeveral(part, schema, as_of, Knowledge())
        if reading.answer is not None:
            yes: Intervals = (bounds,) if reading.answer else ()
        else:
            yes = reading.after(answer=True).left(alone(part.attributes[0]), schema)
        return complement(yes, bounds), yes

    return solved(predicate), tuple(solved(clause) for clause in clauses_of(predicate))


class _OfSeveral:
    """Any question. The rows are those of its comparisons' truth table that what is known leaves possible."""

    def __init__(self, predicate: Predicate, schema: Attributes, as_of: int, known: Knowledge) -> None:
        self._predicate = predicate
        self._schema = schema
        self._known = known
        self._asked = _asked(predicate, schema, as_of)
        self._tables = Tables(len(self._asked.places))
        self._seen = self._see()

    @property
    def answer(self) -> bool | None:
        return self._settled(self._predicate.ast)

    @property
    def clauses(self) -> tuple[bool | None, ...]:
        return tuple(self._settled(clause.ast) for clause in clauses_of(self._predicate))

    def after(self, *, answer: bool, clauses: Sequence[bool] | None = None) -> Knowledge:
        if self._seen is None:
            return self._known
        rows = self._told(self._predicate.ast, holds=answer)
        if clauses is not None:
            for clause, holds in zip(clauses_of(self._predicate), clauses, strict=True):
                rows &= self._told(clause.ast, holds=holds)
        for seen in self._seen:
            rows &= seen.rows
        if not rows:  # it contradicts what was known: the value is another one, and of that one nothing is known yet
            return self._known.without(self._predicate.attributes)
        left: dict[Form, Intervals] = {}
        for seen in self._seen:
            left |= self._left([box for box, own in seen.boxes if own & rows])
        return self._known.with_left(left)

    def _see(self) -> tuple[_Seen, ...] | None:
        """Look at every group; None if that takes too much work: then nothing follows, and nothing is added."""
        known = Knowledge(self._asked.cuts, self._known.possible)
        budget = Budget()
        try:
            return tuple(self._group([*boxes(group, known, self._schema, budget)]) for group in self._asked.groups)
        except TooMuchWorkError:
            return None

    def _group(self, found: Sequence[Box]) -> _Seen:
        listed: list[tuple[Box, int]] = []
        rows = 0
        for box in found:
            places = {alone(name): piece for name, piece in zip(box.group.names, box.attributes, strict=True)}
            places |= dict(zip(box.group.forms, box.forms, strict=True))
            among = mask = 0
            for atom, (form, solved) in self._asked.holding.items():
                if form in places:
                    bit = 1 << self._asked.places[atom]
                    among |= bit
                    mask |= bit if any(low <= places[form][0] <= high for low, high in solved) else 0
            own = self._tables.rows(mask, among)
            listed.append((box, own))
            rows |= own
        return _Seen(tuple(listed), rows)

    def _told(self, node: nodes.Node, *, holds: bool) -> int:
        table = self._tables.of(node, self._asked.places)
        return table if holds else self._tables.all ^ table

    def _settled(self, node: nodes.Node) -> bool | None:
        if self._seen is None:
            return None
        possible = self._tables.all
        for seen in self._seen:
            possible &= seen.rows
        if not possible:
            return None
        table = self._told(node, holds=True)
        if not possible & ~table:
            return True
        return None if possible & table else False

    @staticmethod
    def _left(kept: Sequence[Box]) -> dict[Form, Intervals]:
        group = kept[0].group
        left: dict[Form, Intervals] = {
            alone(name): united(box.most[i] for box in kept) for i, name in enumerate(group.names)
        }
        return left | {form: united(box.forms[i] for box in kept) for i, form in enumerate(group.forms)}
