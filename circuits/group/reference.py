"""The independent engine: py_ecc's own point addition and doubling, and nothing of the fast engine's.

Straus' interleaving with width-5 non-adjacent forms; slow (about 15 ms for a 64-bit proof), plain, and needing no
library but Python's integers. An auditor who distrusts C or its tables replays with this.
"""

import sys
from collections.abc import Sequence
from functools import lru_cache

from circuits.errors import ProofInvalid, ProofMalformed
from circuits.generators import basis, derive
from circuits.group.curve import POINT_BYTES, N, P, PointAtInfinity

# py_ecc raises the recursion limit to 100,000 when imported; with that, deeply nested JSON from a stranger overflows
# the C stack and kills the process instead of raising RecursionError
_RECURSION_LIMIT = sys.getrecursionlimit()
from py_ecc.secp256k1 import secp256k1  # noqa: E402  # between reading the limit and restoring it

sys.setrecursionlimit(_RECURSION_LIMIT)

Jacobian = tuple[int, int, int]
"""(X, Y, Z) for (X/Z^2, Y/Z^3); infinity has Y = 0, since no point of this curve has order two."""

INFINITY: Jacobian = (0, 0, 1)
WIDTH = 5


class ReferenceEngine:
    """See circuits.group.Engine."""

    name = "reference"

    def __init__(self) -> None:
        self._generators = basis(_is_point)
        self._K0 = decompress(derive("K0", _is_point)[0])

    def prepare(self, generators: int) -> None:
        """Compute the odd multiples of the first so many generators."""
        for generator in self._generators[:generators]:
            _generator_multiples(generator)

    def parse(self, points: Sequence[bytes]) -> list[Jacobian]:
        """Decompress; ProofMalformed if one is no point."""
        parsed: list[Jacobian] = []
        for i, point in enumerate(points):
            if not isinstance(point, bytes):
                raise ProofMalformed(f"point {i} is not {POINT_BYTES} bytes")
            try:
                parsed.append(decompress(point))
            except ValueError as error:
                raise ProofMalformed(f"point {i} {error}") from error
        return parsed

    def fixed_sum(self, indices: Sequence[int], scalars: Sequence[int]) -> bytes:
        """Sum scalar * generator[index]; PointAtInfinity if it is that."""
        return compress(straus(self._multiples(indices), scalars))

    def require_zero(
        self, indices: Sequence[int], scalars: Sequence[int], points: Sequence[Jacobian], coefficients: Sequence[int]
    ) -> None:
        """Add everything to the constant point K0 and require exactly K0 back."""
        tables = [*self._multiples(indices), *map(odd_multiples, points)]
        total = straus(tables, [*scalars, *coefficients])
        returned = _add(total, self._K0)
        if not returned[1] or affine(returned) != affine(self._K0):
            raise ProofInvalid("the equation does not hold")

    def _multiples(self, indices: Sequence[int]) -> list[tuple[Jacobian, ...]]:
        return [_generator_multiples(self._generators[index]) for index in indices]


def decompress(encoded: bytes) -> Jacobian:
    """Parse a SEC1 compressed point.

    Raises:
        ValueError: another length or prefix, x >= p, or no point with this x.
    """
    if len(encoded) != POINT_BYTES or encoded[0] not in {2, 3}:
        raise ValueError("is not a compressed point")
    x = int.from_bytes(encoded[1:], "big")
    square = (x * x * x + 7) % P
    y = pow(square, (P + 1) // 4, P)
    if x >= P or y * y % P != square:
        raise ValueError("is not on the curve")
    return x, y if y & 1 == encoded[0] & 1 else P - y, 1


def compress(point: Jacobian) -> bytes:
    """Write a point as 33 bytes; PointAtInfinity if it has none."""
    x, y = affine(point)
    return bytes([2 | y & 1]) + x.to_bytes(32, "big")


def affine(point: Jacobian) -> tuple[int, int]:
    """Divide by Z; PointAtInfinity if there is nothing to divide."""
    X, Y, Z = point
    if not Y or not Z:
        raise PointAtInfinity
    inverse = pow(Z, -1, P)
    square = inverse * inverse % P
    return X * square % P, Y * square * inverse % P


def odd_multiples(point: Jacobian) -> tuple[Jacobian, ...]:
    """1, 3, 5, ..., 15 times a point."""
    twice = _double(point)
    multiples = [point]
    for _ in range((1 << (WIDTH - 2)) - 1):
        multiples.append(_add(multiples[-1], twice))
    return tuple(multiples)


def straus(tables: Sequence[tuple[Jacobian, ...]], scalars: Sequence[int]) -> Jacobian:
    """Sum scalar * point over one shared chain of doublings.

    Args:
        tables: odd multiples of every point.
        scalars: one each, any integers.
    """
    due: dict[int, list[Jacobian]] = {}
    for table, scalar in zip(tables, scalars, strict=True):
        for position, digit in wnaf(scalar % N):
            X, Y, Z = table[abs(digit) >> 1]
            due.setdefault(position, []).append((X, Y if digit > 0 else P - Y, Z))
    total = INFINITY
    for position in range(max(due, default=0), -1, -1):
        if total[1]:
            total = _double(total)
        for point in due.get(position, ()):
            total = _add(total, point)
    return total


def wnaf(scalar: int) -> list[tuple[int, int]]:
    """Return the width-5 non-adjacent form as (position, odd digit in -15..15), least significant first."""
    digits: list[tuple[int, int]] = []
    position = 0
    while scalar:
        zeros = (scalar & -scalar).bit_length() - 1
        scalar >>= zeros
        position += zeros
        digit = scalar & ((1 << WIDTH) - 1)
        if digit >> (WIDTH - 1):
            digit -= 1 << WIDTH
        digits.append((position, digit))
        scalar -= digit
    return digits


@lru_cache(maxsize=520)
def _generator_multiples(generator: bytes) -> tuple[Jacobian, ...]:
    # with Z = 1 py_ecc's additions multiply by one instead of by 256 bits
    return tuple((*affine(point), 1) for point in odd_multiples(decompress(generator)))


def _add(a: Jacobian, b: Jacobian) -> Jacobian:
    X, Y, Z = secp256k1.jacobian_add(a, b)
    return int(X), int(Y), int(Z)


def _double(a: Jacobian) -> Jacobian:
    X, Y, Z = secp256k1.jacobian_double(a)
    return int(X), int(Y), int(Z)


def _is_point(encoded: bytes) -> bool:
    try:
        decompress(encoded)
    except ValueError:
        return False
    return True
