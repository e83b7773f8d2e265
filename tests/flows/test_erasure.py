"""A person is erased from the command line: beside running services, while they are stopped, and over a crash."""

import time

import pytest

from api.home.directory import Home
from api.home.services import free_ports

pytestmark = pytest.mark.long
ADA, BOB, CYD = "ada-planted-51", "bob-planted-52", "cyd-planted-53"
PEOPLE = f"customer_id,salary,country\n{ADA},129000,US\n{BOB},58000.50,CA\n{CYD},77000,US\n"


@pytest.fixture(scope="module")
def started(start, tmp_path_factory):
    """Runs services in one home as often as asked, and stops them at the end of a block."""
    home = Home(tmp_path_factory.mktemp("erasure") / "home")
    verifier, prover = free_ports("127.0.0.1", 2)

    class Running:
        def __enter__(self):
            known = home.root.exists()
            self.up = start(home, *([] if known else ["--verifier-port", verifier, "--prover-port", prover]))
            return self.up.attest

        def __exit__(self, *_):
            assert self.up.stop() == 0
            self.up.process.stdout.close()
            self.up.process.stderr.close()

    return Running


def with_text(home, text):
    return [path for path in home.root.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def test_a_person_is_erased_whatever_runs(started, tmp_path):
    file = tmp_path / "people.csv"
    file.write_text(PEOPLE)
    with started() as attest:
        attest("prover", "import", file, "--subject", "customer_id")
        evidence = tmp_path / "ada.evidence.json"
        attest("ask", "salary > 100000", "--subject", ADA, "--evidence", evidence)
        for subject in (BOB, CYD):
            attest("ask", "salary > 100000", "--subject", subject)
        ada, bob, cyd = (
            attest("prover", "consent", "show", "--subject", each, "--json").json["subject"] for each in (ADA, BOB, CYD)
        )
        assert with_text(attest.home, ada)
        assert with_text(attest.home, ADA) == []

        attest("prover", "erase", "--subject", ADA, code=2)  # nobody there to say yes
        told = attest("prover", "erase", "--subject", ADA, "--yes", "--json").json
        assert (told["credentials"], told["logged"]["erased"]) == (1, {"answer": 1, "credential": 1})
        assert with_text(attest.home, ada) == []
        attest("prover", "erase", "--subject", ADA, "--yes", code=2)
        attest("evidence", "verify", evidence)
        report = attest("audit", "replay", "--json", "--jobs", 2).json
        assert (report["clean"], report["answers"], sum(report["erased"].values())) == (True, 2, 2)

    later = attest("prover", "erase", "--subject", BOB, "--yes", "--json", code=3).json
    assert later["logged"] is None
    assert with_text(attest.home, bob) != []
    with started() as attest:
        deadline = time.monotonic() + 60
        while with_text(attest.home, bob):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert attest("audit", "replay", "--json").json["clean"]
    attest("verifier", "fsck")
    assert with_text(attest.home, cyd) != []
