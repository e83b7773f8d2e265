"""An honest provider and an honest verifier whose clocks differ: whatever the one answers, the other accepts."""

import os
from dataclasses import dataclass, field

import pytest

from api.database import migrate, open_engine
from circuits import predicate
from circuits.attributes import Schema
from circuits.consent import Frequency
from circuits.encoding import b64u
from circuits.jws import SigningKey
from circuits.query import Query
from prover import proving
from prover.consent import Consents, Terms
from prover.errors import Declined as DeclinedHere
from prover.issuance import YEAR, Issuer
from prover.keys import EnvironmentKeyProvider, encode_key
from prover.pool import ProvingPool
from prover.proving import Responder
from prover.records import Record
from prover.vault import Vault
from verifier.answered import Answered, Declined, Undetermined
from verifier.answering import LoggedAttestation, LoggedDeclined, LoggedUndetermined, answer
from verifier.audit.export import export_lines
from verifier.audit.replay import replay
from verifier.entries.kinds import CredentialEntry, ProviderEntry, SchemaEntry
from verifier.entries.withdrawal import WithdrawalEntry
from verifier.fold.registry import Registry
from verifier.log.note import NoteSigner
from verifier.log.writer import Log
from verifier.publishing import publish
from verifier.trust import Trust

ORIGIN = "verifier.example/log"
NOW = 1_800_000_000
SCHEMA = Schema.from_json(
    {"schema": "small", "version": 1, "attributes": [{"name": "score", "type": "integer", "min": 0, "max": 100}]}
)
SKEWS = (-300, -120, -60, -1, 0, 1, 60, 120, 300)


@pytest.fixture(scope="module")
def pool(tables):
    with ProvingPool(workers=1, tables=tables) as pool:
        yield pool


@dataclass
class Pair:
    """Both sides in one process; the provider's clock is `skew` seconds ahead of the verifier's, which says `now`."""

    folder: object
    pool: ProvingPool
    skew: int
    now: int = NOW
    takes: int = 0
    between: list = field(default_factory=list)
    key: SigningKey = field(default_factory=lambda: SigningKey.generate(entropy=os.urandom(32)))
    attesting: SigningKey = field(default_factory=lambda: SigningKey.generate(entropy=os.urandom(32)))

    def __post_init__(self):
        self.engines = [open_engine(f"sqlite:///{self.folder / room}") for room in ("prover", "verifier")]
        for engine, room in zip(self.engines, ("prover", "verifier"), strict=True):
            migrate(engine, room)
        vault = Vault.unlock(self.engines[0], EnvironmentKeyProvider(encode_key(bytes(range(32)))), entropy=os.urandom)
        named = {"key": self.key, "provider": "bank"}
        self.issuer = Issuer(self.engines[0], vault, **named)
        self.consents = Consents(self.engines[0], vault, **named)
        self.responder = Responder(
            self.engines[0], vault, self.pool, provider="bank", key=self.key.public, audiences=frozenset({ORIGIN})
        )
        self.signer = NoteSigner(ORIGIN, os.urandom(32))
        self.log = Log(self.engines[1], self.signer, entropy=os.urandom)
        self.registry = Registry()
        self.publish(ProviderEntry("bank", "Bank", self.key.public, "https://prover.example", self.now))
        self.publish(SchemaEntry("bank", SCHEMA))

    def close(self):
        self.log.close()
        for engine in self.engines:
            engine.dispose()

    @property
    def theirs(self):
        """What the provider's clock says."""
        return self.now + self.skew

    def publish(self, entry):
        return publish(entry, log=self.log, registry=self.registry, now=self.now).index

    def register(self):
        record = Record("ann", {"score": "50"})
        self.issuer.issue([record], schema=SCHEMA, now=self.theirs, entropy=os.urandom)
        for one in self.issuer.pending(9):
            self.issuer.mark_registered([one.id], [self.publish(CredentialEntry(one.token))])

    def grant(self, *, until=YEAR, **terms):
        agreed = Terms("first-bank", ORIGIN, "sandbox", self.theirs + until, **terms)
        return self.consents.grant("ann", agreed, now=self.theirs, entropy=os.urandom)

    def withdraw(self, consent):
        self.consents.revoke(consent.id, now=self.theirs)
        for pending in self.consents.pending(now=self.theirs):
            self.consents.mark_logged(pending.id, self.publish(WithdrawalEntry(pending.token)))

    def fetch(self, query):
        try:
            told = self.responder.respond(query, now=self.theirs, entropy=os.urandom)
        except DeclinedHere:
            return Declined()
        finally:
            self.now += self.takes
            for step in self.between:
                step()
        if isinstance(told, proving.Undetermined):
            return Undetermined(told.reason, told.credential)
        return Answered(told.answer, told.credentials, told.proof, told.clauses, told.disclosed)

    def ask(self, consent, text="score > 40"):
        query = Query(
            id=b64u(os.urandom(16)),
            nonce=os.urandom(32),
            audience=ORIGIN,
            relying_party="first-bank",
            provider="bank",
            subject=consent.handle,
            consent=b64u(consent.digest),
            purpose="sandbox",
            predicate_text=text,
            predicate_digest=predicate.parse(text, SCHEMA).digest,
            schema_digests=(SCHEMA.digest,),
            as_of="2027-01-15",
            max_age=None,
            issued_at=self.now,
            expires_at=self.now + 60,
        )
        settings = {"log": self.log, "registry": self.registry, "signer": lambda: self.attesting}
        return answer(query, consent=consent.token, source=self, now=lambda: self.now, **settings)

    def clean(self):
        trust = Trust(self.signer.verifier, self.attesting.public)
        return replay(export_lines(self.log), trust=trust).failure is None


