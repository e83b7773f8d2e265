"""Go's x/mod/sumdb {tlog, note} verifies the tlog-proof in an evidence file, and refuses one that was changed."""

import base64
import os
import re
import subprocess
from dataclasses import replace
from decimal import Decimal

import pytest

from api.database import migrate, open_engine
from circuits import consent as consents
from circuits import statement
from circuits.attributes import default_schema
from circuits.consent import Allowed
from circuits.credential import Provenance, issue
from circuits.encoding import b64u
from circuits.jws import SigningKey
from circuits.leakage import Disclosed
from circuits.leakage.cuts import alone, bounds_of
from circuits.pedersen import Opening, commit
from circuits.predicate import parse
from circuits.query import Query, Reasons
from circuits.statement import Witness
from circuits.vocabulary import Vocabulary
from verifier.answered import Answered
from verifier.answering import answer
from verifier.entries.kinds import CredentialEntry, ProviderEntry, SchemaEntry
from verifier.evidence.evidence import build, verify_evidence
from verifier.evidence.file import EvidenceFile
from verifier.fold.registry import Registry
from verifier.log.note import NoteSigner
from verifier.log.writer import Log
from verifier.publishing import publish
from verifier.trust import Trust

NOW = 1_795_000_000  # 2026-11-18
SIGNER = NoteSigner("verifier.example/log", bytes(range(32)))
PROVIDER, VERIFIER = SigningKey(bytes(31) + b"\x01"), SigningKey(bytes(31) + b"\x02")
SCHEMA = default_schema()
ANSWERED = 7
OPENING = Opening(SCHEMA.attribute("salary").encode("129000"), 12_345)
CREDENTIAL = issue(
    id=bytes(16),
    provider="acme-kyc",
    person=bytes(16),
    schema=SCHEMA,
    commitments={"salary": commit(OPENING)},
    provenance={"salary": Provenance("payroll", "2026-10-31")},
    as_of="2026-11-01",
    issued_at=NOW - 3_600,
    expires_at=NOW + 86_400,
    supersedes=None,
    key=PROVIDER,
)


CONSENT = consents.issue(
    id=bytes(16),
    provider="acme-kyc",
    handle=bytes(16),
    relying_party="first-bank",
    via=SIGNER.name,
    purpose="credit-decision",
    allowed=Allowed(),
    reasons=Reasons.OUTCOME_ONLY,
    frequency=None,
    issued_at=NOW,
    expires_at=NOW + 86_400,
    key=PROVIDER,
)


class Prover:
    """Answers truly about one person."""

    def fetch(self, query):
        vocabulary = Vocabulary((SCHEMA,))
        predicate = parse(query.predicate_text, vocabulary)
        built = statement.build(query, predicate, vocabulary, (CREDENTIAL,), answer=True, clauses=None)
        proof = statement.prove(built, Witness.of(built, {"salary": OPENING}), entropy=os.urandom(32))
        told = Disclosed("salary", (bounds_of(alone("salary"), SCHEMA),), Decimal("0.00"), None)
        return Answered(answer=True, credentials=(CREDENTIAL.id,), proof=proof, disclosed=(told,))


def question():
    return Query(
        id=b64u(os.urandom(16)),
        nonce=os.urandom(32),
        audience=SIGNER.name,
        relying_party="first-bank",
        provider="acme-kyc",
        subject=CONSENT.handle,
        consent=b64u(CONSENT.digest),
        purpose=CONSENT.purpose,
        predicate_text="salary > 100000",
        predicate_digest=parse("salary > 100000", Vocabulary((SCHEMA,))).digest,
        schema_digests=(SCHEMA.digest,),
        as_of="2026-11-18",
        max_age=90,
        issued_at=NOW,
        expires_at=NOW + 60,
    )


