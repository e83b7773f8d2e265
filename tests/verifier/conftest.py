"""A migrated database on both engines, a log in it, and a world: a provider, people, a prover in the same process."""

import hashlib
import os
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest
from sqlalchemy import insert

from api.database import migrate, open_engine
from api.verifier import asking, records
from api.web.auth import Scope, make_key
from api.web.keyring import TableKeys
from circuits import consent as consents
from circuits import statement
from circuits.attributes import Schema, default_schema
from circuits.consent import Allowed
from circuits.credential import Credential, Provenance, issue
from circuits.encoding import b64u, b64u_decode
from circuits.erasure import sign_erasure
from circuits.jws import SigningKey
from circuits.leakage import Disclosed
from circuits.leakage.cuts import alone, bounds_of
from circuits.pedersen import Opening, commit
from circuits.predicate import evaluate, parse
from circuits.predicate.clauses import clauses as clauses_of
from circuits.query import Query, Reasons
from circuits.statement import Witness
from circuits.vocabulary import Vocabulary
from circuits.withdrawal import withdraw
from verifier.answered import Answered, Declined, Undetermined
from verifier.answering import answer
from verifier.audit.consistency import Consistency
from verifier.checking import Claim
from verifier.entries.kinds import CredentialEntry, ProviderEntry, RevocationEntry, SchemaEntry
from verifier.entries.revocation import revoke
from verifier.entries.withdrawal import WithdrawalEntry
from verifier.erasing import erase
from verifier.fold.registry import Registry
from verifier.log.note import NoteSigner, split_note
from verifier.log.writer import Draft, Log
from verifier.models import API_KEYS, NONCES
from verifier.publishing import publish
from verifier.soundness.seals import Sealer
from verifier.trust import Trust
from verifier.witnesses.cosignatures import Cosignatures
from verifier.witnesses.cosigning import Cosigner, Quorum

ORIGIN = "verifier.example/log"
SIGNER = NoteSigner(ORIGIN, bytes(range(32)))
SEALER = Sealer.of(SIGNER)
NOW = 1_795_000_000  # 2026-11-18
PAYROLL = Schema.from_json(
    {
        "schema": "payroll",
        "version": 1,
        "attributes": [
            {"name": "monthly_pay", "type": "money", "currency": "USD", "max": "1000000"},
            {"name": "salary", "type": "money", "currency": "USD", "period": "year", "max": "10000000"},
        ],
    }
)
SALARIES = {"ada": "129000", "bob": "58000.50", "eve": "100000"}


def number(text):
    """16 bytes of an id, from its name."""
    return hashlib.sha256(text.encode()).digest()[:16]


def said(predicate, vocabulary):
    """That an answer told nothing new."""
    bounds = {name: bounds_of(alone(name), vocabulary) for name in predicate.attributes}
    return tuple(Disclosed(name, (left,), Decimal("0.00"), None) for name, left in bounds.items())


@dataclass
class Company:
    """A KYC provider with its prover: holds openings, issues credentials, proves."""

    name: str = "acme-kyc"
    key: SigningKey = field(default_factory=lambda: SigningKey(bytes(31) + b"\x01"))
    schema: Schema = field(default_factory=default_schema)
    openings: dict = field(default_factory=dict)
    subjects: dict = field(default_factory=dict)
    held: dict = field(default_factory=dict)
    handles: dict = field(default_factory=dict)
    tokens: dict = field(default_factory=dict)
    consented_at: int = NOW - 3_600

    def entry(self, **changes):
        before = ProviderEntry(self.name, "Acme KYC", self.key.public, "https://prover.example", NOW - 86_400)
        return replace(before, **changes)

    def issue(self, name, values, *, supersedes=None, as_of="2026-11-01", expires_at=NOW + 86_400 * 365, **changes):
        schema = changes.get("schema", self.schema)
        attributes = {key: schema.attribute(key).encode(text) for key, text in values.items()}
        openings = {
            key: Opening(value, int.from_bytes(hashlib.sha256(f"{name}/{key}".encode()).digest()) >> 8)
            for key, value in attributes.items()
        }
        settings = {
            "id": number(name),
            "provider": self.name,
            "person": number(f"person/{name.partition('/')[0]}"),
            "schema": self.schema,
            "commitments": {key: commit(opening) for key, opening in openings.items()},
            "provenance": {key: Provenance("payroll", "2026-10-31") for key in openings},
            "as_of": as_of,
            "issued_at": NOW - 3_600,
            "expires_at": expires_at,
            "supersedes": supersedes,
            "key": self.key,
        }
        credential = issue(**(settings | changes))
        self.openings[credential.id] = openings
        subject = name.partition("/")[0]
        self.held[subject, schema] = credential
        if schema == self.schema:
            self.subjects[subject] = credential
        return credential

    def handle(self, subject, party):
        """How a relying party asks about a subject."""
        made = b64u(number(f"handle/{self.name}/{subject}/{party}"))
        self.handles[made] = subject
        return made

    def consent(self, subject, party="first-bank", **changes):
        """Grant a consent; the same one again if it was granted before, and nothing is changed."""
        settings = {
            "provider": self.name,
            "handle": b64u_decode(self.handle(subject, party)),
            "relying_party": party,
            "via": ORIGIN,
            "purpose": "credit-decision",
            "allowed": Allowed(),
            "reasons": Reasons.FAILED_CLAUSES,
            "frequency": None,
            "issued_at": self.consented_at,
            "expires_at": self.consented_at + 86_400 * 3_650,
        }
        settings |= changes
        told = b64u(number(repr(sorted(settings.items(), key=str))))
        if told not in self.tokens:
            made = consents.issue(id=b64u_decode(told), key=self.key, **settings)
            self.tokens[told] = self.tokens[b64u(made.digest)] = made
        return self.tokens[told]

    def prove(self, query, *credentials, response=None, clauses=None):
        """Answer truly from credentials under the query's schemas, or try to prove something else."""
        vocabulary = Vocabulary(tuple(self.schemas[digest] for digest in query.schema_digests))
        predicate = parse(query.predicate_text, vocabulary)
        openings = {
            name: opening
            for credential in reversed(credentials)
            for name, opening in self.openings[credential.id].items()
        }
        values = {key: opening.value for key, opening in openings.items()}
        told = evaluate(predicate, values, query.as_of_day) if response is None else response
        if clauses is None and not told and query.reasons is Reasons.FAILED_CLAUSES:
            clauses = tuple(evaluate(clause, values, query.as_of_day) for clause in clauses_of(predicate))
        built = statement.build(query, predicate, vocabulary, credentials, answer=told, clauses=clauses)
        proof = statement.prove(built, Witness.of(built, openings), entropy=os.urandom(32))
        return Answered(told, tuple(each.id for each in credentials), proof, clauses, said(predicate, vocabulary))

    @property
    def schemas(self):
        return {schema.digest: schema for _subject, schema in self.held}

    def fetch(self, query):
        return self.prove(
            query, *(self.held[self.handles[query.subject], self.schemas[digest]] for digest in query.schema_digests)
        )


