"""Answers about sums of several attributes, held against everything else that was answered about the person.

`salary > 100000` and `debt > 90000` leave no room for `salary - debt < 5000`, though no attribute has lost all its
values. What is answered makes a system of linear inequalities over the person's attributes; where it has no solution in
whole numbers the answers cannot all be true. It is decided by elimination (circuits.telling.shadows), which never finds
a contradiction where there is none. It may miss one: where circuits.telling does not work out what an answer leaves of
a sum, if it takes more work than is allowed, if it hangs on numbers being whole, and where more ranges meet than are
tried one by one (then the gaps between are left out).

Only answers among which no value can have changed are taken together; of those that cannot be, the newest stay.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product
from math import prod

from circuits.telling.intervals import Interval, Intervals, common
from circuits.telling.shadows import Budget, Inequality, TooMuchWorkError, shadow
from verifier.audit.facts import Changed, Fact, Source

MOST_SUMS = 8
MOST_VARIABLES = 8
MOST_CASES = 32
MOST_STEPS = 4_000


@dataclass(frozen=True, slots=True)
class Sum:
    """What was told of a sum, or of a single attribute: coefficients, and for each the commitment it was read from.

    Attributes:
        fact: what was told.
        terms: (coefficient, the person's attribute by its slot, its commitment).
    """

    fact: Fact
    terms: tuple[tuple[int, bytes, Source], ...]

    @property
    def slots(self) -> frozenset[bytes]:
        """The attributes it is about."""
        return frozenset(name for _, name, _ in self.terms)

    def says_all_of(self, other: "Sum") -> bool:
        """Whether it leaves no value of the same sum that the other does not, whenever and wherever it was read."""
        mine = self.fact.told.intervals
        return self.factors == other.factors and common(mine, other.fact.told.intervals) == mine

    def implies(self, other: "Sum") -> bool:
        """Whether it says all that the other says, of the same commitments, and was asked for no earlier."""
        credentials = [[source.credential for *_, source in each.terms] for each in (self, other)]
        later = self.fact.asked_at >= other.fact.asked_at
        return later and credentials[0] == credentials[1] and self.says_all_of(other)

    @property
    def factors(self) -> tuple[tuple[int, bytes], ...]:
        """Its coefficients and attributes."""
        return tuple((factor, name) for factor, name, _ in self.terms)

    def agrees_in_time(self, other: "Sum", *, changed: Changed) -> bool:
        """Whether none of the attributes that both are about can have changed between the two."""
        others = {name: source for _, name, source in other.terms}
        return not any(
            changed((source, self.fact), (others[name], other.fact)) for _, name, source in self.terms if name in others
        )


def keep(sums: list[Sum], new: Sum) -> list[Sum]:
    """Add a sum to those that are kept of a person: without what it implies, and at most the newest few.

    One of more attributes than are held against each other is of no use, and would only take the others' room.
    """
    if len(new.slots) > MOST_VARIABLES or any(held.implies(new) for held in sums):
        return sums
    return [*(held for held in sums if not new.implies(held)), new][-MOST_SUMS:]


def contradicted(own: Sequence[Sum], held: Sequence[Sum], *, changed: Changed) -> list[Fact]:
    """Find answers that cannot all be true together with a new one.

    Args:
        own: what the new answer says, sums and single attributes.
        held: what was answered before, the most telling first.
        changed: tells whether a value may have changed between two questions.

    Returns:
        One fact of each answer that it takes, the new one's included, by entry; none if nothing was found. Where single
        attributes suffice there is none: that is found without sums.
    """
    chosen = _connected(_agreeing(own, held, changed=changed))
    if not any(len(each.terms) > 1 for each in chosen) or _possible(chosen):
        return []
    for index in sorted({each.fact.index for each in chosen}):
        fewer = [each for each in chosen if each.fact.index != index]
        if not _possible(fewer):
            chosen = fewer
    for each in list(chosen):  # of one answer, only what it takes
        fewer = [other for other in chosen if other is not each]
        if not _possible(fewer):
            chosen = fewer
    new = {each.fact.index for each in own}
    if not any(len(each.terms) > 1 for each in chosen) or not any(each.fact.index in new for each in chosen):
        return []
    return sorted((each.fact for each in chosen), key=lambda fact: fact.index)


def _agreeing(own: Sequence[Sum], held: Sequence[Sum], *, changed: Changed) -> list[Sum]:
    """Choose what can be held against a new answer: of the same attributes, among which no value can have changed."""
    names = _near(own, held)
    chosen: list[Sum] = []
    of_form: dict[tuple[tuple[int, bytes], ...], list[Sum]] = {}
    of_slot: dict[bytes, list[Sum]] = {}
    for new, each in chain(((True, each) for each in own), ((False, each) for each in held)):
        if not each.slots <= names:
            continue
        if not new and any(other.says_all_of(each) for other in of_form.get(each.factors, ())):
            continue
        met = (other for name in each.slots for other in of_slot.get(name, ()))
        if new or all(each.agrees_in_time(other, changed=changed) for other in met):
            chosen.append(each)
            of_form.setdefault(each.factors, []).append(each)
            for name in each.slots:
                of_slot.setdefault(name, []).append(each)
    return chosen


def _near(own: Sequence[Sum], held: Sequence[Sum]) -> frozenset[bytes]:
    """Find the attributes to which sums lead from those of a new answer, the newest sums first, as many as may be.

    Sums of others do not count: somebody could else be asked about so many that nothing is found any more.
    """
    names = frozenset[bytes]()
    reached = frozenset[bytes]().union(*(each.slots for each in own))
    left = [each for each in (*own, *held) if len(each.terms) > 1]
    while found := next((each for each in left if each.slots & reached and _few(names | each.slots)), None):
        names, reached = names | found.slots, reached | found.slots
        left.remove(found)
    return names


def _few(names: frozenset[bytes]) -> bool:
    return len(names) <= MOST_VARIABLES


def _connected(sums: Sequence[Sum]) -> list[Sum]:
    """Leave out what has no attribute in common, over however many steps, with the sums."""
    reached = frozenset[bytes]().union(*(each.slots for each in sums if len(each.terms) > 1))
    return [each for each in sums if each.slots & reached]


def _possible(sums: Sequence[Sum]) -> bool:
    """Whether somebody can have all of these answers, as far as elimination tells."""
    names = sorted(frozenset[bytes]().union(*(each.slots for each in sums)))
    if not names or len(names) > MOST_VARIABLES:
        return True
    bounds = _bounds(sums)
    if any(low > high for low, high in bounds.values()):
        return False
    base = [row for name, interval in bounds.items() for row in _between({name: 1}, interval, names)]
    budget = Budget(MOST_STEPS)
    try:
        cases = ([*base, *case] for case in _cases(sums, names))
        return any(shadow(case, 0, dark=False, budget=budget).interval is not None for case in cases)
    except TooMuchWorkError:
        return True


def _bounds(sums: Sequence[Sum]) -> dict[bytes, Interval]:
    """The bounds that the schemas set to each attribute: a value that did not change is within all of them."""
    bounds: dict[bytes, Interval] = {}
    for _, name, source in (term for each in sums for term in each.terms):
        low, high = source.attribute.minimum, source.attribute.maximum
        before = bounds.get(name, (low, high))
        bounds[name] = max(low, before[0]), min(high, before[1])
    return bounds


def _cases(sums: Sequence[Sum], names: Sequence[bytes]) -> Iterator[list[Inequality]]:
    """List every choice of one range for each sum; gaps are left out where there would be too many choices."""
    ranges: list[Intervals] = [each.fact.told.intervals for each in sums]
    for place in sorted(range(len(ranges)), key=lambda i: -len(ranges[i])):
        if prod(map(len, ranges)) <= MOST_CASES:
            break
        ranges[place] = ((ranges[place][0][0], ranges[place][-1][1]),)
    for chosen in product(*ranges):
        yield [
            row
            for each, interval in zip(sums, chosen, strict=True)
            for row in _between({name: factor for factor, name, _ in each.terms}, interval, names)
        ]


def _between(factors: Mapping[bytes, int], interval: Interval, names: Sequence[bytes]) -> list[Inequality]:
    row = tuple(factors.get(name, 0) for name in names)
    return [(row, -interval[0]), (tuple(-factor for factor in row), interval[1])]
