import time

import pytest
from sqlalchemy import update

from api.database import open_engine
from circuits import predicate, statement
from circuits.attributes import Schema
from circuits.credential import Credential
from circuits.encoding import b64u, b64u_decode
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


@pytest.fixture(scope="module")
def tokens(prover, provider):
    """Three people, issued and, as far as the prover knows, registered."""
    response = prover.post("/v1/records", json=records(provider), headers=provider.bearer(provider.operator))
    assert [each["outcome"] for each in response.json()["outcomes"]] == ["issued"] * 3
    issuer = prover.app.state.service.issuer
    waiting = issuer.pending(10)
    assert prover.get("/readyz").json()["pending_credentials"] == 3
    issuer.mark_registered([each.id for each in waiting], list(range(3)))
    return {each.id: each.token for each in waiting}


def ask(prover, key, query):
    headers = {"Authorization": f"Bearer {key.text}"}
    return prover.post("/v1/proofs", json={"query": query.to_json()}, headers=headers)


@pytest.mark.parametrize(("subject", "answer"), [("ann", "yes"), ("ben", "no")])
def test_yes_and_no_are_proven(prover, provider, tokens, subject, answer):
    asked = provider.query(subject=subject, now=int(time.time()))
    response = ask(prover, provider.verifier, asked)
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    told = response.json()
    assert told["answer"] == answer
    (used,) = told["credentials"]
    assert told["clauses"] is None
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
    told = ask(prover, provider.verifier, provider.query(subject="eve", now=int(time.time()))).json()
    assert told["outcome"] == "undetermined"
    assert told["reason"] == "absent"


def test_declined_is_the_same_bytes_whoever_is_asked_about(prover, provider):
    now = int(time.time())
    refusals = [
        ask(prover, provider.verifier, provider.query(subject=name, now=now)) for name in ("nobody", "Ann", "x" * 200)
    ]
    assert {response.status_code for response in refusals} == {403}
    assert len({response.content for response in refusals}) == 1
    assert len({tuple(sorted(response.headers.items())) for response in refusals}) == 1
    assert refusals[0].json()["type"].endswith("/declined")


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
    good = provider.query(now=int(time.time()))
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
    body = {**provider.query(now=1).to_json(), "colour": "red"}
    response = prover.post("/v1/proofs", json={"query": body}, headers=provider.bearer(provider.verifier))
    assert response.status_code == 422
    assert "exactly the members" in response.json()["detail"]


@pytest.mark.parametrize("path", ["/v1/proofs", "/v1/records"])
@pytest.mark.parametrize("who", ["nobody", "garbage", "wrong scope"])
def test_only_the_right_key_opens(prover, provider, path, who):
    body = records(provider) if path == "/v1/records" else {"query": provider.query(now=int(time.time())).to_json()}
    wrong = provider.verifier if path == "/v1/records" else provider.operator
    headers = {"nobody": {}, "garbage": {"Authorization": "Bearer x"}, "wrong scope": provider.bearer(wrong)}[who]
    response = prover.post(path, json=body, headers=headers)
    assert response.status_code == (403 if who == "wrong scope" else 401)


def test_a_verifier_asks_in_its_own_name_only(prover, provider):
    response = ask(prover, provider.stranger, provider.query(now=int(time.time())))
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
    asked = provider.query(subject="ben", now=int(time.time()))
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
