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

from circuits import statement
from circuits.attributes import Schema
from circuits.credential import Credential
from circuits.errors import CircuitsError, PredicateTypeError, ProofError
from circuits.predicate import Predicate, parse
from circuits.predicate.clauses import clauses
from circuits.query import Query
from circuits.statement import Statement
from circuits.vocabulary import Vocabulary
from verifier.answered import Answered, require_clauses, require_credentials, require_disclosed
from verifier.asked import MOST_WAITING, require_asked
from verifier.consented import Granted, require_granted, require_usable
from verifier.entries.signed_request import SignedRequest
from verifier.errors import ProofRefused, QueryRefused, RegistryError, WrongSchema
from verifier.fold.credentials import Registered
from verifier.fold.registry import Registry

EngineName = Literal["fast", "reference"]


@dataclass(frozen=True, slots=True)
class Claim:
    """An answer that passed every rule and whose proof has yet to be verified against `statement`.

    Attributes:
        query: the verifier's own copy of the question.
        predicate: its meaning.
        vocabulary: its schemas.
        registered: the credentials it was answered from, one under each schema, in their order.
        answered: what the prover sent.
        asked_at: size of the log when the question was put.
        statement: what the proof has to prove.
        granted: the consent that it was asked under.
        signed: whether the relying party signed the question.
    """

    query: Query
    predicate: Predicate
    vocabulary: Vocabulary
    registered: tuple[Registered, ...]
    answered: Answered
    asked_at: int
    statement: Statement
    granted: Granted
    signed: bool = False

    @property
    def failed(self) -> tuple[Predicate, ...]:
        """The clauses that are said to fail, as questions of their own; none where clauses are not told."""
        if self.answered.clauses is None:
            return ()
        listed = zip(clauses(self.predicate), self.answered.clauses, strict=True)
        return tuple(clause for clause, holds in listed if not holds)

    def source(self, attribute: str) -> Credential:
        """The credential that an attribute of the question is taken from."""
        return self.registered[self.vocabulary.place(attribute)].credential

    @property
    def person(self) -> str:
        """Whom the provider's credentials are about, as they say."""
        return self.registered[0].credential.person


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
    consent: str,
    registry: Registry,
    audience: str,
    asked_at: int,
    now: int,
    request: SignedRequest | None = None,
    engine: EngineName = "fast",
) -> CheckedProof:
    """Check an answer: every rule, then the proof.

    Args:
        query: the verifier's own copy of the question.
        answered: what the prover sent.
        consent: the token of the consent that the question names.
        registry: what the log says.
        audience: the origin of this verifier.
        asked_at: size of the log when the question was put.
        now: Unix seconds; in replay, the time of the entry.
        request: the question as its relying party signed it, if it did.
        engine: which implementation verifies the proof.

    Raises:
        CheckFailed: which rule failed, and `.blame`.
    """
    claim = appraise(
        query,
        answered,
        consent=consent,
        registry=registry,
        audience=audience,
        asked_at=asked_at,
        now=now,
        request=request,
    )
    return verify(claim, engine=engine)


def verify(claim: Claim, *, engine: EngineName = "fast") -> CheckedProof:
    """Verify an appraised claim's proof; ProofRefused if it proves nothing (blame: provider)."""
    require_proof(claim.statement, claim.answered.proof, engine=engine)
    return CheckedProof(claim)


def require_proof(proven: Statement, proof: bytes, *, engine: EngineName) -> None:
    """Require that a proof proves a statement; ProofRefused if it does not (blame: provider)."""
    try:
        statement.verify(proven, proof, engine=engine)
    except ProofError as error:
        raise ProofRefused(f"the proof does not prove the answer: {error}") from error


def check_batch(claims: Sequence[Claim], *, entropy: bytes) -> list[CheckedProof | ProofRefused]:
    """Verify many appraised claims at once; a failure is narrowed down to the guilty ones.

    Args:
        claims: any number.
        entropy: 32 fresh random bytes for the batch's weights.

    Returns:
        For each claim its checked proof, or why it was refused.
    """
    refused = refusals([(claim.statement, claim.answered.proof) for claim in claims], entropy=entropy)
    return [CheckedProof(claim) if reason is None else reason for claim, reason in zip(claims, refused, strict=True)]


