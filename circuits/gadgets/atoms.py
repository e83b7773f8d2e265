"""What a hidden bit can say about a linear form, and what it costs.

Every atom yields bits, numbered through all atoms in order: one each, but `Bands` one for every band.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from circuits.errors import StatementError
from circuits.gadgets import polynomial
from circuits.range import Form, require_form, require_width

MOST_VALUES = 512


@dataclass(frozen=True, slots=True)
class GE:
    """The bit [sum a_k V_k - t >= 0], for |sum a_k V_k - t| < 2^width."""

    form: Form
    t: int
    width: int


@dataclass(frozen=True, slots=True)
class EQ:
    """The bit [sum a_k V_k = t mod N]."""

    form: Form
    t: int


@dataclass(frozen=True, slots=True)
class OneOf:
    """The bit [sum a_k V_k = t mod N for one of several t]: a product of differences is zero."""

    form: Form
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Bands:
    """One bit for each band [cuts_j, cuts_j+1): exactly the one that holds f = sum a_k V_k is set.

    That f lies in one of them is proven as well, so the outermost cuts are a certified range. However many thresholds a
    form is compared with, its digits are proven twice: above its band's lower end, and below its upper end.

    Attributes:
        form: f.
        cuts: three or more, ascending.
        width: bits; no band is wider than 2^width.
    """

    form: Form
    cuts: tuple[int, ...]
    width: int


class Bound(NamedTuple):
    """The circuit also proves that a value lies in [low, low + 2^bits)."""

    low: int
    bits: int


Atom = GE | EQ | OneOf | Bands
Bounds = Mapping[int, Bound]
"""Value index -> what is proven about it."""


class Size(NamedTuple):
    """What something costs: bits' worth of digits, ordinary gates, auxiliary wires; and how many bits it yields."""

    digit_bits: int
    gates: int
    aux: int
    bits: int


def size(atom: Atom) -> Size:
    """Count what an atom costs, powers that it shares with another apart."""
    match atom:
        case GE(_, _, width):
            return Size(width, 2, 0, 1)
        case EQ():
            return Size(0, 2, 0, 1)
        case OneOf(_, values):
            products = polynomial.gates(len(values))
            return Size(0, products + 2, products, 1)
        case Bands(_, cuts, width):
            return Size(2 * width, len(cuts) - 1, 0, len(cuts) - 1)


def require_atom(K: int, atom: object, base: int) -> None:
    """Refuse an atom that means nothing.

    Raises:
        StatementError: why (the caller's fault).
    """
    match atom:
        case GE(form, t, width):
            require_form(K, form, t)
            require_width(width, base)
        case EQ(form, t):
            require_form(K, form, t)
        case OneOf(form, values):
            for t in values:
                require_form(K, form, t)
            if not 2 <= len(set(values)) == len(values) <= MOST_VALUES:
                raise StatementError(f"a set has 2 to {MOST_VALUES} different values")
        case Bands(form, cuts, width):
            for t in cuts:
                require_form(K, form, t)
            require_width(width, base)
            _require_cuts(cuts, width)
        case _:
            raise StatementError(f"unknown atom {type(atom).__name__}")


def _require_cuts(cuts: Sequence[int], width: int) -> None:
    bands = [above - below for below, above in pairwise(cuts)]
    if len(bands) < 2 or min(bands) < 0 or min(bands[1:-1], default=1) == 0:
        raise StatementError("bands need three or more cuts, ascending; only the outermost bands may be empty")
    if max(bands) > 1 << width:
        raise StatementError(f"a band is wider than {width} bits")


def require_bounds(K: int, bounds: Bounds, base: int) -> None:
    """Refuse a bound on no value, or one that means nothing.

    Raises:
        StatementError: why (the caller's fault).
    """
    for k, (low, bits) in bounds.items():
        require_form(K, ((k, 1),), low)
        require_width(bits, base)
