"""The one appraisal of a proven answer, live and in replay.

`appraise` applies every rule and rebuilds the statement from the verifier's own copy of the query; `verify` adds the
cryptography. The result types are turnstiles: only `check` and `check_batch` make a `CheckedProof`.

Rules that depend on the log are read at `asked_at`, the size the log had when the question was put, so that the live
check and a replay years later see the same past: what was logged later neither helps nor hurts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from circuits import calendar, statement
from circuits.attributes import Schema
from circuits.errors import CircuitsError, ProofError
from circuits.predicate import Predicate, parse
from circuits.query import Query
from circuits.statement import Statement
from circuits.vocabulary import Vocabulary
from verifier.errors import (
    CheckFailed,
    CredentialExpired,
    CredentialLate,
    CredentialStale,
    CredentialSuperseded,
    CredentialUnknown,
    ProofRefused,
    QueryRefused,
    RegistryError,
    WrongProvider,
    WrongSchema,
)
from verifier.registry import Registered, Registry

EngineName = Literal["fast", "reference"]


@dataclass(frozen=True, slots=True)
class Answered:
    """A prover's proven answer: which credential, which bit, and the proof."""

    answer: bool
    credential: str
    proof: bytes


@dataclass(frozen=True, slots=True)
class Undetermined:
    """A prover's word that it cannot answer: `absent`, `stale` or `disputed`; nothing is proven."""

    reason: str
    credential: str | None


@dataclass(frozen=True, slots=True)
class Declined:
    """A prover's refusal, without a reason."""


ProverResponse = Answered | Undetermined | Declined


@dataclass(frozen=True, slots=True)
class Claim:
    """An answer that passed every rule and whose proof has yet to be verified against `statement`."""

    query: Query
    predicate: Predicate
    registered: Registered
    answered: Answered
    asked_at: int
    statement: Statement


@dataclass(frozen=True, slots=True)
class CheckedProof:
    """An answer whose proof has been verified. Only this module makes one."""

    claim: Claim

    @property
    def query(self) -> Query:
        """What was asked."""
        return self.claim.query

    @property
    def answer(self) -> bool:
        """The proven bit."""
        return self.claim.answered.answer


def check(
    query: Query,
    answered: Answered,
    *,
    registry: Registry,
    audience: str,
    asked_at: int,
    now: int,
    engine: EngineName = "fast",
) -> CheckedProof:
    """Check an answer: every rule, then the proof.

    Args:
        query: the verifier's own copy of the question.
        answered: what the prover sent.
        registry: what the log says.
        audience: the origin of this verifier.
        asked_at: size of the log when the question was put.
        now: Unix seconds; in replay, the time of the entry.
        engine: which implementation verifies the proof.

    Raises:
        CheckFailed: which rule failed, and `.blame`.
    """
    claim = appraise(query, answered, registry=registry, audience=audience, asked_at=asked_at, now=now)
    return verify(claim, engine=engine)


def verify(claim: Claim, *, engine: EngineName = "fast") -> CheckedProof:
    """Verify an appraised claim's proof; ProofRefused if it proves nothing (blame: provider)."""
    try:
        statement.verify(claim.statement, claim.answered.proof, engine=engine)
    except ProofError as error:
        raise ProofRefused(f"the proof does not prove the answer: {error}") from error
    return CheckedProof(claim)


def check_batch(claims: Sequence[Claim], *, entropy: bytes) -> list[CheckedProof | ProofRefused]:
    """Verify many appraised claims at once; a failure is narrowed down to the guilty ones.

    Args:
        claims: any number.
        entropy: 32 fresh random bytes for the batch's weights.

    Returns:
        For each claim its checked proof, or why it was refused.
    """
    if not claims:
        return []
    try:
        statement.verify_batch([(claim.statement, claim.answered.proof) for claim in claims], entropy=entropy)
    except ProofError as error:
        guilty = set(error.indices) or set(range(len(claims)))  # a failure that names nobody clears nobody
    else:
        guilty = set()
    return [
        ProofRefused("the proof does not prove the answer") if place in guilty else CheckedProof(claim)
        for place, claim in enumerate(claims)
    ]


def appraise(query: Query, answered: Answered, *, registry: Registry, audience: str, asked_at: int, now: int) -> Claim:
    """Apply every rule but the proof's and rebuild the statement; see check.

    Raises:
        CheckFailed: which rule failed, and `.blame`.
    """
    _require_query(query, audience=audience, now=now)
    registered = _require_credential(query, answered, registry=registry, asked_at=asked_at, now=now)
    try:
        schema = registry.schema(query.schema_digests[0])
        predicate = _parsed(query.predicate_text, schema)
    except (RegistryError, CircuitsError) as error:
        raise QueryRefused(f"the question has no meaning under its schema: {error}") from error
    if predicate.digest != query.predicate_digest:
        raise QueryRefused("the question's digest is not that of its text")
    try:
        rebuilt = statement.build(
            query, predicate, Vocabulary((schema,)), [registered.credential], answer=answered.answer
        )
    except CircuitsError as error:
        raise WrongSchema(f"the credential cannot answer the question: {error}") from error
    return Claim(query, predicate, registered, answered, asked_at, rebuilt)


@lru_cache(maxsize=4096)
def _parsed(text: str, schema: Schema) -> Predicate:
    """Parse a question; lenders ask the same ones over and over."""
    return parse(text, schema)


def _require_query(query: Query, *, audience: str, now: int) -> None:
    if query.audience != audience:
        raise QueryRefused("the question was put by another verifier")
    if now < query.issued_at:
        raise QueryRefused("the question was answered before it was put")
    if now >= query.expires_at:
        raise QueryRefused("the question had expired when it was answered")


def _require_credential(query: Query, answered: Answered, *, registry: Registry, asked_at: int, now: int) -> Registered:
    try:
        registered = registry.credential(answered.credential)
    except RegistryError as error:
        raise CredentialUnknown(str(error)) from error
    credential = registered.credential
    ended = registered.ended_index
    age = query.as_of_day - calendar.day_number(credential.as_of)
    rules: tuple[tuple[bool, CheckFailed], ...] = (
        (credential.provider == query.provider, WrongProvider("the credential is another provider's")),
        (registered.index < asked_at, CredentialLate("the credential was logged after the question had been put")),
        (ended is None or ended >= asked_at, CredentialSuperseded(f"the credential was ended by entry {ended}")),
        (now < credential.expires_at, CredentialExpired("the credential had expired when it was used")),
        (credential.schema_digest == query.schema_digests[0], WrongSchema("the question is put under another schema")),
        (
            query.max_age is None or age <= query.max_age,
            CredentialStale(f"the credential is {age} days old, the question allows {query.max_age}"),
        ),
    )
    for kept, failure in rules:
        if not kept:
            raise failure
    registry.require_line(query, registered)
    return registered
