"""Evidence: whole files that prove an answer, and each of them changed in one place."""

import json

from answer_topics import rotated_provider
from asking import PINS
from bodies import BANK, NEXT_ATTESTING, NEXT_SIGNING, changed, in_query, signed
from log_topics import WITNESSES
from statement_topics import BOTH
from topics import Topic
from world import ATTESTING, NOW, ORIGIN, PAY, PERSON, PROVIDER, granted, peopled, query

from circuits.encoding import b64u, canonical_json
from circuits.jws import SigningKey
from circuits.query import Reasons
from verifier.entries.attestors import rotate
from verifier.entries.kinds import ProviderEntry
from verifier.entries.parties import PartyEntry
from verifier.evidence.evidence import build
from verifier.evidence.file import EvidenceFile
from verifier.log.leaves import LoggedEntry
from verifier.log.note import Checkpoint, NoteSigner

ROLES = ("answer", "providers", "schemas", "credentials")
QUERY = {
    "id": b64u(bytes(16)),
    "nonce": b64u(bytes(32)),
    "audience": "other.example/log",
    "relying_party": "second-bank",
    "provider": "other-kyc",
    "subject": granted("ada").handle,
    "purpose": "tenancy",
    "predicate": "salary > 1",
    "predicate_digest": b64u(bytes(32)),
    "schemas": [b64u(bytes(32))],
    "reasons": "failed-clauses",
    "as_of": "2026-11-17",
    "max_age": None,
    "issued_at": "2026-01-01T00:00:00Z",
    "expires_at": "2027-01-01T00:00:00Z",
    "consent": b64u(granted("ada").digest),
}


def evidence(world, entry):
    """Log an answer, two entries after it, and write the file; with the world, the answer's number."""
    index = world.append(entry)
    for number in (1, 2):
        world.append(PartyEntry(f"later-{number}", SigningKey(bytes([number]) * 32).public, NOW))
    return world, index, json.loads(build(index, log=world, registry=world.registry))


def text_of(file):
    return (canonical_json(file) + b"\n").decode()


def files():
    """Accepted files: name, what evidence returns, pins, why."""
    world, held = peopled()
    yield "yes", evidence(world, world.answer(query(), held["ada"][0])), PINS, "a proven yes"
    world, held = peopled()
    asked = query("salary > 100000", "bob")
    yield "no", evidence(world, world.answer(asked, held["bob"][0])), PINS, "a proven no"
    world, held = peopled()
    asked = query("salary > 100000 && owns_home", "bob", reasons=Reasons.FAILED_CLAUSES)
    yield "clauses", evidence(world, world.answer(asked, held["bob"][0])), PINS, "a no with the clauses that failed"
    both, schemas = query(BOTH, schemas=(PAY, PERSON)), (PAY, PERSON)
    world, held = peopled()
    entry = world.answer(both, held["ada"][1], held["ada"][0], schemas=schemas)
    yield "two-schemas", evidence(world, entry), PINS, "from two credentials, under two schemas"
    world, pair = rotated_provider()
    entry = world.answer(both, *pair, schemas=schemas)
    yield "rotated-provider", evidence(world, entry), PINS, "credentials signed by two keys of one provider"
    world, held = peopled()
    world.append(ProviderEntry(PROVIDER, "Acme KYC", NEXT_SIGNING.public, "https://prover.example", NOW - 60))
    newer = granted(issued_at=NOW - 30, key=NEXT_SIGNING)
    entry = world.answer(query(under=newer), held["ada"][0])
    yield "rotated-consent", evidence(world, entry), PINS, "the consent is signed by a newer key than the credential"
    world, held = peopled()
    world.append(rotate(origin=ORIGIN, key=NEXT_ATTESTING.public, by=ATTESTING, now=NOW))
    entry = world.answer(query(), held["ada"][0], key=NEXT_ATTESTING)
    yield "rotated-attestor", evidence(world, entry), PINS, "attested with a key the pinned one has signed over to"
    world, held = peopled()
    world.append(PartyEntry("first-bank", BANK.public, NOW))
    entry = world.answer(query(), held["ada"][0], request=signed())
    yield "signed", evidence(world, entry), PINS, "the relying party has signed the question"
    world, held = peopled()
    world, index, file = evidence(world, world.answer(query(), held["ada"][0]))
    text = file["tlog_proof"].partition("\n\n")[2].partition("\n\n")[0].encode() + b"\n"
    file["tlog_proof"] += WITNESSES[0].cosign(text, now=NOW)
    pins = PINS | {"witnesses": [WITNESSES[0].verifier.vkey], "quorum": 1}
    yield "cosigned", (world, index, file), pins, "a pinned witness has cosigned the checkpoint"


