"""Eight threads over one engine, garbage among honest proofs: no false accept, no false refusal."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from circuits.arithmetic import prove, verify
from circuits.errors import ProofInvalid
from circuits.group import engine
from circuits.pedersen import Opening, commit
from circuits.range import range_circuit, range_witness


@pytest.fixture
def frequent_switches():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("frequent_switches")
def test_no_false_accept():
    group = engine("fast", tables=None, progress=lambda *_: None)  # its own tables: the threads build them together
    circuit = range_circuit(1, 16)
    openings = [Opening(100 + i, 5 + i) for i in range(4)]
    V = [[commit(o)] for o in openings]

    def honest(i):
        proof = prove(
            circuit, V[i % 4], [openings[i % 4]], range_witness([100 + i % 4], 16), b"", entropy=bytes(32), engine=group
        )
        for _ in range(20):
            verify(circuit, V[i % 4], b"", proof, engine=group)
        return proof

    def garbage(i, proof):
        false = 0
        for _ in range(20):
            for commitment, encoded in (
                (V[(i + 1) % 4], proof),
                (V[i % 4], proof[:-1] + bytes([proof[-1] ^ 1])),
                (V[i % 4], proof[33:66] + proof[:33] + proof[66:]),
            ):
                try:
                    verify(circuit, commitment, b"", encoded, engine=group)
                except ProofInvalid:
                    false += 1
        return false

    with ThreadPoolExecutor(8) as pool:
        proofs = list(pool.map(honest, range(8)))
        assert proofs[:4] == proofs[4:]
        refused = [pool.submit(garbage, i, proof) for i, proof in enumerate(proofs)]
        again = list(pool.map(honest, range(8)))
        assert [job.result() for job in refused] == [60] * 8
        assert again == proofs
