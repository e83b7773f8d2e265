"""What an operator notes about people's consents, at the terminal, beside a prover or without one."""

import json
import os
import time

import pytest

from api.cli import present
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
def say(home, monkeypatch, capsys):
    """Run a command; what it prints."""

    def say(*words, code=0):
        monkeypatch.setattr("sys.argv", ["attest", "prover", *words, "--home", str(home)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert int(ended.value.code or 0) == code, said
        return said.out

    return say


@pytest.fixture
def run(say):
    return lambda *words, code=0: json.loads(say(*words, "--json", code=code))


def test_a_consent_is_granted_listed_and_revoked(run):
    given = run("consent", *GRANT, "--often", "5/60", "--attribute", "salary", "--reasons", "failed-clauses")
    (listed,) = (each for each in run("consent", "list", "--subject", "A1")["consents"] if each["id"] == given["id"])
    assert (listed["consent"], listed["id"], listed["revoked_at"]) == (given["consent"], given["id"], None)
    assert run("consent", "revoke", "--id", given["id"])["revoked_at"]


def test_the_list_is_a_line_for_each_on_a_narrow_terminal(say, run, monkeypatch):
    monkeypatch.setattr(present.out, "width", present.WIDTH)
    given = run("consent", *GRANT, "--relying-party", "acme-credit-monitoring", "--purpose", "credit-monitoring")
    ended = run("consent", *GRANT)
    run("consent", "revoke", "--id", ended["id"])
    lines = say("consent", "list").splitlines()
    assert max(map(len, lines)) <= present.WIDTH
    (line,) = (each for each in lines if given["id"] in each)
    assert "credit-monitoring" in line
    assert "ended" not in line
    (line,) = (each for each in lines if ended["id"] in each)
    assert "ended 20" in line


def test_of_one_person_it_says_all_that_they_consented_to(say, run):
    narrow = ("--attribute", "salary", "--attribute", "debt", "--threshold", "salary=100000", "--question", "owns_home")
    given = run("consent", *GRANT, *narrow, "--often", "5/60", "--reasons", "failed-clauses")
    shown = say("consent", "list", "--subject", "A1").partition(given["id"])[0].rpartition("\n\n")[2]
    assert "lender, to try this service out" in shown
    for name, what in {
        "may ask": "salary at 100000, debt; owns_home",
        "is told": "yes or no, and with a NO what fails",
        "how often": "5 in 60 s",
        "through": "origin, which is not this home's verifier",
    }.items():
        (line,) = (each for each in shown.splitlines() if each.startswith(name))
        assert line.removeprefix(name).strip() == what
    (listed,) = (each for each in run("consent", "list", "--subject", "A1")["consents"] if each["id"] == given["id"])
    assert listed["allowed"]["thresholds"] == {"salary": ["100000"]}
    assert listed["frequency"] == {"count": 5, "seconds": 60}
    run("consent", "revoke", "--id", given["id"])
    until = say("consent", "list", "--subject", "A1").partition(given["id"])[0].rpartition("until")[2]
    assert "when it was taken back" in until


@pytest.mark.parametrize(
    ("option", "text", "where", "remedy"),
    [
        ("--often", "0/60", "--often", None),
        ("--often", "9999999999/60", "--often is COUNT/SECONDS: 100/86400 is 100 a day", None),
        ("--relying-party", "", "--relying-party", None),
        ("--via", "a\nb", "--via", None),
        ("--threshold", "salary=lots", "--threshold", "explain"),
        ("--question", "salary >", "--question", "explain"),
        ("--attribute", "wage", None, None),
    ],
)
def test_a_refusal_names_the_option_that_was_wrong(run, option, text, where, remedy):
    error = run("consent", *GRANT, option, text, code=2)["error"]
    assert error.get("where") == where
    assert (remedy or "") in error.get("remedy", "")
    assert bool(remedy) == bool(error.get("remedy"))


def test_what_is_not_there_is_not_taken_back(run):
    error = run("consent", "revoke", "--id", "A" * 22, code=2)["error"]
    assert (error["where"], "consent list" in error["remedy"]) == ("--id", True)


@pytest.mark.parametrize(
    "change", [["--purpose", "fun"], ["--reasons", "all"], ["--often", "daily"], ["--subject", "nobody"]], ids=str
)
def test_what_is_no_consent_is_told(run, change):
    assert run("consent", *GRANT)
    run("consent", *GRANT, *change, code=2)
