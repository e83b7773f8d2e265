"""The engines share nothing below circuits.group but the curve's constants: a replay loads the one it was asked for."""

import json
import subprocess
import sys

import pytest

from verifier.audit.export import export_lines

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
REPLAY = """
import json, sys
from pathlib import Path
from verifier.audit.replay import replay
from verifier.trust import Trust

trust = Trust.from_json(Path(sys.argv[2]).read_bytes())
with open(sys.argv[1], "rb") as lines:
    report = replay(lines, trust=trust, engine=sys.argv[3])
print(json.dumps({"clean": report.failure is None, "answers": report.answers, "modules": sorted(sys.modules)}))
"""
LIBRARIES = {
    "fast": {"btclib_secp256k1", "_btclib_secp256k1", "numpy"},
    "reference": {"py_ecc", "py_ecc.secp256k1"},
}
OWN = {
    "fast": {"buckets", "digests", "fast", "tables"},
    "reference": {"reference"},
}


@pytest.fixture
def loaded(world, tmp_path):
    """Which modules a replay of a log loads, in an interpreter of its own."""
    for question, subject in (("salary > 100000", "ada"), ("salary > 100000", "bob"), ("salary > 1", "eve")):
        world.ask(question, subject)
    export, pins = tmp_path / "log", tmp_path / "trust"
    export.write_bytes(b"".join(export_lines(world.log)))
    pins.write_bytes(world.trust.to_bytes())

    def replayed(engine):
        done = subprocess.run(  # noqa: S603 - this interpreter, on a text of ours
            [sys.executable, "-c", REPLAY, export, pins, engine], check=True, timeout=60, capture_output=True
        )
        told = json.loads(done.stdout)
        assert (told["clean"], told["answers"]) == (True, 3)
        return set(told["modules"])

    return replayed


def test_each_engine_replays_without_the_other(loaded):
    modules = {name: loaded(name) for name in LIBRARIES}
    for name, other in (("fast", "reference"), ("reference", "fast")):
        assert modules[name] >= LIBRARIES[name]
        assert not modules[name] & LIBRARIES[other]
    group = {
        name: {module.removeprefix("circuits.group.") for module in found if module.startswith("circuits.group.")}
        for name, found in modules.items()
    }
    assert group == {name: {"curve", *own} for name, own in OWN.items()}
