"""What an operator notes about people's consents, at the terminal, beside a prover or without one."""

import json
import os
import time

import pytest

from api.cli.app import main
from api.home.bootstrap import bootstrap
from api.home.directory import Home
from api.prover.sinks import unlocked
from circuits.attributes import default_schema
from circuits.jws import SigningKey
from prover.issuance import Issuer
from prover.records import Record

GRANT = ["grant", "--subject", "A1", "--relying-party", "lender", "--via", "origin", "--purpose", "sandbox"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    place = Home(tmp_path_factory.mktemp("home") / "home")
    place.create()
    bootstrap(place)
    with unlocked(place) as (engine, vault):
        issuer = Issuer(engine, vault, key=SigningKey.from_pem(place.signing_key.read_bytes()), provider="p")
        records = [Record("A1", {"salary": "1"})]
        issuer.issue(records, schema=default_schema(), now=int(time.time()), entropy=os.urandom)
    return place.root


@pytest.fixture
def run(home, monkeypatch, capsys):
    def run(*words, code=0):
        monkeypatch.setattr("sys.argv", ["attest", "prover", *words, "--home", str(home), "--json"])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert int(ended.value.code or 0) == code, said
        return json.loads(said.out) if code == 0 else said

    return run


def test_a_consent_is_granted_listed_and_revoked(run):
    given = run("consent", *GRANT, "--often", "5/60", "--attribute", "salary", "--reasons", "failed-clauses")
    listed = run("consent", "list", "--subject", "A1")["consents"][-1]
    assert (listed["consent"], listed["id"], listed["revoked_at"]) == (given["consent"], given["id"], None)
    assert run("consent", "revoke", "--id", given["id"])["revoked_at"]


@pytest.mark.parametrize(
    "change", [["--purpose", "fun"], ["--reasons", "all"], ["--often", "daily"], ["--subject", "nobody"]], ids=str
)
def test_what_is_no_consent_is_told(run, change):
    assert run("consent", *GRANT)
    run("consent", *GRANT, *change, code=2)
