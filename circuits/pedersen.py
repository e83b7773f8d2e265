"""Pedersen commitments V = vG + sH_0: what a provider fixes before anyone asks."""

import hashlib
from dataclasses import dataclass

from circuits.encoding import B32, parse_b32
from circuits.errors import EncodingError, StatementError
from circuits.generators import DOMAIN, H_OFFSET
from circuits.group import Engine, EngineName
from circuits.group import engine as shared_engine
from circuits.group.curve import SCALAR_BYTES, N, PointAtInfinity

Commitment = bytes
"""33 bytes, SEC1 compressed."""

ENTROPY_BYTES = 32


@dataclass(frozen=True, slots=True, repr=False)
class Opening:
    """The secret behind a commitment: value and blinding, both integers in [0, N); never printed."""

    value: int
    blinding: int

    def __post_init__(self) -> None:
        """Raise StatementError unless both are reduced scalars; the message names neither."""
        for scalar in (self.value, self.blinding):
            if not isinstance(scalar, int) or isinstance(scalar, bool) or not 0 <= scalar < N:
                raise StatementError("an opening is two integers in [0, N)")

    def __repr__(self) -> str:
        return "Opening(<redacted>)"

    def to_bytes(self) -> bytes:
        """Encode as B32(value) || B32(blinding)."""
        return B32(self.value) + B32(self.blinding)

    @classmethod
    def from_bytes(cls, encoded: bytes) -> "Opening":
        """Invert to_bytes.

        Raises:
            EncodingError: not 64 bytes, or a scalar that is not reduced.
        """
        if len(encoded) != 2 * SCALAR_BYTES:
            raise EncodingError(f"an opening is {2 * SCALAR_BYTES} bytes")
        return cls(parse_b32(encoded[:SCALAR_BYTES], N), parse_b32(encoded[SCALAR_BYTES:], N))


def random_blinding(*, entropy: bytes) -> int:
    """Turn 32 bytes of the operating system's entropy into a uniform non-zero scalar.

    Raises:
        StatementError: not exactly 32 bytes (the caller's fault).
    """
    if len(entropy) != ENTROPY_BYTES:
        raise StatementError(f"entropy must be {ENTROPY_BYTES} bytes")
    stream = hashlib.shake_256(DOMAIN + b"/blinding" + entropy)
    return int.from_bytes(stream.digest(64), "big") % (N - 1) + 1


def commit(opening: Opening, *, engine: Engine | EngineName | None = None) -> Commitment:
    """Compute V = vG + sH_0.

    Raises:
        StatementError: the sum is infinity, which needs a known relation or s = v = 0 (the caller's fault).
    """
    try:
        return shared_engine(engine).fixed_sum((0, H_OFFSET), (opening.value, opening.blinding))
    except PointAtInfinity as error:
        raise StatementError("this opening commits to the point at infinity") from error
