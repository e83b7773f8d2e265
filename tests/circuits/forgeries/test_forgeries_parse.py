"""Bytes that are no proof are refused before any arithmetic; every byte of a proof matters."""

import pytest
from adversary import CONTEXT
from mutants import accepts_honestly

from circuits.arithmetic import verify, verify_batch
from circuits.errors import ProofError, ProofInvalid, ProofMalformed
from circuits.group.curve import N, P
from circuits.range import range_circuit, range_witness

RANGE = range_circuit(1, 64)
POINTS = 4 + 2 * RANGE.k
EDGE = 33 * POINTS
ENGINES = ["fast", "reference"]


@pytest.fixture(scope="module")
def honest():
    return accepts_honestly(RANGE, [5], range_witness([5], 64), CONTEXT)


@pytest.fixture(autouse=True)
def baseline(honest):
    verify(RANGE, honest[0], CONTEXT, honest[1])


def malformed(V, proof, engine):
    with pytest.raises(ProofMalformed):
        verify(RANGE, V, CONTEXT, proof, engine=engine)
    with pytest.raises(ProofMalformed):
        verify_batch([(RANGE, V, CONTEXT, proof)], entropy=bytes(32), engine=engine)


def replaced(proof, at, new):
    return proof[:at] + new + proof[at + len(new) :]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("scalar", [N, N + 5, 2**256 - 1])
def test_scalars_that_are_not_reduced(honest, scalar, engine):
    V, proof = honest
    for at in range(EDGE, len(proof), 32):
        malformed(V, replaced(proof, at, scalar.to_bytes(32, "big")), engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_same_scalar_not_reduced(honest, engine):
    """N + x stands for x: accepting it would make two proofs of one."""
    V, proof = honest
    for at in range(EDGE, len(proof), 32):
        value = int.from_bytes(proof[at : at + 32], "big") + N
        if value < 2**256:
            malformed(V, replaced(proof, at, value.to_bytes(32, "big")), engine)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("prefix", [0, 1, 4, 5, 6, 7, 8, 0x82, 255])
def test_prefixes(honest, prefix, engine):
    V, proof = honest
    for at in range(0, EDGE, 33):
        malformed(V, replaced(proof, at, bytes([prefix])), engine)
    malformed([replaced(V[0], 0, bytes([prefix]))], proof, engine)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("x", [P, P + 1, P + 2, 2**256 - 1, 5, 0])
def test_x_that_is_no_coordinate(honest, x, engine):
    """P + 1 stands for 1, which is a coordinate of this curve; 5 and 0 are none."""
    V, proof = honest
    for prefix in (b"\x02", b"\x03"):
        point = prefix + x.to_bytes(32, "big")
        for at in range(0, EDGE, 33):
            malformed(V, replaced(proof, at, point), engine)
        malformed([point], proof, engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_truncation_and_extension(honest, engine):
    V, proof = honest
    for length in range(len(proof)):
        with pytest.raises(ProofMalformed):
            verify(RANGE, V, CONTEXT, proof[:length], engine=engine)
        with pytest.raises(ProofMalformed):
            verify(RANGE, V, CONTEXT, proof[length + 1 :], engine=engine)
    for more in (b"\x00", b"\xff", bytes(32), bytes(33), bytes(66), bytes(98), proof, proof[-32:]):
        malformed(V, proof + more, engine)
        malformed(V, more + proof, engine)
    malformed(V, proof[:EDGE] + bytes(32) + proof[EDGE:], engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_commitments(honest, engine):
    V, proof = honest
    for wrong in ([], V * 2, [b""], [V[0][:-1]], [V[0] + b"\x00"], [bytes(33)], [None], ["02" * 33], [bytearray(V[0])]):
        malformed(wrong, proof, engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_not_bytes(honest, engine):
    V, proof = honest
    for wrong in (None, 5, "", proof.hex(), bytearray(proof), memoryview(proof), list(proof), [], {}):
        malformed(V, wrong, engine)


def test_every_byte_tampered(honest):
    V, proof = honest
    for at, byte in enumerate(proof):
        for changed in {byte ^ 1, byte ^ 0x80, 0, 255} - {byte}:
            with pytest.raises(ProofError):
                verify(RANGE, V, CONTEXT, replaced(proof, at, bytes([changed])))


def test_every_byte_of_the_statement_tampered(honest):
    V, proof = honest
    for at, byte in enumerate(V[0]):
        with pytest.raises(ProofError):
            verify(RANGE, [replaced(V[0], at, bytes([byte ^ 1]))], CONTEXT, proof)
    for at, byte in enumerate(CONTEXT):
        with pytest.raises(ProofInvalid):
            verify(RANGE, V, replaced(CONTEXT, at, bytes([byte ^ 1])), proof)
    for context in (b"", CONTEXT + b"\x00", CONTEXT[:-1]):
        with pytest.raises(ProofInvalid):
            verify(RANGE, V, context, proof)
    for other in (range_circuit(1, 60), range_circuit(1, 56)):
        with pytest.raises(ProofError):
            verify(other, V, CONTEXT, proof)


@pytest.mark.parametrize("engine", ENGINES)
def test_points_swapped_and_negated(honest, engine):
    V, proof = honest
    points = [proof[i : i + 33] for i in range(0, EDGE, 33)]
    for i in range(POINTS):
        j = (i + 1) % POINTS
        swapped = list(points)
        swapped[i], swapped[j] = swapped[j], swapped[i]
        negated = list(points)
        negated[i] = bytes([negated[i][0] ^ 1]) + negated[i][1:]
        for forged in (swapped, negated):
            with pytest.raises(ProofInvalid):
                verify(RANGE, V, CONTEXT, b"".join(forged) + proof[EDGE:], engine=engine)
    with pytest.raises(ProofInvalid):
        verify(RANGE, [bytes([V[0][0] ^ 1]) + V[0][1:]], CONTEXT, proof, engine=engine)
    with pytest.raises(ProofInvalid):
        verify(RANGE, V, CONTEXT, proof[:EDGE] + bytes(len(proof) - EDGE), engine=engine)
