import json
import time

import pytest

from circuits.consent import Consent
from circuits.encoding import b64u, b64u_decode
from circuits.jws import SigningKey, VerifyKey, open_signed, peek
from circuits.withdrawal import withdraw
from verifier.evidence.evidence import verify_evidence
from verifier.log.bundles import hashes_of, leaves_of
from verifier.log.leaves import salted_leaf
from verifier.log.note import Checkpoint


def problem(response, name):
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"].endswith(f"/{name}"), response.text
    return response.json()


def said_in_words(disclosed):
    """What was disclosed, once the words are taken off that each of it is told in."""
    assert all(each["words"] for each in disclosed)
    return [{k: v for k, v in each.items() if k not in {"words", "narrowest_words"}} for each in disclosed]


@pytest.mark.parametrize(
    ("predicate", "subject", "answer"),
    [
        ("salary > 100000", "ann", "yes"),
        ("salary > 100000", "ben", "no"),
        ("age(date_of_birth) >= 21", "eve", "yes"),
        ('country == "US"', "ben", "no"),
        ("!sanctioned", "ann", "yes"),
    ],
)
def test_a_question_is_answered_with_what_proves_it(world, predicate, subject, answer):
    response = world.ask(predicate, subject, as_of="2026-11-22")
    assert response.status_code == 201, response.text
    told = response.json()
    assert (told["outcome"], told["answer"]) == ("answer", answer)
    consent = Consent.peek(world.consent(subject))
    assert (told["subject"], told["consent"]) == (consent.handle, b64u(consent.digest))
    assert said_in_words(told["disclosed"]) == peek(told["attestation"])["disclosed"]
    assert told["proof"]["bytes"] > 100
    key = VerifyKey.from_jwk(world.lender.get("/.well-known/jwks.json").json()["keys"][0])
    said = open_signed(told["attestation"], typ="zkattest-attestation+jwt", key=key)
    assert (said["answer"], said["aud"], said["question"]) == (answer, "acme-bank", told["question"])
    assert world.lender.get(told["links"]["self"]).content == response.content
    assert world.lender.get(told["links"]["attestation"]).text == told["attestation"]
    evidence = world.lender.get(told["links"]["evidence"])
    verdict = verify_evidence(evidence.content, trust=world.verifier.service.trust)
    assert verdict.answer is (answer == "yes")
    body = {"evidence": evidence.json()}
    assert world.lender.post("/v1/verify", json=body).json()["answer"] == answer


def test_evidence_that_was_changed_is_told_so(world):
    told = world.ask().json()
    evidence = world.lender.get(told["links"]["evidence"]).json()
    for engine in ("fast", "reference"):
        good = world.lender.post("/v1/verify", json={"evidence": evidence, "engine": engine}).json()
        assert (good["valid"], good["engine"], good["index"]) == (True, engine, told["log"]["index"])
    changed = json.loads(json.dumps(evidence))
    changed["tlog_proof"] = changed["tlog_proof"].replace("index ", "index 1", 1)
    bad = world.lender.post("/v1/verify", json={"evidence": changed}).json()
    assert (bad["valid"], bad["answer"]) == (False, None)
    assert bad["reason"]
    assert world.lender.post("/v1/verify", json={"evidence": {}}).json()["valid"] is False


def test_what_is_absent_is_undetermined_and_logged(world):
    response = world.ask("salary > 1", "eve")
    assert response.status_code == 200
    told = response.json()
    assert (told["outcome"], told["reason"]) == ("undetermined", "absent")
    assert world.lender.get(f"/v1/queries/{told['id']}").content == response.content
    problem(world.lender.get(f"/v1/queries/{told['id']}/evidence"), "not-found")


def test_declined_tells_nothing_else(world):
    refusals = [world.ask(subject=name) for name in ("nobody", "ANN", "x" * 256)]
    assert {response.status_code for response in refusals} == {403}
    assert len({response.content for response in refusals}) == 1
    shown = [{k: v for k, v in response.headers.items() if k != "date"} for response in refusals]
    assert shown[0] == shown[1] == shown[2]
    problem(refusals[0], "declined")
    states = [each["state"] for each in world.lender.get("/v1/queries?limit=200").json()["queries"]]
    assert states.count("declined") == 3


WRONG = [
    ({"predicate": "salary >"}, 400, "predicate-syntax"),
    ({"predicate": "salary > 100000.005"}, 422, "predicate-type"),
    ({"predicate": "colour == 1"}, 422, "predicate-type"),
    ({"predicate": "é" * 10}, 400, "predicate-syntax"),
    ({"predicate": "x" * 5000}, 422, "unprocessable"),
    ({"provider": "acme-kyc"}, 422, "unprocessable"),
    ({"consent": "nonsense"}, 422, "unprocessable"),
    ({"consent": "a.b.c"}, 422, "unprocessable"),
    ({"consent": None}, 422, "unprocessable"),
    ({"schema": "other"}, 422, "unprocessable"),
    ({"as_of": "2026-02-30"}, 422, "unprocessable"),
    ({"as_of": "2199-01-01"}, 422, "unprocessable"),
    ({"max_age": -1}, 422, "unprocessable"),
    ({"purpose": "credit"}, 422, "unprocessable"),
    ({"prover_url": "http://evil.example"}, 422, "unprocessable"),
]


