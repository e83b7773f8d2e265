"""Real applications with gaps: every row is imported, a gap is undetermined for its attribute only, answers agree."""

import csv
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from api.lender_client import Refusal, ServiceClient
from circuits.attributes import Schema

FOLDER = Path(__file__).parents[1] / "data"
FILE = FOLDER / "credit-applications.csv"
SCHEMA = FOLDER / "credit-applications.schema.json"
QUESTIONS = 200
SEED = 4454
COMPARE = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}
NUMBERS = ("income", "age", "seniority", "debt", "assets")


@pytest.fixture(scope="module")
def rows():
    with FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def plain(row, attribute):
    """The value as the mapping promises it: income is given in thousands. None for a gap."""
    cell = row[attribute]
    if cell == "":
        return None
    if attribute == "home":
        return cell
    return Decimal(cell) * (1000 if attribute == "income" else 1)


@pytest.fixture(scope="module")
def imported(up, tmp_path_factory):
    arguments = [FILE, "--schema", SCHEMA, "--subject", "application_id", "--map", "income*1000=income"]
    rejects = tmp_path_factory.mktemp("credit") / "rejects.csv"
    return up.attest("prover", "import", *arguments, "--rejects", rejects, "--json").json


@pytest.fixture(scope="module")
def lender(up, imported):
    assert imported["registered"]
    with ServiceClient(up.told["verifier"], key=up.attest.home.keys()["lender"]) as client:
        yield client


@pytest.fixture(scope="module")
def digest():
    return Schema.from_json(SCHEMA.read_bytes()).name


def test_every_application_is_imported(imported, rows):
    assert len(rows) == 4454
    assert (imported["issued"], imported["rejected"], imported["rejects"]) == (4454, 0, None)
    assert imported["registered"] == 4454


def questions(rows):
    draw = Random(SEED)  # noqa: S311 - a reproducible choice of questions
    for _ in range(QUESTIONS):
        row = draw.choice(rows)
        attribute = draw.choice((*NUMBERS, "home"))
        operator = draw.choice(("==", "!=") if attribute == "home" else tuple(COMPARE))
        threshold = next(v for v in iter(lambda a=attribute: plain(draw.choice(rows), a), ...) if v is not None)
        literal = f'"{threshold}"' if attribute == "home" else format(threshold.normalize(), "f")
        value = plain(row, attribute)
        expected = None if value is None else COMPARE[operator](value, threshold)
        yield row["application_id"], f"{attribute} {operator} {literal}", expected


def test_two_hundred_random_questions_agree_with_plain_evaluation(lender, rows, digest):
    wrong, seen = [], set()
    for subject, predicate, expected in questions(rows):
        answer = lender.ask(predicate, subject=subject, schema=digest)
        found = {"yes": True, "no": False}[answer["answer"]] if answer["outcome"] == "answer" else None
        seen.add(found)
        if found is not expected:
            wrong.append((predicate, subject, found, expected))
    assert wrong == []
    assert {True, False} <= seen


@pytest.mark.parametrize("attribute", ["income", "debt", "assets", "home"])
def test_a_gap_is_undetermined_for_its_attribute_only(lender, rows, digest, attribute):
    row = next(row for row in rows if row[attribute] == "")
    literal = '"rent"' if attribute == "home" else "1"
    gap = lender.ask(f"{attribute} == {literal}", subject=row["application_id"], schema=digest)
    assert (gap["outcome"], gap["reason"]) == ("undetermined", "absent")
    known = lender.ask(f"age == {row['age']}", subject=row["application_id"], schema=digest)
    assert known["answer"] == "yes"


def test_a_stranger_is_declined(lender, digest):
    with pytest.raises(Refusal) as caught:
        lender.ask("age > 1", subject="no-such-application", schema=digest)
    assert caught.value.name == "declined"
