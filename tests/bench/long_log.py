"""A long log to replay: many people, many questions, every answer proven for itself; nothing in it is repeated.

Proving takes two milliseconds an answer on one core. What was made is kept in the folder and used again as long as the
code of the rooms that made it is the same.
"""

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from api.tables import fast_engine as prepared_engine
from circuits import consent as consents
from circuits import statement
from circuits.attributes import Schema, default_schema
from circuits.consent import Allowed, Consent
from circuits.credential import Credential, Provenance, issue
from circuits.encoding import b64u
from circuits.jws import SigningKey
from circuits.leakage import Disclosed, Known, Question, Rules, decide, disclosed, learn
from circuits.pedersen import Opening, commit
from circuits.predicate import Predicate, evaluate, parse
from circuits.query import Query, Reasons
from circuits.statement import Witness
from circuits.vocabulary import Vocabulary
from verifier.answered import Answered
from verifier.attestation import attest
from verifier.audit.export import entry_line
from verifier.checking import Claim, appraise, check_batch
from verifier.entries.kinds import AnswerEntry, CredentialEntry, Entry, ProviderEntry, SchemaEntry, encode
from verifier.fold.registry import Registry
from verifier.log.leaves import SALT, LoggedEntry
from verifier.log.merkle import Frontier
from verifier.log.note import Checkpoint, NoteSigner
from verifier.trust import Trust

ROOMS = Path(statement.__file__).parents[1]
ORIGIN = "bench.example/log"
NOW = 1_795_000_000
PEOPLE = 1_000
PART = 2_000
BATCH = 256
PAID_AT = "2026-10-31"
AS_OF = "2026-11-18"
# Comparisons of one attribute, like those that the promise about batches is measured with; a hundred of them, at the
# rungs of the ladder and elsewhere further apart than what the schema promises to leave: all of them may be asked.
RUNGS = (30_000, 40_000, 50_000, 60_000, 80_000, 100_000, 120_000, 150_000, 200_000, 250_000)
STEPS = {"net_worth": 60_000, "debt": 12_000, "tenure_months": 12}
QUESTIONS = (
    *(f"salary > {rung}" for rung in RUNGS),
    *(f"{name} > {step * (place + 1)}" for place in range(30) for name, step in STEPS.items()),
)
BANKS = 7
PROVIDER, LOG, VERIFIER = (hashlib.sha256(name).digest() for name in (b"provider", b"log", b"verifier"))


@dataclass(frozen=True)
class LongLog:
    """A log that was made, as a file.

    Attributes:
        entries: the export's lines without its first.
        first: how many entries come before the first answer.
        notes: by number of answers, the signed checkpoint of the log up to there.
        trust: the pins.
    """

    entries: Path
    first: int
    notes: dict[int, str]
    trust: Trust

    def lines(self, answers: int) -> Iterator[bytes]:
        """The export of the log when it had so many answers."""
        yield json.dumps({"checkpoint": self.notes[answers]}).encode() + b"\n"
        with self.entries.open("rb") as file:
            yield from islice(file, self.first + answers)

    def write(self, path: Path, answers: int) -> Path:
        """Write that export as a file of its own."""
        with path.open("wb") as file:
            file.writelines(self.lines(answers))
        return path


def digest() -> str:
    """Name the code that makes and reads the log."""
    whole = hashlib.sha256()
    for path in sorted([*(ROOMS / "circuits").rglob("*.py"), *(ROOMS / "verifier").glob("*.py"), Path(__file__)]):
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()[:16]


def long_log(folder: Path, sizes: Sequence[int], *, jobs: int = 2, people: int = PEOPLE) -> LongLog:
    """Make a log of as many answers as the largest of some sizes, unless this code has made it already.

    Args:
        folder: where logs are kept, one folder for each code.
        sizes: numbers of answers at which there shall be a signed checkpoint.
        jobs: processes to prove in.
        people: how many there are questions about.
    """
    kept = folder / f"{digest()}-{max(sizes)}-{people}"
    told = kept / "told.json"
    if not told.exists() or not set(map(str, sizes)) <= set(json.loads(told.read_text())["notes"]):
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        _make(kept, sorted(sizes), jobs, people)
    found = json.loads(told.read_text())
    notes = {int(size): note for size, note in found["notes"].items()}
    return LongLog(kept / "entries", found["first"], notes, _trust())


