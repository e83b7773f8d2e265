"""Signed questions: live, in evidence and in replay; a verifier that logs what nobody signed is found and named."""

import json
from dataclasses import replace

import pytest

from circuits import jws
from circuits.encoding import b64u, canonical_json
from circuits.jws import SigningKey
from circuits.query import Reasons
from verifier.answered import Declined, Undetermined
from verifier.answering import answer
from verifier.asked import CLOCK_AHEAD, CLOCK_STEP, MOST_WAITING, Requests, require_asked
from verifier.audit.export import entry_line
from verifier.audit.replay import replay
from verifier.entries.kinds import AnswerEntry, DeclinedEntry, UndeterminedEntry, decode_logged, encode
from verifier.entries.parties import PartyEntry
from verifier.entries.signed_request import MOST_LIFETIME, Parameters, sign
from verifier.errors import Blame, EvidenceError, RequestRefused
from verifier.evidence.evidence import build, verify_evidence
from verifier.evidence.file import EvidenceFile
from verifier.log.leaves import LoggedEntry
from verifier.log.merkle import Frontier
from verifier.log.note import Checkpoint

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
LENDER, OTHER = (SigningKey(bytes(31) + bytes([number])) for number in (40, 41))
URI = "https://verifier.example/v1/queries"


class Says:
    def __init__(self, response):
        self.response = response

    def fetch(self, _query):
        return self.response


@pytest.fixture
def bank(world):
    """The world, whose first bank has a key."""
    world.publish(PartyEntry("first-bank", LENDER.public, world.now))
    return world


SHOWN = {}
"""The consents of the world that is tested."""


@pytest.fixture(autouse=True)
def _consents(world):
    SHOWN["tokens"] = world.company.tokens


def words(query, **changes):
    said = {
        "predicate": query.predicate_text,
        "consent": SHOWN["tokens"][query.consent].token,
        "audience": query.audience,
        "max_age": query.max_age,
    }
    return {name: value for name, value in (said | changes).items() if value is not ...}


def parameters(query, *, nonce="A" * 22, **changes):
    named = {"created": query.issued_at - 1, "expires": query.issued_at + 59, "nonce": nonce, "key_id": LENDER.kid}
    return Parameters(**(named | changes))


def request_for(query, *, key=LENDER, uri=URI, method="POST", said=None, **changes):
    changed = {name: changes.pop(name) for name in ("created", "expires", "nonce") if name in changes}
    body = json.dumps(words(query, **changes) if said is None else said).encode()
    return sign(method, uri, body, key=key, parameters=parameters(query, **changed | {"key_id": key.kid}))


def put(world, query, request, source=None):
    settings = {"log": world.log, "registry": world.registry, "signer": lambda: world.key, "now": lambda: world.now}
    return answer(query, consent=world.token(query), source=source or world.company, request=request, **settings)


def lines_of(entries, signer):
    frontier = Frontier()
    for entry in entries:
        frontier.append(entry.leaf_hash)
    note = Checkpoint(signer.name, frontier.size, frontier.root()).sign(signer)
    return [canonical_json({"checkpoint": note}) + b"\n", *map(entry_line, entries)]


def logged_with(world, entry, index):
    """All entries of the log, that one said otherwise."""
    entries = list(world.log.read(0))
    old = entries[index]
    body = encode(entry, old.appended_at)
    return [*entries[:index], LoggedEntry(index, old.kind, old.appended_at, old.salt, body), *entries[index + 1 :]]


def replayed(world, signer, entries=None):
    return replay(lines_of(entries or list(world.log.read(0)), signer), trust=world.trust)


def test_a_signed_question_is_answered_logged_attested_and_replayed(bank, signer):
    query = bank.query()
    request = request_for(query)
    logged = put(bank, query, request)
    entry = decode_logged(bank.log.entry(logged.index))
    assert isinstance(entry, AnswerEntry)
    assert entry.request == request
    assert jws.peek(logged.attestation.token)["request"] == "signed"
    unsigned = bank.ask()
    assert jws.peek(unsigned.attestation.token)["request"] == "unsigned"
    report = replayed(bank, signer)
    assert (report.failure, report.answers, report.signed) == (None, 2, 1)


