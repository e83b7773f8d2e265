"""The ledger of what was disclosed: whether a question may be answered, decided and charged in one transaction.

In the order in which it happens, with the subject's row held: the consent is opened, `judge` decides, the values are
opened, the answer is worked out, what it tells is added to what is known, all of it is written, and committed. The
proof is made afterwards. If it never is, what was spent stays spent: nobody can know more than the ledger says. The
same query again has the same outcome, and costs nothing more, also if it is put again because its answer was lost.

`judge` is given no value and nothing that a value could be had from: a refusal is a function of the question, of the
consent, and of what was asked and publicly answered before. So it tells nothing that these do not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from sqlalchemy import Connection, Engine

from circuits import permission
from circuits import predicate as predicates
from circuits.attributes import Attribute
from circuits.consent import Consent
from circuits.credential import Credential
from circuits.errors import CircuitsError
from circuits.group import N
from circuits.jws import VerifyKey
from circuits.leakage import Decision, Known, Question, Rules, decide, disclosed, learn, written
from circuits.leakage.cuts import alone, cuts_of
from circuits.pedersen import Opening
from circuits.predicate import Predicate
from circuits.predicate.clauses import clauses as clauses_of
from circuits.query import Query, Reasons
from circuits.values import ORDERED
from circuits.vocabulary import Vocabulary
from prover import holdings, inquiries, knowledge
from prover.catalogue import Catalogue, Schemas
from prover.errors import Declined, VaultError
from prover.holdings import Asked, Holdings
from prover.inquiries import Earlier, Outcome, Told
from prover.knowledge import Learnt, Names
from prover.vault import Entropy, Notes, Vault

CLOCK_SKEW = 300
"""Seconds by which a verifier's clock may be ahead of ours, or behind it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a consent stands when a question comes: all of it follows from what was granted, revoked and asked before.

    Attributes:
        revoked: the subject took it back.
        exhausted: it was used as often as it may be.
    """

    revoked: bool
    exhausted: bool


@dataclass(frozen=True, slots=True, repr=False)
class Spent:
    """A question that was decided and charged.

    Attributes:
        told: what became of it: answered or undetermined.
        credentials: what the answer is about.
        openings: what it is proven with.
    """

    told: Told
    credentials: tuple[Credential, ...] = ()
    openings: Mapping[str, Opening] | None = None

    def __repr__(self) -> str:
        return "<Spent redacted>"


def judge(
    query: Query, question: Question, consent: Consent, standing: Standing, known: Known, *, shared: bool, now: int
) -> Decision | str:
    """Decide whether a question may be answered; a text says why not.

    Args:
        query: as put.
        question: what it asks.
        consent: the consent it names.
        standing: how that stands.
        known: what is known of the subject.
        shared: whether all relying parties together have one budget.
        now: Unix seconds.
    """
    if standing.revoked:
        return "revoked"
    try:
        permission.require_permitted(consent, query, question.predicate, question.schema, now=now)
        offered = permission.offered(consent, question.schema, question.as_of)
    except CircuitsError as error:
        return str(getattr(error, "member", "consent"))
    # By the verifier's clock too: it looks at when the question was put, and bears with what is dated a little later.
    if not consent.issued_at - CLOCK_SKEW <= query.issued_at < consent.expires_at:
        return "time"
    if standing.exhausted:
        return "frequency"
    decision = decide(question, known, Rules(offered, shared))
    if decision.refusal is not None:
        return decision.refusal.value
    return decision if decision.free or _can_be_told(question, known) else "work"


def _can_be_told(question: Question, known: Known) -> bool:
    """Whether what an answer leaves of each attribute, whatever it is, has few enough intervals to be written down."""
    cuts = cuts_of(question.predicate, question.schema, question.as_of)
    forms = [alone(name) for name in question.predicate.attributes]
    counts = (len(known.own.left(form, question.schema)) + len(cuts.get(form, ())) for form in forms)
    return all(count <= written.MAX_INTERVALS for count in counts)


class Ledger:
    """Charges answers about a provider's subjects to those who ask. Thread-safe."""

    def __init__(
        self, engine: Engine, vault: Vault, *, key: VerifyKey, schemas: Catalogue, shared: bool = False
    ) -> None:
        """Args: the migrated database, its vault, the provider's key, its schemas, one budget for all together."""
        self._engine = engine
        self._vault = vault
        self._key = key
        self._schemas = schemas
        self._shared = shared

    def spend(self, query: Query, predicate: Predicate, vocabulary: Vocabulary, *, now: int, entropy: Entropy) -> Spent:
        """Decide about a question, and charge the answer to who asks; committed when this returns.

        Args:
            query: as put, and in order as far as it says so itself.
            predicate: its question.
            vocabulary: its schemas.
            now: Unix seconds.
            entropy: os.urandom in production.

        Raises:
            Declined: it is not answered.
            VaultError, SignatureError, CredentialError: the vault was tampered with; nothing was charged.
        """
        with self._engine.begin() as connection:
            asked = holdings.locked(connection, self._vault, query)
            if asked is not None:
                case = _Case(self._vault, connection, asked, self._key, query, predicate, vocabulary)
                schemas = self._schemas.within(connection)
                spent = case.settle(schemas, shared=self._shared, now=now, entropy=entropy)
        if asked is None or spent.told.outcome is Outcome.DECLINED:
            raise Declined
        return spent