def evidence_topic():
    topic = Topic("evidence", "One file proves one answer offline, with pinned keys; and every place in it counts.")
    topic.shared["pins"] = PINS
    for name, (world, index, file), pins, why in files():
        topic.shared[name] = text = text_of(file)
        argument = {"evidence": text, "pins": pins}
        topic.accept(name, "evidence.verify", argument, why)
        for case, other, reason in _broken(name, file):
            changed_text = other if isinstance(other, str) else text_of(other)
            topic.reject(
                f"{name}-{case}", "evidence.verify", argument | {"evidence": changed_text}, reason, mutates=name
            )
        for case, other, reason in _lies(world, index, file) if name == "no" else ():
            topic.reject(f"{name}-{case}", "evidence.verify", argument | {"evidence": other}, reason, mutates=name)
        for case, other, reason in _mistrusted(name, pins):
            topic.reject(f"{name}-{case}", "evidence.verify", argument | {"pins": other}, reason, mutates=name)
    return topic


def _broken(name, file):
    if name == "no":
        yield from _members_changed(file)
        yield from _forms(file)
    turned = {"yes": "no", "no": "yes"}[json.loads(file["answer"]["body"])["answer"]]
    yield "answer-turned", _in(file, "answer", answer=turned), "the other answer"
    proof = file["tlog_proof"]
    size = int(proof.partition("\n\n")[2].split("\n")[1])
    yield "size", file | {"tlog_proof": proof.replace(f"\n{size}\n", f"\n{size + 1}\n")}, "the checkpoint was changed"
    for role in ("providers", "schemas", "credentials", "attestors", "parties"):
        if len(file[role]) > 1:
            yield f"{role}-swapped", file | {role: file[role][::-1]}, "entries in another order"
            yield f"{role}-first", file | {role: file[role][:1]}, "an entry is missing"
        elif name in {"rotated-attestor", "signed"} and file[role] and role in {"attestors", "parties"}:
            yield f"{role}-none", file | {role: []}, "the key that signed is missing"
            yield f"{role}-twice", file | {role: file[role] * 2}, "an entry twice"
    if name == "clauses":
        yield "clauses-other", _in(file, "answer", clauses=[True, False]), "one of two is said to hold, and does not"
        yield "clauses-none", _in(file, "answer", clauses=None), "the clauses are not told"
    if name == "signed":
        yield "request-none", _in(file, "answer", request=None), "attested as signed, and the signature is not there"


def _mistrusted(name, pins):
    if name == "cosigned":
        yield "other-witness", pins | {"witnesses": [WITNESSES[1].verifier.vkey]}, "another witness is pinned"
        two = [witness.verifier.vkey for witness in WITNESSES[:2]]
        yield "two-witnesses", pins | {"witnesses": two, "quorum": 2}, "one of two witnesses is missing"
    if name != "no":
        return
    other = NoteSigner("other.example/log", bytes(range(32))).verifier
    yield "other-log", pins | {"vkey": NoteSigner(ORIGIN, bytes(32)).verifier.vkey}, "another log's key is pinned"
    yield "other-origin", pins | {"origin": other.name, "vkey": other.vkey}, "the key is pinned under another name"
    yield "other-jwk", pins | {"jwk": SigningKey(bytes(32)).public.to_jwk()}, "another attestation key is pinned"
    yield "pins-extra", pins | {"more": 1}, "pins with a member more"
    yield "pins-no-jwk", {name: pins[name] for name in ("origin", "vkey")}, "pins without a key for attestations"
    yield "pins-quorum", pins | {"quorum": 1}, "a quorum without witnesses"


