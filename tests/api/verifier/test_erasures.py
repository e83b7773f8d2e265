"""A person is erased through both services: no file has anything of them, and what they proved still verifies."""

import json
import os
import time

import pytest

from api.audit.fsck import check
from api.peers.outbound import PeerUnreachable
from circuits.consent import Consent
from circuits.erasure import sign_erasure
from circuits.jws import peek
from verifier.evidence.evidence import verify_evidence

PLANTED = "planted-7f3b"
KEY = "planted-key-91c4"


@pytest.fixture(scope="module")
def erasing(tmp_path_factory, tables, world_over):
    with world_over(tmp_path_factory.mktemp("erasing"), tables).running() as world:
        world.folder = world.verifier.folder.parent
        yield world


def erase(world, subject):
    """Erase as the operator does, and wait until the running prover has told the verifier."""
    eraser = world.prover_server.app.state.service.eraser
    eraser.erase(subject, now=int(time.time()), entropy=os.urandom)
    deadline = time.monotonic() + 60
    with world.prover_server.client() as client:
        while client.get("/readyz").json()["pending_erasures"]:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def auditor(world):
    return world.verifier_server.client(world.verifier.auditor)


@pytest.fixture(scope="module")
def story(erasing):
    world = erasing
    world.issue({PLANTED: {"salary": "77000", "country": "US"}})
    answered = world.ask("salary > 50000", PLANTED, key=KEY).json()
    undetermined = world.ask('date_of_birth < date("1990-01-01")', PLANTED).json()
    declined = {"consent": world.consent(PLANTED, "other-bank")}  # theirs, shown by another
    assert world.ask("salary > 50000", PLANTED, **declined).status_code == 403
    other = world.ask("salary > 50000", "ann").json()
    world.evidence = world.lender.get(f"/v1/queries/{answered['id']}/evidence").content
    world.kept = world.lender.get(f"/v1/queries/{other['id']}").content
    erase(world, PLANTED)
    return world, answered, undetermined, other


def test_questions_about_them_are_gone_and_others_are_not(story):
    world, answered, undetermined, other = story
    for asked in (answered, undetermined):
        for path in ("", "/attestation", "/evidence"):
            response = world.lender.get(f"/v1/queries/{asked['id']}{path}")
            assert response.status_code == 410
            assert response.json()["type"].endswith("/erased")
            assert PLANTED not in response.text
    assert world.lender.get(f"/v1/queries/{other['id']}").content == world.kept
    with world.verifier_server.client(world.verifier.other) as stranger:
        assert stranger.get(f"/v1/queries/{answered['id']}").status_code == 404


def test_lists_show_that_there_was_one(story):
    world, *_ = story
    states = [each["state"] for each in world.lender.get("/v1/queries").json()["queries"]]
    assert states[-4:] == ["answered", "erased", "erased", "erased"]


def test_entries_show_the_leaf_and_who_says_so(story):
    world, answered, *_ = story
    with auditor(world) as client:
        lines = client.get("/v1/entries", params={"limit": 1000}).json()["entries"]
    erased = [line for line in lines if "erased" in line]
    assert [line["kind"] for line in erased] == ["credential", "answer", "undetermined", "declined"]
    says = lines[erased[0]["erased"]]
    assert says["kind"] == "erasure"
    assert {line["erased"] for line in erased} == {says["index"]}
    assert set(erased[0]) == {"index", "kind", "appended_at", "leaf_hash", "leaf", "erased"}
    assert answered["log"]["index"] in {line["index"] for line in erased}


def test_evidence_that_a_lender_kept_still_verifies(story):
    world, *_ = story
    trust = world.verifier.service.trust
    assert verify_evidence(world.evidence, trust=trust).subject == handle_of(world, PLANTED)


def test_no_file_and_no_log_line_has_the_person(story):
    world, answered, *_ = story
    for planted in (PLANTED, KEY, answered["attestation"], answered["proof"]["digest"]):
        for path in world.folder.rglob("*"):
            if path.is_file():
                assert planted.encode() not in path.read_bytes(), (path, planted)
    assert PLANTED not in world.log.getvalue()


def test_a_check_of_the_database_finds_nothing(story):
    world, *_ = story
    service = world.verifier.service
    found = check(world.verifier.database, trust=service.trust, sealer=service.sealer)
    assert [str(fault) for fault in found.faults] == []


def test_the_same_key_asks_anew(story):
    world, *_ = story
    assert world.ask("salary > 50000", PLANTED, key=KEY).status_code == 403
    assert world.ask("salary > 50000", "ann", key=KEY).status_code == 422


def handle_of(world, subject):
    return Consent.peek(world.consent(subject)).handle


def signed(world, subject="ben", **changes):
    service = world.verifier.service
    mine = [
        json.loads(entry.body)["token"]
        for entry in service.log.read(0, kinds=("credential",))
        if hasattr(entry, "body")
    ]
    ids = {peek(token)["jti"] for token in mine}
    settings = {"provider": "acme-kyc", "credentials": ids, "issued_at": 1, "key": world.provider.signing_key}
    return {"erasure": sign_erasure(**(settings | changes)).token, "subjects": [handle_of(world, subject)]}


def post(world, body, key=None):
    with world.verifier_server.client(key or world.verifier.issuer) as client:
        return client.post("/v1/erasures", json=body)


def test_what_is_not_the_providers_word_erases_nobody(story):
    world, *_ = story
    size = world.verifier.service.log.size
    rival = world.verifier.make_key("rival-kyc", *world.verifier.issuer.record.scopes)
    cases = (
        (post(world, signed(world), key=rival), 403, "insufficient-scope"),
        (post(world, signed(world), key=world.verifier.lender), 403, "insufficient-scope"),
        (post(world, signed(world, key=world.verifier.signing_key)), 409, "conflict"),
        (post(world, signed(world, provider="rival-kyc")), 403, "insufficient-scope"),
        (post(world, {"erasure": "a.b.c", "subjects": ["ben"]}), 422, "unprocessable"),
        (post(world, {"erasure": signed(world)["erasure"]}), 422, "unprocessable"),
    )
    for response, status, name in cases:
        assert (response.status_code, response.json()["type"].rsplit("/")[-1]) == (status, name), response.text
    assert world.verifier.service.log.size == size


def test_again_gives_the_same_receipt(story):
    world, *_ = story
    world.issue({"cyd": {"salary": "1"}})
    with world.verifier_server.client(world.verifier.issuer) as client:
        (token,) = (
            json.loads(entry.body)["token"]
            for entry in list(world.verifier.service.log.read(0, kinds=("credential",)))[-1:]
        )
        body = signed(world, "cyd", credentials=[peek(token)["jti"]])
        first, second = (client.post("/v1/erasures", json=body) for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert first.json()["erased"] == {"credential": 1}


def test_a_verifier_that_was_away_is_told_later(erasing):
    world = erasing
    world.issue({"dee": {"salary": "5000"}})
    assert world.ask("salary > 1", "dee").status_code == 201
    service = world.prover_server.app.state.service

    client = service.registrar._client
    real, refused = client.erase, []

    def first_away(token, handles):
        if not refused:
            refused.append(list(handles))
            raise PeerUnreachable("away")
        return real(token, handles)

    client.erase = first_away
    try:
        erase(world, "dee")
    finally:
        client.erase = real
    assert refused == [[handle_of(world, "dee")]]
    assert world.ask("salary > 1", "dee").status_code == 403
