"""Integer points of a system of inequalities, projected on one variable by Fourier-Motzkin elimination.

Source: W. Pugh, "The Omega test", CACM 35(8), 1992. Eliminating z from b z >= B and a z <= A leaves a B <= b A, the
*real* shadow, which contains every integer solution and perhaps more. The *dark* shadow, b A - a B >= (a-1)(b-1), has
an integer z above each of its points, but perhaps not all of them. Where a or b is 1 the two coincide. What lies in the
dark shadow is sure, what lies outside the real one is ruled out, and in between nothing is claimed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import gcd

from circuits.telling.intervals import Interval

Inequality = tuple[tuple[int, ...], int]
"""(coefficients, constant): sum a_i x_i + constant >= 0."""
System = dict[tuple[int, ...], int]

MAX_STEPS = 60_000
"""Pairs of inequalities combined for one question, well under a second. Beyond it nothing is claimed."""


class TooMuchWorkError(Exception):
    """The budget is spent; what was not reached is not worked out."""


@dataclass(slots=True)
class Budget:
    """Pairs that may still be combined."""

    steps: int = MAX_STEPS

    def spend(self, steps: int) -> None:
        """Count pairs.

        Raises:
            TooMuchWorkError: more than there were left.
        """
        self.steps -= steps
        if self.steps < 0:
            raise TooMuchWorkError


@dataclass(frozen=True, slots=True)
class Shadow:
    """What one variable can be.

    Attributes:
        interval: its shadow; None if that is empty.
        exact: whether no elimination distinguished the real from the dark shadow.
        trail: (variable, system in which it still was), in the order of elimination.
    """

    interval: Interval | None
    exact: bool
    trail: tuple[tuple[int, System], ...] = field(repr=False)

    def point(self, variable: int, size: int) -> tuple[int, ...]:
        """Find a point of the system above the lowest value of a dark shadow's variable; one always exists.

        Raises:
            ValueError: the shadow is empty (the caller's fault).
        """
        if self.interval is None:
            raise ValueError("an empty shadow has no point")
        point = [0] * size
        point[variable] = self.interval[0]
        for eliminated, system in reversed(self.trail):
            found = _bounds({c: self._at(c, constant, point, eliminated) for c, constant in system.items()}, eliminated)
            if found is None:
                raise ValueError("not a dark shadow")
            point[eliminated] = found[0]
        return tuple(point)

    @staticmethod
    def _at(coefficients: Sequence[int], constant: int, point: Sequence[int], variable: int) -> int:
        return constant + sum(a * x for i, (a, x) in enumerate(zip(coefficients, point, strict=True)) if i != variable)


def shadow(inequalities: Sequence[Inequality], variable: int, *, dark: bool, budget: Budget) -> Shadow:
    """Project a bounded system on one variable.

    Args:
        inequalities: all with the same number of coefficients; bounds of every variable among them.
        variable: which to keep.
        dark: the dark shadow; otherwise the real one.
        budget: how much work is left.

    Raises:
        TooMuchWorkError: there is none left.
    """
    left = [i for i in range(len(inequalities[0][0])) if i != variable]
    exact = True
    trail: list[tuple[int, System]] = []
    system = _system(inequalities)
    while left and system is not None:
        (apart, _), chosen = min((_cost(system, i), i) for i in left)
        left.remove(chosen)
        exact = exact and not apart
        trail.append((chosen, system))
        system = _eliminated(system, chosen, dark=dark, budget=budget)
    return Shadow(None if system is None else _bounds(system, variable), exact, tuple(trail))


def _cost(system: System, i: int) -> tuple[bool, int]:
    """Say whether eliminating a variable tells the shadows apart, and how many pairs it takes."""
    lower = [c[i] for c in system if c[i] > 0]
    upper = [-c[i] for c in system if c[i] < 0]
    return max(lower, default=1) > 1 and max(upper, default=1) > 1, len(lower) * len(upper)


def _eliminated(system: System, i: int, *, dark: bool, budget: Budget) -> System | None:
    lower = [item for item in system.items() if item[0][i] > 0]
    upper = [item for item in system.items() if item[0][i] < 0]
    budget.spend(len(lower) * len(upper) + 1)
    rest = [item for item in system.items() if item[0][i] == 0]
    for c, constant in lower:
        for d, other in upper:
            a, b = c[i], -d[i]
            slack = (a - 1) * (b - 1) if dark else 0
            rest.append((tuple(b * x + a * y for x, y in zip(c, d, strict=True)), b * constant + a * other - slack))
    return _system(rest)


def _system(inequalities: Sequence[Inequality]) -> System | None:
    """Keep the sharpest of equal left sides, in lowest terms; None if one can never hold."""
    system: System = {}
    for coefficients, constant in inequalities:
        divisor = gcd(*coefficients)
        if divisor == 0:
            if constant < 0:
                return None
            continue
        key = tuple(c // divisor for c in coefficients)
        sharp = constant // divisor  # the sum is an integer: rounding down loses no solution
        system[key] = min(system.get(key, sharp), sharp)
    return system


def _bounds(system: System, i: int) -> Interval | None:
    """Read the bounds of a variable off the inequalities that have it, all others standing at zero."""
    low = max(-(constant // c[i]) for c, constant in system.items() if c[i] > 0)
    high = min(constant // -c[i] for c, constant in system.items() if c[i] < 0)
    return (low, high) if low <= high else None