@pytest.mark.parametrize(
    ("response", "kind"), [(Undetermined("absent", None), UndeterminedEntry), (Declined(), DeclinedEntry)]
)
def test_a_signed_question_without_an_answer_is_logged_with_its_signature(bank, signer, response, kind):
    query = bank.query()
    logged = put(bank, query, request_for(query), Says(response))
    entry = decode_logged(bank.log.entry(logged.index))
    assert isinstance(entry, kind)
    assert entry.request is not None
    assert replayed(bank, signer).failure is None
    forged = replace(entry, request=request_for(query, consent=bank.company.consent("bob").token))
    finding = replayed(bank, signer, logged_with(bank, forged, logged.index)).failure
    assert (finding.index, finding.blame, finding.code) == (logged.index, Blame.VERIFIER, "request-refused")


def test_evidence_holds_the_key_and_shows_who_asked(bank):
    query = bank.query()
    logged = put(bank, query, request_for(query))
    evidence = build(logged.index, log=bank.log, registry=bank.registry)
    verdict = verify_evidence(evidence, trust=bank.trust)
    assert verdict.signed
    (told,) = [key for key in verdict.keys if key.role == "relying party"]
    assert (told.holder, told.kid) == ("first-bank", LENDER.kid)
    file = EvidenceFile.from_bytes(evidence)
    for wrong in ((), file.lists["parties"] * 2, file.lists["providers"]):
        with pytest.raises(EvidenceError):
            verify_evidence(replace(file, lists={**file.lists, "parties": wrong}).to_bytes(), trust=bank.trust)
    unsigned = EvidenceFile.from_bytes(build(bank.ask().index, log=bank.log, registry=bank.registry))
    assert not verify_evidence(unsigned.to_bytes(), trust=bank.trust).signed
    with pytest.raises(EvidenceError):
        verify_evidence(replace(unsigned, lists=file.lists).to_bytes(), trust=bank.trust)


def required(bank, query, request, *, asked_at=None, now=None):
    size = bank.log.size if asked_at is None else asked_at
    require_asked(query, request, registry=bank.registry, asked_at=size, now=bank.now if now is None else now)


@pytest.mark.parametrize(
    "changes",
    [
        {"reasons": "outcome-only"},
        {"as_of": "2026-11-18"},
        {"as_of": None, "schema": None, "schemas": None},
        {"schema": "kyc-person"},
        {"schemas": ["other", "kyc-person"]},
    ],
)
def test_what_is_left_out_means_what_it_means_to_the_service(bank, changes):
    query = bank.query()
    name = bank.company.schema.name
    named = {key: name if value == "kyc-person" else value for key, value in changes.items()}
    if named.get("schemas"):
        named["schemas"] = ["other", name]
    required(bank, query, request_for(query, **named))


def test_schemas_are_named_by_digest_and_in_order(world, schemas):
    world.publish(PartyEntry("first-bank", LENDER.public, world.now))
    query = world.query("monthly_pay > 1 && age(date_of_birth) >= 21", schemas=schemas)
    first, second = (b64u(schema.digest) for schema in schemas)
    required(world, query, request_for(query, schemas=[first, second]))
    required(world, query, request_for(query))
    for named in ({"schemas": [second, first]}, {"schemas": [first]}, {"schema": first}, {"schemas": []}):
        with pytest.raises(RequestRefused, match="schemas"):
            required(world, query, request_for(query, **named))


