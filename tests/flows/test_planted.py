"""Real services of a dishonest provider and a dishonest operator, and auditors with nothing but the command line."""

import json
import shutil

import pytest

from api.home.directory import Home
from api.home.services import free_ports

pytestmark = pytest.mark.long
PEOPLE = "customer_id,salary,date_of_birth,country\nC-1,129000.00,1990-02-28,US\nC-2,58000.00,1991-02-28,US\n"
PAYSLIPS = "customer_id,salary\nC-1,58000.00\n"
PAYSLIP = {
    "schema": "payslip",
    "version": 1,
    "attributes": [{"name": "salary", "type": "money", "currency": "USD", "period": "year", "max": "10000000.00"}],
}


@pytest.fixture
def running(start, tmp_path):
    """Starts a home's services once more, and stops them at the end of a block."""

    class Running:
        def __init__(self, home, *options):
            self.up = start(home, *options)

        def __enter__(self):
            return self.up.attest

        def __exit__(self, *_):
            assert self.up.stop() == 0
            self.up.process.stdout.close()
            self.up.process.stderr.close()

    (tmp_path / "people.csv").write_text(PEOPLE)
    (tmp_path / "payslips.csv").write_text(PAYSLIPS)
    (tmp_path / "payslip.json").write_text(json.dumps(PAYSLIP))
    return Running


def ports():
    verifier, prover = free_ports("127.0.0.1", 2)
    return "--verifier-port", verifier, "--prover-port", prover


def test_one_person_two_values_two_lenders(running, tmp_path, monkeypatch):
    with running(Home(tmp_path / "home"), *ports()) as attest:
        attest("prover", "import", tmp_path / "people.csv", "--subject", "customer_id")
        first = attest("ask", "salary > 100000", "--subject", "C-1", "--json").json
        assert attest("audit", "replay", "--json").json["clean"]
        schema = ("--schema", tmp_path / "payslip.json")
        attest("prover", "import", tmp_path / "payslips.csv", *schema, "--subject", "customer_id")
        key = attest("verifier", "client", "add", "second-bank", "--scope", "query", "--json").json["key"]
        shown = tmp_path / "second-bank.consent"
        shown.write_text(attest.consent("C-1", "second-bank", "--purpose", "credit-decision"))
        with monkeypatch.context() as second_bank:
            second_bank.setenv("ZKATTEST_KEY", key)
            second = attest("ask", "salary > 60000", "--consent", shown, "--schema", "payslip", "--json").json
        assert (first["answer"], second["answer"]) == ("yes", "no")
        indices = [answer["log"]["index"] for answer in (first, second)]
        folder = tmp_path / "for the judge"
        (found,) = attest("audit", "replay", "--evidence", folder, "--json", code=1).json["findings"]
        assert (found["code"], found["blame"], found["evidence"]) == ("contradiction", "provider", indices)
        assert all(f"for {bank} says salary is" in found["reason"] for bank in ("sandbox-lender", "second-bank"))
        assert attest("verifier", "fsck", "--json", code=1).json["faults_count"] == 1
    shutil.copy(tmp_path / "home" / "trust.json", tmp_path / "pins.json")
    files = [folder / f"{index}.evidence.json" for index in indices]
    pins = ("--trust", tmp_path / "pins.json", "--json")
    for engine in ("fast", "reference"):
        told = attest("evidence", "contradict", *files, "--engine", engine, *pins, home=False, code=1).json
        assert [each["entries"] for each in told["contradictions"]] == [indices]


def test_a_log_that_was_forked_and_shown_to_two_auditors(running, tmp_path):
    """The operator copies its home, and lets each copy go on by itself."""
    with running(Home(tmp_path / "home"), *ports()) as attest:
        attest("prover", "import", tmp_path / "people.csv", "--subject", "customer_id")
    shutil.copytree(tmp_path / "home", tmp_path / "copy")
    for name, subject in (("home", "C-1"), ("copy", "C-2")):
        with running(Home(tmp_path / name)) as attest:
            attest("ask", "salary > 100000", "--subject", subject)
            assert attest("audit", "replay", "--keep", tmp_path / f"{name}.checkpoint", "--json").json["clean"]
            assert attest("verifier", "fsck", "--json").json["sound"]
            if name == "copy":
                since = ("--since", tmp_path / "home.checkpoint")
                (found,) = attest("audit", "replay", *since, "--json", code=1).json["findings"]
                assert (found["code"], found["blame"]) == ("since", "log operator")
                (fault,) = attest("verifier", "fsck", *since, "--json", code=1).json["faults"]
                assert "not those of the earlier checkpoint" in fault["what"]
    shown = (tmp_path / "home.checkpoint", tmp_path / "copy.checkpoint")
    error = attest("audit", "compare", *shown, "--json", code=1).json["error"]
    assert "forked" in error["what"]
    assert "log operator" in error["remedy"]
