"""A log in memory with people, a provider and its prover, in which nothing is random and every clock stands still."""

import hashlib

from language_topics import PAYROLL
from log_topics import ORIGIN, SIGNER

from circuits import consent as consents
from circuits import statement
from circuits.attributes import Schema, default_schema
from circuits.consent import Allowed
from circuits.credential import Provenance, issue
from circuits.encoding import b64u
from circuits.jws import SigningKey
from circuits.leakage import Known, Question, Rules, decide, disclosed, learn
from circuits.pedersen import Opening, commit
from circuits.predicate import evaluate, parse
from circuits.predicate.clauses import clauses as clauses_of
from circuits.query import Query, Reasons
from circuits.statement import Witness
from circuits.vocabulary import Vocabulary
from verifier.answered import Answered
from verifier.attestation import attest
from verifier.checking import CheckedProof, Claim
from verifier.consented import Granted
from verifier.entries.kinds import AnswerEntry, CredentialEntry, ProviderEntry, SchemaEntry, encode
from verifier.fold.credentials import Registered
from verifier.fold.registry import Registry
from verifier.log import merkle
from verifier.log.leaves import LoggedEntry
from verifier.log.note import Checkpoint
from verifier.trust import Trust

NOW = 1_795_000_000  # 2026-11-18T11:06:40Z
PROVIDER = "acme-kyc"
PERSON = default_schema()
PAY = Schema.from_json(PAYROLL)
SIGNING = SigningKey(bytes(31) + b"\x01")
OTHER_PROVIDER = "other-kyc"
OTHER_SIGNING = SigningKey(bytes(31) + b"\x07")
ATTESTING = SigningKey(bytes(31) + b"\x02")
TRUST = Trust(SIGNER.verifier, ATTESTING.public)
GRANTED = {}
"""Every consent that was granted, by the name that queries give it."""
PEOPLE = {"ada": ("129000", "10750"), "bob": ("58000.50", "3900")}


def seeded(text, size=32):
    """Bytes that depend on a text and on nothing else."""
    return hashlib.sha256(text.encode()).digest()[:size]


class World:
    """What a verifier's log says, and what the provider knows."""

    def __init__(self):
        self.logged = []
        self.registry = Registry(trust=TRUST)
        self.openings = {}

    # -- the log, as evidence is built from it -----------------------------------------------------------------------

    @property
    def bodies(self):
        return [entry.body.decode() for entry in self.logged]

    def _nodes(self, level, number):
        if level == 0:
            return self.logged[number].leaf_hash
        return merkle.node_hash(self._nodes(level - 1, 2 * number), self._nodes(level - 1, 2 * number + 1))

    @property
    def note(self):
        size = len(self.logged)
        return Checkpoint(ORIGIN, size, merkle.root(size, self._nodes)).sign(SIGNER)

    def entry(self, index):
        return self.logged[index]

    def inclusion(self, index, size):
        return merkle.inclusion(index, size, self._nodes)

    def append(self, entry, now=NOW, *, folded=True):
        """Log an entry, one that no rule allows if it is not folded; returns its number."""
        index = len(self.logged)
        if folded:
            self.registry.apply(index, entry, now)
        self.logged.append(LoggedEntry(index, entry.kind, now, seeded(f"salt/{index}"), encode(entry, now)))
        return index

    # -- the provider ------------------------------------------------------------------------------------------------

    def register(self, *schemas, provider=PROVIDER, key=SIGNING):
        self.append(ProviderEntry(provider, "Acme KYC", key.public, "https://prover.example", NOW - 86_400))
        for schema in schemas:
            self.append(SchemaEntry(provider, schema))

    def issue(self, name, values, *, schema=PERSON, log=True, **changes):
        encoded = {key: schema.attribute(key).encode(text) for key, text in values.items()}
        openings = {key: Opening(value, int.from_bytes(seeded(f"{name}/{key}")) >> 8) for key, value in encoded.items()}
        settings = {
            "id": seeded(name, 16),
            "provider": PROVIDER,
            "person": seeded(f"person/{name.partition('/')[0]}", 16),
            "schema": schema,
            "commitments": {key: commit(opening) for key, opening in openings.items()},
            "provenance": {key: Provenance("payroll", "2026-10-31") for key in openings},
            "as_of": "2026-11-01",
            "issued_at": NOW - 3600,
            "expires_at": NOW + 86_400 * 365,
            "key": SIGNING,
        }
        credential = issue(**(settings | changes))
        self.openings[credential.id] = openings
        if log:
            self.append(CredentialEntry(credential.token))
        return credential

    def prove(self, query, credentials, schemas):
        """Answer truly: the answer, the clauses if they are to be told, the proof, the statement."""
        vocabulary = Vocabulary(schemas)
        predicate = parse(query.predicate_text, vocabulary)
        openings = {name: each for one in reversed(credentials) for name, each in self.openings[one.id].items()}
        values = {name: opening.value for name, opening in openings.items()}
        told = evaluate(predicate, values, query.as_of_day)
        holds = None
        if not told and query.reasons is Reasons.FAILED_CLAUSES:
            holds = tuple(evaluate(clause, values, query.as_of_day) for clause in clauses_of(predicate))
        built = statement.build(query, predicate, vocabulary, credentials, answer=told, clauses=holds)
        proof = statement.prove(built, Witness.of(built, openings), entropy=hashlib.sha256(query.digest).digest())
        ids, left = tuple(each.id for each in credentials), _told(query, predicate, vocabulary, told, holds)
        answered = Answered(told, ids, proof, holds, left)
        return answered, predicate, vocabulary, built

    # -- the verifier ------------------------------------------------------------------------------------------------

    def answer(
        self, query, *credentials, schemas=(PERSON,), asked_at=None, now=NOW, index=None, key=ATTESTING, request=None
    ):
        """Prove and attest without applying any rule, so that each can be broken; the answer's entry."""
        answered, predicate, vocabulary, built = self.prove(query, credentials, schemas)
        registered = tuple(Registered(each, 0, 0, 0, None) for each in credentials)
        place = len(self.logged) if index is None else index
        size = len(self.logged) if asked_at is None else asked_at
        granted = Granted(GRANTED[query.consent], 0)
        claim = Claim(query, predicate, vocabulary, registered, answered, size, built, granted, request is not None)
        token = attest(CheckedProof(claim), signer=key, origin=ORIGIN, index=place, now=now).token
        return AnswerEntry(
            query=query,
            asked_at=size,
            credentials=answered.credentials,
            answer=answered.answer,
            proof=answered.proof,
            attestation=token,
            consent=granted.consent.token,
            disclosed=answered.disclosed,
            clauses=answered.clauses,
            request=request,
        )