def _make(folder: Path, sizes: Sequence[int], jobs: int, people: int) -> None:
    before, most = _founding(people), sizes[-1]
    starts = range(0, most, PART)
    ranges = [(start, min(start + PART, most), len(before), people) for start in starts]
    tree, notes, answers = Frontier(), {}, 0
    with (folder / "entries").open("wb") as file, ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for logged in before:
            tree.append(logged.leaf_hash)
            file.write(entry_line(logged))
        for part in pool.map(_answers, ranges):
            for line, leaf_hash in part:
                tree.append(leaf_hash)
                file.write(line)
                answers += 1
                if answers in sizes:
                    notes[answers] = Checkpoint(ORIGIN, tree.size, tree.root()).sign(NoteSigner(ORIGIN, LOG))
    (folder / "told.json").write_text(json.dumps({"first": len(before), "notes": notes}))


def _trust() -> Trust:
    return Trust(NoteSigner(ORIGIN, LOG).verifier, SigningKey(VERIFIER).public)


@cache
def _schema() -> Schema:
    return default_schema()


def _openings(person: int) -> dict[str, Opening]:
    """Values and blindings of a person, from their number."""

    def drawn(name: str) -> int:
        return int.from_bytes(hashlib.sha256(f"{person}/{name}".encode()).digest())

    texts = {
        "salary": f"{drawn('salary') % 150_000 + 1_000}",
        "net_worth": f"{drawn('net_worth') % 900_000}",
        "debt": f"{drawn('debt') % 200_000}",
        "date_of_birth": f"{1940 + drawn('year') % 66}-{1 + drawn('month') % 12:02}-11",
        "country": ("US", "CA", "DE", "FR")[drawn("country") % 4],
        "sanctioned": "false",
        "owns_home": ("true", "false")[drawn("home") % 2],
        "tenure_months": f"{drawn('tenure') % 500}",
    }
    return {
        name: Opening(_schema().attribute(name).encode(text), drawn(f"{name}!") >> 8) for name, text in texts.items()
    }


def _credential(person: int) -> Credential:
    engine = fast_engine()
    commitments = {name: commit(opening, engine=engine) for name, opening in _openings(person).items()}
    return issue(
        id=hashlib.sha256(f"credential {person}".encode()).digest()[:16],
        provider="acme-kyc",
        person=hashlib.sha256(f"person {person}".encode()).digest()[:16],
        schema=_schema(),
        commitments=commitments,
        provenance=dict.fromkeys(commitments, Provenance("payroll", PAID_AT)),
        as_of="2026-11-01",
        issued_at=NOW - 3_600,
        expires_at=NOW + 365 * 86_400,
        key=SigningKey(PROVIDER),
    )


def _founding(people: int) -> list[LoggedEntry]:
    """What is logged before anything is asked: the provider, its schema, everybody's credential; always the same."""
    provider = ProviderEntry(
        "acme-kyc", "Acme KYC", SigningKey(PROVIDER).public, "https://prover.example", NOW - 86_400
    )
    entries: list[Entry] = [provider, SchemaEntry("acme-kyc", _schema())]
    entries += [CredentialEntry(_credential(person).token) for person in range(people)]
    salts = (hashlib.sha256(f"salt {index}".encode()).digest() for index in range(len(entries)))
    return [
        LoggedEntry(index, entry.kind, NOW, salt, encode(entry, NOW))
        for index, (entry, salt) in enumerate(zip(entries, salts, strict=True))
    ]


@cache
def _consent(person: int, bank: int) -> Consent:
    """A person's consent to a bank; each person has given it to two."""
    drawn = hashlib.sha256(f"consent {person} {bank}".encode()).digest()
    return consents.issue(
        id=drawn[:16],
        handle=drawn[16:],
        provider="acme-kyc",
        relying_party=f"bank-{bank}",
        via=ORIGIN,
        purpose="credit-decision",
        allowed=Allowed(),
        reasons=Reasons.OUTCOME_ONLY,
        frequency=None,
        issued_at=NOW - 1_800,
        expires_at=NOW + 365 * 86_400,
        key=SigningKey(PROVIDER),
    )


