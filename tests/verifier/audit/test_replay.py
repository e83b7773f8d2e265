"""Replay of a whole log: clean when it is, and for everything else a finding with the guilty entry and party."""

import json
from dataclasses import replace

import pytest

from circuits.encoding import canonical_json
from circuits.jws import SigningKey
from verifier.answered import Answered, Declined, Undetermined
from verifier.attestation import attest
from verifier.audit.export import export_lines
from verifier.audit.replay import CLOCK_STEP, replay
from verifier.checking import CheckedProof, appraise
from verifier.entries.kinds import AnswerEntry, CredentialEntry, DeclinedEntry, SchemaEntry, encode
from verifier.errors import Blame, CredentialExpired, NoteError
from verifier.log.merkle import EMPTY_ROOT, Frontier
from verifier.log.note import Checkpoint, NoteSigner
from verifier.log.writer import Draft
from verifier.trust import Trust

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ORIGIN = "verifier.example/log"


class Says:
    def __init__(self, response):
        self.response = response

    def fetch(self, _query):
        return self.response


@pytest.fixture
def busy(world):
    """A log with everything in it."""
    for threshold in range(99_995, 100_003):
        world.ask(f"salary > {threshold}", "eve", relying_party=f"lender-{threshold}")
    world.ask(source=Says(Undetermined("stale", None)))
    world.ask(source=Says(Declined()))
    newer = world.company.issue("ada/2", {"salary": "5"}, supersedes=world.company.subjects["ada"].id)
    world.register(newer)
    world.ask("salary > 4", "ada")
    return world


@pytest.fixture
def lines(busy):
    return list(export_lines(busy.log))


@pytest.mark.parametrize("engine_name", ["fast", "reference"])
def test_a_clean_log(busy, lines, engine_name):
    told = []
    report = replay(lines, trust=busy.trust, engine=engine_name, progress=lambda *place: told.append(place))
    assert report.failure is None
    assert (report.entries, report.answers, report.findings_count) == (busy.log.size, 9, 0)
    assert report.counts == {
        "provider": 1,
        "schema": 1,
        "credential": 4,
        "answer": 9,
        "undetermined": 1,
        "declined": 1,
    }
    assert (report.checkpoint, report.origin) == (busy.log.note, ORIGIN)
    assert told[-1] == (busy.log.size, busy.log.size)


def test_an_empty_log(world):
    first = canonical_json({"checkpoint": Checkpoint(ORIGIN, 0, EMPTY_ROOT).sign(NoteSigner(ORIGIN, bytes(range(32))))})
    assert replay([first + b"\n"], trust=world.trust).failure is None


def test_since_must_be_a_prefix(busy, lines):
    earlier = busy.log.note
    busy.ask()
    grown = list(export_lines(busy.log))
    for since in (earlier, Checkpoint.open(earlier, busy.trust.log), busy.log.note, None):
        assert replay(grown, trust=busy.trust, since=since).failure is None
    signer = NoteSigner(ORIGIN, bytes(range(32)))
    size = busy.log.size
    for forked in (Checkpoint(ORIGIN, size - 3, bytes(32)), Checkpoint(ORIGIN, size, bytes(32))):
        finding = replay(grown, trust=busy.trust, since=forked.sign(signer)).failure
        assert (finding.blame, finding.code, finding.index) == (Blame.LOG, "since", None)
    shrunk = replay(lines, trust=busy.trust, since=busy.log.note).failure
    assert (shrunk.blame, shrunk.code) == (Blame.LOG, "since")
    with pytest.raises(NoteError):
        replay(grown, trust=busy.trust, since=forked.sign(NoteSigner(ORIGIN, bytes(32))))


def changed(place, change):
    def apply(lines):
        line = json.loads(lines[place])
        change(line)
        return [*lines[:place], canonical_json(line) + b"\n", *lines[place + 1 :]]

    return apply


def in_body(name, value):
    def change(line):
        body = json.loads(line["body"])
        body[name] = value
        line["body"] = canonical_json(body).decode()

    return change


