"""Questions over several schemas, and with their reasons, over HTTP."""

from contextlib import contextmanager

import pytest

from circuits.jws import VerifyKey, open_signed
from verifier.evidence.evidence import verify_evidence

PAYROLL = {
    "schema": "payroll",
    "version": 1,
    "attributes": [
        {"name": "monthly_pay", "type": "money", "currency": "USD", "period": "month", "max": "1000000.00"},
        {"name": "country", "type": "enum", "values": ["CA", "DE", "US"]},
    ],
}
PAID = {
    "ann": {"monthly_pay": "10700.00", "country": "US"},
    "ben": {"monthly_pay": "3100.00", "country": "US"},
    "gus": {"monthly_pay": "9000.00", "country": "DE"},
}
BOTH = "monthly_pay > 4000 && salary > 100000"
WHY = {"reasons": "failed-clauses"}


@pytest.fixture(scope="module")
def paid(world):
    """The running services, with a second schema about some of the people."""
    world.issue(PAID, PAYROLL)
    return world


def told(response, status=201):
    assert response.status_code == status, response.text
    return response.json()


def attested(world, answer):
    key = VerifyKey.from_jwk(world.lender.get("/.well-known/jwks.json").json()["keys"][0])
    return open_signed(answer["attestation"], typ="zkattest-attestation+jwt", key=key)


ASKED = [
    (BOTH, "ann", {}, "yes"),
    (BOTH, "ben", {}, "no"),
    (BOTH, "ann", {"schemas": ["kyc-test", "payroll"]}, "yes"),
    ("monthly_pay * 12 < salary", "ann", {}, "yes"),
    ('monthly_pay > 1 && salary > 1 && country == "US"', "ben", {"schemas": ["payroll", "kyc-test"]}, "yes"),
    ('monthly_pay > 1 && salary > 1 && country == "US"', "ben", {"schemas": ["kyc-test", "payroll"]}, "no"),
]


@pytest.mark.parametrize(("predicate", "subject", "more", "answer"), ASKED)
def test_a_question_over_two_schemas_is_one_statement_over_two_credentials(paid, predicate, subject, more, answer):
    found = told(paid.ask(predicate, subject, **more))
    assert (found["answer"], found["reasons"], found["failed"]) == (answer, "outcome-only", None)
    said = attested(paid, found)
    assert len(said["credential_digests"]) == len(said["schema_digests"]) == 2
    verdict = verify_evidence(paid.lender.get(found["links"]["evidence"]).content, trust=paid.verifier.service.trust)
    assert verdict.answer is (answer == "yes")


def test_what_a_list_names_and_the_question_does_not_need_is_left_out(paid):
    found = told(paid.ask("salary > 100000", "ann", schemas=["payroll", "kyc-test"]))
    assert len(attested(paid, found)["schema_digests"]) == 1


def test_who_is_held_under_one_of_them_only_is_undetermined(paid):
    assert told(paid.ask(BOTH, "ann"))["outcome"] == "answer"
    for subject in ("eve", "gus"):
        assert told(paid.ask(BOTH, subject), 200)["reason"] == "absent"


WRONG = [
    ({"schemas": []}, "#/schemas"),
    ({"schemas": ["payroll"] * 9}, "#/schemas"),
    ({"schemas": ["payroll", "payroll"]}, "#/schemas/1"),
    ({"schemas": ["kyc-test", "passport"]}, "#/schemas/1"),
    ({"schemas": ["kyc-test"], "schema": "kyc-test"}, "#/schemas"),
    ({"reasons": "everything"}, "#/reasons"),
]


@pytest.mark.parametrize(("change", "pointer"), WRONG, ids=str)
def test_what_does_not_fit_is_named(paid, change, pointer):
    told(paid.ask(BOTH, "ann", schemas=["payroll", "kyc-test"]))
    found = told(paid.ask(BOTH, "ann", **change), 422)
    assert found["type"].endswith("/unprocessable")
    assert [each["pointer"] for each in found["errors"]] == [pointer]


@pytest.fixture
def consented(paid):
    """Whoever is asked about has consented to reasons, too."""
    return paid


FAILED = [
    (BOTH, ["monthly_pay > 4000.00", "salary > 100000.00"]),
    ("monthly_pay > 3000 && salary > 100000", ["salary > 100000.00"]),
    ("monthly_pay > 4000 && (salary > 100000 || salary > 1)", ["monthly_pay > 4000.00"]),
    ("at_least(2, monthly_pay > 3000, salary > 100000, sanctioned)", ["salary > 100000.00", "sanctioned"]),
    ("salary > 100000", ["salary > 100000.00"]),
]


