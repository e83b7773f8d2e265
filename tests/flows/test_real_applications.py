"""Real applications with gaps: every row is imported, a gap is undetermined for its attribute only, answers agree."""

import csv
import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from real_questions import Questions

from api.peers.lender_client import Refusal, ServiceClient
from circuits.attributes import Schema
from circuits.consent import Allowed, issue
from circuits.jws import SigningKey
from circuits.query import Reasons

FOLDER = Path(__file__).parents[1] / "data"
FILE = FOLDER / "credit-applications.csv"
SCHEMA = FOLDER / "credit-applications.schema.json"
QUESTIONS = 500
CLIENTS = 8
SEED = 4454


@pytest.fixture(scope="module")
def rows():
    with FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def imported(up, tmp_path_factory):
    arguments = [FILE, "--schema", SCHEMA, "--subject", "application_id", "--map", "income*1000=income"]
    arguments += ["--map", "expenses*1000=expenses"]
    rejects = tmp_path_factory.mktemp("credit") / "rejects.csv"
    return up.attest("prover", "import", *arguments, "--rejects", rejects, "--json").json


@pytest.fixture(scope="module")
def lender(up, imported):
    assert imported["registered"]
    with ServiceClient(up.told["verifier"], key=up.attest.home.keys()["lender"], connections=CLIENTS) as client:
        yield client


@pytest.fixture(scope="module")
def consents(up, imported):
    assert imported["consented_to"] == "sandbox-lender"
    return up.attest.consents()


@pytest.fixture(scope="module")
def digest():
    return Schema.from_json(SCHEMA.read_bytes()).name


def test_every_application_is_imported(imported, rows):
    assert len(rows) == 4454
    assert (imported["issued"], imported["rejected"], imported["rejects"]) == (4454, 0, None)
    assert imported["registered"] == 4454


def test_five_hundred_random_compound_questions_agree_with_plain_evaluation(lender, consents, rows, digest):
    asked = list(Questions(rows, SEED)(QUESTIONS))

    def answered(question):
        subject, predicate, _ = question
        answer = lender.ask(predicate, consent=consents[subject], schema=digest)
        return {"yes": True, "no": False}[answer["answer"]] if answer["outcome"] == "answer" else None

    with ThreadPoolExecutor(CLIENTS) as pool:
        found = list(pool.map(answered, asked))
    wrong = [(question, answer) for question, answer in zip(asked, found, strict=True) if answer is not question[2]]
    assert wrong == []
    assert min(Counter(found)[answer] for answer in (True, False, None)) >= 25


@pytest.mark.parametrize("attribute", ["income", "debt", "assets", "home"])
def test_a_gap_is_undetermined_for_its_attribute_only(lender, consents, rows, digest, attribute):
    row = next(row for row in rows if row[attribute] == "")
    literal = '"rent"' if attribute == "home" else "1"
    consent = consents[row["application_id"]]
    gap = lender.ask(f"{attribute} == {literal}", consent=consent, schema=digest)
    assert (gap["outcome"], gap["reason"]) == ("undetermined", "absent")
    known = lender.ask(f"age == {row['age']}", consent=consent, schema=digest)
    assert known["answer"] == "yes"


def test_a_stranger_is_declined(up, lender, consents, rows, digest):
    row = rows[0]
    assert lender.ask("age > 1", consent=consents[row["application_id"]], schema=digest)["answer"] == "yes"
    another_lenders = up.attest.consent(row["application_id"], "another-lender", "--purpose", "credit-decision")
    for stranger in (made_up(up.attest.home.config()), another_lenders):
        with pytest.raises(Refusal) as caught:
            lender.ask("age > 1", consent=stranger, schema=digest)
        assert caught.value.name == "declined"
    assert up.attest("ask", "age > 1", "--subject", "no-such-application", code=3).err.startswith("error  declined")


def made_up(config) -> str:
    """A consent that no provider has signed, of nobody."""
    now = int(time.time())
    return issue(
        id=os.urandom(16),
        handle=os.urandom(16),
        provider=config.provider_id,
        relying_party=config.relying_party,
        via=config.origin,
        purpose="credit-decision",
        allowed=Allowed(),
        reasons=Reasons.OUTCOME_ONLY,
        frequency=None,
        issued_at=now,
        expires_at=now + 86_400,
        key=SigningKey.generate(entropy=os.urandom(32)),
    ).token
