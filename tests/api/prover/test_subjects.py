"""What a person may see and do themselves, over HTTP, with the token the operator gave them."""

import hashlib
import time

import pytest

from circuits.encoding import b64u
from circuits.query import Reasons
from circuits.receipt import ErasureReceipt

AGREED = {
    "relying_party": "acme-bank",
    "via": "verifier.example/log",
    "purpose": "credit-decision",
    "expires_at": "2099-01-01T00:00:00Z",
    "allowed": {"attributes": ["salary", "country"], "thresholds": {}, "questions": []},
    "reasons": "failed-clauses",
}
MINE = "/v1/subjects/me"


@pytest.fixture
def operator(provider):
    return provider.bearer(provider.operator)


class Somebody:
    """A person who is known to the prover, and has a token."""

    def __init__(self, prover, provider, name):
        self.prover, self.provider, self.name = prover, provider, name
        self.operator = provider.bearer(provider.operator)
        made = prover.post("/v1/subject-tokens", json={"subject": name}, headers=self.operator)
        assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
        self.headers = {"Authorization": f"Bearer {made.json()['token']}"}

    def get(self, path=""):
        response = self.prover.get(f"{MINE}{path}", headers=self.headers)
        assert (response.status_code, response.headers["cache-control"]) == (200, "no-store"), response.text
        return response

    def grant(self, **terms):
        body = AGREED | {"subject": self.name} | terms
        granted = self.prover.post("/v1/consents", json=body, headers=self.operator)
        assert granted.status_code == 201, granted.text
        return granted.json()

    def ask(self, given, text="salary > 100000", **more):
        digest = b64u(hashlib.sha256(given["consent"].encode()).digest())
        named = {name: given[name] for name in ("purpose", "relying_party")} | {"subject": given["handle"]}
        query = self.provider.query(text, now=int(time.time()), **(named | {"consent": digest} | more))
        headers = self.provider.bearer(self.provider.verifier)
        return self.prover.post("/v1/proofs", json={"query": query.to_json()}, headers=headers)


@pytest.fixture
def person(prover, provider, operator):
    """Issue somebody anew."""

    def person(**values):
        name = f"person-{time.monotonic_ns()}"
        record = {"subject": name, "values": {"salary": "129000.00", "country": "US"} | values, "line": 1}
        body = {"schema": provider.schema, "records": [record]}
        assert prover.post("/v1/records", json=body, headers=operator).status_code == 200
        issuer = prover.app.state.service.issuer
        waiting = issuer.pending(10)
        issuer.mark_registered([each.id for each in waiting], list(range(len(waiting))))
        return Somebody(prover, provider, name)

    return person


def test_who_asked_what_for_what_and_what_it_told(person):
    ann = person()
    given = ann.grant()
    assert ann.ask(given).json()["answer"] == "yes"
    assert (
        ann.ask(given, 'salary > 200000 && country in ["US"]', reasons=Reasons.FAILED_CLAUSES).json()["answer"] == "no"
    )
    assert ann.ask(given, "sanctioned").status_code == 403
    assert ann.ask(given, 'country == "US"', purpose="because").status_code == 403
    fooled, declined, no, yes = ann.get("/inquiries").json()["inquiries"]
    assert (yes["relying_party"], yes["outcome"], yes["answer"]) == ("acme-bank", "answered", "yes")
    assert yes["question"] == "salary is more than 100,000.00 USD per year"
    assert (yes["purpose"], yes["purpose_words"]) == ("credit-decision", "to decide on a loan or a line of credit")
    assert [(each["words"], each["narrowest_words"]) for each in yes["disclosed"]] == [
        ("at least 100,000.01 USD per year", None)
    ]
    assert [each["question"] for each in no["failed"]] == ["salary is more than 200,000.00 USD per year"]
    assert [each["words"] for each in no["disclosed"]] == ["from 100,000.01 to 200,000.00 USD per year", '"US"']
    assert (declined["outcome"], declined["answer"], declined["disclosed"]) == ("declined", None, [])
    assert (declined["reason"], declined["reason_words"]) == (
        "attributes",
        "the consent does not allow questions about this",
    )
    assert (fooled["purpose"], fooled["purpose_words"]) == ("because", "for a purpose that is none")
    assert fooled["reason"] == "purpose"


