import hashlib
import time

import pytest
from sqlalchemy import update

from api.database import open_engine
from circuits import predicate, statement
from circuits.attributes import Schema
from circuits.credential import Credential
from circuits.encoding import b64u, b64u_decode
from circuits.query import Reasons
from circuits.vocabulary import Vocabulary
from prover.issuance import Issuer
from prover.models import CREDENTIALS

pytestmark = pytest.mark.usefixtures("tokens")


def records(provider, people=None):
    people = people or provider.people
    return {
        "schema": provider.schema,
        "records": [
            {"subject": name, "values": values, "line": n} for n, (name, values) in enumerate(people.items(), 2)
        ],
    }


GRANTED = {}


def grant(prover, provider, name, **more):
    body = {
        "subject": name,
        "relying_party": "acme-bank",
        "via": provider.origin,
        "purpose": "sandbox",
        "expires_at": "2099-01-01T00:00:00Z",
    }
    response = prover.post("/v1/consents", json=body | more, headers=provider.bearer(provider.operator))
    assert response.status_code == 201, response.text
    return response.json()


def put(provider, name="ann", **more):
    """A question about someone, now, under their consent; under nobody's if they are not there."""
    given = GRANTED.get(name) or {"handle": b64u(bytes(16)), "consent": name}
    digest = b64u(hashlib.sha256(given["consent"].encode()).digest())
    named = {"subject": given["handle"], "consent": digest, "purpose": "sandbox", "now": int(time.time())}
    return provider.query(**(named | more))


@pytest.fixture(scope="module")
def tokens(prover, provider):
    """Three people, issued and, as far as the prover knows, registered."""
    response = prover.post("/v1/records", json=records(provider), headers=provider.bearer(provider.operator))
    assert [each["outcome"] for each in response.json()["outcomes"]] == ["issued"] * 3
    issuer = prover.app.state.service.issuer
    waiting = issuer.pending(10)
    assert prover.get("/readyz").json()["pending_credentials"] == 3
    issuer.mark_registered([each.id for each in waiting], list(range(3)))
    for name in provider.people:
        GRANTED[name] = grant(prover, provider, name)
    return {each.id: each.token for each in waiting}


def ask(prover, key, query):
    headers = {"Authorization": f"Bearer {key.text}"}
    return prover.post("/v1/proofs", json={"query": query.to_json()}, headers=headers)


@pytest.mark.parametrize(("subject", "answer"), [("ann", "yes"), ("ben", "no")])
def test_yes_and_no_are_proven(prover, provider, tokens, subject, answer):
    asked = put(provider, subject)
    response = ask(prover, provider.verifier, asked)
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    told = response.json()
    assert told["answer"] == answer
    (used,) = told["credentials"]
    assert told["clauses"] is None
    (disclosed,) = told["disclosed"]
    assert disclosed["attribute"] == "salary"
    credential = Credential.open(tokens[used], provider.signing_key.public)
    schema = Schema.from_json(provider.schema)
    built = statement.build(
        asked,
        predicate.parse(asked.predicate_text, schema),
        Vocabulary((schema,)),
        [credential],
        answer=answer == "yes",
    )
    statement.verify(built, b64u_decode(told["proof"]))


def test_an_absent_value_is_undetermined(prover, provider):
    told = ask(prover, provider.verifier, put(provider, "eve")).json()
    assert told["outcome"] == "undetermined"
    assert told["reason"] == "absent"


def refused(prover, provider):
    """A question that is declined, for each reason there is."""
    narrow = grant(prover, provider, "ann", allowed={"attributes": ["country"]})
    seldom = grant(prover, provider, "ben", frequency={"count": 1, "seconds": 3600})
    revoked = grant(prover, provider, "eve")
    path = f"/v1/consents/{revoked['id']}/revoke"
    assert prover.post(path, headers=provider.bearer(provider.operator)).json()["revoked_at"]
    GRANTED.update(narrow=narrow, seldom=seldom, revoked=revoked)
    assert ask(prover, provider.verifier, put(provider, "seldom")).status_code == 200
    return {
        "nobody": put(provider, "nobody"),
        "another relying party": put(provider, relying_party="other-bank"),
        "another person": put(provider, subject=GRANTED["ben"]["handle"]),
        "purpose": put(provider, purpose="tenancy"),
        "attribute": put(provider, "narrow"),
        "too often": put(provider, "seldom"),
        "revoked": put(provider, "revoked"),
        "reasons": put(provider, reasons=Reasons.FAILED_CLAUSES),
    }


def test_declined_is_the_same_bytes_whatever_the_reason(prover, provider):
    assert ask(prover, provider.verifier, put(provider)).status_code == 200
    step = provider.settings().decline_after_ms / 1000
    refusals, times = [], {}
    for reason, query in refused(prover, provider).items():
        began = time.monotonic()
        refusals.append(ask(prover, provider.verifier, query))
        times[reason] = time.monotonic() - began
    assert {response.status_code for response in refusals} == {403}
    assert len({response.content for response in refusals}) == 1
    assert len({tuple(sorted(response.headers.items())) for response in refusals}) == 1
    assert refusals[0].json()["type"].endswith("/declined")
    assert min(times.values()) >= step, times