@pytest.mark.parametrize(
    "changes",
    [
        {"predicate": "salary > 100001"},
        {"predicate": "salary  > 100000"},
        {"subject": "bob"},
        {"audience": "other.example/log"},
        {"audience": ...},
        {"consent": ...},
        {"consent": 7},
        {"consent": "a.b.c"},
        {"predicate": ...},
        {"purpose": "credit-decision"},
        {"subject": "ada"},
        {"provider": "acme-kyc"},
        {"reasons": "failed-clauses"},
        {"as_of": "2026-11-17"},
        {"max_age": 89},
        {"max_age": ...},
        {"max_age": "90"},
        {"max_age": True},
        {"schema": "other"},
        {"schemas": ["other"]},
        {"schemas": "kyc-person"},
        {"schema": "kyc-person", "schemas": ["kyc-person"]},
        {"more": 1},
        {"uri": "https://verifier.example/v1/verify"},
        {"uri": "https://verifier.example/v1/queries?more"},
        {"method": "GET"},
        {"key": OTHER},
        {"said": ["not", "an", "object"]},
        {"said": 1.5},
        {"created": 1_795_000_000 + CLOCK_AHEAD + 1},
        {"created": 1_795_000_000 - 100, "expires": 1_795_000_000},
        {"created": 1_795_000_000 - 200, "expires": 1_795_000_000 - 100},
    ],
)
def test_a_request_that_is_not_this_question_is_refused(bank, changes):
    query = bank.query()
    required(bank, query, request_for(query))
    with pytest.raises(RequestRefused):
        required(bank, query, request_for(query, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "bob"},
        {"purpose": "marketing"},
        {"relying_party": "second-bank"},
        {"reasons": Reasons.FAILED_CLAUSES},
        {"as_of": "2026-11-17"},
        {"max_age": None},
        {"audience": "other.example/log"},
        {"provider": "other-kyc"},
        {"consent": "other"},
    ],
)
def test_a_question_that_is_not_what_was_signed_is_refused(bank, changes):
    query = bank.query()
    request = request_for(query, as_of="2026-11-18")
    required(bank, query, request)
    with pytest.raises(RequestRefused):
        required(bank, replace(query, **changes), request)


def test_a_clock_may_be_a_little_ahead_and_no_more(bank):
    query = bank.query()
    required(bank, query, request_for(query, created=bank.now + CLOCK_AHEAD))
    required(bank, query, request_for(query), now=bank.now + MOST_WAITING)
    for now in (bank.now + MOST_WAITING + 1, bank.now - MOST_WAITING - 1):
        with pytest.raises(RequestRefused, match="another time"):
            required(bank, query, request_for(query), now=now)


def test_the_key_must_have_been_current_when_the_question_was_put(bank, world):
    query = bank.query()
    registered = bank.registry.parties.at("first-bank", bank.log.size).index
    rotated = world.publish(PartyEntry("first-bank", OTHER.public, world.now))
    for key, asked_at in ((LENDER, rotated), (OTHER, rotated + 1)):
        required(bank, query, request_for(query, key=key), asked_at=asked_at)
    for key, asked_at in ((LENDER, rotated + 1), (OTHER, rotated), (LENDER, registered)):
        with pytest.raises(RequestRefused):
            required(bank, query, request_for(query, key=key), asked_at=asked_at)
    world.publish(PartyEntry("first-bank", None, world.now))
    with pytest.raises(RequestRefused, match="no key"):
        required(bank, query, request_for(query, key=OTHER))


def test_nobody_is_asked_what_nobody_signed(bank):
    query = bank.query()
    size = bank.log.size
    with pytest.raises(RequestRefused):
        put(bank, query, request_for(query, consent=bank.company.consent("bob").token), source=None)
    assert bank.log.size == size


def forged_log(bank, forge):
    """A log whose signed answer has another request than was signed."""
    query = bank.query()
    logged = put(bank, query, request_for(query))
    entry = decode_logged(bank.log.entry(logged.index))
    return logged.index, logged_with(bank, replace(entry, request=forge(query, entry.request)), logged.index)


@pytest.mark.parametrize(
    "forge",
    [
        lambda _query, request: replace(request, body=request.body.replace(b"100000", b"100001")),
        lambda _query, request: replace(request, signature=bytes(64)),
        lambda _query, request: replace(request, target_uri="https://other.example/v1/queries"),
        lambda query, _request: request_for(query, key=OTHER),
        lambda query, _request: request_for(query, predicate="salary > 1"),
        lambda query, _request: request_for(query, created=query.issued_at - 90, expires=query.issued_at - 30),
    ],
)
def test_replay_finds_a_forged_request_and_names_the_verifier(bank, signer, forge):
    index, entries = forged_log(bank, forge)
    assert replayed(bank, signer).failure is None
    finding = replayed(bank, signer, entries).failure
    assert (finding.index, finding.blame, finding.code) == (index, Blame.VERIFIER, "request-refused")


