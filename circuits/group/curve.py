"""The curve's public constants (SEC 2, section 2.4.1) and the order of the fixed basis."""

P = 2**256 - 2**32 - 977
"""Field prime."""

N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Group order; scalars are Python integers in [0, N)."""

G = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
"""The standard generator, compressed."""

POINT_BYTES = 33
SCALAR_BYTES = 32


class PointAtInfinity(ArithmeticError):  # noqa: N818  # an outcome, which the prover answers by drawing again
    """A sum came out as the neutral element, which has no 33-byte form."""


def inverses(values: list[int]) -> list[int]:
    """Invert non-zero scalars with one modular inversion (Montgomery's trick).

    Raises:
        ZeroDivisionError: one of them is zero mod N.
    """
    prefix: list[int] = []
    product = 1
    for value in values:
        prefix.append(product)
        product = product * value % N
    if product == 0:
        raise ZeroDivisionError("zero has no inverse")
    suffix = pow(product, -1, N)
    result = [0] * len(values)
    for i in range(len(values) - 1, -1, -1):
        result[i] = suffix * prefix[i] % N
        suffix = suffix * values[i] % N
    return result
