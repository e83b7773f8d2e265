"""Whom the attackers ask: the rules alone, or a prover with its vault, its consents and its ledger on a database."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from attackers import Heard
from people import SCHEMA, WIDER

from api.database import migrate, open_engine
from circuits import calendar
from circuits import predicate as predicates
from circuits.consent import Frequency
from circuits.encoding import b64u
from circuits.errors import CircuitsError
from circuits.jws import SigningKey
from circuits.leakage import Knowledge, Known, Question, Rules, decide, learn
from circuits.predicate.clauses import clauses as clauses_of
from circuits.query import Query, Reasons
from circuits.vocabulary import Vocabulary
from prover.catalogue import Catalogue
from prover.consent import Consents, Terms
from prover.disclosure import Ledger
from prover.errors import Declined
from prover.issuance import Issuer
from prover.keys import EnvironmentKeyProvider, encode_key
from prover.records import Record
from prover.vault import Vault

THREADS = 6
NOW = 1_795_305_600
"""The beginning of TODAY, in Unix seconds."""
VOCABULARIES = tuple(Vocabulary(each) for each in ((SCHEMA,), (WIDER,), (WIDER, SCHEMA), (SCHEMA, WIDER)))
ORIGIN = "verifier.example/log"
parsed = lru_cache(maxsize=256)(predicates.parse)


class Ruled:
    """The rules, about one person."""

    def __init__(self, attacker, values):
        self.values = values
        self._own = dict.fromkeys(range(attacker.lenders), Knowledge())
        self._everyone = Knowledge()
        self._rules = Rules(shared=attacker.shared)

    def ask(self, batch, day):
        """One after the other: for the rules nothing happens at the same time."""
        return [self._ask(each, day) for each in batch]

    def renew(self, values):
        self.values = values
        self._own = {lender: known.without(values) for lender, known in self._own.items()}
        self._everyone = self._everyone.without(values)

    def _ask(self, ask, day):
        try:
            predicate = parsed(ask.text, VOCABULARIES[ask.under])
        except CircuitsError:
            return None
        reasons = Reasons.FAILED_CLAUSES if ask.reasons else Reasons.OUTCOME_ONLY
        question = Question(predicate, SCHEMA, day, reasons)
        decision = decide(question, Known(self._own[ask.lender], self._everyone), self._rules)
        if decision.refusal:
            return None
        answer = predicates.evaluate(predicate, self.values, day)
        clauses = None
        if ask.reasons and not answer:
            clauses = tuple(predicates.evaluate(each, self.values, day) for each in clauses_of(predicate))
        if not decision.free:
            known = learn(question, decision.spent, answer=answer, clauses=clauses)
            self._own[ask.lender], self._everyone = known.own, known.everyone
        return Heard(answer, clauses, paid=not decision.free)


@dataclass(frozen=True)
class House:
    """A provider of its own: a vault on SQLite, and everybody who is attacked there."""

    issuer: Issuer
    consents: Consents
    ledgers: dict

    def admit(self, people):
        """Commit to what is held of some people; in the log at once."""
        for schema in (SCHEMA, WIDER):
            records = [Record(name, _texts(values, schema)) for name, values in people.items()]
            outcomes = self.issuer.issue(records, schema=schema, now=NOW, entropy=os.urandom)
            if any(each.credential is None for each in outcomes):
                raise RuntimeError("somebody was not admitted")
        waiting = self.issuer.pending(10 * len(people))
        self.issuer.mark_registered([each.id for each in waiting], range(len(waiting)))


@contextmanager
def house() -> Iterator[House]:
    """Open a provider, for as long as it is attacked."""
    with TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'vault.sqlite'}")
        try:
            migrate(engine, "prover")
            vault = Vault.unlock(engine, EnvironmentKeyProvider(encode_key(os.urandom(32))), entropy=os.urandom)
            key = SigningKey.generate(entropy=os.urandom(32))
            ours = {"key": key.public, "schemas": Catalogue(engine)}
            ledgers = {shared: Ledger(engine, vault, shared=shared, **ours) for shared in (False, True)}
            named = {"key": key, "provider": "bank"}
            yield House(Issuer(engine, vault, **named), Consents(engine, vault, **named), ledgers)
        finally:
            engine.dispose()


class Proving:
    """A prover, about one person it was given."""

    def __init__(self, attacker, values, home, name):
        self.values = values
        self._attacker, self._home, self._name = attacker, home, name
        self._granted = {}

    def ask(self, batch, day):
        """All of them at once. The same question twice is the same query sent twice."""
        queries = {each: self._query(each, day) for each in dict.fromkeys(batch)}
        with ThreadPoolExecutor(THREADS) as threads:
            return list(threads.map(lambda each: self._ask(queries[each]), batch))

    def renew(self, values):
        self.values = values
        self._home.admit({self._name: values})

    def _ask(self, query):
        vocabulary = next(each for each in VOCABULARIES if _digests(each) == query.schema_digests)
        predicate = parsed(query.predicate_text, vocabulary)
        ledger = self._home.ledgers[self._attacker.shared]
        try:
            told = ledger.spend(query, predicate, vocabulary, now=NOW, entropy=os.urandom).told
        except Declined:
            return None
        return Heard(told.answer, told.clauses)

    def _query(self, ask, day):
        vocabulary = VOCABULARIES[ask.under]
        consent = self._consent(f"lender-{ask.lender}")
        return Query(
            id=b64u(os.urandom(16)),
            nonce=os.urandom(32),
            audience=ORIGIN,
            relying_party=consent.relying_party,
            provider="bank",
            subject=consent.handle,
            purpose=consent.purpose,
            predicate_text=ask.text,
            predicate_digest=parsed(ask.text, vocabulary).digest,
            schema_digests=_digests(vocabulary),
            as_of=calendar.iso(day),
            max_age=None,
            issued_at=NOW,
            expires_at=NOW + 300,
            consent=b64u(consent.digest),
            reasons=Reasons.FAILED_CLAUSES if ask.reasons else Reasons.OUTCOME_ONLY,
        )

    def _consent(self, lender):
        """The one there is, or for who has a new one every time, that: to one question, the last one taken back."""
        last = self._granted.get(lender)
        if last is not None and not self._attacker.consents:
            return last
        if last is not None:
            self._home.consents.revoke(last.id, now=NOW)
        once = Frequency(1, 86_400) if self._attacker.consents else None
        terms = Terms(lender, ORIGIN, "sandbox", NOW + 10**7, reasons=Reasons.FAILED_CLAUSES, frequency=once)
        self._granted[lender] = self._home.consents.grant(self._name, terms, now=NOW, entropy=os.urandom)
        return self._granted[lender]


def _digests(vocabulary):
    return tuple(each.digest for each in vocabulary.schemas)


def _texts(values, schema):
    return {name: schema.attribute(name).decode(value) for name, value in values.items() if name in schema}
