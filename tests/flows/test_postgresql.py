"""The same product on PostgreSQL: two addresses in the environment, nothing else."""

import uuid

import pytest

from api import samples
from api.home.directory import Home
from api.home.services import free_ports
from api.home.settings import PROVER_DATABASE, VERIFIER_DATABASE


@pytest.fixture
def databases(postgres_server, monkeypatch):
    names = {variable: f"flow_{uuid.uuid4().hex}" for variable in (VERIFIER_DATABASE, PROVER_DATABASE)}
    for variable, name in names.items():
        postgres_server.execute(f"CREATE DATABASE {name}")
        monkeypatch.setenv(variable, postgres_server.url(name))
    yield
    for name in names.values():
        postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def finish(running):
    assert running.stop() == 0
    running.process.stdout.close()
    running.process.stderr.close()


@pytest.mark.usefixtures("databases")
def test_commit_ask_replay_and_come_back(tmp_path, start):
    home = Home(tmp_path / "home")
    verifier, prover = free_ports("127.0.0.1", 2)
    ports = ("--verifier-port", verifier, "--prover-port", prover)
    people = tmp_path / "people.csv"
    people.write_text("\n".join(samples.people().decode().splitlines()[:12]) + "\n")

    running = start(home, *ports)
    attest = running.attest
    imported = attest("prover", "import", people, "--subject", samples.SUBJECT, "--json").json
    assert imported["registered"] == 11
    asked = attest("ask", "salary > 100000", "--subject", "C-1001", "--json").json
    assert asked["outcome"] == "answer"
    finish(running)

    assert not home.log_database.exists()
    assert not home.vault.exists()
    assert attest("audit", "replay", "--json").json["answers"] == 1
    assert attest("prover", "import", people, "--subject", samples.SUBJECT, "--json").json["unchanged"] == 11

    again = start(home, *ports)
    assert attest("ask", "salary > 100000", "--subject", "C-1001", "--json").json["answer"] == asked["answer"]
    finish(again)
