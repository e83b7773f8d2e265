"""A proof's bytes: C_O | C_L | C_R | C_S | X_0 | R_0 | ... | n_f | l_f (protocol section 8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from circuits.constraints import Circuit
from circuits.encoding import B32
from circuits.errors import ProofMalformed
from circuits.group import Engine
from circuits.group.curve import POINT_BYTES, SCALAR_BYTES, N


@dataclass(frozen=True, slots=True)
class Proof:
    """The parts of a proof, points as 33 compressed bytes, scalars below N.

    Attributes:
        C_O, C_L, C_R, C_S: the wires' commitments and the one that closes the identity in T.
        X, R: cross terms of every folding round.
        n, l: final vectors, n_f and l_f scalars.
    """

    C_O: bytes
    C_L: bytes
    C_R: bytes
    C_S: bytes
    X: tuple[bytes, ...]
    R: tuple[bytes, ...]
    n: tuple[int, ...]
    l: tuple[int, ...]  # noqa: E741  # the paper's letter

    def to_bytes(self) -> bytes:
        """Encode; the inverse of from_bytes."""
        return b"".join(self.points()) + b"".join(map(B32, self.n + self.l))

    def points(self) -> list[bytes]:
        """Every point in wire order."""
        rounds = [point for pair in zip(self.X, self.R, strict=True) for point in pair]
        return [self.C_O, self.C_L, self.C_R, self.C_S, *rounds]

    @classmethod
    def from_bytes(cls, circuit: Circuit, encoded: bytes) -> "Proof":
        """Cut into fields of the circuit's shape; whether the points are points is for parse to say.

        Raises:
            ProofMalformed: another length, or a scalar that is not reduced (the prover's fault).
        """
        if not isinstance(encoded, bytes) or len(encoded) != circuit.proof_bytes:
            raise ProofMalformed(f"a proof of this statement has {circuit.proof_bytes} bytes")
        edge = POINT_BYTES * (4 + 2 * circuit.k)
        P = [encoded[i : i + POINT_BYTES] for i in range(0, edge, POINT_BYTES)]
        x = [int.from_bytes(encoded[i : i + SCALAR_BYTES], "big") for i in range(edge, len(encoded), SCALAR_BYTES)]
        if max(x) >= N:
            raise ProofMalformed("a scalar is not below the group order")
        return cls(
            P[0], P[1], P[2], P[3], tuple(P[4::2]), tuple(P[5::2]), tuple(x[: circuit.n_f]), tuple(x[circuit.n_f :])
        )


def parse(circuit: Circuit, V: Sequence[bytes], encoded: bytes, engine: Engine) -> tuple[Proof, list[Any]]:
    """Check everything that needs no equation: lengths, prefixes, x < p, on the curve, scalars < N, number of V's.

    Returns:
        The proof, and the engine's handles of its points followed by the V's.

    Raises:
        ProofMalformed: any of it fails.
    """
    if len(V) != circuit.K:
        raise ProofMalformed(f"{len(V)} commitments for a statement about {circuit.K}")
    proof = Proof.from_bytes(circuit, encoded)
    return proof, engine.parse([*proof.points(), *V])
