"""Signed requests over real HTTP: what is let in once, what is not, and what then stands in the log."""

import base64
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select

from api.peers.signing import RequestSigner
from api.verifier.signers import TableNonces
from api.web.auth import AuthenticationError
from api.wire.questions import QueryRequest
from circuits.jws import SigningKey, peek
from verifier.asked import CLOCK_STEP
from verifier.audit.export import export_lines
from verifier.audit.replay import replay
from verifier.entries.kinds import AnswerEntry, decode_logged
from verifier.entries.parties import PartyEntry
from verifier.entries.signed_request import MAX_BODY, Parameters, content_digest, sign
from verifier.evidence.evidence import verify_evidence
from verifier.models import NONCES
from verifier.publishing import publish

PARTY = "signing-bank"


def registered(world, party, key):
    service = world.verifier.service
    entry = PartyEntry(party, key.public if key else None, int(time.time()))
    return publish(entry, log=service.log, registry=service.registry, now=int(time.time()))


@pytest.fixture(scope="module")
def key(world):
    made = SigningKey.generate(entropy=os.urandom(32))
    registered(world, PARTY, made)
    return made


@pytest.fixture(scope="module")
def client(world):
    """Without any key."""
    with world.verifier_server.client() as made:
        yield made


def question(world, *, subject="ann", party=PARTY, **changes):
    consent = world.consent(subject, party)
    said = {"predicate": "salary > 100000", "consent": consent, "audience": world.provider.origin, **changes}
    return json.dumps({name: value for name, value in said.items() if value is not ...}).encode()


def uri(world, path="/v1/queries"):
    return world.verifier_server.url + path


def signed(world, key, body, path="/v1/queries", method="POST", **settings):
    return RequestSigner(key, **settings).headers(method, uri(world, path), body)


def post(client, body, headers, path="/v1/queries"):
    return client.post(path, content=body, headers={"Content-Type": "application/json", **headers})


def test_a_signed_question_is_answered_and_the_evidence_shows_who_asked(world, client, key):
    body = question(world)
    response = post(client, body, signed(world, key, body))
    assert response.status_code == 201, response.text
    told = response.json()
    said = peek(told["attestation"])
    assert (said["aud"], said["request"]) == (PARTY, "signed")
    path = told["links"]["evidence"]
    evidence = client.get(path, headers=signed(world, key, b"", path, "GET"))
    assert evidence.status_code == 200, evidence.text
    verdict = verify_evidence(evidence.content, trust=world.verifier.service.trust)
    assert (verdict.signed, verdict.relying_party) == (True, PARTY)
    service = world.verifier.service
    entry = decode_logged(service.log.entry(told["log"]["index"]))
    assert isinstance(entry, AnswerEntry)
    assert entry.request.body == body
    assert entry.request.target_uri == uri(world)
    report = replay(export_lines(service.log), trust=service.trust)
    assert report.failure is None
    assert report.signed >= 1


def test_with_an_api_key_the_answer_says_unsigned(world, key):  # noqa: ARG001 - the party has a key, and does not use it
    assert peek(world.ask().json()["attestation"])["request"] == "unsigned"


@pytest.mark.parametrize(("subject", "status"), [("eve", 200), ("nobody", 403)])
def test_outcomes_without_an_answer_are_signed_for_too(world, client, key, subject, status):
    body = question(world, subject=subject)
    response = post(client, body, signed(world, key, body))
    assert response.status_code == status, response.text
    newest = decode_logged(world.verifier.service.log.entry(world.verifier.service.log.size - 1))
    assert newest.request.body == body


def test_the_same_request_counts_once(world, client, key):
    body = question(world)
    headers = signed(world, key, body)
    assert post(client, body, headers).status_code == 201
    assert post(client, body, headers).status_code == 401
    assert post(client, body, signed(world, key, body)).status_code == 201


def test_of_many_that_come_at_once_one_counts(world, key):
    body = question(world)
    headers = signed(world, key, body)

    def send(_turn):
        with world.verifier_server.client() as client:
            return post(client, body, headers).status_code

    with ThreadPoolExecutor(6) as threads:
        assert sorted(threads.map(send, range(6))) == [201, 401, 401, 401, 401, 401]


