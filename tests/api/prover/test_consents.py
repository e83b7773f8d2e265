import hashlib
import time

import pytest

from circuits.consent import Consent
from circuits.encoding import b64u
from circuits.receipt import ErasureReceipt

FAIR = {
    "subject": "ann",
    "relying_party": "acme-bank",
    "via": "verifier.example/log",
    "purpose": "credit-decision",
    "expires_at": "2099-01-01T00:00:00Z",
    "allowed": {"attributes": ["salary"], "thresholds": {"salary": ["100000"]}, "questions": []},
    "reasons": "failed-clauses",
    "frequency": {"count": 100, "seconds": 86400},
}


@pytest.fixture(scope="module", autouse=True)
def people(prover, provider):
    lines = [{"subject": name, "values": values, "line": n} for n, (name, values) in enumerate(provider.people.items())]
    body = {"schema": provider.schema, "records": lines}
    assert prover.post("/v1/records", json=body, headers=provider.bearer(provider.operator)).status_code == 200
    issuer = prover.app.state.service.issuer
    waiting = issuer.pending(10)
    issuer.mark_registered([each.id for each in waiting], list(range(len(waiting))))


@pytest.fixture
def operator(provider):
    return provider.bearer(provider.operator)


@pytest.fixture
def me(prover, operator):
    """The header of whoever is named."""

    def me(name):
        made = prover.post("/v1/subject-tokens", json={"subject": name}, headers=operator)
        assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
        return {"Authorization": f"Bearer {made.json()['token']}"}

    return me


@pytest.fixture
def ask(prover, provider):
    def ask(given, text="salary > 100000"):
        digest = b64u(hashlib.sha256(given["consent"].encode()).digest())
        named = {"subject": given["handle"], "consent": digest, "purpose": given["purpose"]}
        query = provider.query(text, now=int(time.time()), **named)
        return prover.post("/v1/proofs", json={"query": query.to_json()}, headers=provider.bearer(provider.verifier))

    return ask


def test_granted_listed_used_and_revoked(prover, provider, operator, ask):
    response = prover.post("/v1/consents", json=FAIR, headers=operator)
    assert (response.status_code, response.headers["cache-control"]) == (201, "no-store")
    given = response.json()
    consent = Consent.open(given["consent"], provider.signing_key.public)
    assert (consent.id, consent.handle, consent.relying_party) == (given["id"], given["handle"], "acme-bank")
    assert (consent.allowed.thresholds["salary"], consent.frequency.count) == (("100000",), 100)
    assert given in prover.get("/v1/consents?subject=ann", headers=operator).json()["consents"]
    assert ask(given).json()["answer"] == "yes"
    assert ask(given, "salary > 100001").status_code == 403
    assert prover.get("/readyz").json()["pending_withdrawals"] == 0
    ended = prover.post(f"/v1/consents/{given['id']}/revoke", headers=operator).json()
    assert ended == given | {"revoked_at": ended["revoked_at"]}
    assert ask(given).status_code == 403
    assert prover.get("/readyz").json()["pending_withdrawals"] == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"subject": "nobody"}, 404),
        ({"purpose": "fun"}, 422),
        ({"expires_at": "2001-01-01T00:00:00Z"}, 422),
        ({"expires_at": "tomorrow"}, 400),
        ({"frequency": {"count": 0, "seconds": 1}}, 422),
        ({"allowed": {"attributes": [""]}}, 422),
        ({"more": 1}, 422),
    ],
    ids=str,
)
def test_what_is_no_consent_is_not_granted(prover, operator, change, status):
    assert prover.post("/v1/consents", json=FAIR, headers=operator).status_code == 201
    assert prover.post("/v1/consents", json=FAIR | change, headers=operator).status_code == status


def test_what_is_not_there_is_not_found(prover, operator):
    assert prover.get("/v1/consents", headers=operator).status_code == 200
    assert prover.get("/v1/consents?subject=nobody", headers=operator).status_code == 404
    assert prover.post("/v1/consents/AAAA/revoke", headers=operator).status_code == 404
    assert prover.post("/v1/subject-tokens", json={"subject": "nobody"}, headers=operator).status_code == 404


@pytest.mark.parametrize("path", ["/v1/consents", "/v1/subjects/me/inquiries"])
@pytest.mark.parametrize("who", ["nobody", "garbage", "another"])
def test_only_the_right_key_opens(prover, provider, me, path, who):
    wrong = me("ann") if path == "/v1/consents" else provider.bearer(provider.operator)
    headers = {"nobody": {}, "garbage": {"Authorization": "Bearer zks_x"}, "another": wrong}[who]
    assert prover.get(path, headers=headers).status_code == 401


def test_a_person_sees_who_asked_disputes_and_is_erased(prover, provider, operator, me, ask):
    given = prover.post("/v1/consents", json=FAIR | {"subject": "ben"}, headers=operator).json()
    assert ask(given).json()["answer"] == "no"
    assert ask(given, 'country == "US"').status_code == 403
    mine = me("ben")
    found = prover.get("/v1/subjects/me/inquiries", headers=mine)
    assert found.headers["cache-control"] == "no-store"
    declined, answered = found.json()["inquiries"]
    assert (answered["question"], answered["relying_party"]) == ("salary > 100000", "acme-bank")
    assert (answered["outcome"], answered["answer"], answered["purpose"]) == ("answered", False, "credit-decision")
    assert answered["disclosed"][0]["attribute"] == "salary"
    assert (declined["outcome"], declined["reason"]) == ("declined", "attributes")
    assert prover.get("/v1/subjects/me/inquiries", headers=me("ann")).json() != found.json()
    assert prover.post("/v1/subjects/me/dispute", headers=mine).status_code == 200
    assert ask(given).json()["reason"] == "disputed"
    gone = prover.delete("/v1/subjects/me", headers=mine)
    assert gone.status_code == 200
    receipt = ErasureReceipt.open(gone.json()["receipt"], provider.signing_key.public)
    assert receipt.erased == {"credentials": 1, "consents": 1, "inquiries": 3}
    assert ask(given).status_code == 403
    assert prover.get("/v1/subjects/me/inquiries", headers=mine).status_code == 401
