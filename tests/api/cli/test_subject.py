"""What the operator sees and notes about people at the terminal: who asked, who knows what, disputes, tokens."""

import json
import os
import time

import pytest

from api.cli.app import main
from api.home.bootstrap import bootstrap
from api.home.directory import Home
from api.prover.sinks import unlocked
from circuits import predicate as predicates
from circuits.attributes import default_schema
from circuits.consent import Allowed
from circuits.encoding import b64u
from circuits.jws import SigningKey
from circuits.query import Query, Reasons
from circuits.vocabulary import Vocabulary
from prover.catalogue import Catalogue
from prover.consent import Consents
from prover.disclosure import Ledger
from prover.errors import Declined
from prover.issuance import Issuer
from prover.records import Record
from prover.terms import Terms

SCHEMA = default_schema()
VALUES = {"salary": "129000.00", "debt": "18000", "date_of_birth": "1984-02-29", "country": "US", "employer": "ACME"}
ASKED = [
    ("first-bank", "salary > 100000"),
    ("first-bank", "salary > 110000"),
    ("first-bank", "owns_home"),
    ("first-bank", "salary > 150000 && age(date_of_birth) >= 21"),
    ("second-bank", "debt * 100 <= salary * 40"),
    ("second-bank", 'employer in ["ACME", "Initech"]'),
]


class Asking:
    """Puts questions to a home's ledger, as its prover would."""

    def __init__(self, place, engine, vault):
        self.key = SigningKey.from_pem(place.signing_key.read_bytes())
        self.provider = place.config().provider_id
        self.consents = Consents(engine, vault, key=self.key, provider=self.provider)
        self.ledger = Ledger(engine, vault, key=self.key.public, schemas=Catalogue(engine))
        issuer = Issuer(engine, vault, key=self.key, provider=self.provider)
        records = [Record("A1", VALUES), Record("B2", {"owns_home": "yes"})]
        issuer.issue(records, schema=SCHEMA, now=int(time.time()), entropy=os.urandom)
        waiting = issuer.pending(9)
        issuer.mark_registered([each.id for each in waiting], range(len(waiting)))

    def ask(self, lender, text):
        now = int(time.time())
        allowed = Allowed(questions=("debt * 100 <= salary * 40",))
        terms = Terms(lender, "origin", "credit-decision", now + 9999, allowed, Reasons.FAILED_CLAUSES)
        given = self.consents.grant_many(["A1"], terms, now=now, entropy=os.urandom)["A1"]
        vocabulary = Vocabulary((SCHEMA,))
        predicate = predicates.parse(text, vocabulary)
        query = Query(
            id=b64u(os.urandom(16)),
            nonce=os.urandom(32),
            audience="origin",
            relying_party=lender,
            provider=self.provider,
            subject=given.handle,
            purpose="credit-decision",
            predicate_text=text,
            predicate_digest=predicate.digest,
            schema_digests=(SCHEMA.digest,),
            as_of="2026-11-22",
            max_age=None,
            issued_at=now,
            expires_at=now + 60,
            consent=b64u(given.digest),
            reasons=Reasons.FAILED_CLAUSES,
        )
        try:
            self.ledger.spend(query, predicate, vocabulary, now=now, entropy=os.urandom)
        except Declined:
            return


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    place = Home(tmp_path_factory.mktemp("home") / "home")
    place.create()
    bootstrap(place)
    with unlocked(place) as (engine, vault):
        asking = Asking(place, engine, vault)
        for lender, text in ASKED:
            asking.ask(lender, text)
    return place.root


@pytest.fixture
def run(home, monkeypatch, capsys):
    """Run `attest prover subject`: what it printed, as an object if it was asked for."""

    def run(*words, code=0, as_json=True):
        shown = ["--json"] if as_json else []
        monkeypatch.setattr("sys.argv", ["attest", "prover", "subject", *words, "--home", str(home), *shown])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert int(ended.value.code or 0) == code, said
        return json.loads(said.out) if as_json else said.out

    return run


def test_inquiries_come_by_the_page(run):
    first = run("inquiries", "--subject", "A1", "--limit", "4")
    second = run("inquiries", "--subject", "A1", "--limit", "4", "--after", first["next"])
    listed = first["inquiries"] + second["inquiries"]
    assert [(each["relying_party"], each["predicate"]) for each in listed] == ASKED[::-1]
    assert [each["answer"] for each in listed] == ["yes", "yes", "no", None, None, "yes"]
    assert [each["reason"] for each in listed] == [None, None, None, "absent", "ladder", None]
    assert second["next"] is None
    assert run("inquiries", "--subject", "B2") == {"inquiries": [], "next": None}


def test_inquiries_in_words(run):
    said = run("inquiries", "--subject", "A1", as_json=False)
    for words in (
        " YES ",
        " NO ",
        " DECLINED ",
        " UNDETERMINED ",
        "to decide on a loan or a line of credit",
        "100 times debt is at most 40 times salary",
        'told employer: one of "ACME", "Initech"',
        "told salary: at least 100,000.01 USD per year (0.01 bits)",
        "the threshold is not one that is offered",
        "nothing is held about it",
    ):
        assert words in said
    assert max(map(len, said.splitlines())) <= 80
    assert "nobody has asked yet" in run("inquiries", "--subject", "B2", as_json=False)


def test_who_knows_what(run):
    known = run("knowledge", "--subject", "A1")["knowledge"]
    assert [each["relying_party"] for each in known] == ["first-bank", "second-bank", None]
    first = {tuple(fact["attributes"]): fact for fact in known[0]["facts"]}
    assert first["salary",]["words"] == "from 100,000.01 to 150,000.00 USD per year"
    assert first["salary",]["narrowest_words"] == "50,000.00 USD per year"
    second = {tuple(fact["attributes"]): fact["words"] for fact in known[1]["facts"]}
    assert second["debt", "salary"] == "5 times debt is at most 2 times salary"
    said = run("knowledge", "--subject", "A1", as_json=False)
    assert "all together" in said
    assert max(map(len, said.splitlines())) <= 80
    assert run("knowledge", "--subject", "B2") == {"knowledge": []}
    assert "nobody has had an answer yet" in run("knowledge", "--subject", "B2", as_json=False)


def test_tokens_and_disputes(run):
    assert run("token", "--subject", "A1")["token"].startswith("zks_")
    assert run("revoke-tokens", "--subject", "A1")["revoked"] == 1
    assert run("revoke-tokens", "--subject", "A1", as_json=False) == "0 tokens of A1 taken back\n"
    assert "disputes" in run("dispute", "--subject", "A1")["state"]
    (waiting,) = run("disputes")["disputes"]
    assert run("disputes", as_json=False) == f"A1 since {waiting['disputed_at']}\n"
    assert "no longer" in run("settle", "--subject", "A1")["state"]
    assert run("disputes") == {"disputes": []}
    assert "nobody disputes" in run("disputes", as_json=False)


@pytest.mark.parametrize("command", ["token", "revoke-tokens", "inquiries", "knowledge", "dispute", "settle"])
def test_who_is_not_there_is_told(run, command):
    run(command, "--subject", "B2")
    assert "no such subject" in run(command, "--subject", "nobody", code=2)["error"]["what"]


@pytest.mark.parametrize("after", ["x", "A" * 43])
def test_a_cursor_of_nobody_is_told(run, after):
    assert run("inquiries", "--subject", "A1", "--after", after, code=2)["error"]["where"] == "--after"
    assert run("settle", "--subject", "B2")
