"""Whose consent a question is shown with: from the vault of a home, from a file, from standard input, or nobody's."""

import io
import json
import time

import pytest

from api.cli.app import main
from api.cli.consented import MOST, consent_for, said_against
from api.cli.failures import CommandError, ExitCode
from api.home.bootstrap import bootstrap
from api.home.directory import Home
from api.home.sandbox import LIFETIME, OFFERED, PURPOSE
from circuits.consent import Consent

PEOPLE = "id,salary,debt\nA1,128400.00,18500.00\nA2,61250.50,24100.75\n"
GRANT = ("prover", "consent", "grant", "--subject", "A1", "--purpose", "credit-decision")
SHOW = ("prover", "consent", "show", "--subject")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    place = Home(tmp_path_factory.mktemp("consented") / "home")
    place.create()
    bootstrap(place)
    return place


@pytest.fixture
def run(home, monkeypatch, capsys):
    def run(*words, code=0):
        monkeypatch.setattr("sys.argv", ["attest", *map(str, words), "--home", str(home.root), "--json"])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert int(ended.value.code or 0) == code, said
        return json.loads(said.out)

    return run


@pytest.fixture
def imported(run, tmp_path):
    """A1 and A2 let the sandbox lender ask, B1 lets nobody."""
    file, other = tmp_path / "people.csv", tmp_path / "others.csv"
    file.write_text(PEOPLE)
    other.write_text("id,salary\nB1,1.00\n")
    assert run("prover", "import", file, "--subject", "id")["consented_to"] == "sandbox-lender"
    assert run("prover", "import", other, "--subject", "id", "--no-consent")["consented_to"] is None
    return run


def declined(home, **whom):
    """Why there is no token."""
    chosen = {"subject": None, "file": None, "relying_party": None} | whom
    with pytest.raises(CommandError) as refused:
        consent_for(home, **chosen)
    return refused.value


def test_who_is_imported_lets_the_sandbox_lender_ask_and_nobody_else(home, imported):
    token = consent_for(home, subject="A1", file=None, relying_party=None)
    assert token == imported(*SHOW, "A1")["consent"]
    consent = Consent.peek(token)
    assert (consent.relying_party, consent.purpose, consent.reasons) == ("sandbox-lender", PURPOSE, "outcome-only")
    assert (consent.allowed.attributes, consent.allowed.questions) == (None, OFFERED)
    assert consent.via == home.config().origin
    assert abs(consent.expires_at - time.time() - LIFETIME) < LIFETIME / 2

    for whom in ({"subject": "B1"}, {"subject": "nobody"}, {"subject": "A1", "relying_party": "second-bank"}):
        error = declined(home, **whom)
        assert (error.kind, error.code, "grant" in error.remedy) == ("declined", ExitCode.NO_ANSWER, True)
    assert "nothing" in imported(*SHOW, "B1", code=2)["error"]["what"]
    imported(*SHOW, "nobody", code=2)


def test_importing_again_grants_nothing_again_and_nothing_to_who_took_it_back(imported, tmp_path):
    first = imported(*SHOW, "A2")
    file = tmp_path / "people.csv"
    imported("prover", "import", file, "--subject", "id")
    assert imported(*SHOW, "A2") == first
    imported("prover", "consent", "revoke", "--id", first["id"])
    imported("prover", "import", file, "--subject", "id")
    imported(*SHOW, "A2", code=2)


def test_another_lender_knows_the_person_by_another_name(home, imported, monkeypatch):
    second = imported(*GRANT, "--relying-party", "second-bank")
    assert consent_for(home, subject="A1", file=None, relying_party="second-bank") == second["consent"]
    assert imported(*SHOW, "A1", "--relying-party", "second-bank") == second
    later = time.time() + 1  # what is newer is told by the second
    monkeypatch.setattr(time, "time", lambda: later)
    again = imported(*GRANT, "--relying-party", "second-bank")
    assert (again["subject"], again["id"] == second["id"]) == (second["subject"], False)
    assert imported(*SHOW, "A1", "--relying-party", "second-bank") == again  # the newest counts
    assert imported(*SHOW, "A1")["subject"] != second["subject"]


