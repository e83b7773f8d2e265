"""Answering a query: require that it may be answered, have the ledger decide and charge, prove the answer.

What is refused before the vault is looked at depends on public parts of the query only. What is declined afterwards is
declined in one way. Undetermined is an answer of its own: there is a subject, and no value to speak about.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from sqlalchemy import Engine

from circuits import predicate as predicates
from circuits import statement as statements
from circuits.compiler import require_provable
from circuits.jws import VerifyKey
from circuits.leakage import Disclosed
from circuits.predicate import Predicate
from circuits.query import Query
from circuits.statement import Witness
from circuits.vocabulary import Vocabulary
from prover.catalogue import Catalogue
from prover.disclosure import CLOCK_SKEW, Ledger
from prover.errors import QueryRefused
from prover.holdings import Reason
from prover.pool import ProvingPool
from prover.vault import Entropy, Vault

_VOCABULARIES = 256
_QUESTIONS = 1024


@dataclass(frozen=True, slots=True)
class Answered:
    """A proven yes or no.

    Attributes:
        answer: True for yes; a field of the proven statement.
        credentials: ids of the credentials whose commitments the proof is about, in the order of the query's schemas.
        proof: the proof's bytes.
        clauses: for a no that was asked with its reasons, for each clause of the question whether it holds; proven.
        disclosed: what the answer told, of each of the question's attributes; this provider's word.
    """

    answer: bool
    credentials: tuple[str, ...]
    proof: bytes
    clauses: tuple[bool, ...] | None = None
    disclosed: tuple[Disclosed, ...] = ()


@dataclass(frozen=True, slots=True)
class Undetermined:
    """No answer, and why: `absent` (no value for an attribute), `stale` (too old, or not in the log) or `disputed`.

    `credential` is the id of the one it lies with, the first in the order of the query's schemas; None if that is not
    in the log.
    """

    reason: Reason
    credential: str | None


class Responder:
    """Answers queries about a provider's subjects. Thread-safe."""

    def __init__(
        self,
        engine: Engine,
        vault: Vault,
        pool: ProvingPool,
        *,
        provider: str,
        key: VerifyKey,
        audiences: frozenset[str],
        shared: bool = False,
    ) -> None:
        """Args: the migrated database, its vault, the pool, the provider's id and key, the verifiers it serves.

        `shared`: one budget for all relying parties together (prover.disclosure).
        """
        self._schema = Catalogue(engine)
        self._ledger = Ledger(engine, vault, key=key, schemas=self._schema, shared=shared)
        self._pool = pool
        self._provider = provider
        self._audiences = audiences
        self._vocabulary = lru_cache(_VOCABULARIES)(self._read_vocabulary)
        self._predicate = lru_cache(_QUESTIONS)(predicates.parse)

    def respond(
        self, query: Query, *, now: int, entropy: Entropy, decided: Callable[[], None] = lambda: None
    ) -> Answered | Undetermined:
        """Answer a query with a proof.

        Args:
            query: from an authenticated verifier.
            now: Unix seconds.
            entropy: os.urandom in production.
            decided: called once it is decided that there is an answer, before that is proven.

        Raises:
            QueryRefused: another provider's or audience's query, expired, or under another schema or meaning (the
                verifier's fault).
            PredicateError: the question does not parse, or cannot be proven, under this schema (the verifier's fault).
            Declined: the provider does not say, and not why.
            ProverUnavailable: no proof could be made now.
            VaultError: the vault was tampered with.
        """
        vocabulary, predicate = self._require(query, now)
        spent = self._ledger.spend(query, predicate, vocabulary, now=now, entropy=entropy)
        decided()
        told = spent.told
        if told.answer is None or spent.openings is None:
            return Undetermined(cast("Reason", told.reason), told.gap)
        statement = statements.build(
            query, predicate, vocabulary, spent.credentials, answer=told.answer, clauses=told.clauses
        )
        proof = self._pool.prove(statement, Witness.of(statement, spent.openings), entropy=entropy(32))
        return Answered(told.answer, told.credentials, proof, told.clauses, told.disclosed)

    def _require(self, query: Query, now: int) -> tuple[Vocabulary, Predicate]:
        if query.provider != self._provider:
            raise QueryRefused("the query is for another provider")
        if query.audience not in self._audiences:
            raise QueryRefused("the query comes from a verifier this provider does not serve")
        if now >= query.expires_at + CLOCK_SKEW:  # what comes too late by its own clock, the verifier refuses itself
            raise QueryRefused("the query has expired")
        if now < query.issued_at - CLOCK_SKEW:
            raise QueryRefused("the query was issued in the future")
        vocabulary = self._vocabulary(query.schema_digests)
        predicate = self._predicate(query.predicate_text, vocabulary)
        if predicate.digest != query.predicate_digest:
            raise QueryRefused("the query's predicate digest is not the digest of its predicate")
        if vocabulary.used(predicate.attributes) != vocabulary.schemas:
            raise QueryRefused("the query's question does not need all of its schemas")
        require_provable(predicate, vocabulary, as_of=query.as_of_day, reasons=query.reasons)
        return vocabulary, predicate

    def _read_vocabulary(self, digests: tuple[bytes, ...]) -> Vocabulary:
        return Vocabulary(tuple(self._schema(digest) for digest in digests))
