"""Answering a query: require that it may be answered, open what it is about, prove the answer.

What is refused before the vault is looked at depends on public parts of the query only. What is declined afterwards is
declined in one way. Undetermined is an answer of its own: there is a subject, and no value to speak about.
"""

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Engine, Row, bindparam, select

from circuits import predicate as predicates
from circuits import statement as statements
from circuits.attributes import Attribute, Schema
from circuits.calendar import day_number
from circuits.compiler import compile_predicate
from circuits.credential import Credential
from circuits.group import N
from circuits.jws import VerifyKey
from circuits.pedersen import Opening
from circuits.predicate import Predicate
from circuits.query import Query
from circuits.statement import Witness
from circuits.values import ORDERED
from circuits.vocabulary import Vocabulary
from prover.errors import Declined, QueryRefused, VaultError
from prover.models import CREDENTIALS, SCHEMAS, SUBJECTS
from prover.pool import ProvingPool
from prover.vault import Entropy, SealedSubject, Vault

CLOCK_SKEW = 60
"""Seconds by which a verifier's clock may be ahead of ours."""

_THEIRS = (
    select(SUBJECTS, CREDENTIALS.c.token, CREDENTIALS.c.sealed, CREDENTIALS.c.entry_index)
    .join_from(SUBJECTS, CREDENTIALS, CREDENTIALS.c.subject_id == SUBJECTS.c.id)
    .where(SUBJECTS.c.lookup == bindparam("lookup"), CREDENTIALS.c.schema_digest == bindparam("schema"))
)
_CURRENT = _THEIRS.where(CREDENTIALS.c.superseded_at.is_(None))
_LOGGED = _THEIRS.where(CREDENTIALS.c.entry_index.is_not(None)).limit(1)


@dataclass(frozen=True, slots=True)
class Answered:
    """A proven yes or no.

    Attributes:
        answer: True for yes; a field of the proven statement.
        credential: id of the credential whose commitments the proof is about.
        proof: the proof's bytes.
    """

    answer: bool
    credential: str
    proof: bytes


@dataclass(frozen=True, slots=True)
class Undetermined:
    """No answer, and why: `absent` (no value for an attribute), `stale` (too old, or not in the log) or `disputed`."""

    reason: Literal["absent", "stale", "disputed"]
    credential: str | None


@dataclass(frozen=True, slots=True)
class _Held:
    """What the vault holds for a query: a subject and their current credential, which is in the log."""

    subject: SealedSubject
    credential: Credential
    sealed: bytes
    disputed: bool


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
    ) -> None:
        """Args: the migrated database, its vault, the pool, the provider's id and key, the verifiers it serves."""
        self._engine = engine
        self._vault = vault
        self._pool = pool
        self._provider = provider
        self._key = key
        self._audiences = audiences
        self._schemas: dict[bytes, Schema] = {}

    def respond(self, query: Query, *, now: int, entropy: Entropy) -> Answered | Undetermined:
        """Answer a query with a proof.

        Args:
            query: from an authenticated verifier.
            now: Unix seconds.
            entropy: os.urandom in production.

        Raises:
            QueryRefused: another provider's or audience's query, expired, or under another schema or meaning (the
                verifier's fault).
            PredicateError: the question does not parse, or cannot be proven, under this schema (the verifier's fault).
            Declined: the provider does not say, and not why.
            ProverUnavailable: no proof could be made now.
            VaultError: the vault was tampered with.
        """
        schema, predicate = self._require(query, now)
        held = self._find(query, schema)
        if isinstance(held, Undetermined):
            return held
        if (reason := _gap(held, query, predicate, now)) is not None:
            return Undetermined(reason, held.credential.id)
        openings = self._vault.open(held.subject, held.sealed, credential_id=held.credential.id, schema=schema)
        values = {name: _value(schema.attribute(name), openings[name]) for name in predicate.attributes}
        answer = predicates.evaluate(predicate, values, query.as_of_day)
        statement = statements.build(query, predicate, Vocabulary((schema,)), [held.credential], answer=answer)
        proof = self._pool.prove(statement, Witness.of(statement, openings), entropy=entropy(32))
        return Answered(answer, held.credential.id, proof)

    def _require(self, query: Query, now: int) -> tuple[Schema, Predicate]:
        if query.provider != self._provider:
            raise QueryRefused("the query is for another provider")
        if query.audience not in self._audiences:
            raise QueryRefused("the query comes from a verifier this provider does not serve")
        if now >= query.expires_at:
            raise QueryRefused("the query has expired")
        if now < query.issued_at - CLOCK_SKEW:
            raise QueryRefused("the query was issued in the future")
        schema = self._schema(query.schema_digests[0])
        predicate = predicates.parse(query.predicate_text, schema)
        if predicate.digest != query.predicate_digest:
            raise QueryRefused("the query's predicate digest is not the digest of its predicate")
        # Compiled here and not only when it is proven: what cannot be proven is refused whoever it is about.
        compile_predicate(predicate, schema, as_of=query.as_of_day, answer=True)
        return schema, predicate

    def _schema(self, digest: bytes) -> Schema:
        if (known := self._schemas.get(digest)) is not None:
            return known
        with self._engine.connect().execution_options(reading=True) as connection:
            body = connection.scalar(select(SCHEMAS.c.body).where(SCHEMAS.c.digest == digest))
        if body is None:
            raise QueryRefused("the query is under a schema this provider does not use")
        schema = Schema.from_json(bytes(body))
        if schema.digest != digest:
            raise VaultError("a stored schema is not the one it is kept as")
        self._schemas[digest] = schema
        return schema

    def _find(self, query: Query, schema: Schema) -> _Held | Undetermined:
        """The subject's current credential under this schema. Raises Declined: there is nothing to ask about."""
        whose = {"lookup": self._vault.lookup(query.subject), "schema": schema.digest}
        with self._engine.connect().execution_options(reading=True) as connection:
            row = connection.execute(_CURRENT, whose).one_or_none()
            if row is None:
                raise Declined
            if row.entry_index is None:
                # Nothing may be asked about a commitment before it is in the log. Someone with an older one there
                # exists for the verifier, and what it says is out of date; anyone else does not.
                if connection.execute(_LOGGED, whose).first() is None:
                    raise Declined
                return Undetermined("stale", None)
        return self._held(row)

    def _held(self, row: Row[*tuple[Any, ...]]) -> _Held:
        subject = SealedSubject(bytes(row.id), bytes(row.lookup), bytes(row.sealed_reference), bytes(row.wrapped_key))
        credential = Credential.recall(row.token, self._key)
        return _Held(subject, credential, bytes(row.sealed), disputed=row.disputed_at is not None)


def _gap(held: _Held, query: Query, predicate: Predicate, now: int) -> Literal["absent", "stale", "disputed"] | None:
    """Why no answer can be given, if none can."""
    if held.disputed:
        return "disputed"
    age = query.as_of_day - day_number(held.credential.as_of)
    if now >= held.credential.expires_at or (query.max_age is not None and age > query.max_age):
        return "stale"
    if any(name not in held.credential.commitments for name in predicate.attributes):
        return "absent"
    return None


def _value(attribute: Attribute, opening: Opening) -> int:
    """The encoded value behind an opening: scalars above N/2 stand for negative numbers."""
    return opening.value - N if attribute.type in ORDERED and opening.value > N // 2 else opening.value
