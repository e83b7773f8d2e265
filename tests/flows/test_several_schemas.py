"""Two files about the same people under two schemas, one question over both; and what a no is put down to."""

import json

import pytest

from api.cli.connection import connect
from api.peers.lender_client import Refusal

BOTH = 'monthly_pay > 4000 && country == "US"'
SCHEMA = {
    "schema": "payroll",
    "version": 1,
    "attributes": [
        {
            "name": "monthly_pay",
            "type": "money",
            "currency": "USD",
            "period": "month",
            "max": "1000000.00",
            "disclosure": {"residual": "100.00"},
        },
        {"name": "hired_on", "type": "date"},
    ],
}
ROWS = ("customer_id,monthly_pay,hired_on", "C-1001,10700.00,2021-07-01", "C-1002,3104.20,2025-12-01")
MORE = (
    "C-1003,9000.00,2019-01-01",
    "C-1017,15000.00,2018-05-01",
    "C-1006,3104.20,2020-02-01",
    "P-1,9000.00,2019-01-01",
)
RATIO = "monthly_pay * 12 >= salary"
"""Of salaries only thresholds are on offer: this is one way around them, unless it is consented to as such."""
LENDER = "sandbox-lender"
GRANT = ("--purpose", "credit-decision", "--reasons", "failed-clauses")


def ask(up, predicate, subject, *options, code=0):
    return up.attest("ask", predicate, "--subject", subject, "--json", *options, code=code).json


@pytest.fixture(scope="module")
def both(up, tmp_path_factory):
    """The running home, with a second file about some of its people."""
    folder = tmp_path_factory.mktemp("payroll")
    file, schema = folder / "payroll.csv", folder / "payroll.schema.json"
    file.write_text("\n".join([*ROWS, *MORE]) + "\n")
    schema.write_text(json.dumps(SCHEMA))
    told = up.attest("prover", "import", file, "--schema", schema, "--subject", "customer_id", "--json").json
    assert (told["issued"], told["registered"], told["superseded"]) == (6, 6, 0)
    return up


@pytest.fixture(scope="module")
def consents(both):
    """What the sandbox lender was given when these people were imported."""
    return both.attest.consents()


ANSWERS = [
    (BOTH, "C-1001", {}, "yes"),
    (BOTH, "C-1002", {}, "no"),
    (BOTH, "C-1003", {}, "no"),
    (BOTH, "C-1001", {"schemas": ["kyc-person", "payroll"]}, "yes"),
    ("at_least(2, owns_home, age(date_of_birth) >= 30, monthly_pay > 9000)", "C-1001", {}, "yes"),
    ("monthly_pay > 4000", "P-1", {}, "yes"),
    ("salary > 100000", "C-1001", {"schemas": ["payroll", "kyc-person"]}, "yes"),
]


RATIOS = [(RATIO, "C-1017", {}, "yes"), (RATIO, "C-1006", {}, "no")]


def test_one_statement_over_two_credentials(both, consents):
    ratio = {who: both.attest.consent(who, LENDER, *GRANT, "--question", RATIO) for _, who, _, _ in RATIOS}
    with connect(both.attest.home) as lender:
        with pytest.raises(Refusal) as caught:
            lender.ask(RATIO, consent=consents["C-1017"])
        assert caught.value.name == "declined"
        for predicate, subject, options, expected in ANSWERS + RATIOS:
            token = (ratio if predicate == RATIO else consents)[subject]
            answer = lender.ask(predicate, consent=token, **options)
            assert (answer["outcome"], answer.get("answer")) == ("answer", expected), predicate
            assert (answer["reasons"], answer["failed"]) == ("outcome-only", None)
        for subject in ("C-1004", "P-1"):  # each is known under one of the schemas only
            assert lender.ask(BOTH, consent=consents[subject])["reason"] == "absent"


def test_evidence_and_replay_hold_with_both_engines(both, tmp_path):
    file = tmp_path / "both.evidence.json"
    for subject, options in (("C-1001", ("--schema", "payroll", "--schema", "kyc-person")), ("C-1002", ())):
        answer = ask(both, BOTH, subject, *options, "--evidence", file)
        for engine in ("fast", "reference"):
            told = both.attest("evidence", "verify", file, "--engine", engine, "--json").json
            assert (told["verified"], told["answer"], told["index"]) == (True, answer["answer"], answer["log"]["index"])
    told = both.attest("audit", "replay", "--sample", 3, "--json").json  # the whole log would take the other a minute
    sampled = told["sampled"]
    assert (told["clean"], sampled["engine"], sampled["answers"], sampled["findings"]) == (True, "reference", 3, [])


