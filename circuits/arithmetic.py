"""Bulletproofs++ arithmetic circuits over secp256k1: the three calls everything else is for.

The mathematics is in circuits/notes; the modules behind it are prover, verifier and batch.
"""

from collections.abc import Sequence

from circuits import batch, prover, verifier
from circuits.batch import Item
from circuits.constraints import Circuit
from circuits.group import Engine, EngineName
from circuits.group import engine as shared_engine
from circuits.pedersen import Opening
from circuits.prover import Wires

__all__ = ["Item", "Wires", "prove", "verify", "verify_batch"]


def prove(
    circuit: Circuit,
    V: Sequence[bytes],
    openings: Sequence[Opening],
    wires: Wires,
    context: bytes,
    *,
    entropy: bytes,
    engine: Engine | EngineName | None = None,
) -> bytes:
    """Prove that the committed values satisfy a circuit, and reveal nothing else.

    Args:
        circuit: the statement.
        V: the K commitments, 33 bytes each.
        openings: what is behind them.
        wires: the witness, from the circuit's witness builder.
        context: bytes the proof is bound to (the canonical query).
        entropy: 32 fresh bytes from the operating system; the randomness is hedged with transcript and witness.
        engine: fast, reference, or an engine; by default the process's fast one.

    Returns:
        The proof, exactly circuit.proof_bytes long. Not an identifier: every call gives another one.

    Raises:
        WitnessError: the values do not satisfy the statement (the caller's fault); no value is named.
    """
    return prover.prove(circuit, V, openings, wires, context, entropy=entropy, engine=shared_engine(engine))


def verify(
    circuit: Circuit, V: Sequence[bytes], context: bytes, proof: bytes, *, engine: Engine | EngineName | None = None
) -> None:
    """Verify a proof; returning means it holds.

    Args:
        circuit: the statement, rebuilt from the verifier's own copy of the question.
        V: the commitments, from the credential.
        context: the canonical query.
        proof: hostile bytes.
        engine: fast, reference, or an engine; by default the process's fast one.

    Raises:
        ProofMalformed: refused before any group operation (the prover's fault).
        ProofInvalid: the equation does not hold (the prover's fault).
    """
    verifier.verify(circuit, V, context, proof, engine=shared_engine(engine))


def verify_batch(items: Sequence[Item], *, entropy: bytes, engine: Engine | EngineName | None = None) -> None:
    """Verify many proofs, of any statements, for the price of a few; agrees with verify on each.

    Args:
        items: (circuit, V, context, proof) each.
        entropy: 32 bytes from the operating system, drawn after the proofs were received.
        engine: fast, reference, or an engine; by default the process's fast one.

    Raises:
        ProofInvalid: some fail; indices names every guilty item, malformed ones included.
        ProofMalformed: all that fail are malformed, or the batch is empty.
        StatementError: entropy of another length (the caller's fault).
    """
    batch.verify_batch(items, entropy=entropy, engine=shared_engine(engine))
