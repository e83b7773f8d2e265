"""`python -O` drops assertions: nothing that refuses a forgery may be one."""

import json
import subprocess
import sys
from pathlib import Path

from adversary import CONTEXT, Adversary, Coordinates, commit
from mutants import accepts_honestly

import circuits
from circuits.range import range_circuit, range_witness

RANGE = range_circuit(1, 64)
WITNESS = range_witness([5], 64)

PROGRAM = """
import json, sys
from circuits.arithmetic import verify, verify_batch
from circuits.errors import CircuitsError
from circuits.range import range_circuit
assert False, "assertions are off"
circuit, said = range_circuit(1, 64), []
for V, proof in json.load(sys.stdin):
    V, proof = [bytes.fromhex(point) for point in V], bytes.fromhex(proof)
    item = (circuit, V, b"one question", proof)
    for check in (
        lambda: verify(*item),
        lambda: verify(*item, engine="reference"),
        lambda: verify_batch([item], entropy=bytes(32)),
    ):
        try:
            check()
            said.append("accepted")
        except CircuitsError as error:
            said.append(type(error).__name__)
for refuse in (lambda: range_circuit(1, 256), lambda: range_circuit(0, 64), lambda: range_circuit(1, 63)):
    try:
        refuse()
        said.append("accepted")
    except CircuitsError as error:
        said.append(type(error).__name__)
print(json.dumps(said))
"""


def test_forgeries_under_optimisation():
    V, proof = accepts_honestly(RANGE, [5], WITNESS, CONTEXT)
    forged = [
        (V, proof),
        Adversary(RANGE, commit(2**64 + 5), WITNESS.L, (), WITNESS.O).forge(),
        Adversary(RANGE, commit(16), [16], (), [15]).forge(),
        Adversary(RANGE, [Coordinates.of(2**64 + 5, 1, h={1: 3})], WITNESS.L, (), WITNESS.O).forge(),
        (V, proof[:-1]),
        (V, b"\x04" + proof[1:]),
        (V, proof[:-32] + b"\xff" * 32),
        (V[:0], proof),
    ]
    expected = ["accepted"] + ["ProofInvalid"] * 3 + ["ProofMalformed"] * 4
    run = subprocess.run(  # noqa: S603  # this interpreter, and the program above
        [sys.executable, "-O", "-c", PROGRAM],
        input=json.dumps([([point.hex() for point in points], bytes_.hex()) for points, bytes_ in forged]),
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(circuits.__file__).parents[1],
        timeout=60,
    )
    assert json.loads(run.stdout) == [verdict for verdict in expected for _ in range(3)] + ["StatementError"] * 3