TAMPERED = {
    "checkpoint edited": changed(
        0, lambda line: line.update(checkpoint=line["checkpoint"].replace("\n17\n", "\n16\n"))
    ),
    "checkpoint missing": lambda lines: lines[1:],
    "checkpoint with company": changed(0, lambda line: line.update(extra=1)),
    "nothing": lambda _lines: [],
    "first entry missing": lambda lines: [lines[0], *lines[2:]],
    "entry missing": lambda lines: [*lines[:8], *lines[9:]],
    "last entry missing": lambda lines: lines[:-1],
    "entry twice": lambda lines: [*lines[:8], lines[8], *lines[8:]],
    "entries swapped": lambda lines: [*lines[:8], lines[9], lines[8], *lines[10:]],
    "entries swapped and renumbered": lambda lines: renumbered([*lines[:8], lines[9], lines[8], *lines[10:]]),
    "entry removed and renumbered": lambda lines: renumbered([*lines[:8], *lines[9:]]),
    "entry too many": lambda lines: renumbered([*lines, lines[-1]]),
    "salt": changed(8, lambda line: line.update(salt="A" * 43)),
    "salt short": changed(8, lambda line: line.update(salt="A" * 42)),
    "kind": changed(8, lambda line: line.update(kind="declined")),
    "kind unknown": changed(8, lambda line: line.update(kind="other")),
    "time beside the body": changed(8, lambda line: line.update(appended_at="2026-11-18T00:00:00Z")),
    "time malformed": changed(8, lambda line: line.update(appended_at="yesterday")),
    "index a text": changed(8, lambda line: line.update(index="7")),
    "member missing": changed(8, lambda line: line.pop("salt")),
    "member of another type": changed(8, lambda line: line.update(body=5)),
    "answer in the body": changed(8, in_body("answer", "no")),
    "provider's address": changed(1, in_body("prover_url", "https://evil.example")),
    "undetermined for another reason": changed(14, in_body("reason", "absent")),
    "body with a space": changed(8, lambda line: line.update(body=line["body"] + " ")),
    "not JSON": lambda lines: [*lines[:8], b"{\n", *lines[9:]],
    "not UTF-8": lambda lines: [*lines[:8], b"\xff\n", *lines[9:]],
    "no object": lambda lines: [*lines[:8], b"1\n", *lines[9:]],
    "cut inside a line": lambda lines: [*lines[:-1], lines[-1][:-9]],
    "an endless line": lambda lines: [*lines[:8], b" " * (1 << 22) + b"\n", *lines[9:]],
}


def renumbered(lines):
    numbered = [json.loads(line) | {"index": index} for index, line in enumerate(lines[1:])]
    return [lines[0], *(canonical_json(line) + b"\n" for line in numbered)]


@pytest.mark.parametrize("name", TAMPERED)
def test_a_tampered_export_is_the_log_operators_fault(busy, lines, name):
    assert replay(lines, trust=busy.trust).failure is None
    report = replay(TAMPERED[name](lines), trust=busy.trust)
    assert report.failure is not None
    assert report.failure.blame is Blame.LOG
    assert report.failure.index in (None, 7)
    assert "log operator" in str(report.failure)


@pytest.mark.parametrize("engine_name", ["fast", "reference"])
def test_an_answer_that_was_turned_round_on_the_way_accuses_no_provider(busy, lines, engine_name):
    answers = [place for place, line in enumerate(lines) if b'"kind":"answer"' in line]
    turned = list(lines)
    for place in answers:
        entry = json.loads(turned[place])
        body = json.loads(entry["body"])
        body["answer"] = "no" if body["answer"] == "yes" else "yes"
        turned[place] = canonical_json(entry | {"body": canonical_json(body).decode()}) + b"\n"
    report = replay(turned, trust=busy.trust, engine=engine_name)
    assert [each.code for each in report.findings] == ["root", *["attestation"] * len(answers)]
    assert Blame.PROVIDER not in {each.blame for each in report.findings}
    assert "the proof does not prove" in report.findings[1].reason


def test_every_byte_counts(busy, lines):
    whole = b"".join(lines)
    for place in range(3, len(whole), 211):
        mutant = whole[:place] + bytes([whole[place] ^ (1 << place % 8)]) + whole[place + 1 :]
        report = replay(mutant.splitlines(keepends=True), trust=busy.trust)
        assert report.failure is not None, place


def test_other_keys_find_the_log_wanting(busy, lines):
    signer = NoteSigner(ORIGIN, bytes(32))
    report = replay(lines, trust=Trust(signer.verifier, busy.trust.attestations))
    assert (report.failure.code, report.entries) == ("checkpoint", 0)
    report = replay(lines, trust=Trust(busy.trust.log, SigningKey(bytes(32)).public))
    assert (report.failure.code, report.failure.blame, report.findings_count) == ("attestation", Blame.VERIFIER, 9)
    assert report.failure.index == 5


def claim_of(world, query, told):
    settings = {"registry": world.registry, "audience": ORIGIN, "asked_at": world.log.size, "now": world.now}
    return appraise(query, told, consent=world.token(query), **settings)