def refusals(proven: Sequence[tuple[Statement, bytes]], *, entropy: bytes) -> list[ProofRefused | None]:
    """Verify many proofs at once: for each why it is refused, or None; see check_batch.

    Args:
        proven: (statement, proof) each; any number.
        entropy: 32 fresh random bytes for the batch's weights.
    """
    if not proven:
        return []
    try:
        statement.verify_batch(proven, entropy=entropy)
    except ProofError as error:
        guilty = set(error.indices) or set(range(len(proven)))  # a failure that names nobody clears nobody
    else:
        guilty = set()
    return [
        ProofRefused("the proof does not prove the answer") if place in guilty else None for place in range(len(proven))
    ]


def appraise(
    query: Query,
    answered: Answered,
    *,
    consent: str,
    registry: Registry,
    audience: str,
    asked_at: int,
    now: int,
    request: SignedRequest | None = None,
) -> Claim:
    """Apply every rule but the proof's and rebuild the statement; see check.

    Raises:
        CheckFailed: which rule failed, and `.blame`.
    """
    _require_query(query, audience=audience, now=now)
    require_asked(query, request, registry=registry, asked_at=asked_at, now=now)
    vocabulary, predicate = _require_meaning(query, registry)
    granted = require_granted(query, predicate, vocabulary, consent, registry=registry, asked_at=asked_at)
    require_usable(granted, query, registry=registry, asked_at=asked_at)
    registered = require_credentials(query, answered, registry=registry, asked_at=asked_at, now=now)
    require_clauses(query, predicate, answered)
    require_disclosed(predicate, vocabulary, answered)
    try:
        rebuilt = statement.build(
            query,
            predicate,
            vocabulary,
            [each.credential for each in registered],
            answer=answered.answer,
            clauses=answered.clauses,
        )
    except PredicateTypeError as error:
        raise QueryRefused(f"the question cannot be proven: {error}") from error
    except CircuitsError as error:
        raise WrongSchema(f"the credentials cannot answer the question: {error}") from error
    return Claim(query, predicate, vocabulary, registered, answered, asked_at, rebuilt, granted, request is not None)


def require_consent(
    query: Query, consent: str, *, registry: Registry, audience: str, asked_at: int, now: int
) -> Granted:
    """Require that a question may be put, or be answered without yes or no, under a consent; see check.

    Whether the consent was withdrawn or used up is for require_usable.

    Raises:
        CheckFailed: which rule failed, and `.blame`.
    """
    _require_query(query, audience=audience, now=now)
    vocabulary, predicate = _require_meaning(query, registry)
    return require_granted(query, predicate, vocabulary, consent, registry=registry, asked_at=asked_at)


@lru_cache(maxsize=4096)
def _meaning(text: str, schemas: tuple[Schema, ...]) -> tuple[Vocabulary, Predicate]:
    """Parse a question; lenders ask the same ones over and over."""
    vocabulary = Vocabulary(schemas)
    return vocabulary, parse(text, vocabulary)


def _require_query(query: Query, *, audience: str, now: int) -> None:
    if query.audience != audience:
        raise QueryRefused("the question was put by another verifier")
    if now < query.issued_at:
        raise QueryRefused("the question was answered before it was put")
    if now >= query.expires_at:
        raise QueryRefused("the question had expired when it was answered")
    if query.expires_at - query.issued_at > MOST_WAITING:
        raise QueryRefused("the question was put for longer than questions are")


def _require_meaning(query: Query, registry: Registry) -> tuple[Vocabulary, Predicate]:
    try:
        schemas = tuple(registry.schema(digest) for digest in query.schema_digests)
        vocabulary, predicate = _meaning(query.predicate_text, schemas)
    except (RegistryError, CircuitsError) as error:
        raise QueryRefused(f"the question has no meaning under its schemas: {error}") from error
    if predicate.digest != query.predicate_digest:
        raise QueryRefused("the question's digest is not that of its text")
    if vocabulary.used(predicate.attributes) != vocabulary.schemas:
        raise QueryRefused("the question was put under a schema that it does not need")
    return vocabulary, predicate