def test_a_consent_to_ask_elsewhere_is_not_shown_here(home, imported):
    here = imported(*SHOW, "A1")
    there = imported(*GRANT, "--via", "elsewhere.example/log")
    assert imported(*SHOW, "A1") == here
    assert imported(*SHOW, "A1", "--via", "elsewhere.example/log") == there
    assert consent_for(home, subject="A1", file=None, relying_party=None) == here["consent"]


def test_what_a_consent_itself_says_against_a_question(imported):
    token = imported(*GRANT, "--relying-party", "second-bank", "--days", "1")["consent"]
    consent = Consent.peek(token)
    asked = {"via": consent.via, "asker": "second-bank", "reasons": False, "now": consent.issued_at}
    assert said_against(token, **asked) == said_against(token, **asked | {"asker": None}) == []
    for change, words in (
        ({"now": consent.expires_at}, "expired at "),
        ({"now": consent.issued_at - 1}, "holds from "),
        ({"via": "elsewhere"}, f"is for questions to {consent.via}"),
        ({"asker": "sandbox-lender"}, "lets second-bank ask, and sandbox-lender asked"),
        ({"reasons": True}, "is to yes or no, without reasons"),
    ):
        (said,) = said_against(token, **asked | change)
        assert words in said
    assert len(said_against(token, via="", asker="x", reasons=True, now=consent.expires_at)) == len("four")
    assert said_against("eyJ0.eyJ0.c2ln", **asked) == []


def test_thresholds_and_questions_are_what_is_granted(imported):
    rungs = ("--threshold", "salary=100000", "--threshold", "salary=50000", "--threshold", "debt=20000")
    given = imported(*GRANT, *rungs, "--attribute", "salary", "--attribute", "debt", "--question", OFFERED[0])
    allowed = Consent.peek(given["consent"]).allowed
    assert dict(allowed.thresholds) == {"salary": ("100000", "50000"), "debt": ("20000",)}
    assert (allowed.attributes, allowed.questions) == (("salary", "debt"), OFFERED[:1])


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--threshold", "salary"),
        ("--threshold", "=100000"),
        ("--threshold", "salary="),
        ("--threshold", "salary=lots"),
        ("--threshold", "wage=100000"),
        ("--question", "salary >"),
        ("--question", "wage > 1"),
        ("--attribute", "wage"),
    ],
)
def test_what_means_nothing_is_not_granted(imported, option, text):
    assert imported(*GRANT, "--threshold", "salary=100000", "--question", "debt > 20000", "--attribute", "salary")
    assert imported(*GRANT, option, text, code=2)["error"]["what"]


@pytest.mark.parametrize("around", ["{}", "{}\n", "\n  {}  \n\n"])
def test_a_token_is_read_from_a_file_and_from_standard_input(home, tmp_path, monkeypatch, around):
    text = around.format("eyJ0.eyJ0.c2ln")
    (tmp_path / "consent").write_text(text)
    assert consent_for(home, subject=None, file=str(tmp_path / "consent"), relying_party=None) == "eyJ0.eyJ0.c2ln"
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    assert consent_for(home, subject=None, file="-", relying_party=None) == "eyJ0.eyJ0.c2ln"


@pytest.mark.parametrize("content", [b"", b" \n", b"two words", b"eyJ0.\xc3\xa4.c2ln", b"\xff", b"a" * MOST])
def test_what_is_no_token_is_not_sent(home, tmp_path, content):
    file = tmp_path / "consent"
    file.write_bytes(b"a" * (MOST - 1))
    assert consent_for(home, subject=None, file=str(file), relying_party=None)
    file.write_bytes(content)
    error = declined(home, file=str(file))
    assert (error.what, error.where) == ("this is no consent", str(file))


def test_nothing_on_standard_input_is_no_token(home, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("eyJ0.eyJ0.c2ln"))
    assert consent_for(home, subject=None, file="-", relying_party=None)
    error = declined(home, file="-")
    assert (error.what, error.where) == ("this is no consent", "standard input")


def test_a_question_is_about_one_person(home, tmp_path):
    missing = declined(home, file=str(tmp_path / "none"))
    assert (missing.what, missing.where) == ("the consent cannot be read", str(tmp_path / "none"))
    for whom in ({}, {"subject": "A1", "file": "-"}):
        assert declined(home, **whom).code == ExitCode.USAGE
    asked_as = declined(home, file=str(tmp_path / "none"), relying_party="second-bank")
    assert (asked_as.where, asked_as.code) == ("--relying-party", ExitCode.USAGE)