@pytest.mark.parametrize(
    "case",
    [
        ({"provider": "other-kyc"}, 422, "unprocessable"),
        ({"audience": "other.example"}, 403, "insufficient-scope"),
        ({"issued_at": 1_000, "expires_at": 2_000}, 422, "unprocessable"),
        ({"issued_at": 4_000_000_000, "expires_at": 4_000_000_060}, 422, "unprocessable"),
        ({"schema_digests": (bytes(32),)}, 422, "unprocessable"),
        ({"predicate_digest": bytes(32)}, 422, "unprocessable"),
        ({"predicate_text": "salary > "}, 400, "predicate-syntax"),
        ({"predicate_text": "colour > 1"}, 422, "predicate-type"),
        ({"predicate_text": "salary > 99999"}, 422, "unprocessable"),
    ],
    ids=str,
)
def test_a_query_that_is_not_ours_to_answer_is_refused(prover, provider, case):
    change, status, name = case
    good = put(provider)
    assert ask(prover, provider.verifier, good).status_code == 200
    body = good.to_json()
    other = {**body, **{_MEMBER.get(key, key): _wire(key, value) for key, value in change.items()}}
    response = prover.post("/v1/proofs", json={"query": other}, headers=provider.bearer(provider.verifier))
    assert response.status_code == status
    assert response.json()["type"].endswith("/" + name)


_MEMBER = {"predicate_text": "predicate", "schema_digests": "schemas"}


def _wire(key, value):
    if isinstance(value, tuple):
        return [_wire(key, item) for item in value]
    if isinstance(value, bytes):
        return b64u(value)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(value)) if key.endswith("_at") else value


def test_a_malformed_query_is_named(prover, provider):
    body = {**put(provider, now=1).to_json(), "colour": "red"}
    response = prover.post("/v1/proofs", json={"query": body}, headers=provider.bearer(provider.verifier))
    assert response.status_code == 422
    assert "exactly the members" in response.json()["detail"]


@pytest.mark.parametrize("path", ["/v1/proofs", "/v1/records"])
@pytest.mark.parametrize("who", ["nobody", "garbage", "wrong scope"])
def test_only_the_right_key_opens(prover, provider, path, who):
    body = records(provider) if path == "/v1/records" else {"query": put(provider).to_json()}
    wrong = provider.verifier if path == "/v1/records" else provider.operator
    headers = {"nobody": {}, "garbage": {"Authorization": "Bearer x"}, "wrong scope": provider.bearer(wrong)}[who]
    response = prover.post(path, json=body, headers=headers)
    assert response.status_code == (403 if who == "wrong scope" else 401)


def test_a_verifier_asks_in_its_own_name_only(prover, provider):
    response = ask(prover, provider.stranger, put(provider))
    assert response.status_code == 403
    assert response.json()["type"].endswith("/insufficient-scope")


def test_records_again_are_unchanged_and_bad_ones_named_without_their_value(prover, provider):
    people = {"ann": provider.people["ann"], "dan": {"salary": "a lot", "country": "US"}, "fay": {"colour": "red"}}
    response = prover.post("/v1/records", json=records(provider, people), headers=provider.bearer(provider.operator))
    unchanged, dan, fay = response.json()["outcomes"]
    assert unchanged["outcome"] == "unchanged"
    assert (dan["outcome"], dan["line"], dan["column"]) == ("rejected", 3, "salary")
    assert "a lot" not in response.text
    assert (fay["outcome"], fay["column"]) == ("rejected", "colour")


def test_who_this_is(prover, provider):
    card = prover.get("/.well-known/zkattest")
    assert card.json()["provider"] == "acme-kyc"
    assert card.json()["audiences"] == [provider.origin]
    again = prover.get("/.well-known/zkattest", headers={"If-None-Match": card.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    (jwk,) = prover.get("/.well-known/jwks.json").json()["keys"]
    assert jwk == provider.signing_key.public.to_jwk()


def test_a_tampered_vault_is_an_internal_error_that_tells_nothing(prover, provider):
    engine = open_engine(f"sqlite:///{provider.folder / 'vault.sqlite'}")
    service = prover.app.state.service
    assert isinstance(service.issuer, Issuer)
    asked = put(provider, "ben")
    told = ask(prover, provider.verifier, asked).json()
    row = CREDENTIALS.c.id == told["credentials"][0]
    with engine.begin() as connection:
        sealed = connection.execute(CREDENTIALS.select().where(row)).one().sealed
        connection.execute(update(CREDENTIALS).where(row).values(sealed=sealed[:-1] + bytes([sealed[-1] ^ 1])))
    response = ask(prover, provider.verifier, asked)
    assert response.status_code == 500
    assert "vault" not in response.text.lower().replace("/v1", "")
    with engine.begin() as connection:
        connection.execute(update(CREDENTIALS).where(row).values(sealed=sealed))
    assert ask(prover, provider.verifier, asked).status_code == 200
    engine.dispose()


def test_a_body_is_json_that_means_one_thing_wherever_one_is_sent(prover, strict_refusals):
    strict_refusals(prover.app, prover)