@pytest.fixture
def pair(tmp_path, pool):
    made = []

    def make(skew):
        made.append(Pair(tmp_path, pool, skew))
        made[-1].register()
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.mark.parametrize("skew", SKEWS)
def test_a_consent_is_good_as_soon_as_it_is_given(pair, skew):
    pair = pair(skew)
    consent = pair.grant()
    pair.takes = 59  # all the time that a question has
    assert isinstance(pair.ask(consent), LoggedAttestation)
    assert pair.clean()


@pytest.mark.parametrize("skew", SKEWS)
def test_at_the_end_of_its_period_it_is_answered_or_declined(pair, skew):
    pair = pair(skew)
    consent = pair.grant(until=600)
    outcomes = []
    for at in (0, 299, 300, 360, 599, 600, 660, 900, 901):
        pair.now = NOW + at
        outcomes.append(type(pair.ask(consent)))
    answered = outcomes.count(LoggedAttestation)
    assert outcomes == [LoggedAttestation] * answered + [LoggedDeclined] * (len(outcomes) - answered)
    assert outcomes[0] is LoggedAttestation
    assert outcomes[-1] is LoggedDeclined
    assert pair.clean()


@pytest.mark.parametrize("skew", SKEWS)
def test_a_credential_that_expires_is_stale_in_time(pair, skew):
    pair = pair(skew)
    consent = pair.grant(until=2 * YEAR)
    pair.takes = 30
    outcomes = []
    for at in (-500, -331, -91, -61, -60, -31, -1, 0, 60, 300, 400):
        pair.now = NOW + YEAR + at
        outcomes.append(type(pair.ask(consent)))
    answered = outcomes.count(LoggedAttestation)
    assert outcomes == [LoggedAttestation] * answered + [LoggedUndetermined] * (len(outcomes) - answered)
    assert outcomes[0] is LoggedAttestation
    assert outcomes[-1] is LoggedUndetermined
    assert pair.clean()


@pytest.mark.parametrize("skew", SKEWS)
def test_what_counts_for_how_often_is_counted_alike(pair, skew):
    pair = pair(skew)
    consent = pair.grant(frequency=Frequency(2, 600))
    outcomes = {}
    for at in (0, 1, 599, 600, 601, 602, 1200, 1202):
        pair.now = NOW + at
        outcomes[at] = type(pair.ask(consent))
    assert [at for at, outcome in outcomes.items() if outcome is LoggedAttestation] == [0, 1, 601, 602, 1202]
    assert pair.clean()


@pytest.mark.parametrize("skew", SKEWS)
def test_a_withdrawal_meanwhile_binds_the_next_question(pair, skew):
    pair = pair(skew)
    consent = pair.grant()
    pair.between = [lambda: pair.withdraw(consent)]
    assert isinstance(pair.ask(consent), LoggedAttestation)
    pair.between = []
    assert isinstance(pair.ask(consent), LoggedDeclined)
    assert pair.clean()
