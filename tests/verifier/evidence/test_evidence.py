"""One file proves one answer: with the pinned keys it verifies, and with any change it does not."""

import json
import re
from dataclasses import replace

import pytest

from circuits.attributes import Schema
from circuits.encoding import b64u_decode, canonical_json
from circuits.jws import SigningKey
from verifier.answered import Undetermined
from verifier.attestation import attest
from verifier.checking import CheckedProof, appraise
from verifier.entries.kinds import AnswerEntry, SchemaEntry, encode
from verifier.errors import EvidenceError, MerkleError, RegistryError
from verifier.evidence.evidence import build, verify_evidence
from verifier.evidence.file import FORMAT, EvidenceFile
from verifier.evidence.tlog_proof import TlogProof
from verifier.log.merkle import leaf_hash
from verifier.log.note import Checkpoint, NoteSigner
from verifier.log.writer import Draft
from verifier.trust import Trust

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ORIGIN = "verifier.example/log"


@pytest.fixture
def index(world):
    world.ask("salary > 1")
    index = world.ask("salary > 100000", "bob").index
    world.ask("salary > 2")
    return index


@pytest.fixture
def evidence(world, index):
    return build(index, log=world.log, registry=world.registry)


@pytest.mark.parametrize("engine_name", ["fast", "reference"])
def test_it_proves_the_answer(world, evidence, index, engine_name):
    verdict = verify_evidence(evidence, trust=world.trust, engine=engine_name)
    assert (verdict.answer, verdict.index, verdict.subject, verdict.provider) == (
        False,
        index,
        world.company.handle("bob", "first-bank"),
        "acme-kyc",
    )
    assert verdict.question == "salary is more than 100,000.00 USD per year"
    assert (verdict.relying_party, verdict.as_of, verdict.origin) == ("first-bank", "2026-11-18", ORIGIN)
    assert verdict.answered_at == world.now
    assert verdict.checkpoint.size == index + 2
    assert len(evidence) < 20_000


def test_an_older_checkpoint_still_holds_after_the_log_has_grown(world, evidence):
    for _ in range(3):
        world.ask()
    verify_evidence(evidence, trust=world.trust)


def test_others_can_check_its_inclusion(world, evidence, index):
    """The tlog-proof inside is one that any C2SP client reads, and the record behind it the answer's leaf."""
    file = EvidenceFile.from_bytes(evidence)
    assert file.to_bytes() == evidence
    text = json.loads(evidence)["tlog_proof"]
    again = TlogProof.from_text(text)
    assert (again.index, again.to_text(), again) == (index, text, file.proof)
    assert again.verify(leaf_hash(file.leaf), log=world.trust.log) == world.log.checkpoint()
    with pytest.raises(EvidenceError):
        again.verify(leaf_hash(bytes(32)), log=world.trust.log)


def test_it_says_which_keys_counted(world, evidence):
    verdict = verify_evidence(evidence, trust=world.trust)
    pinned, signer = verdict.keys
    assert (pinned.role, pinned.holder, pinned.kid) == ("attestation", ORIGIN, world.key.kid)
    assert (pinned.index, pinned.since) == (None, None)
    assert (signer.role, signer.holder, signer.kid) == ("provider", "acme-kyc", world.company.key.kid)
    assert (signer.index, signer.since) == (0, world.company.entry().valid_from)
    assert verdict.credentials == (world.company.subjects["bob"],)
    assert verdict.witnesses == ()


def test_only_answers_have_evidence(world):
    class Silent:
        def fetch(self, _query):
            return Undetermined("absent", None)

    build(world.ask().index, log=world.log, registry=world.registry)
    with pytest.raises(EvidenceError):
        build(world.ask(source=Silent()).index, log=world.log, registry=world.registry)
    with pytest.raises(EvidenceError):
        build(0, log=world.log, registry=world.registry)
    with pytest.raises(MerkleError):
        build(world.log.size, log=world.log, registry=world.registry)


