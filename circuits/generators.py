"""Generators nobody knows a relation between: hashed to the curve by try-and-increment.

basis order everywhere: index 0 is G, 1..7 are H_0..H_6, 8..519 are G_0..G_511.
H_a (a > 0) and G_i are used for nothing but proofs: a commitment with a part on them would break soundness.
"""

import hashlib
from collections.abc import Callable

from circuits.encoding import be32
from circuits.errors import TableError
from circuits.group.curve import G

DOMAIN = b"zkattest/bpp/secp256k1/1"
H_COUNT = 7
G_COUNT = 512
H_OFFSET = 1
G_OFFSET = H_OFFSET + H_COUNT
BASIS = G_OFFSET + G_COUNT
GENS_DIGEST = bytes.fromhex("1a5017281c5effdacbe23f7a3e45c4c99e3594e73d3a28aac1bce42213ddfd25")

IsPoint = Callable[[bytes], bool]
"""Whether 33 bytes (prefix 02, then x) are a point; each engine answers with its own field arithmetic."""


def derive(label: str, is_point: IsPoint) -> tuple[bytes, int]:
    """Find the first counter for which SHA-256(DOMAIN/gen/label/ctr) is an x coordinate.

    Returns:
        The compressed point (33 bytes, prefix 02) and its counter.
    """
    stem = DOMAIN + b"/gen/" + label.encode("ascii") + b"/"
    ctr = 0
    while True:
        candidate = b"\x02" + hashlib.sha256(stem + be32(ctr)).digest()
        if is_point(candidate):
            return candidate, ctr
        ctr += 1


def basis(is_point: IsPoint) -> tuple[bytes, ...]:
    """Derive all 520 generators and compare them with the constant in this file.

    Raises:
        TableError: they differ: this build computes on another curve, or its memory is damaged.
    """
    labels = [f"H/{a}" for a in range(H_COUNT)] + [f"G/{i}" for i in range(G_COUNT)]
    points = (G, *(derive(label, is_point)[0] for label in labels))
    if hashlib.sha256(b"".join(points)).digest() != GENS_DIGEST:
        raise TableError("the generators are not the protocol's")
    return points