ODD = (
    *(None, True, 0, -1, 2**53 - 1, "", "x", "\0", "é" * 300, "\ud800", [], {}, [1], "A" * 86, "POST", URI),
    *('("@method")', f"{Parameters(1, 2, 'A' * 22, LENDER.kid).to_text()}", '{"predicate":"salary > 1"}', "[" * 5000),
)


@pytest.mark.parametrize("member", ["method", "target_uri", "body", "input", "signature", None])
def test_whatever_a_request_says_an_auditor_ends_with_a_finding(bank, signer, member):
    query = bank.query()
    index = put(bank, query, request_for(query)).index
    entries = list(bank.log.read(0))
    assert replayed(bank, signer, entries).failure is None
    honest, old = json.loads(entries[index].body), entries[index]
    for odd in ODD:
        if member is not None and honest["request"][member] == odd:
            continue
        request = odd if member is None else honest["request"] | {member: odd}
        body = json.dumps(honest | {"request": request}, separators=(",", ":"), sort_keys=True).encode()
        bent = LoggedEntry(index, old.kind, old.appended_at, old.salt, body)
        finding = replayed(bank, signer, [*entries[:index], bent]).failure
        assert finding is not None, odd
        assert finding.index == index


def test_replay_finds_a_signature_that_was_left_out_or_made_up(bank, signer):
    index, entries = forged_log(bank, lambda _query, _request: None)
    finding = replayed(bank, signer, entries).failure
    assert (finding.index, finding.code) == (index, "attestation")
    logged = bank.ask()
    entry = decode_logged(bank.log.entry(logged.index))
    made_up = logged_with(bank, replace(entry, request=request_for(entry.query, nonce="B" * 22)), logged.index)
    finding = replayed(bank, signer, made_up).failure
    assert (finding.index, finding.code, finding.blame) == (logged.index, "attestation", Blame.VERIFIER)


def test_replay_finds_a_key_that_had_been_rotated(bank, signer):
    query = bank.query()
    put(bank, query, request_for(query))
    bank.publish(PartyEntry("first-bank", OTHER.public, bank.now))
    later = bank.query()
    logged = put(bank, later, request_for(later, key=OTHER))
    assert replayed(bank, signer).failure is None
    entry = decode_logged(bank.log.entry(logged.index))
    old = replace(entry, request=request_for(later, nonce="B" * 22))
    finding = replayed(bank, signer, logged_with(bank, old, logged.index)).failure
    assert (finding.index, finding.code) == (logged.index, "request-refused")


def test_replay_finds_a_request_that_was_logged_twice(bank, signer):
    first, second = bank.query(), bank.query()
    put(bank, first, request_for(first))
    logged = put(bank, second, request_for(second), source=Says(Declined()))
    finding = replayed(bank, signer).failure
    assert (finding.index, finding.blame, finding.code) == (logged.index, Blame.VERIFIER, "request-refused")
    assert "before" in finding.reason


def test_nonces_are_remembered_while_they_count_and_then_forgotten(bank):
    query = bank.query()
    one, two = request_for(query), request_for(query, nonce="B" * 22)
    seen, now = Requests(), bank.now
    seen.read(None, now)
    seen.read(one, now)
    seen.read(two, now + 1)
    for at in (now, now + MOST_LIFETIME + MOST_WAITING, now - CLOCK_STEP):
        with pytest.raises(RequestRefused, match="before"):
            seen.read(one, at)
    for turn in range(1, 8):
        seen.read(request_for(query, nonce=f"{turn:022}"), now + turn * 2 * MOST_WAITING)
    assert len(seen._recent) + len(seen._earlier) <= 4
    assert seen.signed == 12
