import hashlib
import time

import pytest

from circuits.consent import Consent
from circuits.encoding import b64u

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
    assert {name: given[name] for name in ("allowed", "frequency")} == {
        name: FAIR[name] for name in ("allowed", "frequency")
    }
    assert given["purpose_words"] == "to decide on a loan or a line of credit"
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


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"expires_at": "2001-01-01T00:00:00Z"}, "expires_at: must be after now"),
        ({"expires_at": "tomorrow"}, "expires_at: a time is written YYYY-MM-DDTHH:MM:SSZ"),
        ({"frequency": {"count": 10**20, "seconds": 1}}, "frequency/count: must be less than or equal to 999999999"),
        ({"allowed": {"thresholds": {"salary": ["lots"]}}}, "the threshold 'lots' of salary: "),
    ],
    ids=str,
)
def test_a_refusal_names_what_was_sent(prover, operator, change, said):
    assert prover.post("/v1/consents", json=FAIR, headers=operator).status_code == 201
    assert prover.post("/v1/consents", json=FAIR | change, headers=operator).json()["detail"].startswith(said)


def test_what_is_not_there_is_not_found(prover, operator):
    assert prover.get("/v1/consents", headers=operator).status_code == 200
    assert prover.get("/v1/consents?subject=nobody", headers=operator).status_code == 404
    assert prover.post("/v1/consents/AAAA/revoke", headers=operator).status_code == 404


@pytest.mark.parametrize("who", ["nobody", "garbage", "a verifier"])
def test_only_the_operator_notes_consents(prover, provider, operator, who):
    headers = {
        "nobody": {},
        "garbage": {"Authorization": "Bearer zks_x"},
        "a verifier": provider.bearer(provider.verifier),
    }
    assert prover.get("/v1/consents", headers=operator).status_code == 200
    assert prover.get("/v1/consents", headers=headers[who]).status_code == (403 if who == "a verifier" else 401)