def test_pages_lead_on(person):
    ann = person()
    given = ann.grant()
    for threshold in (1, 2, 3):
        assert ann.ask(given, f"salary > {threshold}").json()["answer"] == "yes"
    first = ann.get("/inquiries?limit=2")
    link = first.headers["link"]
    assert link == f'<{MINE}/inquiries?limit=2&cursor={first.json()["next"]}>; rel="next"'
    second = ann.get(link[1 : link.index(">")].removeprefix(MINE))
    assert (second.json()["next"], "link" in second.headers) == (None, False)
    both = first.json()["inquiries"] + second.json()["inquiries"]
    assert [each["predicate"] for each in both] == ["salary > 3", "salary > 2", "salary > 1"]
    assert ann.get("/inquiries").json() == {"inquiries": both, "next": None}


@pytest.mark.parametrize("wrong", ["limit=0", "limit=201", "limit=x", "cursor=x", "cursor=" + "A" * 43, "cursor="])
def test_another_page_is_none(prover, person, wrong):
    ann = person()
    assert ann.ask(ann.grant()).status_code == 200
    assert len(ann.get("/inquiries?limit=1").json()["inquiries"]) == 1
    assert prover.get(f"{MINE}/inquiries?{wrong}", headers=ann.headers).status_code in (400, 422)


def test_who_knows_what(person):
    ann = person()
    assert ann.get("/knowledge").json() == {"knowledge": []}
    assert ann.ask(ann.grant()).json()["answer"] == "yes"
    assert ann.ask(ann.grant(relying_party="other-bank"), "salary > 150000").json()["answer"] == "no"
    bank, other, together = ann.get("/knowledge").json()["knowledge"]
    assert [each["relying_party"] for each in (bank, other, together)] == ["acme-bank", "other-bank", None]
    assert [each["facts"][0]["words"] for each in (bank, other, together)] == [
        "at least 100,000.01 USD per year",
        "at most 150,000.00 USD per year",
        "from 100,000.01 to 150,000.00 USD per year",
    ]
    assert together["facts"][0]["attributes"] == ["salary"]
    assert together["facts"][0]["left"] == [["10000001", "15000000"]]


def test_who_may_ask(prover, operator, person):
    ann = person()
    given, other = ann.grant(), ann.grant(relying_party="other-bank")
    prover.post(f"/v1/consents/{other['id']}/revoke", headers=operator)
    me = ann.get().json()
    assert me["disputed_at"] is None
    assert sorted((each["relying_party"], each["revoked_at"] is None) for each in me["consents"]) == [
        ("acme-bank", True),
        ("other-bank", False),
    ]
    (standing,) = (each for each in me["consents"] if each["id"] == given["id"])
    assert standing["allowed"]["attributes"] == ["salary", "country"]
    assert standing["purpose_words"] == "to decide on a loan or a line of credit"
    assert "consent" not in standing
    assert given["consent"] not in str(me)


def test_a_person_takes_a_consent_back_and_nobody_elses(prover, operator, person):
    ann, ben = person(), person()
    given, kept, other = ann.grant(), ann.grant(relying_party="other-bank"), ben.grant()
    assert ann.ask(given).json()["answer"] == ann.ask(kept).json()["answer"] == ben.ask(other).json()["answer"] == "yes"

    def revoke(headers, which):
        return prover.post(f"{MINE}/consents/{which}/revoke", headers=headers)

    for which in (other["id"], "A" * 22, "garbage", f"{given['id']}%3D"):
        refused = revoke(ann.headers, which)
        assert (refused.status_code, refused.json()["detail"]) == (404, "there is no such consent of yours")
    assert {revoke(headers, given["id"]).status_code for headers in ({}, operator)} == {401}
    assert ann.ask(given).json()["answer"] == ben.ask(other).json()["answer"] == "yes"

    ended = revoke(ann.headers, given["id"])
    assert (ended.status_code, ended.headers["cache-control"]) == (200, "no-store")
    assert ended.json()["revoked_at"]
    assert given["consent"] not in ended.text
    assert ann.ask(given).status_code == 403
    assert ann.get("/inquiries").json()["inquiries"][0]["reason_words"] == "the consent had been taken back"
    assert revoke(ann.headers, given["id"]).json() == ended.json()  # again changes nothing
    assert {each["id"]: each["revoked_at"] for each in ann.get().json()["consents"]} == {
        given["id"]: ended.json()["revoked_at"],
        kept["id"]: None,
    }
    assert ann.ask(kept).json()["answer"] == ben.ask(other).json()["answer"] == "yes"


