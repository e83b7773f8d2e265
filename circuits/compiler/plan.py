"""The plan of a question: what has to be known about each linear form, and how it is put together.

The typed nodes become a normal form without negations: everything is a truth about one form, or a junction of such.
A truth about one form is either a `Region`, which changes at some cuts, or `Among`, which speaks about single values.
Truths about the same form that are joined become one: however a lender writes "between 5 and 9", it is one region with
two cuts. Tautologies come out as constants.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from math import gcd

from circuits import calendar
from circuits.predicate import nodes
from circuits.predicate.clauses import clause_nodes
from circuits.predicate.nodes import Age, And, AtLeast, Compare, Flag, Member, Node, Not, Operator, Or
from circuits.range import Form


@dataclass(frozen=True, slots=True)
class Region:
    """A truth that starts as `first` below every cut, and changes at each: f >= cut. Without cuts it is a constant."""

    form: Form
    first: bool
    cuts: tuple[int, ...]

    def holds(self, value: int) -> bool:
        """Say what it is worth where the form has a value."""
        return self.first ^ bool(sum(value >= cut for cut in self.cuts) % 2)


@dataclass(frozen=True, slots=True)
class Among:
    """The form is one of some values or, negated, none of them."""

    form: Form
    values: frozenset[int]
    negated: bool


@dataclass(frozen=True, slots=True)
class Count:
    """At least `least` of some plans hold: 1 of them is an or, all of them an and."""

    least: int
    parts: tuple["Plan", ...]


Plan = Region | Among | Count

_ANYTHING: Form = ()


def constant(truth: bool) -> Region:  # noqa: FBT001  # a truth value
    """Return the plan that always or never holds."""
    return Region(_ANYTHING, truth, ())


def worth(plan: Plan) -> bool | None:
    """Return what a constant plan is worth; None if it is none."""
    return plan.first if isinstance(plan, Region) and not plan.cuts else None


class Planner:
    """Plans questions about some attributes, whose places are the indices of their commitments."""

    def __init__(self, attributes: Sequence[str], as_of: int) -> None:
        """Args: the attributes in the order of their commitments; the day number at which ages are counted."""
        self._places = {name: k for k, name in enumerate(attributes)}
        self._as_of = as_of

    def plan(self, node: Node, *, negated: bool = False) -> Plan:  # noqa: PLR0911  # one case for each node
        """Plan a question, or its opposite."""
        match node:
            case Not(operand):
                return self.plan(operand, negated=not negated)
            case And(operands):
                return self._count(1 if negated else len(operands), operands, negated=negated)
            case Or(operands):
                return self._count(len(operands) if negated else 1, operands, negated=negated)
            case AtLeast(least, operands):
                return self._count(len(operands) - least + 1 if negated else least, operands, negated=negated)
            case Compare(operator, form, bound):
                return self._compare(operator.opposite if negated else operator, form, bound)
            case Age(operator, attribute, years):
                return self._age(operator.opposite if negated else operator, attribute, years)
            case Flag(attribute):
                return Among(self._of(attribute), frozenset({1}), negated)
            case Member(attribute, _, values) | nodes.Among(attribute, values, _):
                return Among(self._of(attribute), frozenset(values), negated)

    def clauses(self, node: Node) -> Plan:
        """Plan a question so that its clauses stay apart."""
        operands = clause_nodes(node)
        match node:
            case AtLeast(least, _):
                return Count(least, tuple(map(self.plan, operands)))
            case And() | Or():
                return Count(1 if isinstance(node, Or) else len(operands), tuple(map(self.plan, operands)))
        return self.plan(node)

    def _count(self, least: int, operands: Iterable[Node], *, negated: bool) -> Plan:
        return counted(least, [self.plan(operand, negated=negated) for operand in operands])

    def _of(self, attribute: str) -> Form:
        return ((self._places[attribute], 1),)

    def _compare(self, operator: Operator, named: nodes.Form, bound: int) -> Plan:
        divisor = gcd(*(coefficient for coefficient, _ in named))
        form = tuple((self._places[name], coefficient // divisor) for coefficient, name in named)
        match operator:
            case Operator.GE | Operator.LT:
                return Region(form, operator is Operator.LT, (-(-bound // divisor),))
            case Operator.GT | Operator.LE:
                return Region(form, operator is Operator.LE, (bound // divisor + 1,))
            case Operator.EQ | Operator.NE:
                if bound % divisor:
                    return constant(operator is Operator.NE)
                return Among(form, frozenset({bound // divisor}), operator is Operator.NE)

    def _age(self, operator: Operator, attribute: str, years: int) -> Plan:
        """Turn an age into days of birth: who was born on `reached` or later is younger than `years`."""
        reached = calendar.latest_birth(self._as_of, years) + 1
        passed = calendar.latest_birth(self._as_of, years + 1) + 1
        first, cuts = {
            Operator.GE: (True, (reached,)),
            Operator.LT: (False, (reached,)),
            Operator.GT: (True, (passed,)),
            Operator.LE: (False, (passed,)),
            Operator.EQ: (False, (passed, reached)),
            Operator.NE: (True, (passed, reached)),
        }[operator]
        return Region(self._of(attribute), first, cuts)


def counted(least: int, parts: Iterable[Plan]) -> Plan:
    """Join plans of which at least some must hold, and simplify."""
    kept: list[Plan] = []
    for part in parts:
        truth = worth(part)
        if truth is None:
            kept.append(part)
        else:
            least -= truth
    if least <= 0:
        return constant(truth=True)
    if least > len(kept):
        return constant(truth=False)
    if least in (1, len(kept)):
        return _joined(kept, every=least == len(kept))
    regions = [part for part in kept if isinstance(part, Region)]
    if len(regions) == len(kept) and len({region.form for region in regions}) == 1:
        return _combined(regions, lambda truths: sum(truths) >= least)
    return Count(least, tuple(kept))


def _joined(parts: Sequence[Plan], *, every: bool) -> Plan:
    """Join plans of which every one, or any one, must hold: one truth for each form."""
    flat: list[Plan] = []
    for part in parts:
        same = isinstance(part, Count) and part.least == (len(part.parts) if every else 1)
        flat += part.parts if same and isinstance(part, Count) else (part,)
    groups: dict[object, list[Plan]] = {}
    for part in flat:
        groups.setdefault(part if isinstance(part, Count) else (type(part), part.form), []).append(part)
    truths = [_united(group, every=every) for group in groups.values()]
    if any(worth(part) is not None for part in truths):
        return counted(len(truths) if every else 1, truths)
    return truths[0] if len(truths) == 1 else Count(len(truths) if every else 1, tuple(truths))


def _united(group: Sequence[Plan], *, every: bool) -> Plan:
    """Join truths of one kind about one form, or one and the same count."""
    regions = [part for part in group if isinstance(part, Region)]
    if regions:
        return _combined(regions, all if every else any)
    return reduce(lambda a, b: _merged(a, b, every=every), group)


def _combined(regions: Sequence[Region], truth: Callable[[Iterable[bool]], bool]) -> Region:
    """Join truths about one form, cell by cell; cuts at which nothing changes disappear."""
    first = now = truth([region.first for region in regions])
    cuts = []
    for cut in sorted({cut for region in regions for cut in region.cuts}):
        then = truth([region.holds(cut) for region in regions])
        if then != now:
            cuts.append(cut)
        now = then
    return Region(regions[0].form, first, tuple(cuts))


def _merged(a: Plan, b: Plan, *, every: bool) -> Plan:
    """Join two sets of values of one form with and, or with or."""
    if a == b:
        return a
    if not (isinstance(a, Among) and isinstance(b, Among)):  # a constant that came out of an earlier pair
        return counted(2 if every else 1, [a, b])
    if not every:  # De Morgan
        return _opposite(_merged(_inverse(a), _inverse(b), every=True))
    if a.negated and b.negated:
        return Among(a.form, a.values | b.values, negated=True)
    if not a.negated and not b.negated:
        return _among(a.form, a.values & b.values)
    inside, outside = (a, b) if b.negated else (b, a)
    return _among(a.form, inside.values - outside.values)


def _among(form: Form, values: frozenset[int]) -> Plan:
    return Among(form, values, negated=False) if values else constant(truth=False)


def _inverse(among: Among) -> Among:
    return Among(among.form, among.values, not among.negated)


def _opposite(plan: Plan) -> Plan:
    return _inverse(plan) if isinstance(plan, Among) else constant(not worth(plan))
