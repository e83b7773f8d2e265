"""Nothing the engine refuses is refused by an assert: the whole rejection table again under `python -O`."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
sys.path[:0] = {paths!r}
assert False, "this must be switched off"
import test_vectors as t
from circuits.errors import ProofError, StatementError, WitnessError
from circuits.arithmetic import Wires, prove, verify

refused = 0
for known in t.VECTORS["negative"]:
    try:
        V = [bytes.fromhex(point) for point in known["V"]]
        verify(t.explicit_circuit(known["circuit"]), V, bytes.fromhex(known["context"]), bytes.fromhex(known["proof"]))
    except ProofError:
        refused += 1
for known in t.VECTORS["bad_statements"]:
    try:
        t.built(known["statement"])
    except StatementError:
        refused += 1
circuit, opening = t.range_circuit(1, 8), t.Opening(256, 1)
try:
    prove(circuit, [t.commit(opening)], [opening], Wires((0, 0, 0, 0), (), (4,)), b"", entropy=bytes(32))
except WitnessError:
    refused += 1
accepted = 0
for known in t.VECTORS["positive"]:
    V = [bytes.fromhex(point) for point in known["V"]]
    verify(t.explicit_circuit(known["circuit"]), V, bytes.fromhex(known["context"]), bytes.fromhex(known["proof"]))
    accepted += 1
print(refused, accepted)
"""


def test_python_dash_O():
    here = Path(__file__).parent
    script = SCRIPT.format(paths=[str(here), str(here.parents[1])])
    told = subprocess.run([sys.executable, "-O", "-c", script], capture_output=True, check=False)  # noqa: S603  # own script
    assert (told.stdout.split(), told.stderr) == ([b"60", b"13"], b"")