class _Case:
    """One question about one subject, within one transaction."""

    def __init__(  # noqa: PLR0917 - it is made in one place
        self,
        vault: Vault,
        connection: Connection,
        asked: Asked,
        key: VerifyKey,
        query: Query,
        predicate: Predicate,
        vocabulary: Vocabulary,
    ) -> None:
        self._vault = vault
        self._connection = connection
        self._asked = asked
        self._key = key
        self._query = query
        self._vocabulary = vocabulary
        self._predicate = predicate
        self._notes: Notes = vault.notes(asked.subject)
        self._row = {
            "subject_id": asked.subject.id,
            "consent_id": asked.consent_id,
            "query": vault.query_lookup(query.digest),
            "request": vault.query_lookup(query.request_digest()),
        }

    def settle(self, schemas: Schemas, *, shared: bool, now: int, entropy: Entropy) -> Spent:
        """Decide, charge and write, or say again what was decided before.

        A query that is put again, with the same id and at another time, is decided again. If nothing has changed it has
        the answer it had, which counts once.
        """
        before = inquiries.earlier(self._connection, self._notes, self._row["query"], self._row["request"])
        if before is not None and before.same:
            return self._again(before.told)
        consent = _consent(self._notes.open(self._asked.consent, of=self._asked.consent_id).decode(), self._key)
        found = holdings.find(self._connection, self._asked, self._vocabulary, key=self._key)
        stands = before if before is not None and self._stands(before.told, found, now) else None
        spent = self._spend(consent, found, schemas, before=stands, shared=shared, now=now, entropy=entropy)
        if before is not None and (stands or spent.told == before.told) and spent.told.outcome is before.told.outcome:
            inquiries.renew(self._connection, before, self._query, now=now)
            return replace(spent, told=before.told)
        inquiries.note(
            self._connection,
            self._notes,
            self._query,
            spent.told,
            consent=consent,
            row=self._row,
            now=now,
            entropy=entropy,
        )
        return spent

    def _again(self, told: Told) -> Spent:
        if self._asked.revoked:
            return Spent(Told(Outcome.DECLINED, reason="revoked"))
        if told.outcome is not Outcome.ANSWERED:
            return Spent(told)
        found = holdings.find_again(self._connection, self._asked, told.credentials, self._vocabulary, key=self._key)
        if tuple(each.id for each in found.credentials()) != told.credentials:
            raise VaultError("a credential that was answered about is gone")
        return Spent(told, found.credentials(), found.open(self._vault, self._vocabulary))

    def _stands(self, told: Told, found: Holdings, now: int) -> bool:
        """Whether a question that is put again has the outcome it had; that is known without the value."""
        gap = found.gap(self._query, self._predicate, self._vocabulary, now)
        if told.outcome is Outcome.UNDETERMINED:
            return gap == (told.reason, told.gap)
        credentials = tuple(each.id for each in found.credentials())
        return told.outcome is Outcome.ANSWERED and gap is None and credentials == told.credentials

    def _spend(
        self,
        consent: Consent,
        found: Holdings,
        schemas: Schemas,
        *,
        before: Earlier | None,
        shared: bool,
        now: int,
        entropy: Entropy,
    ) -> Spent:
        query = self._query
        subject = self._asked.subject
        party, everyone = (self._vault.party_lookup(subject.lookup, name) for name in (query.relying_party, ""))
        kept, digests = knowledge.recall(self._connection, self._notes, subject.id, party=party, everyone=everyone)
        nothing = Learnt()
        learnt = [kept.get(each, nothing) for each in (party, everyone)]
        published = knowledge.in_order(map(schemas, digests))
        names = Names(self._vocabulary, *learnt, schemas=schemas, versions=published)
        question = Question(self._predicate, names, query.as_of_day, query.reasons)
        current = found.current(self._vocabulary)
        alone = learnt[0] is learnt[1]  # nobody else has asked: all is worked out once
        own = names.read(learnt[0], current)
        known = Known(own, own if alone else names.read(learnt[1], current))
        exhausted = inquiries.often(
            self._connection, self._asked.consent_id, consent.frequency, query, besides=before, now=now
        )
        standing = Standing(self._asked.revoked, exhausted)
        decision = judge(query, question, consent, standing, known, shared=shared, now=now)
        if isinstance(decision, str):
            return Spent(Told(Outcome.DECLINED, reason=decision))
        if not found.exists:
            return Spent(Told(Outcome.DECLINED, reason="unlogged"))
        gap = found.gap(query, self._predicate, self._vocabulary, now)
        if gap is not None:
            reason, credential = gap
            return Spent(Told(Outcome.UNDETERMINED, reason=reason, gap=credential))
        # Only now is there a value.
        openings = found.open(self._vault, self._vocabulary)
        answer, clauses = _conclude(query, self._predicate, self._vocabulary, openings)
        after = learn(question, decision.spent, answer=answer, clauses=clauses)
        asked = {name: current[name] for name in self._predicate.attributes}
        own_now = names.keep(after.own, learnt[0], asked)
        all_now = own_now if alone else names.keep(after.everyone, learnt[1], asked)
        knowing = {party: own_now, everyone: all_now}
        knowledge.keep(self._connection, self._notes, subject.id, knowing, before=kept, entropy=entropy)
        told = Told(
            Outcome.ANSWERED,
            answer=answer,
            clauses=clauses,
            credentials=tuple(each.id for each in found.credentials()),
            disclosed=disclosed(question, known.own, after.own),
        )
        return Spent(told, found.credentials(), openings)


@lru_cache(maxsize=4096)
def _consent(token: str, key: VerifyKey) -> Consent:
    """Read a consent; people are asked about more than once under one."""
    return Consent.recall(token, key)


def _conclude(
    query: Query, predicate: Predicate, vocabulary: Vocabulary, openings: Mapping[str, Opening]
) -> tuple[bool, tuple[bool, ...] | None]:
    """The answer, and which clauses hold if a no is to come with that."""
    values = {name: _value(vocabulary.attribute(name), openings[name]) for name in predicate.attributes}
    answer = predicates.evaluate(predicate, values, query.as_of_day)
    if answer or query.reasons is not Reasons.FAILED_CLAUSES:
        return answer, None
    return answer, tuple(predicates.evaluate(clause, values, query.as_of_day) for clause in clauses_of(predicate))


def _value(attribute: Attribute, opening: Opening) -> int:
    """The encoded value behind an opening: scalars above N/2 stand for negative numbers."""
    return opening.value - N if attribute.type in ORDERED and opening.value > N // 2 else opening.value