def test_nonces_go_when_their_requests_have_expired(world):
    service = world.verifier.service
    nonces = TableNonces(service.engine, service.sealer)
    nonces.spend("a-key", "first", expires_at=1_000, now=990)
    with pytest.raises(AuthenticationError):
        nonces.spend("a-key", "first", expires_at=1_000, now=1_000 + CLOCK_STEP)
    nonces.spend("b-key", "first", expires_at=2_000, now=1_000 + CLOCK_STEP)
    nonces.spend("a-key", "other", expires_at=9_000, now=2_000)
    with service.engine.connect() as connection:
        kept = connection.execute(select(NONCES.c.key_id, NONCES.c.nonce).where(NONCES.c.expires_at < 10_000))
        assert sorted(map(tuple, kept)) == [("a-key", "other"), ("b-key", "first")]


def test_a_nonce_counts_once_whatever_it_is_signed_with(world, client, key):
    body = question(world)
    fixed = {"entropy": lambda size: b"\x07" * size}
    assert post(client, body, signed(world, key, body, **fixed)).status_code == 201
    other = question(world, predicate="salary > 1")
    assert post(client, other, signed(world, key, other, **fixed)).status_code == 401


def test_an_answer_is_told_again_to_the_same_idempotency_key(world, client, key):
    body = question(world)
    again = {"Idempotency-Key": "signed-4711"}
    first = post(client, body, signed(world, key, body) | again)
    assert post(client, body, signed(world, key, body) | again).content == first.content


def bare(world, key, body, **changes):
    """Headers whose parameters are changed before they are signed."""
    now = int(time.time())
    named = {"created": now, "expires": now + 60, "nonce": base64.b64encode(os.urandom(18)).decode(), "key_id": key.kid}
    made = sign("POST", uri(world), body, key=key, parameters=Parameters(**(named | changes)))
    return {
        "Content-Digest": content_digest(body),
        "Signature-Input": f"sig={made.input}",
        "Signature": f"sig=:{base64.b64encode(made.signature).decode()}:",
    }


def rewritten(written, instead):
    return lambda headers: headers | {"Signature-Input": headers["Signature-Input"].replace(written, instead)}


@pytest.mark.parametrize(
    "bend",
    [
        lambda headers: headers | {"Content-Digest": content_digest(b"other")},
        lambda headers: headers | {"Content-Digest": headers["Content-Digest"].replace("sha-256", "sha-512")},
        lambda headers: {name: value for name, value in headers.items() if name != "Content-Digest"},
        lambda headers: {name: value for name, value in headers.items() if name != "Signature"},
        lambda headers: {name: value for name, value in headers.items() if name != "Signature-Input"},
        lambda headers: headers | {"Signature": f"sig=:{base64.b64encode(bytes(64)).decode()}:"},
        lambda headers: headers | {"Signature": headers["Signature"].replace("sig=", "other=")},
        lambda headers: headers | {"Signature": "sig=:AAAA:"},
        lambda headers: headers | {"Signature": headers["Signature"] + ", two=:AAAA:"},
        lambda headers: headers | {"Authorization": "Bearer zka_x"},
        rewritten("sig=", "other="),
        rewritten(' "content-digest"', ""),
        rewritten('"@target-uri" ', ""),
        rewritten('tag="zkattest"', 'tag="other"'),
        rewritten(";created=1", ";created=2"),
        rewritten(";tag", ';alg="hmac-sha256";tag'),
        rewritten("nonce=", "once="),
        rewritten("sig=(", "sig="),
    ],
)
def test_a_bent_request_is_nobody_s(world, client, key, bend):
    body = question(world)
    assert post(client, body, bare(world, key, body)).status_code == 201
    refused = post(client, body, bend(bare(world, key, body)))
    assert refused.status_code == 401
    assert refused.json()["type"].endswith("/unauthenticated")


def changes_of(name):
    now, stranger = int(time.time()), SigningKey.generate(entropy=os.urandom(32))
    return {
        "expired": {"created": now - 100, "expires": now - 40},
        "not yet": {"created": now + 200, "expires": now + 260},
        "another's key id": {"key_id": stranger.kid},
        "no key id": {"key_id": "test-key"},
    }[name]


@pytest.mark.parametrize("name", ["expired", "not yet", "another's key id", "no key id"])
def test_a_signature_counts_only_now_and_by_its_key(world, client, key, name):
    body = question(world)
    assert post(client, body, bare(world, key, body)).status_code == 201
    assert post(client, body, bare(world, key, body, **changes_of(name))).status_code == 401


def test_every_refusal_reads_the_same(world, client, key):
    body = question(world)
    stranger = SigningKey.generate(entropy=os.urandom(32))
    used = bare(world, key, body)
    post(client, body, used)
    refusals = [
        post(client, body, used),
        post(client, body, bare(world, stranger, body)),
        post(client, body, bare(world, key, body, **changes_of("expired"))),
        post(client, body + b" ", bare(world, key, body)),
        post(client, body, {}),
    ]
    assert {(each.status_code, each.content) for each in refusals} == {(401, refusals[0].content)}