def test_a_person_disputes_and_the_operator_settles(prover, operator, person):
    ann = person()
    given = ann.grant()
    assert ann.ask(given).json()["outcome"] == "answer"
    since = prover.post(f"{MINE}/dispute", headers=ann.headers).json()["disputed_at"]
    assert prover.post(f"{MINE}/dispute", headers=ann.headers).json()["disputed_at"] == since
    assert ann.get().json()["disputed_at"] == since
    waiting = prover.get("/v1/disputes", headers=operator)
    assert (waiting.status_code, waiting.headers["cache-control"]) == (200, "no-store")
    assert waiting.json()["disputes"] == [{"subject": ann.name, "disputed_at": since}]
    assert prover.get("/v1/disputes", headers=ann.headers).status_code == 401
    assert ann.ask(given).json()["reason"] == "disputed"
    assert prover.post("/v1/disputes/settle", json={"subject": ann.name}, headers=ann.headers).status_code == 401
    assert prover.post("/v1/disputes/settle", json={"subject": "nobody"}, headers=operator).status_code == 404
    assert ann.ask(given).json()["reason"] == "disputed"
    assert set(prover.post("/v1/disputes/settle", json={"subject": ann.name}, headers=operator).json()) == {
        "settled_at"
    }
    assert ann.get().json()["disputed_at"] is None
    assert prover.get("/v1/disputes", headers=operator).json() == {"disputes": []}
    assert ann.ask(given).json()["outcome"] == "answer"
    assert ann.get("/inquiries").json()["inquiries"][1]["reason_words"] == "what is held is disputed"


def test_a_person_is_erased_and_gets_a_receipt(prover, provider, person):
    ann = person()
    given = ann.grant()
    assert ann.ask(given).status_code == 200
    assert ann.ask(given, "sanctioned").status_code == 403
    assert len(ann.get("/inquiries").json()["inquiries"]) == 2
    gone = prover.delete(MINE, headers=ann.headers)
    assert (gone.status_code, gone.headers["cache-control"]) == (200, "no-store")
    receipt = ErasureReceipt.open(gone.json()["receipt"], provider.signing_key.public)
    assert receipt.erased == {"credentials": 1, "consents": 1, "inquiries": 2}
    assert ann.ask(given).status_code == 403
    for path in ("", "/inquiries", "/knowledge"):
        assert prover.get(f"{MINE}{path}", headers=ann.headers).status_code == 401


@pytest.mark.parametrize("path", ["", "/inquiries", "/knowledge"])
@pytest.mark.parametrize("who", ["nobody", "garbage", "the operator", "another scheme"])
def test_only_their_token_opens_what_is_theirs(prover, operator, person, path, who):
    ann, ben = person(), person()
    headers = {
        "nobody": {},
        "garbage": {"Authorization": "Bearer zks_x"},
        "the operator": operator,
        "another scheme": {"Authorization": ann.headers["Authorization"].replace("Bearer", "Basic")},
    }
    assert ann.get(path).json().keys() == ben.get(path).json().keys()
    assert prover.get(f"{MINE}{path}", headers=headers[who]).status_code == 401


def test_nobody_who_is_not_there_gets_a_token(prover, operator, person):
    ann = person()
    assert prover.post("/v1/subject-tokens", json={"subject": ann.name}, headers=operator).status_code == 201
    assert prover.post("/v1/subject-tokens", json={"subject": "nobody"}, headers=operator).status_code == 404


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_what_was_told_is_shown_as_it_was_told(person, answer):
    ann = person(salary="129000.00" if answer == "yes" else "61000")
    told = ann.ask(ann.grant()).json()
    assert told["answer"] == answer
    (inquiry,) = ann.get("/inquiries").json()["inquiries"]
    logged = [{key: each[key] for key in told["disclosed"][0]} for each in inquiry["disclosed"]]
    assert (inquiry["answer"], logged) == (answer, told["disclosed"])
