"""What `attest explain` says may be asked is what the rules say."""

import pytest

from api.allowance import Allowance, promise
from api.explanation import facts, read
from circuits.attributes import default_schema
from circuits.calendar import day_number
from circuits.leakage import Known, Question, Refusal, Rules, decide, disclosed, learn, written
from circuits.leakage.cuts import cuts_of
from circuits.predicate import parse

SCHEMA, DAY = default_schema(), day_number("2026-11-22")
TEXTS = {
    "salary > 100000": None,
    "salary <= 25000 || owns_home": None,
    "salary > 90000": "80,000 and 100,000 USD per year",
    "salary > 90000.50": "90,000.50 USD per year is not on offer; the nearest are 80,000 and 100,000 USD per year",
    "salary < 1000": "1,000.00 USD per year is not on offer; the nearest is 25,000 USD per year",
    "salary > 2000000": "the nearest is 1,000,000 USD per year",
    "salary > 20000000": None,
    "debt * 100 <= salary * 40": "debt and salary are compared only as a consent offers it",
    "debt > 5000": "an answer could leave less possible than 10,000.00 USD of debt",
    "debt > 50000 && debt <= 55000": "10,000.00 USD of debt",
    "debt <= net_worth": None,
    "age(date_of_birth) >= 21": None,
    "age(date_of_birth) == 21": None,
    'date_of_birth > date("1990-01-01") && date_of_birth < date("1990-01-20")': "30 days of date_of_birth",
    'country in ["US", "CA"] && !sanctioned': None,
    'employer == "ACME"': None,
}


def asked(text):
    return Question(parse(text, SCHEMA), SCHEMA, DAY)


def as_offered(question):
    cuts = cuts_of(question.predicate, SCHEMA, DAY)
    return Rules({form: frozenset(each) for form, each in cuts.items()})


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_said_is_what_is_decided(text):
    question = asked(text)
    told = Allowance(question).facts()
    decision = decide(question, Known(), Rules())
    assert (told["refusal"], told["allowed"]) == (decision.refusal, decision.refusal is None)
    assert told["allowed"] is (TEXTS[text] is None)
    if TEXTS[text] is None:
        assert told["if_offered"] is None
        assert told["words"].startswith("yes")
        promised = any(SCHEMA.attribute(name).disclosure for name in question.predicate.attributes)
        assert ("earlier answers leave room" in told["words"]) is (promised and not decision.free)
    else:
        offered = decide(question, Known(), as_offered(question))
        assert (told["if_offered"]["refusal"], told["if_offered"]["allowed"]) == (
            offered.refusal,
            offered.refusal is None,
        )
        assert TEXTS[text] in told["words"]


@pytest.mark.parametrize("text", [text for text, why in TEXTS.items() if why and text.startswith("salary")])
def test_the_nearest_thresholds_may_be_asked(text):
    (nearest,) = Allowance(asked(text)).facts()["nearest"].values()
    assert 1 <= len(nearest) <= 2
    for rung in nearest:
        assert decide(asked(f"salary > {rung}"), Known(), Rules()).refusal is None


def test_a_form_with_an_attribute_that_nothing_is_promised_about_is_refused_however_offered():
    schema = type(SCHEMA).from_json(
        {
            "schema": "two",
            "version": 1,
            "attributes": [
                {"name": "promised", "type": "integer", "min": "0", "max": "999", "disclosure": {"residual": "10"}},
                {"name": "bare", "type": "integer", "min": "0", "max": "999"},
            ],
        }
    )
    question = Question(parse("promised > bare", schema), schema, DAY)
    told = Allowance(question).facts()
    assert (told["refusal"], told["if_offered"]["refusal"]) == (Refusal.FORM, Refusal.FORM)
    assert "a way around the promise" in told["words"]
    assert Allowance(Question(parse("promised > 500", schema), schema, DAY)).facts()["allowed"]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("answer", [True, False])
def test_what_an_answer_discloses_is_what_would_be_charged(text, answer):
    question = asked(text)
    told = Allowance(question).disclosed(answer=answer)
    decision = decide(question, Known(), as_offered(question))
    if decision.refusal is not None:
        assert told is None
        return
    after = learn(question, decision.spent, answer=answer)
    due = written.to_json(disclosed(question, Known().own, after.own))
    assert [{name: each[name] for name in due[0]} for each in told] == due


@pytest.mark.parametrize("text", [text for text in TEXTS if "employer" not in text and "debt" not in text])
def test_what_is_disclosed_is_what_the_answer_tells(text):
    explained = facts(read(text, [SCHEMA], as_of=DAY))
    for word in ("yes", "no"):
        said = explained[word]
        if said["disclosed"] is not None:
            alone = [each for each in said["tells"] if "form" not in each]
            assert [each["attribute"] for each in said["disclosed"]] == [each["attributes"][0] for each in alone]
            for disclosure, tells in zip(said["disclosed"], alone, strict=True):
                assert disclosure["words"].replace("anything", "nothing") == tells["words"]
                assert float(disclosure["bits"]) == pytest.approx(tells["bits"], abs=0.006)


def test_a_promise_in_words():
    assert promise(SCHEMA.attribute("salary"))["words"] == (
        "thresholds on offer: 25,000, 30,000, 40,000, 50,000, 60,000, 75,000, 80,000, 100,000, 120,000, 150,000, "
        "200,000, 250,000, 300,000, 500,000 and 1,000,000 USD per year; 10,000.00 USD per year always stay possible"
    )
    assert promise(SCHEMA.attribute("debt")) == {
        "residual": "10000.00",
        "ladder": [],
        "words": "10,000.00 USD always stay possible",
    }
    assert promise(SCHEMA.attribute("sanctioned"))["words"] == "nothing is promised: one answer may tell all"