def test_a_signature_for_another_body_path_or_method_opens_nothing(world, client, key):
    body = question(world)
    assert post(client, question(world, subject="ben"), signed(world, key, body)).status_code == 401
    assert post(client, body, signed(world, key, body, "/v1/verify")).status_code == 401
    assert post(client, body, signed(world, key, body, method="PUT")).status_code == 401
    listed = client.get("/v1/queries?limit=1", headers=signed(world, key, b"", "/v1/queries?limit=1", "GET"))
    assert listed.status_code == 200
    assert (
        client.get("/v1/queries?limit=2", headers=signed(world, key, b"", "/v1/queries?limit=1", "GET")).status_code
        == 401
    )


def test_a_key_that_was_rotated_or_given_up_signs_no_more(world, client):
    old, new = (SigningKey.generate(entropy=os.urandom(32)) for _ in range(2))
    body = question(world, party="rotating-bank")
    assert post(client, body, signed(world, old, body)).status_code == 401
    registered(world, "rotating-bank", old)
    assert post(client, body, signed(world, old, body)).status_code == 201
    registered(world, "rotating-bank", new)
    assert post(client, body, signed(world, old, body)).status_code == 401
    assert post(client, body, signed(world, new, body)).status_code == 201
    registered(world, "rotating-bank", None)
    assert post(client, body, signed(world, new, body)).status_code == 401


@pytest.mark.parametrize("audience", [..., "other.example/log"])
def test_a_signed_question_names_the_verifier_it_is_put_to(world, client, key, audience):
    body = question(world, audience=audience)
    refused = post(client, body, signed(world, key, body))
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "#/audience"


def test_a_signed_question_has_an_end(world, client, key):
    body = question(world)
    body += b" " * (MAX_BODY - len(body))
    assert post(client, body, signed(world, key, body)).status_code == 201
    body += b" "
    assert post(client, body, signed(world, key, body)).status_code == 413


def test_a_batch_is_not_signed(world, client, key):
    body = json.dumps({"queries": [json.loads(question(world, party="acme-bank"))]}).encode()
    path = "/v1/query-batches"
    assert world.lender.post(path, json=json.loads(body)).status_code == 200
    assert post(client, body, signed(world, key, body, path), path).status_code == 422


def test_a_relying_party_s_key_opens_no_other_door(world, client, key):
    body = json.dumps({"credentials": ["a.b.c"]}).encode()
    path = "/v1/credential-batches"
    assert post(client, body, signed(world, key, body, path), path).status_code == 403


def test_a_provider_registers_under_its_signature(world, client):
    path, body = "/v1/schemas", json.dumps({"schema": world.provider.schema}).encode()
    response = post(client, body, signed(world, world.provider.signing_key, body, path), path)
    assert response.status_code == 201, response.text
    asked = question(world)
    assert post(client, asked, signed(world, world.provider.signing_key, asked)).status_code == 403


def test_what_a_question_leaves_out_is_what_the_auditor_takes_it_for():
    body = QueryRequest(predicate="salary > 1", consent="a.b.c")
    assert (body.reasons, body.max_age, body.as_of) == ("outcome-only", None, None)


@pytest.mark.parametrize("lifetime", [0, 301])
def test_a_client_signs_for_a_few_minutes_at_most(key, lifetime):
    assert RequestSigner(key, lifetime=300).lifetime == 300
    with pytest.raises(ValueError, match="1 to 300"):
        replace(RequestSigner(key), lifetime=lifetime)


@pytest.fixture(scope="module")
def strict(tmp_path_factory, tables, world_over):
    """A verifier behind a proxy, as its settings say, that takes signed questions only."""
    made = world_over(
        tmp_path_factory.mktemp("strict"), tables, require_signatures=True, public_url="https://verifier.example/kyc"
    )
    with made.running() as world:
        yield world


def test_where_signatures_are_required_api_keys_ask_nothing(strict):
    made = SigningKey.generate(entropy=os.urandom(32))
    registered(strict, PARTY, made)
    body = question(strict)
    assert strict.ask().status_code == 401
    assert strict.lender.post("/v1/query-batches", json={"queries": [json.loads(body)]}).status_code == 401
    assert strict.lender.get("/v1/queries").status_code == 200
    with strict.verifier_server.client() as client:
        public = RequestSigner(made).headers("POST", "https://verifier.example/kyc/v1/queries", body)
        assert post(client, body, public).status_code == 201
        assert post(client, body, signed(strict, made, body)).status_code == 401