def _entries(file, role, change):
    """Change the entry of a role: the answer, or each of a list."""
    return file | {role: change(file[role]) if role == "answer" else [change(entry) for entry in file[role]]}


def _in(file, role, **changes):
    """Change members of an entry's body, and keep the body canonical."""
    return _entries(file, role, lambda entry: entry | {"body": changed(entry["body"], **changes)})


def _members_changed(file):
    for role in ROLES:
        for name, change, why in (
            ("salt", lambda entry: entry | {"salt": b64u(bytes(32))}, "another salt"),
            ("salt-short", lambda entry: entry | {"salt": entry["salt"][:-2]}, "a salt cut short"),
            ("body-space", lambda entry: entry | {"body": entry["body"] + " "}, "a space in the body"),
            ("body-null", lambda entry: entry | {"body": None}, "a body that is no text"),
            ("more", lambda entry: entry | {"more": 1}, "a member more"),
            ("no-salt", lambda entry: {member: entry[member] for member in entry if member != "salt"}, "no salt"),
            ("null", lambda _entry: None, "null in the place of the entry"),
        ):
            yield f"{role}-{name}", _entries(file, role, change), why
        yield f"{role}-missing", {member: file[member] for member in file if member != role}, "a member is missing"
        if role == "answer":
            continue
        for name, change, why in (
            ("index", lambda entry: entry | {"index": entry["index"] + 1}, "another place in the log"),
            ("index-bool", lambda entry: entry | {"index": True}, "true is no number"),
            ("index-negative", lambda entry: entry | {"index": -1}, "before the log begins"),
            ("inclusion-none", lambda entry: entry | {"inclusion": []}, "no inclusion proof"),
            ("inclusion-turned", lambda entry: entry | {"inclusion": entry["inclusion"][::-1]}, "hashes out of order"),
            ("inclusion-number", lambda entry: entry | {"inclusion": [1]}, "hashes that are no texts"),
        ):
            yield f"{role}-{name}", _entries(file, role, change), why
        yield f"{role}-none", file | {role: []}, "an empty list"
        yield f"{role}-twice", file | {role: file[role] * 2}, "an entry twice"
        yield f"{role}-alone", file | {role: file[role][0]}, "an entry where a list is due"


def _lies(world, index, file):
    """What the log really says, signed and included, and must not: bodies that were changed before they were logged."""
    lists = {name: [entry["index"] for entry in file[name]] for name in file if isinstance(file[name], list)}
    for name, place, body, why in _lying_bodies(index, file):
        honest = world.logged[place]
        kind = json.loads(body)["kind"]
        world.logged[place] = LoggedEntry(place, kind, NOW, honest.salt, body.encode())
        yield f"logged-{name}", EvidenceFile.read(world, index, lists).to_bytes().decode(), f"logged so: {why}"
        world.logged[place] = honest


