"""One file proves one answer: with the pinned keys it verifies, and with any change it does not."""

import json

import pytest

from circuits.attributes import Schema
from circuits.encoding import b64u_decode, canonical_json
from circuits.jws import SigningKey
from verifier.attestation import attest
from verifier.checking import Answered, CheckedProof, Undetermined, appraise
from verifier.entries import AnswerEntry, SchemaEntry, encode
from verifier.errors import EvidenceError, MerkleError, RegistryError
from verifier.evidence import build, inclusions, verify_evidence
from verifier.log import Draft
from verifier.merkle import leaf_hash
from verifier.note import Checkpoint, NoteSigner
from verifier.tlog_proof import TlogProof
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
    assert (verdict.answer, verdict.index, verdict.subject, verdict.provider) == (False, index, "bob", "acme-kyc")
    assert verdict.question == "salary is more than 100,000.00 USD per year"
    assert (verdict.relying_party, verdict.as_of, verdict.origin) == ("first-bank", "2026-11-18", ORIGIN)
    assert verdict.answered_at == world.now
    assert verdict.checkpoint.size == index + 2
    assert len(evidence) < 20_000


def test_an_older_checkpoint_still_holds_after_the_log_has_grown(world, evidence):
    for _ in range(3):
        world.ask()
    verify_evidence(evidence, trust=world.trust)


def test_others_can_check_its_inclusions(world, evidence, index):
    """As C2SP tlog-proofs, which hold the same checkpoint, indices and hashes as the file."""
    found = inclusions(evidence)
    file = json.loads(evidence)
    members = [file["answer"], *file["providers"], *file["schemas"], *file["credentials"]]
    by_index = {member["index"]: member for member in members}
    assert [proof.index for _leaf, proof in found] == sorted(by_index)
    assert found[-1][1].index == index
    for leaf, proof in found:
        again = TlogProof.from_text(proof.to_text())
        assert again.verify(leaf_hash(leaf), log=world.trust.log) == Checkpoint.open(
            file["checkpoint"], world.trust.log
        )
        assert again.path == tuple(b64u_decode(text) for text in by_index[proof.index]["inclusion"])
        with pytest.raises(EvidenceError):
            again.verify(leaf_hash(bytes(32)), log=world.trust.log)
    file["answer"]["salt"] = file["answer"]["salt"][:-2]
    for malformed in (evidence[:-1], canonical_json(file) + b"\n"):
        with pytest.raises(EvidenceError):
            inclusions(malformed)


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


ROLES = ("provider", "schema", "credential", "answer")
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
    | {f"{role} index": member(role, "index", lambda number: number + 1) for role in ROLES}
    | {f"{role} index negative": member(role, "index", lambda number: number - 100) for role in ROLES}
    | {f"{role} index a bool": member(role, "index", bool) for role in ROLES}
    | {f"{role} inclusion empty": member(role, "inclusion", lambda _path: []) for role in ROLES}
    | {f"{role} inclusion reversed": member(role, "inclusion", lambda path: path[::-1]) for role in ROLES}
    | {f"{role} inclusion of numbers": member(role, "inclusion", lambda path: [1] * len(path)) for role in ROLES}
    | {f"{role} inclusion no base64": member(role, "inclusion", lambda path: ["!"] * len(path)) for role in ROLES}
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
    | {f"{role} alone": whole(role, lambda listed: listed[0]) for role in ROLES[:3]}
    | {f"{role} in no list": whole(role, lambda _listed: []) for role in ROLES[:3]}
    | {f"{role} twice": whole(role, lambda listed: listed * 2) for role in ROLES[:3]}
    | {f"{role} endlessly": whole(role, lambda listed: listed * 9) for role in ROLES[:3]}
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
        "format": lambda file: file | {"format": "zkattest-evidence/3"},
        "format of another type": lambda file: file | {"format": ["zkattest-evidence/2"]},
        "extra member": lambda file: file | {"extra": 1},
        "checkpoint null": lambda file: file | {"checkpoint": None},
        "checkpoint size": lambda file: file | {"checkpoint": file["checkpoint"].replace("\n8\n", "\n9\n")},
        "checkpoint of another key": lambda file: (
            file
            | {
                "checkpoint": Checkpoint.from_bytes(file["checkpoint"].partition("\n\n")[0].encode() + b"\n").sign(
                    NoteSigner(ORIGIN, bytes(32))
                )
            }
        ),
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
    """It had one entry where there are lists now."""
    file = json.loads(evidence)
    earlier = {"format": "zkattest-evidence/1", "checkpoint": file["checkpoint"], "answer": file["answer"]}
    earlier |= {role: file[f"{role}s"][0] for role in ROLES[:3]}
    verify_evidence(evidence, trust=world.trust)
    with pytest.raises(EvidenceError, match="earlier version than zkattest-evidence/2; have it made again"):
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
    for told in (honest, Answered(not honest.answer, honest.credentials, honest.proof)):
        claim = appraise(query, told, registry=world.registry, audience=ORIGIN, asked_at=asked_at, now=world.now)

        def lie(number, told=told, claim=claim):
            token = attest(CheckedProof(claim), signer=world.key, origin=ORIGIN, index=number, now=world.now).token
            entry = AnswerEntry(query, asked_at, told.credentials, told.answer, told.proof, token)
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