@pytest.fixture(scope="module")
def evidence(tmp_path_factory):
    """The file of one answer, in the middle of a log of thirteen entries."""
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('log') / 'log.sqlite'}")
    migrate(engine, "verifier")
    registry = Registry()
    with Log(engine, SIGNER, entropy=os.urandom) as log:
        for entry in (
            ProviderEntry("acme-kyc", "Acme KYC", PROVIDER.public, "https://prover.example", NOW),
            SchemaEntry("acme-kyc", SCHEMA),
            CredentialEntry(CREDENTIAL.token),
        ):
            publish(entry, log=log, registry=registry, now=NOW)
        for _ in range(10):
            answer(
                question(),
                consent=CONSENT.token,
                source=Prover(),
                log=log,
                registry=registry,
                signer=lambda: VERIFIER,
                now=lambda: NOW,
            )
        file = build(ANSWERED, log=log, registry=registry)
    engine.dispose()
    verify_evidence(file, trust=Trust(SIGNER.verifier, VERIFIER.public))
    return EvidenceFile.from_bytes(file)


@pytest.fixture(scope="module")
def client(built):
    return built("tlog_proof.go")


def flipped(text):
    start, line, rest = re.split(r"(?<=index 7\n)([^\n]+)", text, maxsplit=1)
    changed = bytearray(base64.b64decode(line))
    changed[5] ^= 1
    return start + base64.b64encode(changed).decode() + rest


CHANGES = {
    "nothing": (lambda text: text, "OK entry 7 of 13"),
    "a flipped hash": (flipped, "REFUSED: invalid transparency proof"),
    "another index": (lambda text: text.replace("index 7", "index 6"), "REFUSED: invalid transparency proof"),
    "an index beyond the log": (lambda text: text.replace("index 7", "index 13"), "REFUSED: tlog: invalid inputs"),
    "another size": (lambda text: text.replace("\n13\n", "\n12\n"), "REFUSED: invalid signature"),
    "cut below the hashes": (lambda text: text.partition("\n\n")[0], "REFUSED: not a tlog-proof"),
    "cut below the checkpoint": (lambda text: text.rpartition("\n\n")[0], "REFUSED: malformed note"),
    "cut in the signature": (lambda text: text[:-9], "REFUSED: malformed note"),
    "a hash less": (lambda text: re.sub(r"(index 7\n)[^\n]+\n", r"\1", text), "REFUSED: invalid transparency proof"),
}


def run(client, tmp_path, text, *, origin=SIGNER.name, leaf):
    file = tmp_path / "answer.tlog-proof"
    file.write_text(text, "utf-8")
    command = [client, file, SIGNER.verifier.vkey, origin, base64.b64encode(leaf).decode()]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the program just built


@pytest.mark.parametrize("name", CHANGES)
def test_a_proof_that_was_changed_is_refused(client, evidence, tmp_path, name):
    change, told = CHANGES[name]
    ran = run(client, tmp_path, change(evidence.proof.to_text()), leaf=evidence.leaf)
    assert ran.stdout.startswith(told), ran.stdout + ran.stderr
    assert (ran.returncode == 0) == told.startswith("OK")


def test_another_leaf_is_refused(client, evidence, tmp_path):
    text = evidence.proof.to_text()
    assert run(client, tmp_path, text, leaf=evidence.leaf).returncode == 0
    other = next(iter(evidence.entries()))
    for leaf in (bytes(32), evidence.leaf[:-1], other.leaf_hash):
        ran = run(client, tmp_path, text, leaf=leaf)
        assert ran.stdout == "REFUSED: invalid transparency proof\n"


def test_another_origin_is_refused(client, evidence, tmp_path):
    text = evidence.proof.to_text()
    assert run(client, tmp_path, text, leaf=evidence.leaf).returncode == 0
    ran = run(client, tmp_path, text, leaf=evidence.leaf, origin="other.example/log")
    assert ran.stdout == "REFUSED: origin verifier.example/log\n"
    other = NoteSigner("other.example/log", bytes(range(32)))
    checkpoint = replace(evidence.proof.verify(evidence.answer.leaf_hash, log=SIGNER.verifier), origin=other.name)
    moved = replace(evidence.proof, note=checkpoint.sign(other)).to_text()
    ran = run(client, tmp_path, moved, leaf=evidence.leaf)
    assert ran.stdout.startswith("REFUSED: note has no verifiable signatures")