def each(role, change):
    """Change an entry, where it stands alone or is the only one of a list."""
    if role == "answer":
        return lambda file: file | {role: change(file[role])}
    return lambda file: file | {f"{role}s": [change(entry) for entry in file[f"{role}s"]]}


def body(role, change):
    """Change a member of an entry's body, and keep the body canonical."""

    def apply(entry):
        parsed = json.loads(entry["body"])
        change(parsed)
        return entry | {"body": canonical_json(parsed).decode()}

    return each(role, apply)


def member(role, name, value):
    return each(role, lambda entry: entry | {name: value(entry[name])})


def whole(role, change):
    """Replace an entry that stands alone, or a whole list."""
    name = role if role == "answer" else f"{role}s"
    return lambda file: file | {name: change(file[name])}


def without(role):
    name = role if role == "answer" else f"{role}s"
    return lambda file: {key: file[key] for key in file if key != name}


def put(name, value):
    return lambda parsed: parsed.update({name: value})


def proof(old, new):
    """Change the text of the tlog-proof."""

    def change(file):
        assert re.search(old, file["tlog_proof"])
        return file | {"tlog_proof": re.sub(old, new, file["tlog_proof"], count=1)}

    return change


def resigned(file):
    """Have another key of that name sign the checkpoint."""
    start, _empty, note = file["tlog_proof"].partition("\n\n")
    checkpoint = Checkpoint.from_bytes(note.partition("\n\n")[0].encode() + b"\n")
    return file | {"tlog_proof": f"{start}\n\n{checkpoint.sign(NoteSigner(ORIGIN, bytes(32)))}"}