@pytest.mark.parametrize(
    ("options", "where"),
    [(("--schema", "payroll", "--schema", "passport"), "--schema"), (("--schema", "payroll"), BOTH)],
)
def test_a_schema_that_does_not_fit_is_a_two(both, options, where):
    assert where in ask(both, BOTH, "C-1001", *options, code=2)["error"]["where"]


def test_an_unknown_attribute_is_told_what_there_is_under_both(both):
    told = ask(both, "monthly_pay > 1 && salary > 1 && wage > 1", "C-1001", code=2)["error"]
    assert {"monthly_pay", "salary", "country"} <= set(told["what"].replace(",", "").split())


def granted(up, subject, party=LENDER):
    return up.attest(
        "prover", "consent", "grant", "--subject", subject, "--relying-party", party, *GRANT, "--json"
    ).json


def revoke(up, given):
    return up.attest("prover", "consent", "revoke", "--id", given["id"], "--json").json


def why(lender, predicate, consent):
    """The answer with its reasons, as a script would ask for it."""
    return lender.ask(predicate, consent=consent, reasons="failed-clauses")


def require_declined(lender, consent):
    with pytest.raises(Refusal) as caught:
        why(lender, BOTH, consent)
    assert caught.value.name == "declined"


def test_reasons_are_told_with_consent_and_only_then(both, consents, tmp_path):
    file = tmp_path / "why.evidence.json"
    plain = {who: consents[who] for who in ("C-1001", "C-1002")}
    with connect(both.attest.home) as lender:
        assert lender.ask(BOTH, consent=plain["C-1002"])["answer"] == "no"
        require_declined(lender, plain["C-1001"])
        other = granted(both, "C-1002", "other-lender")
        require_declined(lender, other["consent"])
        one = granted(both, "C-1001")
        require_declined(lender, plain["C-1002"])

        noted = granted(both, "C-1002")
        told = ask(both, BOTH, "C-1002", "--why", "--evidence", file)
        assert (told["answer"], told["reasons"]) == ("no", "failed-clauses")
        assert [clause["predicate"] for clause in told["failed"]] == ["monthly_pay > 4000.00", 'country == "US"']
        part = why(lender, BOTH.replace("4000", "3000"), noted["consent"])
        assert [clause["question"] for clause in part["failed"]] == ['country is "US"']
        yes = why(lender, BOTH, one["consent"])
        assert (yes["answer"], yes["failed"]) == ("yes", None)
        for engine in ("fast", "reference"):
            seen = both.attest("evidence", "verify", file, "--engine", engine, "--json").json
            assert (seen["reasons"], seen["failed"]) == ("failed-clauses", told["failed"])

        ended = revoke(both, noted)
        assert (ended["reasons"], ended["revoked_at"] is None) == ("failed-clauses", False)
        require_declined(lender, noted["consent"])
        assert lender.ask(BOTH, consent=plain["C-1002"])["answer"] == "no"
        assert why(lender, BOTH, one["consent"])["answer"] == "yes"
    listed = both.attest("prover", "consent", "list", "--json").json["consents"]
    known = {other["id"]: "other-lender", one["id"]: LENDER, noted["id"]: LENDER}
    found = [
        (each["subject"], each["relying_party"], each["revoked_at"] is None) for each in listed if each["id"] in known
    ]
    assert found == [("C-1002", "other-lender", True), ("C-1001", LENDER, True), ("C-1002", LENDER, False)]
    assert both.attest("audit", "replay", "--json").json["clean"]
    for log in both.attest.home.logs.glob("*.log"):
        assert "monthly_pay" not in log.read_text()


def test_people_read_what_failed(both):
    granted(both, "C-1003")
    told = both.attest("ask", BOTH, "--subject", "C-1003", "--why").out
    failed, disclosed = told.split("does not hold:")[1].split("disclosed")
    assert 'country is "US"' in failed
    assert "monthly_pay" not in failed
    assert 'country: not "US"' in disclosed
    assert "C-1003" in both.attest("prover", "consent", "list").out
    assert "may ask" in both.attest("prover", "consent", "list", "--subject", "C-1003").out


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("grant", "--subject", "nobody", *GRANT), "no such subject"),
        (("grant", "--subject", "C-1003", "--relying-party", "", *GRANT), "1 to 256 printable characters"),
        (("revoke", "--id", "nobodys"), "no such consent"),
    ],
)
def test_a_consent_that_cannot_be_is_a_two(both, words, what):
    granted(both, "C-1003")
    assert what in both.attest("prover", "consent", *words, "--json", code=2).json["error"]["what"]
