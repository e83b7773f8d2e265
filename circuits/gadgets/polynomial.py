"""Polynomials over Z_N in one wire: how a set becomes a single number that is zero, or one, exactly on its members.

Coefficients are public and cost nothing; what costs a gate is a product of two secrets. Paterson and Stockmeyer (SIAM
J. Comput. 2, 1973) need about 2 sqrt(d) of them for degree d: the powers x^2 .. x^j once, then Horner's rule in x^j
over blocks of j coefficients. A list of 64 words costs 14 products.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from circuits.group.curve import N

Coefficients = tuple[int, ...]
"""c_0, c_1, ..., c_d mod N, the last one not 0 (but for the constant 0)."""


def vanishing(roots: Iterable[int]) -> Coefficients:
    """Return the coefficients of prod (x - root), which is 0 mod N on the roots and nowhere else."""
    coefficients = [1]
    for root in roots:
        shifted = [0, *coefficients]
        for i, c in enumerate(coefficients):
            shifted[i] = (shifted[i] - root * c) % N
        coefficients = shifted
    return tuple(coefficients)


def indicator(count: int, members: frozenset[int]) -> Coefficients:
    """Return the polynomial of least degree that is 1 on the members and 0 on the rest of 0, 1, ..., count."""
    total = [0] * (count + 1)
    for member in members:
        others = [i for i in range(count + 1) if i != member]
        scale = 1
        for i in others:
            scale = scale * (member - i) % N
        scale = pow(scale, -1, N)
        for i, c in enumerate(vanishing(others)):
            total[i] = (total[i] + c * scale) % N
    while len(total) > 1 and not total[-1]:
        total.pop()
    return tuple(total)


def products(degree: int, powers: int) -> int:
    """Count the products of Horner's rule in x^powers for a polynomial of some degree, the powers themselves apart."""
    return max(-(-degree // powers) - 1, 0)


@lru_cache(maxsize=512)
def best_powers(degree: int) -> int:
    """Choose how many powers to make, the fewest among the cheapest."""
    return min(range(1, max(degree, 1) + 1), key=lambda j: (j - 1 + products(degree, j), j))


def gates(degree: int) -> int:
    """Count the products that a polynomial of some degree costs."""
    j = best_powers(degree)
    return j - 1 + products(degree, j)


def blocks(coefficients: Sequence[int], powers: int) -> list[tuple[int, ...]]:
    """Cut coefficients into blocks of so many; the last may be longer by the one that needs no product of its own."""
    degree = len(coefficients) - 1
    count = products(degree, powers)
    cut = [tuple(coefficients[i * powers : (i + 1) * powers]) for i in range(count)]
    return [*cut, tuple(coefficients[count * powers :])]