LISTED = ("provider", "schema", "credential")
ROLES = (*LISTED, "answer")
QUERY = {
    "id": "AAAAAAAAAAAAAAAAAAAAAA",
    "nonce": "A" * 43,
    "audience": "other.example/log",
    "relying_party": "second-bank",
    "provider": "other-kyc",
    "subject": "ada",
    "purpose": "gossip",
    "predicate": "salary > 1",
    "predicate_digest": "A" * 43,
    "schemas": ["A" * 43],
    "reasons": "failed-clauses",
    "as_of": "2026-11-17",
    "max_age": None,
    "issued_at": "2026-01-01T00:00:00Z",
    "expires_at": "2027-01-01T00:00:00Z",
    "consent": "none",
}
MUTATIONS = (
    {f"{role} salt": member(role, "salt", lambda text: "A" * 42 + ("A" if text[42] != "A" else "E")) for role in ROLES}
    | {f"{role} salt short": member(role, "salt", lambda text: text[:-2]) for role in ROLES}
    | {f"{role} index": member(role, "index", lambda number: number + 1) for role in LISTED}
    | {f"{role} index negative": member(role, "index", lambda number: number - 100) for role in LISTED}
    | {f"{role} index a bool": member(role, "index", bool) for role in LISTED}
    | {f"{role} inclusion empty": member(role, "inclusion", lambda _path: []) for role in LISTED}
    | {f"{role} inclusion reversed": member(role, "inclusion", lambda path: path[::-1]) for role in LISTED}
    | {f"{role} inclusion of numbers": member(role, "inclusion", lambda path: [1] * len(path)) for role in LISTED}
    | {f"{role} inclusion no base64": member(role, "inclusion", lambda path: ["!"] * len(path)) for role in LISTED}
    | {f"{role} body not JSON": member(role, "body", lambda text: text[:-1]) for role in ROLES}
    | {f"{role} body with a space": member(role, "body", lambda text: text + " ") for role in ROLES}
    | {f"{role} body no text": member(role, "body", lambda _text: None) for role in ROLES}
    | {f"{role} time": body(role, put("at", "2026-11-18T00:00:00Z")) for role in ROLES}
    | {f"{role} kind": body(role, put("kind", "declined")) for role in ROLES}
    | {f"{role} extra": body(role, put("extra", 1)) for role in ROLES}
    | {f"{role} extra beside": each(role, lambda entry: entry | {"x": 1}) for role in ROLES}
    | {f"{role} missing": without(role) for role in ROLES}
    | {f"{role} null": whole(role, lambda _member: None) for role in ROLES}
    | {f"{role} null in its list": each(role, lambda _entry: None) for role in ROLES}
    | {f"{role} alone": whole(role, lambda listed: listed[0]) for role in LISTED}
    | {f"{role} in no list": whole(role, lambda _listed: []) for role in LISTED}
    | {f"{role} twice": whole(role, lambda listed: listed * 2) for role in LISTED}
    | {f"{role} endlessly": whole(role, lambda listed: listed * 9) for role in LISTED}
    | {f"query {name}": body("answer", lambda p, n=name: p["query"].update({n: QUERY[n]})) for name in QUERY}
    | {
        "answer yes": body("answer", put("answer", "yes")),
        "answer maybe": body("answer", put("answer", "maybe")),
        "answer credential": body("answer", put("credentials", ["AAAAAAAAAAAAAAAAAAAAAA"])),
        "answer clauses": body("answer", put("clauses", [False])),
        "answer asked at": body("answer", put("asked_at", 5)),
        "answer proof": body("answer", lambda p: p.update(proof=p["proof"][:-4] + "AAAA")),
        "answer proof short": body("answer", lambda p: p.update(proof=p["proof"][:-4])),
        "answer attestation": body("answer", lambda p: p.update(attestation=p["attestation"][:-6] + "AAAAAA")),
        "provider id": body("provider", put("id", "other-kyc")),
        "provider name": body("provider", put("name", "Other")),
        "provider url": body("provider", put("prover_url", "https://evil.example")),
        "provider key": body("provider", put("jwk", SigningKey(bytes(32)).public.to_jwk())),
        "provider valid from": body("provider", put("valid_from", "2020-01-01T00:00:00Z")),
        "schema provider": body("schema", put("provider", "other-kyc")),
        "schema version": body("schema", lambda p: p["schema"].update(version=2)),
        "credential token": body("credential", lambda p: p.update(token=p["token"][:-6] + "AAAAAA")),
        "two entries swapped": lambda file: file | {"providers": file["schemas"], "schemas": file["providers"]},
        "format": lambda file: file | {"format": "zkattest-evidence/4"},
        "format of another type": lambda file: file | {"format": [FORMAT]},
        "extra member": lambda file: file | {"extra": 1},
        "index beside the answer": lambda file: file | {"answer": file["answer"] | {"index": 6}},
        "attestors null": lambda file: file | {"attestors": None},
        "attestors not needed": lambda file: file | {"attestors": file["providers"]},
        "parties null": lambda file: file | {"parties": None},
        "parties not needed": lambda file: file | {"parties": file["providers"]},
        "proof null": lambda file: file | {"tlog_proof": None},
        "proof empty": lambda file: file | {"tlog_proof": ""},
        "proof of another index": proof("index 6", "index 5"),
        "proof of no index": proof("index 6", "index -6"),
        "proof without a hash": proof(r"index 6\n[^\n]+\n", "index 6\n"),
        "proof with a hash too many": proof(r"(index 6\n[^\n]+\n)", f"\\g<1>{'A' * 43}=\n"),
        "proof of another hash": proof(r"(index 6\n)[^\n]+", f"\\g<1>{'A' * 43}="),
        "proof with an extra line": proof("index 6", "extra AAAA\nindex 6"),
        "proof of another version": proof("proof@v1", "proof@v2"),
        "proof cut": lambda file: file | {"tlog_proof": file["tlog_proof"][:-2]},
        "checkpoint size": proof("\n8\n", "\n9\n"),
        "checkpoint missing": lambda file: file | {"tlog_proof": file["tlog_proof"].partition("\n\n")[0] + "\n\n"},
        "checkpoint of another key": resigned,
    }
)