def lied(world, told, query, *, claim=None, asked_at=None, appended_at=None, key=None, index=None):
    """What a dishonest verifier would log, with every signature it can make."""
    claim = claim or claim_of(world, query, told)
    asked_at = world.log.size if asked_at is None else asked_at
    appended_at = appended_at or world.now

    def make(number):
        place = number if index is None else index
        signed = attest(CheckedProof(claim), signer=key or world.key, origin=ORIGIN, index=place, now=appended_at)
        entry = AnswerEntry(
            query,
            asked_at,
            told.credentials,
            told.answer,
            told.proof,
            signed.token,
            world.token(query),
            told.disclosed,
            told.clauses,
        )
        return Draft(entry.kind, encode(entry, appended_at), appended_at)

    return world.log.append(make).result(20)


@pytest.fixture
def true_story(world, people):
    query = world.query()
    return query, world.company.prove(query, people["ada"])


def negated(_world, query, told):
    return {"told": Answered(not told.answer, told.credentials, told.proof, None, told.disclosed), "query": query}


def with_claim(world, query, told, changed_query):
    claim = claim_of(world, query, told)
    return {"told": told, "query": changed_query, "claim": claim}


LIES = {
    "answer turned round": (negated, Blame.PROVIDER, "proof-refused"),
    "proof of another question": (
        lambda _w, q, t: {"told": t, "query": replace(q, nonce=bytes(32))},
        Blame.PROVIDER,
        "proof-refused",
    ),
    "credential from the future": (
        lambda _w, q, t: {"told": t, "query": q, "asked_at": 2},
        Blame.PROVIDER,
        "credential-late",
    ),
    "state from the future": (lambda _w, q, t: {"told": t, "query": q, "asked_at": 99}, Blame.LOG, "entry"),
    "after the query expired": (
        lambda _w, q, t: {"told": t, "query": q, "appended_at": q.expires_at},
        Blame.VERIFIER,
        "query-refused",
    ),
    "another audience": (
        lambda w, q, t: with_claim(w, q, t, replace(q, audience="other.example/log")),
        Blame.VERIFIER,
        "query-refused",
    ),
    "attestation for another question": (
        lambda w, q, t: {"told": t, "query": q, "claim": other_claim(w)},
        Blame.VERIFIER,
        "attestation",
    ),
    "attestation by another key": (
        lambda _w, q, t: {"told": t, "query": q, "key": SigningKey(bytes(32))},
        Blame.VERIFIER,
        "attestation",
    ),
    "attestation for another entry": (
        lambda _w, q, t: {"told": t, "query": q, "index": 1},
        Blame.VERIFIER,
        "attestation",
    ),
}


def other_claim(world):
    query = world.query("salary > 1")
    told = world.company.prove(query, world.company.subjects["ada"])
    return claim_of(world, query, told)


@pytest.mark.parametrize("engine_name", ["fast", "reference"])
@pytest.mark.parametrize("name", LIES)
def test_a_lie_in_a_well_kept_log_is_found(world, true_story, name, engine_name):
    query, told = true_story
    lied(world, told, query)
    assert replay(export_lines(world.log), trust=world.trust).failure is None
    make, blame, code = LIES[name]
    guilty = lied(world, **make(world, query, told))
    for _ in range(3):
        world.ask()
    report = replay(export_lines(world.log), trust=world.trust, engine=engine_name)
    assert (report.failure.index, report.failure.blame, report.failure.code) == (guilty, blame, code)
    assert (report.findings_count, report.answers) == (1, 4)


def test_registrations_that_contradict_the_log_are_the_verifiers_fault(world):
    company = world.company
    entries = [
        SchemaEntry("nobody", company.schema),
        company.entry(),
        CredentialEntry(company.issue("x", {"salary": "1"}, key=SigningKey(bytes(32))).token),
    ]
    guilty = []
    for entry in entries:
        body = encode(entry, world.now)
        guilty.append(
            world.log.append(lambda _index, kind=entry.kind, body=body: Draft(kind, body, world.now)).result(20)
        )
    report = replay(export_lines(world.log), trust=world.trust)
    assert [finding.index for finding in report.findings] == guilty
    assert {(finding.blame, finding.code) for finding in report.findings} == {(Blame.VERIFIER, "registry")}


def test_an_entry_that_is_none_is_the_log_operators_fault(world):
    for body in (b"{}", b"nonsense", b'{"kind":"other","at":"2026-11-18T00:00:00Z"}'):
        world.log.append(lambda _index, body=body: Draft("answer", body, world.now)).result(20)
    report = replay(export_lines(world.log), trust=world.trust)
    assert report.findings_count == 3
    assert {(finding.blame, finding.code) for finding in report.findings} == {(Blame.LOG, "entry")}