@pytest.mark.parametrize(("change", "status", "name"), WRONG, ids=lambda value: str(value)[:40])
def test_a_wrong_question_is_named(world, change, status, name):
    good = {"schema": "kyc-test", "max_age": 30}
    assert world.ask(**good).status_code == 201
    response = world.ask(**(good | change))
    assert response.status_code == status
    told = problem(response, name)
    assert "é" not in response.text
    if name.startswith("predicate"):
        assert isinstance(told["position"], int)
        assert told["pointer"].endswith("^")
    else:
        assert told["errors"][0]["pointer"].startswith("#/")


def test_the_same_key_gives_the_same_answer_and_asks_once(world):
    before = world.verifier.service.log.size
    first = world.ask(key="k-1")
    again = world.ask(key="k-1")
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert world.verifier.service.log.size == before + 1
    problem(world.ask("salary > 1", key="k-1"), "idempotency-key-reused")
    with world.verifier_server.client(world.verifier.other) as other:
        problem(world.ask(key="k-1", client=other), "declined")  # another party's key, and another party's consent
    nobody = world.nobodys()
    declined = world.ask(consent=nobody, key="k-2")
    problem(declined, "declined")
    assert world.ask(consent=nobody, key="k-2").content == declined.content
    undetermined = world.ask(subject="eve", key="k-3")
    assert world.ask(subject="eve", key="k-3").content == undetermined.content


def test_the_same_key_in_flight_is_a_conflict(world):
    with world.verifier.service.in_flight.once("acme-bank", "k-9"):
        refused = world.ask(key="k-9")
        problem(refused, "request-in-flight")
        assert refused.headers["retry-after"] == "1"
        assert world.ask(key="k-10").status_code == 201
    assert world.ask(key="k-9").status_code == 201


def test_pages_lead_from_the_newest_to_the_oldest(world):
    asked = [world.ask().json()["id"] for _ in range(5)]
    seen, path = [], "/v1/queries?limit=2"
    for _ in range(3):
        response = world.lender.get(path)
        seen += [each["id"] for each in response.json()["queries"]]
        path = response.headers["link"].partition(">")[0].removeprefix("<")
    assert set(asked[2:]) <= set(seen)
    assert len(set(seen)) == 6
    everything = world.lender.get("/v1/queries?limit=200")
    assert "link" not in everything.headers
    times = [each["created_at"] for each in everything.json()["queries"]]
    assert times == sorted(times, reverse=True)
    problem(world.lender.get("/v1/queries?cursor=AAAA"), "unprocessable")
    problem(world.lender.get("/v1/queries?limit=0"), "unprocessable")


def test_a_batch_answers_each_as_if_alone(world):
    questions = [
        {"predicate": "salary > 100000", "consent": world.consent("ann")},
        {"predicate": "salary >", "consent": world.consent("ann")},
        {"predicate": "salary > 100000", "consent": world.consent("nobody")},
        {"predicate": "salary > 1", "consent": world.consent("eve")},
    ]
    results = world.lender.post("/v1/query-batches", json={"queries": questions}).json()["results"]
    assert [each["status"] for each in results] == [201, 400, 403, 200]
    assert results[0]["body"]["answer"] == "yes"
    assert results[1]["body"]["position"] == 8


def test_a_provider_withdraws_a_consent(world):
    """The log says so; that the prover refuses from then on is its own test."""
    consent = Consent.peek(world.nobodys())
    settings = {"provider": consent.provider, "consent": consent.digest, "issued_at": int(time.time())}
    word = withdraw(**settings, key=world.provider.signing_key).token
    with world.verifier_server.client(world.verifier.issuer) as issuer:
        receipts = [issuer.post("/v1/withdrawals", json={"withdrawal": word}) for _ in range(2)]
        assert [each.status_code for each in receipts] == [201, 201]
        assert receipts[0].json() == receipts[1].json()
        problem(issuer.post("/v1/withdrawals", json={"withdrawal": "a.b.c"}), "unprocessable")
        forged = withdraw(**settings, key=SigningKey(bytes(31) + b"\x05")).token
        problem(issuer.post("/v1/withdrawals", json={"withdrawal": forged}), "conflict")
        other = withdraw(**settings | {"provider": "other-kyc"}, key=world.provider.signing_key).token
        problem(issuer.post("/v1/withdrawals", json={"withdrawal": other}), "insufficient-scope")
    problem(world.lender.post("/v1/withdrawals", json={"withdrawal": word}), "insufficient-scope")
    service = world.verifier.service
    assert service.registry.consents.withdrawn_index(consent.provider, consent.digest) == receipts[0].json()["index"]