@pytest.mark.parametrize("name", MUTATIONS)
def test_every_field_counts(world, evidence, name):
    verify_evidence(evidence, trust=world.trust)
    mutant = canonical_json(MUTATIONS[name](json.loads(evidence))) + b"\n"
    assert mutant != evidence
    with pytest.raises(EvidenceError):
        verify_evidence(mutant, trust=world.trust)


def test_every_byte_counts(world, evidence):
    verify_evidence(evidence, trust=world.trust)
    accepted = []
    for place in range(0, len(evidence), 5):
        mutant = evidence[:place] + bytes([evidence[place] ^ (1 << place % 8)]) + evidence[place + 1 :]
        try:
            verify_evidence(mutant, trust=world.trust)
        except EvidenceError:
            continue
        accepted.append((place, evidence[place - 40 : place + 10], mutant[place - 40 : place + 10]))
    assert accepted == []


RAW = {
    "empty": lambda _file: b"",
    "cut": lambda file: file[:-2],
    "without its newline": lambda file: file[:-1],
    "two newlines": lambda file: file + b"\n",
    "indented": lambda file: json.dumps(json.loads(file), indent=1).encode() + b"\n",
    "duplicate member": lambda file: b'{"answer":1,' + file[1:],
    "a list": lambda _file: b"[]\n",
    "a number": lambda _file: b"1\n",
    "not UTF-8": lambda file: b"\xff" + file,
    "endless": lambda file: file + b" " * (1 << 23),
    "deep": lambda _file: b"[" * 100_000 + b"\n",
}


@pytest.mark.parametrize("name", RAW)
def test_malformed_files(world, evidence, name):
    verify_evidence(evidence, trust=world.trust)
    with pytest.raises(EvidenceError):
        verify_evidence(RAW[name](evidence), trust=world.trust)


def test_a_file_of_an_earlier_version_is_refused_in_words(world, evidence):
    """They had the checkpoint beside the answer, and the first one entry where there are lists now."""
    file = json.loads(evidence)
    answer = file["answer"] | {"index": 6, "inclusion": []}
    second = {role: file[role] for role in ("providers", "schemas", "credentials")} | {"answer": answer}
    second |= {"format": "zkattest-evidence/2", "checkpoint": file["tlog_proof"].split("\n\n", 1)[1]}
    first = {role: file[f"{role}s"][0] for role in LISTED} | {"answer": answer}
    first |= {"format": "zkattest-evidence/1", "checkpoint": second["checkpoint"]}
    verify_evidence(evidence, trust=world.trust)
    for earlier in (first, second):
        with pytest.raises(EvidenceError, match="earlier version than zkattest-evidence/3; have it made again"):
            verify_evidence(canonical_json(earlier) + b"\n", trust=world.trust)


def test_only_the_pinned_keys_count(world, evidence):
    good = world.trust
    verify_evidence(evidence, trust=good)
    for trust in (
        Trust(NoteSigner(ORIGIN, bytes(32)).verifier, good.attestations),
        Trust(NoteSigner("other.example/log", bytes(range(32))).verifier, good.attestations),
        Trust(good.log, SigningKey(bytes(32)).public),
    ):
        with pytest.raises(EvidenceError):
            verify_evidence(evidence, trust=trust)


def test_an_honest_log_cannot_make_a_lie_true(world, company, people):
    """The log's own operator logs a wrong answer: signatures and inclusion are right, the proof is not."""
    query = world.query("salary > 100000", "bob")
    honest = company.prove(query, people["bob"])
    assert honest.answer is False
    asked_at = world.log.size
    for told in (honest, replace(honest, answer=not honest.answer)):
        settings = {"registry": world.registry, "audience": ORIGIN, "asked_at": asked_at, "now": world.now}
        claim = appraise(query, told, consent=world.token(query), **settings)

        def lie(number, told=told, claim=claim):
            token = attest(CheckedProof(claim), signer=world.key, origin=ORIGIN, index=number, now=world.now).token
            said = (told.credentials, told.answer, told.proof, token, world.token(query), told.disclosed)
            entry = AnswerEntry(query, asked_at, *said)
            return Draft(entry.kind, encode(entry, world.now), world.now)

        file = build(world.log.append(lie).result(20), log=world.log, registry=world.registry)
        if told is honest:
            verify_evidence(file, trust=world.trust)
        else:
            with pytest.raises(EvidenceError, match="proof"):
                verify_evidence(file, trust=world.trust)


