# ruff: noqa: N815  # the fields carry the paper's letters
"""Where randomness sits: seven linear coordinates whose public weights are beta T^EXP (protocol section 4).

0 and 4 must be absent from EXP. With 4, C_S, chosen last and weighted T^-1, would reach the T^3 coefficient, where
the statement is, and false statements would be provable. V's blinding sits at T^-1, so it contributes at T^2.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import shake_256

from circuits.generators import DOMAIN
from circuits.group.curve import N

EXP: Sequence[int] = (-1, 1, 2, 3, 5, 6, 7)
"""Exponent of T on H_0..H_6."""

RANDOM_O = frozenset({-1, 1, 2, 5, 6})
RANDOM_L = frozenset({-1, 1, 3, 5})
RANDOM_R = frozenset({-1, 2, 3})
"""Exponents at which C_O, C_L, C_R carry a random coordinate; the others are 0."""

Draw = Callable[[], int]
"""One scalar after the other, in the order of the known answers."""


@dataclass(frozen=True, slots=True, repr=False)
class Blinding:
    """All randomness of one proof: three scalars on G, three sparse vectors on H, one full vector on Gvec."""

    g_O: int
    g_L: int
    g_R: int
    r_O: tuple[int, ...]
    r_L: tuple[int, ...]
    r_R: tuple[int, ...]
    n_S: tuple[int, ...]

    @classmethod
    def drawn(cls, draw: Draw, size: int) -> "Blinding":
        """Draw g_O, g_L, g_R, then r_O, r_L, r_R (free positions, ascending), then n_S, padding included."""
        g_O, g_L, g_R = draw(), draw(), draw()
        r_O, r_L, r_R = (
            tuple(draw() if exponent in free else 0 for exponent in EXP) for free in (RANDOM_O, RANDOM_L, RANDOM_R)
        )
        return cls(g_O, g_L, g_R, r_O, r_L, r_R, tuple(draw() for _ in range(size)))

    def __repr__(self) -> str:
        return "Blinding(<redacted>)"


def hedged(seed: bytes, count: int) -> Draw:
    """Expand a seed into count scalars, 64 bytes each: uniform if the seed holds either entropy or an unknown witness.

    Args:
        seed: operating system entropy, transcript state and witness, framed by the caller.
        count: how many may be drawn.
    """
    stream = shake_256(DOMAIN + b"/prover" + seed).digest(64 * count)
    scalars = (int.from_bytes(stream[i : i + 64], "big") % N for i in range(0, len(stream), 64))
    return scalars.__next__