def test_the_registry_is_public(world):
    (provider,) = world.lender.get("/v1/providers").json()["providers"]
    assert (provider["id"], "prover_url" in provider) == ("acme-kyc", False)
    (schema,) = world.lender.get("/v1/schemas").json()["schemas"]
    assert schema["schema"]["schema"] == "kyc-test"
    etag = world.lender.get("/v1/schemas").headers["etag"]
    assert world.lender.get("/v1/schemas", headers={"If-None-Match": etag}).status_code == 304


def test_the_log_is_public_and_its_bodies_are_the_auditors(world):
    note = world.lender.get("/log/checkpoint")
    assert note.headers["content-type"] == "text/plain; charset=utf-8"
    checkpoint = Checkpoint.open(note.text, world.verifier.signer.verifier)
    partial = world.lender.get(f"/log/tile/0/000.p/{checkpoint.size}")
    assert len(partial.content) == 32 * checkpoint.size
    assert "immutable" in partial.headers["cache-control"]
    for place in (
        "0/000",
        "0/000.p/0",
        "0/000.p/257",
        f"0/000.p/{checkpoint.size + 1}",
        "0/0",
        "64/000",
        "x",
        "0/001",
        "0/x000/001",
    ):
        problem(world.lender.get(f"/log/tile/{place}"), "not-found")
    with world.verifier_server.client(world.verifier.auditor) as auditor:
        page = auditor.get("/v1/entries?start=1&limit=2").json()
        assert [each["index"] for each in page["entries"]] == [1, 2]
        assert page["next"] == 3
        rest = auditor.get(f"/v1/entries?start={checkpoint.size}").json()
        assert (rest["entries"], rest["next"]) == ([], None)


def test_a_foreign_client_comes_from_entries_to_the_root_without_a_key(world):
    size = int(world.lender.get("/log/checkpoint").text.split("\n")[1])
    with world.verifier_server.client() as stranger:
        entries = stranger.get(f"/log/tile/entries/000.p/{size}")
        assert hashes_of(entries.content) == stranger.get(f"/log/tile/0/000.p/{size}").content
        assert "immutable" in entries.headers["cache-control"]
        for place in (
            "entries/000",
            f"entries/000.p/{size + 1000}",
            "entries/001.p/1",
            "entries/0",
            "entries/",
            "-1/000",
        ):
            problem(stranger.get(f"/log/tile/{place}"), "not-found")
    with world.verifier_server.client(world.verifier.auditor) as auditor:
        lines = auditor.get(f"/v1/entries?limit={size}").json()["entries"]
    assert leaves_of(entries.content) == [salted_leaf(b64u_decode(e["salt"]), b64u_decode(e["body"])) for e in lines]


@pytest.mark.parametrize("place", ["checkpoint", "tile/0/000.p/2", "tile/entries/000.p/2"])
def test_what_the_log_serves_can_be_asked_about_and_cached(world, place):
    with world.verifier_server.client() as stranger:
        whole = stranger.get(f"/log/{place}")
        head = stranger.head(f"/log/{place}")
        assert (head.status_code, head.content) == (200, b"")
        for name in ("etag", "content-length", "content-type", "cache-control"):
            assert head.headers[name] == whole.headers[name]
        again = stranger.get(f"/log/{place}", headers={"If-None-Match": whole.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_who_this_is(world):
    card = world.lender.get("/.well-known/zkattest").json()
    assert (card["origin"], card["log_vkey"]) == (world.provider.origin, world.verifier.signer.verifier.vkey)
    ready = world.lender.get("/readyz").json()
    assert ready["entries"] == world.verifier.service.log.size
    metrics = world.lender.get("/metrics").text
    assert 'zkattest_verifier_answers_total{outcome="answered",provider="acme-kyc"}' in metrics
    assert "acme-bank" not in metrics


def test_a_body_is_json_that_means_one_thing_wherever_one_is_sent(world, strict_refusals):
    strict_refusals(world.verifier_server.app, world.lender)
    assert world.ask().status_code == 201


def test_what_cannot_be_proven_is_the_askers_to_mend(world):
    assert world.ask("salary * 3 > net_worth").status_code == 200
    document = problem(world.ask("salary * 9223372036854775807 > net_worth"), "predicate-type")
    assert document["position"] == 7
    assert "2^63-1" in document["detail"]


@pytest.mark.parametrize(
    ("predicate", "position", "named"),
    [
        ("salary > 1.001", 9, "decimal"),
        ("salary > 1 && wage > 2", 14, "wage"),
        ("shoe_size > 1.5", 12, "whole numbers"),
    ],
)
def test_what_is_wrong_is_said_under_the_schema_that_fits_best(world, predicate, position, named):
    other = {
        "schema": "shoes",
        "version": 1,
        "attributes": [{"name": "shoe_size", "type": "integer", "min": "0", "max": "60"}],
    }
    with world.verifier_server.client(world.verifier.issuer) as issuer:
        assert issuer.post("/v1/schemas", json={"schema": other}).status_code == 201
    assert world.ask("salary > 100000", "ann").json()["answer"] == "yes"
    problem = world.ask(predicate, "ann").json()
    assert (problem["status"], problem["position"]) == (422, position)
    assert named in problem["detail"]
