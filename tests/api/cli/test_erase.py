"""What the operator is told of an erasure, and the person's receipt; that it happens: tests/flows/test_erasure.py."""

import json
import os
import time

import pytest

from api.cli.app import main
from api.cli.erase import counted
from api.home.bootstrap import bootstrap
from api.home.directory import Home
from api.prover.sinks import unlocked
from circuits.attributes import default_schema
from circuits.jws import SigningKey
from prover.issuance import Issuer
from prover.records import Record


@pytest.mark.parametrize(
    ("erased", "said"),
    [
        ({}, "nothing was there"),
        ({"answer": 1, "credential": 1}, "1 answer, 1 credential"),
        ({"answer": 3, "credential": 1, "declined": 2}, "3 answers, 1 credential, 2 declined"),
        ({"credential": 1200, "undetermined": 1}, "1,200 credentials, 1 undetermined"),
    ],
)
def test_what_was_erased_is_counted_in_words(erased, said):
    assert counted(erased) == said


@pytest.fixture
def home(tmp_path):
    place = Home(tmp_path / "home")
    place.create()
    bootstrap(place)
    with unlocked(place) as (engine, vault):
        issuer = Issuer(engine, vault, key=SigningKey.from_pem(place.signing_key.read_bytes()), provider="p")
        records = [Record(name, {"salary": "1"}) for name in ("A1", "B2", "C3")]
        issuer.issue(records, schema=default_schema(), now=int(time.time()), entropy=os.urandom)
    return place.root


@pytest.fixture
def run(home, monkeypatch, capsys):
    """Run `attest prover`, without a verifier that could be told: exit code and stdout."""

    def run(*words):
        monkeypatch.setattr("sys.argv", ["attest", "prover", *map(str, words), "--home", str(home)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return int(ended.value.code or 0), said.out

    return run


def test_the_receipt_is_printed_or_written_and_holds(run, tmp_path):
    printed, written = tmp_path / "printed.txt", tmp_path / "written.txt"
    code, out = run("erase", "--subject", "A1", "--yes")
    assert (code, "A1 is erased" in out) == (3, True), "the verifier is told later"
    printed.write_text(out.splitlines()[-1], encoding="utf-8")
    code, out = run("erase", "--subject", "B2", "--yes", "--receipt", written)
    assert (code, f"receipt written to {written}" in out) == (3, True)
    code, out = run("erase", "--subject", "C3", "--yes", "--json")
    told = json.loads(out)
    assert (code, told["credentials"], told["logged"]) == (3, 1, None)
    (tmp_path / "told.txt").write_text(told["receipt"], encoding="utf-8")
    for file in (printed, written, tmp_path / "told.txt"):
        code, out = run("receipt", "verify", file, "--json")
        assert (code, json.loads(out)["erased"]) == (0, {"credentials": 1, "consents": 0, "inquiries": 0})


def test_where_no_receipt_can_be_written_nobody_is_erased(run, tmp_path):
    assert run("erase", "--subject", "A1", "--yes", "--receipt", tmp_path / "there" / "is" / "no" / "folder")[0] == 2
    assert run("erase", "--subject", "A1", "--yes", "--receipt", tmp_path / "receipt.txt")[0] == 3
    assert run("erase", "--subject", "A1", "--yes")[0] == 2