@pytest.mark.parametrize(("predicate", "failed"), FAILED)
def test_a_no_says_which_clauses_failed(consented, predicate, failed):
    found = told(consented.ask(predicate, "ben", **WHY))
    assert (found["answer"], found["reasons"]) == ("no", "failed-clauses")
    assert [each["predicate"] for each in found["failed"]] == failed
    said = attested(consented, found)
    assert (said["reasons"], said["failed"]) == ("failed-clauses", found["failed"])
    evidence = consented.lender.get(found["links"]["evidence"])
    verdict = consented.lender.post("/v1/verify", json={"evidence": evidence.json()}).json()
    assert (verdict["valid"], verdict["failed"]) == (True, found["failed"])


def test_what_failed_is_in_no_log_line_and_no_metric(consented):
    consented.take_log()
    clause = told(consented.ask(BOTH, "ben", **WHY))["failed"][0]
    with consented.prover_server.client() as prover:
        seen = [consented.take_log(), consented.lender.get("/metrics").text, prover.get("/metrics").text]
    assert "/v1/queries" in seen[0]
    for word in ("monthly_pay", clause["question"], "failed-clauses", "clauses"):
        assert all(word not in each for each in seen)


def test_a_yes_says_no_more_than_yes(consented):
    found = told(consented.ask("monthly_pay > 3000 || salary > 100000", "ben", **WHY))
    assert (found["answer"], found["failed"]) == ("yes", None)
    assert "failed" not in attested(consented, found)


def test_without_consent_it_is_declined_like_everything_else(paid):
    shown = (paid.nobodys(), paid.nobodys("other-bank"), paid.consent("ben", "other-bank"))
    refusals = [paid.ask(BOTH, consent=consent, **WHY) for consent in shown]
    assert {response.status_code for response in refusals} == {403}
    assert len({response.content for response in refusals}) == 1
    told(paid.ask(BOTH, "ben", **WHY))


def test_the_same_key_with_other_reasons_is_another_request(consented):
    first = consented.ask(BOTH, "ben", key="why-1", **WHY)
    assert consented.ask(BOTH, "ben", key="why-1", **WHY).content == first.content
    assert told(consented.ask(BOTH, "ben", key="why-1"), 422)["type"].endswith("/idempotency-key-reused")


LIES = {
    "one credential": lambda reply: {**reply, "credentials": reply["credentials"][:1]},
    "the same one twice": lambda reply: {**reply, "credentials": reply["credentials"][:1] * 2},
    "in another order": lambda reply: {**reply, "credentials": reply["credentials"][::-1]},
    "one too many": lambda reply: {**reply, "credentials": [*reply["credentials"], reply["credentials"][0]]},
    "no clauses": lambda reply: {**reply, "clauses": None},
    "one clause": lambda reply: {**reply, "clauses": reply["clauses"][:1]},
    "all of them hold": lambda reply: {**reply, "clauses": [True, True]},
    "one of them holds": lambda reply: {**reply, "clauses": [True, False]},
    "clauses of a yes": lambda reply: {**reply, "answer": "yes"},
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_prover_that_lies_about_credentials_or_clauses_is_not_believed(consented, lie, altered):
    with altered(lambda reply: reply):
        told(consented.ask(BOTH, "ben", **WHY))
    with altered(lie):
        assert told(consented.ask(BOTH, "ben", **WHY), 502)["type"].endswith("/invalid-proof")


def test_reasons_that_nobody_asked_for_are_refused(consented, altered):
    with altered(lambda reply: {**reply, "clauses": [False, False]}):
        assert told(consented.ask(BOTH, "ben"), 502)["type"].endswith("/invalid-proof")
    told(consented.ask(BOTH, "ben"))


@pytest.fixture
def altered(paid):
    """Changes what the real prover says, on its way to the verifier."""
    asked = paid.verifier.service.provers
    real = asked._outbound

    @contextmanager
    def altering(change):
        class Between:
            def post(self, url, body, *, key):
                reply = real.post(url, body, key=key)
                return type(reply)(reply.status, change(reply.body))

        asked._outbound = Between()
        try:
            yield
        finally:
            asked._outbound = real

    return altering