PINS = {
    "origin": lambda pins: pins | {"origin": "x"},
    "vkey": lambda pins: pins | {"vkey": pins["vkey"][:-2]},
    "vkey of another type": lambda pins: pins | {"vkey": 1},
    "jwk": lambda pins: pins | {"jwk": {}},
    "jwk of another type": lambda pins: pins | {"jwk": []},
    "extra": lambda pins: pins | {"extra": 1},
    "missing": lambda pins: {"origin": pins["origin"]},
    "no object": lambda _pins: [],
}


@pytest.mark.parametrize("name", PINS)
def test_malformed_pins(world, name):
    pins = world.trust.to_json()
    assert Trust.from_json(pins) == world.trust
    assert Trust.from_json(world.trust.to_bytes()) == world.trust
    for source in (PINS[name](pins), canonical_json(PINS[name](pins))):
        with pytest.raises(EvidenceError):
            Trust.from_json(source)


def test_salts_differ(evidence):
    file = json.loads(evidence)
    salts = {entry["salt"] for entry in (file["answer"], *file["providers"], *file["schemas"], *file["credentials"])}
    assert len(salts) == 4
    assert all(len(b64u_decode(salt)) == 32 for salt in salts)


def test_it_holds_after_the_provider_has_changed_its_key(world):
    """The schema is older than the key, and the credential younger."""
    company = world.company
    before = world.ask("salary > 100000", "ada").index
    company.key = SigningKey(bytes(31) + b"\x07")
    world.publish(company.entry())
    world.register(company.issue("zoe", {"salary": "5"}))
    after = world.ask("salary > 4", "zoe").index
    for index in (before, after):
        assert verify_evidence(build(index, log=world.log, registry=world.registry), trust=world.trust).answer
    old = json.loads(build(before, log=world.log, registry=world.registry))
    new = json.loads(build(after, log=world.log, registry=world.registry))
    schema, provider, credential = (new[role][0]["index"] for role in ("schemas", "providers", "credentials"))
    assert old["schemas"][0]["index"] == schema < provider < credential
    for role in ("providers", "credentials", "schemas"):
        mixed = canonical_json(new | {role: old[role]}) + b"\n"
        if role == "schemas":
            verify_evidence(mixed, trust=world.trust)
            continue
        with pytest.raises(EvidenceError):
            verify_evidence(mixed, trust=world.trust)


def test_the_longest_schema_that_can_be_logged_fits(world):
    """A provider must not be able to make answers that nobody can verify from a file."""
    company = world.company
    words = [f"{'v' * 8}{number}" for number in range(1024)]
    many = [{"name": f"a{number}", "type": "enum", "values": words} for number in range(17)]
    company.schema = Schema.from_json({"schema": "long", "version": 1, "attributes": many})
    assert 240_000 < len(encode(SchemaEntry(company.name, company.schema), world.now)) <= 1 << 18
    world.publish(SchemaEntry(company.name, company.schema))
    world.register(company.issue("zoe", {"a0": words[0]}))
    index = world.ask(f'a0 == "{words[0]}"', "zoe").index
    assert verify_evidence(build(index, log=world.log, registry=world.registry), trust=world.trust).answer
    longer = Schema.from_json(
        {
            "schema": "long",
            "version": 2,
            "attributes": [*many, *(word | {"name": f"b{number}"} for number, word in enumerate(many[:2]))],
        }
    )
    size = world.log.size
    with pytest.raises(RegistryError, match="too long"):
        world.publish(SchemaEntry(company.name, longer))
    assert world.log.size == size