def _told(query: Query, predicate: Predicate, vocabulary: Vocabulary, *, answer: bool) -> tuple[Disclosed, ...]:
    """What an answer tells those who know nothing else; what the question costs is left to the tests of the rules."""
    question = Question(predicate, vocabulary, query.as_of_day)
    decision = decide(question, Known(), Rules())
    if decision.refusal is not None:
        raise SystemExit(f"nobody would answer {query.predicate_text}: {decision.refusal}")
    return disclosed(question, Known().own, learn(question, decision.spent, answer=answer).own)


@cache
def _registry(people: int) -> Registry:
    registry = Registry()
    for logged in _founding(people):
        registry.recall(logged)
    return registry


@cache
def _asked(text: str) -> tuple[Vocabulary, Predicate]:
    vocabulary = Vocabulary((_schema(),))
    return vocabulary, parse(text, vocabulary)


def _answers(part: tuple[int, int, int, int]) -> list[tuple[bytes, bytes]]:
    """Ask, prove, verify and attest the answers of a range; each as a line of the export, with its leaf's hash."""
    start, end, first, people = part
    made = []
    for begin in range(start, end, BATCH):
        made += _batch(range(begin, min(begin + BATCH, end)), first, people)
    return made


def _batch(numbers: range, first: int, people: int) -> list[tuple[bytes, bytes]]:
    claims = [_claim(number, first + number, people) for number in numbers]
    lines = []
    for number, checked in zip(numbers, check_batch(claims, entropy=secrets.token_bytes(32)), strict=True):
        if isinstance(checked, Exception):
            raise checked
        index, claim = first + number, checked.claim
        now = claim.query.issued_at + 1
        attestation = attest(checked, signer=SigningKey(VERIFIER), origin=ORIGIN, index=index, now=now)
        held = claim.answered
        entry = AnswerEntry(
            claim.query,
            index,
            held.credentials,
            held.answer,
            held.proof,
            attestation.token,
            claim.granted.consent.token,
            held.disclosed,
        )
        logged = LoggedEntry(index, entry.kind, now, os.urandom(SALT), encode(entry, now))
        lines.append((entry_line(logged), logged.leaf_hash))
    return lines


def _claim(number: int, index: int, people: int) -> Claim:
    """Ask the question of a number and prove its answer: another person every time, and in time everything of each."""
    person = number % people
    text = QUESTIONS[(number // people + 7 * person) % len(QUESTIONS)]
    vocabulary, predicate = _asked(text)
    openings, credential = _openings(person), _person(person)
    consent = _consent(person, (person + 3 * (number // people % 2)) % BANKS)
    query = Query(
        id=b64u(os.urandom(16)),
        nonce=os.urandom(32),
        audience=ORIGIN,
        relying_party=consent.relying_party,
        provider="acme-kyc",
        subject=consent.handle,
        purpose=consent.purpose,
        predicate_text=text,
        predicate_digest=predicate.digest,
        schema_digests=(_schema().digest,),
        as_of=AS_OF,
        max_age=90,
        issued_at=NOW + number // 100,
        expires_at=NOW + number // 100 + 60,
        consent=b64u(consent.digest),
    )
    answer = evaluate(predicate, {name: opening.value for name, opening in openings.items()}, query.as_of_day)
    built = statement.build(query, predicate, vocabulary, [credential], answer=answer)
    proof = statement.prove(built, Witness.of(built, openings), entropy=os.urandom(32), engine=fast_engine())
    told = _told(query, predicate, vocabulary, answer=answer)
    claim = appraise(
        query,
        Answered(answer, (credential.id,), proof, disclosed=told),
        consent=consent.token,
        registry=_registry(people),
        audience=ORIGIN,
        asked_at=index,
        now=query.issued_at + 1,
    )
    return replace(claim, asked_at=index)


fast_engine = cache(prepared_engine)
_person = cache(_credential)
