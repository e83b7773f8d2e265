"""What a prover answers, and the rules about that which need no cryptography: credentials, clauses, disclosed.

The question is the business of verifier.asked, the consent that of verifier.consented; verifier.checking applies all.
"""

from dataclasses import dataclass
from typing import Self

from circuits import calendar
from circuits.errors import StatementError
from circuits.leakage import Disclosed
from circuits.leakage.cuts import alone, bounds_of
from circuits.predicate import Predicate
from circuits.predicate.clauses import concluded
from circuits.query import Query, Reasons
from circuits.vocabulary import Vocabulary
from verifier.entries.kinds import AnswerEntry
from verifier.errors import (
    CheckFailed,
    ClausesRefused,
    CredentialErased,
    CredentialExpired,
    CredentialLate,
    CredentialStale,
    CredentialSuperseded,
    CredentialUnknown,
    DisclosedRefused,
    RegistryError,
    WrongProvider,
    WrongSchema,
)
from verifier.fold.credentials import Registered
from verifier.fold.registry import Registry


@dataclass(frozen=True, slots=True)
class Answered:
    """A prover's proven answer.

    Attributes:
        answer: which bit.
        credentials: ids of the credentials it is from, one under each of the query's schemas, in their order.
        proof: of the answer, and of the clauses where there are some.
        clauses: for a NO to a query that asks for failed clauses: which clauses of the question hold; else None.
        disclosed: what it told of each of the question's attributes; the prover's word.
    """

    answer: bool
    credentials: tuple[str, ...]
    proof: bytes
    clauses: tuple[bool, ...] | None = None
    disclosed: tuple[Disclosed, ...] = ()

    @classmethod
    def of(cls, entry: AnswerEntry) -> Self:
        """Read the answer that an entry of the log holds."""
        return cls(entry.answer, entry.credentials, entry.proof, entry.clauses, entry.disclosed)


@dataclass(frozen=True, slots=True)
class Undetermined:
    """A prover's word that it cannot answer: `absent`, `stale` or `disputed`; nothing is proven."""

    reason: str
    credential: str | None


@dataclass(frozen=True, slots=True)
class Declined:
    """A prover's refusal, without a reason."""


ProverResponse = Answered | Undetermined | Declined


def require_credentials(
    query: Query, answered: Answered, *, registry: Registry, asked_at: int, now: int
) -> tuple[Registered, ...]:
    """Require that an answer is from credentials that may speak for the person it is about.

    Args:
        query: as put.
        answered: what the prover sent.
        registry: what the log says.
        asked_at: size of the log when the question was put.
        now: Unix seconds.

    Returns:
        One under each of the query's schemas, in their order.

    Raises:
        CheckFailed: which rule failed, and `.blame`.
    """
    if len(answered.credentials) != len(query.schema_digests):
        raise WrongSchema("the answer does not name one credential for each of the question's schemas")
    registered = tuple(_registered(registry, credential) for credential in answered.credentials)
    for each, schema_digest in zip(registered, query.schema_digests, strict=True):
        _require_credential(query, each, schema_digest, asked_at=asked_at, now=now)
    registry.require_lines(query, registered)
    return registered


def require_clauses(query: Query, predicate: Predicate, answered: Answered) -> None:
    """Require that a NO comes with clauses if it was asked for them, and only then, and that these fail the question.

    Raises:
        ClausesRefused: it does not (blame: provider).
    """
    due = query.reasons is Reasons.FAILED_CLAUSES and not answered.answer
    if answered.clauses is None:
        if due:
            raise ClausesRefused("a NO to this question comes with the clauses that failed, and this one does not")
        return
    if not due:
        raise ClausesRefused("the answer tells of clauses that it was not to tell of")
    try:
        holds = concluded(predicate.ast, answered.clauses)
    except StatementError as error:
        raise ClausesRefused(f"the question has other clauses: {error}") from error
    if holds:
        raise ClausesRefused("the clauses that are said to fail do not fail the question")


def require_disclosed(predicate: Predicate, vocabulary: Vocabulary, answered: Answered) -> None:
    """Require that what an answer says it disclosed is about the question, and leaves somebody possible.

    More than that nobody can tell who has no proof: it is the provider's word.

    Raises:
        DisclosedRefused: it is not (blame: provider).
    """
    if tuple(each.name for each in answered.disclosed) != predicate.attributes:
        raise DisclosedRefused("what the answer disclosed is not told of the question's attributes, in their order")
    for each in answered.disclosed:
        low, high = bounds_of(alone(each.name), vocabulary)
        if not each.left or each.left[0][0] < low or each.left[-1][1] > high:
            raise DisclosedRefused(f"{each.name}: the values that are said to be left are none, or out of bounds")


def _registered(registry: Registry, credential: str) -> Registered:
    try:
        return registry.credential(credential)
    except RegistryError as error:
        if registry.erased_index(credential) is not None:
            raise CredentialErased("what it is from was erased before it was logged") from error
        raise CredentialUnknown(str(error)) from error


def _require_credential(query: Query, registered: Registered, schema_digest: bytes, *, asked_at: int, now: int) -> None:
    credential = registered.credential
    ended = registered.ended_index
    age = query.as_of_day - calendar.day_number(credential.as_of)
    rules: tuple[tuple[bool, CheckFailed], ...] = (
        (credential.provider == query.provider, WrongProvider("the credential is another provider's")),
        (registered.index < asked_at, CredentialLate("the credential was logged after the question had been put")),
        (ended is None or ended >= asked_at, CredentialSuperseded(f"the credential was ended by entry {ended}")),
        (now < credential.expires_at, CredentialExpired("the credential had expired when it was used")),
        (credential.schema_digest == schema_digest, WrongSchema("the question is put under another schema")),
        (
            query.max_age is None or age <= query.max_age,
            CredentialStale(f"the credential is {age} days old, the question allows {query.max_age}"),
        ),
    )
    for kept, failure in rules:
        if not kept:
            raise failure