def _lying_bodies(index, file):
    places = {"answer": index} | {role: file[role][0]["index"] for role in ROLES[1:]}
    bodies = {"answer": file["answer"]["body"]} | {role: file[role][0]["body"] for role in ROLES[1:]}
    for role in ROLES:
        yield f"{role}-kind", places[role], changed(bodies[role], kind="declined"), "another kind of entry"
        yield f"{role}-more", places[role], changed(bodies[role], more=1), "a member more"
    body = bodies["answer"]
    for member, value in QUERY.items():
        yield f"query-{member}", index, in_query(body, **{member: value}), f"another {member} of the question"
    token = json.loads(bodies["credentials"])["token"]
    stated = json.loads(body)
    attestation, proof = stated["attestation"], stated["proof"]
    disclosed = [each | {"bits": "9.99"} for each in stated["disclosed"]]
    for name, role, change, why in (
        ("turned", "answer", {"answer": "yes"}, "the other answer"),
        ("time", "answer", {"at": "2026-11-18T00:00:00Z"}, "answered before it was put"),
        ("later", "answer", {"at": "2026-11-18T11:06:41Z"}, "attested at another time than it was logged"),
        ("credential", "answer", {"credentials": [b64u(bytes(16))]}, "another credential is named"),
        ("told", "answer", {"clauses": [False]}, "clauses that nobody asked for"),
        ("asked-at", "answer", {"asked_at": 0}, "asked before there was anything to rely on"),
        ("future", "answer", {"asked_at": 1000}, "asked later than it was answered"),
        ("proof", "answer", {"proof": "A" * len(proof)}, "a proof of zeros"),
        ("proof-short", "answer", {"proof": proof[:-4]}, "a proof cut short"),
        ("attestation", "answer", {"attestation": attestation[:-6] + "AAAAAA"}, "another signature of the verifier"),
        ("consent", "answer", {"consent": granted("ada").token}, "somebody else's consent"),
        ("no-consent", "answer", {"consent": ""}, "under no consent"),
        ("disclosed", "answer", {"disclosed": disclosed}, "another word of what it disclosed"),
        ("undisclosed", "answer", {"disclosed": []}, "nothing is said of what it disclosed"),
        ("provider-id", "providers", {"id": "other-kyc"}, "another provider"),
        ("provider-key", "providers", {"jwk": SigningKey(bytes(32)).public.to_jwk()}, "another key of the provider"),
        ("provider-from", "providers", {"valid_from": "2027-01-01T00:00:00Z"}, "a key that is not valid yet"),
        ("schema-provider", "schemas", {"provider": "other-kyc"}, "the schema is another provider's"),
        ("schema-payroll", "schemas", {"schema": PAY.to_json()}, "another schema"),
        ("token", "credentials", {"token": token[:-6] + "AAAAAA"}, "another signature of the provider"),
        ("early", "credentials", {"at": "2026-10-01T00:00:00Z"}, "logged before the day its values are of"),
    ):
        yield f"body-{name}", places[role], changed(bodies[role], **change), why


def _forms(file):
    text, proof = text_of(file), file["tlog_proof"]
    head, _empty, note = proof.partition("\n\n")
    stated = Checkpoint.from_bytes(note.partition("\n\n")[0].encode() + b"\n")
    header, index, *path = head.split("\n")
    for name, other, why in (
        ("format", file | {"format": "zkattest-evidence/4"}, "another version"),
        ("format-2", file | {"format": "zkattest-evidence/2"}, "an earlier version"),
        ("extra", file | {"more": 1}, "a member more"),
        ("proof-null", file | {"tlog_proof": None}, "no inclusion proof of the answer"),
        ("checkpoint-key", file | {"tlog_proof": f"{head}\n\n{stated.sign(NoteSigner(ORIGIN, bytes(32)))}"}, "forged"),
        ("unsigned", file | {"tlog_proof": proof.rpartition("\n\n")[0] + "\n\n"}, "a checkpoint that nobody signed"),
        ("no-path", file | {"tlog_proof": f"{header}\n{index}\n\n{note}"}, "no hashes"),
        ("path-turned", file | {"tlog_proof": "\n".join([header, index, *path[::-1], "", note])}, "out of order"),
        ("index", file | {"tlog_proof": proof.replace(index, "index 0", 1)}, "another place of the answer"),
        ("header", file | {"tlog_proof": proof.replace("@v1", "@v2", 1)}, "another version of tlog-proof"),
        ("proof-extra", file | {"tlog_proof": proof.replace(index, f"extra AA==\n{index}", 1)}, "an extra line"),
        ("swapped", file | {"providers": file["schemas"], "schemas": file["providers"]}, "two lists swapped"),
        ("no-newline", text[:-1], "the newline at the end is missing"),
        ("newlines", text + "\n", "two newlines at the end"),
        ("space", text.replace('","', '", "', 1), "not canonical"),
        ("duplicate", '{"answer":1,' + text[1:], "a name stands twice"),
        ("empty", "", "nothing"),
        ("list", "[]\n", "a list"),
        ("deep", "[" * 1000 + "\n", "nested without end"),
    ):
        yield f"file-{name}", other, why


def topics():
    return [evidence_topic()]