@dataclass
class World:
    """A verifier with its log, and the company it asks."""

    company: Company
    log: Log
    registry: Registry
    key: SigningKey
    now: int = NOW

    @property
    def trust(self):
        return Trust(SIGNER.verifier, self.key.public)

    def publish(self, entry):
        return publish(entry, log=self.log, registry=self.registry, now=self.now).index

    def register(self, credential: Credential):
        return self.publish(CredentialEntry(credential.token))

    def query(self, predicate="salary > 100000", subject="ada", *, schemas=None, consent=None, **changes):
        granted = consent or self.company.consent(subject, changes.get("relying_party", "first-bank"))
        vocabulary = Vocabulary(schemas or (self.company.schema,))
        settings = {
            "id": b64u(os.urandom(16)),
            "nonce": os.urandom(32),
            "audience": ORIGIN,
            "relying_party": "first-bank",
            "provider": self.company.name,
            "subject": granted.handle,
            "consent": b64u(granted.digest),
            "purpose": granted.purpose,
            "predicate_text": predicate,
            "predicate_digest": parse(predicate, vocabulary).digest,
            "schema_digests": tuple(schema.digest for schema in vocabulary.schemas),
            "as_of": "2026-11-18",
            "max_age": 90,
            "issued_at": self.now,
            "expires_at": self.now + 60,
        }
        return Query(**(settings | changes))

    def token(self, query):
        """The consent that a question names."""
        return self.company.tokens[query.consent].token

    def ask(self, *arguments, source=None, record=lambda _logged: (), **changes):
        query = self.query(*arguments, **changes)
        return answer(
            query,
            consent=self.token(query),
            source=source or self.company,
            log=self.log,
            registry=self.registry,
            signer=lambda: self.key,
            now=lambda: self.now,
            record=record,
        )


@pytest.fixture
def signer():
    return SIGNER


@pytest.fixture
def engine(database):
    opened = open_engine(database)
    migrate(opened, "verifier")
    yield opened
    opened.dispose()


@pytest.fixture
def open_log(engine):
    logs = []

    def make(*, over=engine, signer=SIGNER, observer=None):
        logs.append(Log(over, signer, entropy=os.urandom, observer=observer))
        return logs[-1]

    yield make
    for log in logs:
        log.close()


@pytest.fixture
def log(open_log):
    return open_log()


@pytest.fixture
def draft():
    def make(body=b"{}", **more):
        return lambda _index: Draft("answer", body, 1_700_000_000, **more)

    return make


@pytest.fixture
def company():
    return Company()


@pytest.fixture
def people(company):
    return {
        name: company.issue(name, {"salary": salary, "date_of_birth": "1990-02-28", "country": "US"})
        for name, salary in SALARIES.items()
    }


@pytest.fixture
def world(company, people, log):
    made = World(company, log, Registry(), SigningKey(bytes(31) + b"\x02"))
    made.publish(company.entry())
    made.publish(SchemaEntry(company.name, company.schema))
    for credential in people.values():
        made.register(credential)
    return made


