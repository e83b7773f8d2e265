"""A provider whose key was changed at the verifier, and who still signs with the old one, is told so by its import."""

import json

import pytest

from api.home.directory import Home
from api.home.services import free_ports

PATIENCE = 60


@pytest.fixture
def attest(start, tmp_path):
    verifier, prover = free_ports("127.0.0.1", 2)
    running = start(Home(tmp_path / "home"), "--verifier-port", verifier, "--prover-port", prover)
    try:
        yield running.attest
    finally:
        running.process.terminate()
        running.process.communicate(timeout=PATIENCE)


def test_an_import_that_the_verifier_does_not_take_says_so(attest, tmp_path):
    for name in ("before", "after"):
        (tmp_path / name).write_text(f"customer_id,salary\n{name}-1,50000.00\n{name}-2,60000.00\n")
    told = attest("prover", "import", tmp_path / "before", "--subject", "customer_id", "--json").json
    assert (told["registered"], told["waiting"], told["refused"]) == (2, 0, 0)

    jwk = attest("keygen", tmp_path / "new.pem", "--json").json["jwk"]
    (tmp_path / "new.json").write_text(json.dumps(jwk))
    attest("verifier", "provider", "add", "sandbox-kyc", "--key", tmp_path / "new.json")
    ran = attest("prover", "import", tmp_path / "after", "--subject", "customer_id", code=1)
    assert "the verifier refused 2 credentials" in ran.err
    assert "attest verifier provider list" in ran.err
    told = attest("prover", "import", tmp_path / "after", "--subject", "customer_id", "--json", code=1).json
    assert (told["unchanged"], told["waiting"], told["refused"]) == (2, 2, 2)
    attest("ask", "salary > 25000", "--subject", "before-1")
    attest("ask", "salary > 25000", "--subject", "after-1", code=3)