def test_memory_of_findings_is_bounded(world, true_story):
    query, _told = true_story
    entry = DeclinedEntry(query, 10**6)
    body = encode(entry, world.now)
    for future in [world.log.append(lambda _index: Draft("declined", body, world.now)) for _ in range(150)]:
        future.result(20)
    report = replay(export_lines(world.log), trust=world.trust)
    assert (len(report.findings), report.findings_count) == (100, 150)


def test_a_rebuilt_root_is_the_signed_one(busy):
    frontier = Frontier()
    for logged in busy.log.read(0):
        frontier.append(logged.leaf_hash)
    assert frontier.root() == busy.log.checkpoint().root


def test_an_answer_that_is_back_dated_is_found(world):
    """Its time is the "now" of its check: ada's credential, long expired, would be good again."""
    company, year = world.company, 365 * 86_400
    then = world.now
    world.now += year + 86_400
    world.register(company.issue("zoe", {"salary": "7"}, issued_at=world.now, expires_at=world.now + year))
    with pytest.raises(CredentialExpired):
        world.ask()
    for step in (0, -900):
        world.now += step
        world.ask("salary > 6", "zoe", max_age=None)
    assert replay(export_lines(world.log), trust=world.trust).failure is None
    world.now = then + 60
    guilty = world.ask().index
    world.ask("salary > 100000", "bob")
    report = replay(export_lines(world.log), trust=world.trust)
    assert (report.findings_count, report.failure.index, report.failure.code) == (1, guilty, "time")
    assert report.failure.blame is Blame.VERIFIER


@pytest.mark.parametrize("engine_name", ["fast", "reference"])
@pytest.mark.parametrize("lie", ["an earlier state of the log", "a question put long ago", None])
def test_an_answer_from_what_was_superseded_before_the_question_is_found(world, people, engine_name, lie):
    """A provider answers from the value it likes better, and the verifier says it asked before there was another."""
    before, then = world.log.size, world.now
    world.register(world.company.issue("ada/2", {"salary": "1"}, supersedes=people["ada"].id))
    world.now += 86_400
    assert not world.ask().checked.answer
    query = world.query() if lie != "a question put long ago" else world.query(issued_at=then)
    told = world.company.prove(query, people["ada"] if lie else world.company.subjects["ada"])
    if lie is None:
        lied(world, told, query)
        assert replay(export_lines(world.log), trust=world.trust, engine=engine_name).failure is None
        return
    claim = appraise(
        replace(query, issued_at=then, expires_at=then + 60),
        told,
        consent=world.token(query),
        registry=world.registry,
        audience=ORIGIN,
        asked_at=before,
        now=then,
    )
    guilty = lied(world, told, query, claim=replace(claim, query=query), asked_at=before)
    report = replay(export_lines(world.log), trust=world.trust, engine=engine_name)
    assert (report.findings_count, report.failure.index) == (1, guilty)
    assert (report.failure.blame, report.failure.code) == (Blame.VERIFIER, "query-refused")


def test_what_others_log_while_a_question_waits_is_no_finding(world):
    """Their time may lie a little before the question's, as theirs waited as well."""
    company = world.company

    def meanwhile(step):
        class Slow:
            def fetch(self, query):
                world.now += step
                world.ask("salary > 1", "bob")
                world.now -= step
                return company.fetch(query)

        return Slow()

    assert world.ask(source=meanwhile(-CLOCK_STEP)).checked.answer
    assert replay(export_lines(world.log), trust=world.trust).failure is None
    late = world.ask(source=meanwhile(-CLOCK_STEP - 1)).index
    codes = {found.index: found.code for found in replay(export_lines(world.log), trust=world.trust).findings}
    assert codes[late] == "query-refused"


class Watcher:
    def __init__(self):
        self.entries, self.answers = [], []

    def read(self, logged, entry):
        self.entries.append((logged.index, entry.kind))

    def held(self, index, claim):
        self.answers.append((index, claim.query.subject))


def test_an_observer_is_told_of_every_entry_and_of_the_answers_that_hold(busy, lines):
    clean, tampered = Watcher(), Watcher()
    replay(lines, trust=busy.trust, observe=clean)
    kinds = [json.loads(line)["kind"] for line in lines[1:]]
    assert clean.entries == list(enumerate(kinds))
    assert sorted(index for index, _ in clean.answers) == [n for n, kind in enumerate(kinds) if kind == "answer"]
    first = kinds.index("answer")
    changed_lines = changed(first + 1, in_body("answer", "no"))(lines)
    report = replay(changed_lines, trust=busy.trust, observe=tampered)
    assert report.findings
    assert first not in [index for index, _ in tampered.answers]