@pytest.fixture
def payslips(world, company):
    """Second credentials of the same people, under a schema of their own, with another salary."""
    world.publish(SchemaEntry(company.name, PAYROLL))
    issued = {
        name: company.issue(f"{name}/pay", {"monthly_pay": pay, "salary": "1"}, schema=PAYROLL)
        for name, pay in (("ada", "10750"), ("bob", "3900"))
    }
    for credential in issued.values():
        world.register(credential)
    return issued


@pytest.fixture
def pairs(people, payslips):
    """Payslip and passport of a person."""
    return {name: (payslips[name], people[name]) for name in payslips}


@pytest.fixture
def schemas(company, payslips):  # noqa: ARG001 - the log has them
    """The schemas of a pair, in its order."""
    return PAYROLL, company.schema


class Answers:
    """Puts answers to a consistency audit; whether they are true is not looked at here."""

    def __init__(self, world):
        self.world = world
        self.consistency = Consistency(lambda name: world.registry.credential(name).ended_index)
        self.count = 0

    def says(self, credential, predicate, answer, *, schema=None, asked_at=None, clauses=None, **changes):
        self.count += 1
        schemas = (schema or self.world.company.schema,)
        vocabulary = Vocabulary(schemas)
        subject = changes.pop("subject", "ada")
        query = self.world.query(predicate, subject, schemas=schemas, **changes)
        found = self.world.registry.credential(credential.id)
        if subject != "ada":  # as if that person had it
            found = replace(found, credential=replace(found.credential, person=b64u(number(subject))))
        registered = (found,)
        answered = Answered(answer == "yes", (credential.id,), b"", clauses)
        when = self.world.log.size if asked_at is None else asked_at
        claim = Claim(query, parse(predicate, vocabulary), vocabulary, registered, answered, when, None, None)
        return self.consistency.add(self.count, claim)


@pytest.fixture
def answers(world):
    return Answers(world)


class Says:
    """A prover that says one thing to every question."""

    def __init__(self, response):
        self.response = response

    def fetch(self, _query):
        return self.response


def record_of(world, *question, source=None, key=None, **changes):
    """Ask, and keep the record that the service keeps."""
    query = world.query(*question, **changes)
    predicate = parse(query.predicate_text, Vocabulary((world.company.schema,)))

    def record(logged):
        state, body = asking._present(logged, query, predicate, prover=0.0213, total=0.0301)
        return (
            records.row(
                query_id=query.id,
                party=query.relying_party,
                key=key,
                request_digest=query.digest,
                state=state,
                created_at=query.issued_at,
                index=logged.index,
                response=body,
                sealer=SEALER,
            ),
        )

    world.ask(*question, source=source, record=record, **changes | {"id": query.id})


@pytest.fixture
def recorded(world, engine):
    """A log with every kind of entry in it, the records of its queries, callers' keys and a nonce."""
    keys = TableKeys(engine, API_KEYS, SEALER)
    for owner, scope in (("first-bank", Scope.QUERY), ("auditor", Scope.AUDIT)):
        made = make_key(owner=owner, scopes=frozenset({scope}))
        keys.add(made.record, now=NOW)
    keys.revoke(made.record.id, now=NOW + 1)
    with engine.begin() as connection:
        nonce = SEALER.sealed(NONCES.name, {"key_id": "first-bank", "nonce": "bm9uY2U", "expires_at": NOW + 60})
        connection.execute(insert(NONCES).values(nonce))
    record_of(world, key="loan-application-17")
    record_of(world, "salary > 100000", "bob", reasons=Reasons.FAILED_CLAUSES)
    record_of(world, "salary > 1", "eve")
    record_of(world, source=Says(Undetermined("stale", None)))
    record_of(world, source=Says(Declined()))
    eve, signed_by = world.company.subjects["eve"], {"issued_at": world.now, "key": world.company.key}
    signed = revoke(provider=world.company.name, credential=eve.id, reason="compromised", **signed_by)
    world.publish(RevocationEntry(signed.token))
    taken_back = {"provider": world.company.name, "consent": world.company.consent("eve").digest}
    world.publish(WithdrawalEntry(withdraw(**taken_back, **signed_by).token))
    world.register(world.company.issue("zoe", {"salary": "70000"}))
    record_of(world, "salary > 60000", "zoe")
    settings = {"provider": world.company.name, "credentials": [world.company.subjects["zoe"].id]}
    word = sign_erasure(**settings, **signed_by).token
    rooms = {"engine": engine, "log": world.log, "registry": world.registry, "sealer": SEALER}
    erase(word, handles=[world.company.handle("zoe", "first-bank")], now=world.now, **rooms)
    witness, note = Cosigner("witness.example/w1", bytes(32)), world.log.note
    line = witness.cosign(split_note(note)[0], now=NOW)
    Cosignatures(engine, Quorum((witness.verifier,), 1)).add(note, {witness.verifier.vkey: line})
    return world
