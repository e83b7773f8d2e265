"""The curve's public constants (SEC 2, section 2.4.1) and the order of the fixed basis."""

from collections.abc import Sequence
from typing import cast

from gmpy2 import jacobi, mpz

P = 2**256 - 2**32 - 977
"""Field prime."""

N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Group order; scalars are integers in [0, N)."""

MODULUS = cast("int", mpz(N))
"""N again, for arithmetic: whatever is reduced by it has gmpy2's type, which multiplies faster."""

G = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
"""The standard generator, compressed."""

POINT_BYTES = 33
SCALAR_BYTES = 32


_FIELD = mpz(P)


class PointAtInfinity(ArithmeticError):  # noqa: N818  # an outcome, which the prover answers by drawing again
    """A sum came out as the neutral element, which has no 33-byte form."""


def is_point(encoded: bytes) -> bool:
    """Whether bytes are a compressed point, as both engines parse it, by integer arithmetic alone.

    Whoever only reads a credential computes nothing with its points, and loads no engine for them.
    """
    if len(encoded) != POINT_BYTES or encoded[0] not in {2, 3}:
        return False
    x = mpz(int.from_bytes(encoded[1:], "big"))
    return bool(x < P and jacobi((x * x * x + 7) % _FIELD, _FIELD) == 1)  # never 0: the order is odd


def inverses(values: Sequence[int]) -> list[int]:
    """Invert non-zero scalars with one modular inversion (Montgomery's trick).

    Raises:
        ZeroDivisionError: one of them is zero mod N.
    """
    x = 1
    products = [x := x * value % MODULUS for value in values]
    if x == 0:
        raise ZeroDivisionError("zero has no inverse")
    y = pow(x, -1, MODULUS)
    inverted = [0] * len(values)
    for i in range(len(values) - 1, 0, -1):
        inverted[i] = y * products[i - 1] % MODULUS
        y = y * values[i] % MODULUS
    inverted[:1] = [y] if values else []
    return inverted
