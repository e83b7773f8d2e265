"""Whatever a question is declined for, status, headers and body are the same, at the prover and at the verifier."""

import os
from dataclasses import replace

import pytest
from declining import QUESTION, kinds

from circuits.encoding import b64u
from verifier.entries.kinds import DeclinedEntry, decode_logged

STEP = 20


@pytest.fixture(scope="module")
def stage(tmp_path_factory, tables, world_over):
    made = world_over(tmp_path_factory.mktemp("declines"), tables, prover={"decline_after_ms": STEP})
    with made.running() as world:
        world.kinds = kinds(world)
        yield world


def shown(response):
    """All that a client sees but the date."""
    headers = {name: value for name, value in response.headers.items() if name != "date"}
    return response.status_code, headers, response.content


def newest(world):
    service = world.verifier.service
    return decode_logged(service.log.entry(service.log.size - 1))


def test_every_kind_is_declined_in_the_same_way_at_the_verifier(stage):
    assert stage.ask(QUESTION, consent=stage.consent("fine")).status_code == 201
    found = {}
    for name, body in stage.kinds.items():
        found[name] = shown(stage.lender.post("/v1/queries", json=body))
        assert isinstance(newest(stage), DeclinedEntry), name
    assert len(found) == 14
    status, _headers, body = found["nobody's consent"]
    assert (status, b"declined" in body) == (403, True)
    assert {name: each == found["nobody's consent"] for name, each in found.items()} == dict.fromkeys(found, True)


def test_and_at_the_prover(stage):
    headers = stage.provider.bearer(stage.provider.verifier)
    found = {}
    with stage.prover_server.client() as prover:

        def put(query, **changes):
            fresh = replace(query, id=b64u(os.urandom(16)), nonce=os.urandom(32), **changes)
            return prover.post("/v1/proofs", json={"query": fresh.to_json()}, headers=headers)

        for name, body in stage.kinds.items():
            assert stage.lender.post("/v1/queries", json=body).status_code == 403, name
            found[name] = shown(put(newest(stage).query))
        index = stage.ask(QUESTION, consent=stage.consent("fine")).json()["log"]["index"]
        fair = decode_logged(stage.verifier.service.log.entry(index)).query
        assert put(fair).status_code == 200
        found["purpose"] = shown(put(fair, purpose="tenancy"))
        found["handle"] = shown(put(fair, subject=b64u(os.urandom(16))))
        found["no consent"] = shown(put(fair, consent=""))
    assert found["nobody's consent"][0] == 403
    assert {name: each == found["nobody's consent"] for name, each in found.items()} == dict.fromkeys(found, True)


def test_told_again_to_the_same_key_it_is_the_same(stage):
    size = stage.verifier.service.log.size
    told = []
    for turn in range(2):
        for number, body in enumerate(stage.kinds.values()):
            key = {"Idempotency-Key": f"declined-{number}"}
            told.append(shown(stage.lender.post("/v1/queries", json=body, headers=key)))
        assert stage.verifier.service.log.size == size + len(stage.kinds), turn
    assert all(each == told[0] for each in told)


def test_in_a_batch_they_are_the_same_too(stage):
    fair = {"predicate": QUESTION, "consent": stage.consent("fine")}
    response = stage.lender.post("/v1/query-batches", json={"queries": [fair, *stage.kinds.values()]})
    first, *others = response.json()["results"]
    assert first["status"] == 201
    assert all(each == others[0] for each in others)
    assert others[0]["status"] == 403


def test_disputed_is_no_reason_to_decline(stage):
    with stage.prover_server.client(stage.provider.operator) as operator:
        token = operator.post("/v1/subject-tokens", json={"subject": "narrow"}).json()["token"]
        person = {"Authorization": f"Bearer {token}"}
        assert operator.post("/v1/subjects/me/dispute", headers=person).status_code == 200
        asked = stage.ask(QUESTION, consent=stage.consent("narrow"))
        assert (asked.status_code, asked.json()["reason"]) == (200, "disputed")
        assert stage.lender.post("/v1/queries", json=stage.kinds["residual"]).status_code == 403
        assert operator.post("/v1/disputes/settle", json={"subject": "narrow"}).status_code == 200
    assert stage.ask(QUESTION, consent=stage.consent("narrow")).status_code == 201