def handle(subject, party="first-bank"):
    """By which a relying party asks about somebody."""
    return seeded(f"handle/{subject}/{party}", 16)


def granted(subject="ada", party="first-bank", **changes):
    """A consent of somebody; to anything, unless it is changed."""
    settings = {
        "id": seeded(f"consent/{subject}/{party}/{sorted(changes.items(), key=str)}", 16),
        "provider": PROVIDER,
        "handle": handle(subject, party),
        "relying_party": party,
        "via": ORIGIN,
        "purpose": "credit-decision",
        "allowed": Allowed(),
        "reasons": Reasons.FAILED_CLAUSES,
        "frequency": None,
        "issued_at": NOW - 3600,
        "expires_at": NOW + 86_400 * 365,
        "key": SIGNING,
    }
    made = consents.issue(**(settings | changes))
    GRANTED[b64u(made.digest)] = made
    return made


def query(predicate="salary > 100000", who="ada", *, schemas=(PERSON,), under=None, **changes):
    """A question as the verifier puts it, under a consent."""
    consent = under or granted(who)
    settings = {
        "id": b64u(seeded(f"id/{predicate}/{who}", 16)),
        "nonce": seeded(f"nonce/{predicate}/{who}"),
        "audience": ORIGIN,
        "relying_party": consent.relying_party,
        "provider": consent.provider,
        "subject": consent.handle,
        "purpose": consent.purpose,
        "predicate_text": predicate,
        "predicate_digest": parse(predicate, Vocabulary(schemas)).digest,
        "schema_digests": tuple(schema.digest for schema in schemas),
        "as_of": "2026-11-18",
        "max_age": 90,
        "issued_at": NOW - 1,
        "expires_at": NOW + 60,
        "consent": b64u(consent.digest),
    }
    return Query(**(settings | changes))


def _told(query, predicate, vocabulary, answer, clauses):
    """What an answer tells somebody who knew nothing."""
    question = Question(predicate, vocabulary, query.as_of_day, query.reasons)
    spent = decide(question, Known(), Rules()).spent
    return disclosed(question, Known().own, learn(question, spent, answer=answer, clauses=clauses).own)


def peopled():
    """A world with a provider, its two schemas, and a passport and a payslip of each person."""
    world = World()
    world.register(PERSON, PAY)
    held = {}
    for name, (salary, monthly) in PEOPLE.items():
        values = {"salary": salary, "date_of_birth": "1990-02-28", "country": "US", "owns_home": "false"}
        pay = {"monthly_pay": monthly, "salary": "1"}
        held[name] = world.issue(name, values), world.issue(f"{name}/pay", pay, schema=PAY)
    return world, held


def other_company():
    """The same with a second provider, and that one's consent of Ada."""
    world, _held = peopled()
    world.register(provider=OTHER_PROVIDER, key=OTHER_SIGNING)
    return world, granted(provider=OTHER_PROVIDER, key=OTHER_SIGNING)
