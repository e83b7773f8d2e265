"""What the vault holds for a query: a consent, its subject and, under each schema, their current credential.

It is looked for by the consent's digest, in the same statements whatever is there. Nothing is found for a consent that
nobody gave or whose subject is erased: these cannot be told apart, not even by what it costs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import Connection, Row, and_, bindparam, exists, select

from circuits.attributes import Schema
from circuits.calendar import day_number
from circuits.credential import Credential
from circuits.jws import VerifyKey
from circuits.pedersen import Opening
from circuits.predicate import Predicate
from circuits.query import Query
from circuits.vocabulary import Vocabulary
from prover import people
from prover.errors import VaultError
from prover.models import CONSENTS, CREDENTIALS, SUBJECTS
from prover.vault import SealedSubject, Vault

Reason = Literal["absent", "stale", "disputed"]
"""Why there is no answer: no value for an attribute; too old, or not in the log; the subject disputes what is held."""

_OLDER = CREDENTIALS.alias("older")
# Nothing may be asked about a commitment before it is in the log. Someone with an older one there exists for the
# verifier, and what it says is out of date; anyone else does not.
_LOGGED = CREDENTIALS.c.entry_index.is_not(None) | exists().where(
    _OLDER.c.subject_id == CREDENTIALS.c.subject_id,
    _OLDER.c.schema_digest == CREDENTIALS.c.schema_digest,
    _OLDER.c.entry_index.is_not(None),
)
_WHOSE = (CONSENTS.c.digest == bindparam("digest")) & SUBJECTS.c.lookup.is_not(None)
# Until the transaction ends nobody else answers about this subject, erases them, or takes their consent back.
_HOLD = (
    select(SUBJECTS.c.id)
    .join_from(CONSENTS, SUBJECTS, CONSENTS.c.subject_id == SUBJECTS.c.id)
    .where(_WHOSE)
    .with_for_update(of=SUBJECTS)
)
# Read once the row is held: whoever waits for it has a view of the other rows from before the wait.
_ASKED = (
    select(
        SUBJECTS,
        CONSENTS.c.id.label("consent_id"),
        CONSENTS.c.sealed.label("consent"),
        CONSENTS.c.revoked_at,
    )
    .join_from(CONSENTS, SUBJECTS, CONSENTS.c.subject_id == SUBJECTS.c.id)
    .where(_WHOSE)
)
_COLUMNS = (
    CREDENTIALS.c.id,
    CREDENTIALS.c.schema_digest,
    CREDENTIALS.c.token,
    CREDENTIALS.c.sealed,
    CREDENTIALS.c.entry_index,
)
_THEIRS = select(*_COLUMNS).where(CREDENTIALS.c.subject_id == bindparam("subject"))
_CURRENT = _THEIRS.where(
    and_(
        CREDENTIALS.c.schema_digest.in_(bindparam("schemas", expanding=True)),
        CREDENTIALS.c.superseded_at.is_(None),
        _LOGGED,
    )
)
_NAMED = _THEIRS.where(CREDENTIALS.c.id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """Whom a query is about, and the consent it names, as stored.

    Attributes:
        subject: their sealed row.
        disputed: they dispute what is held of them.
        consent_id: 16 bytes.
        consent: the sealed token.
        revoked: it was taken back.
    """

    subject: SealedSubject
    disputed: bool
    consent_id: bytes
    consent: bytes
    revoked: bool

    def __repr__(self) -> str:
        return "<Asked redacted>"


@dataclass(frozen=True, slots=True, repr=False)
class Held:
    """A current credential that is in the log, beside its sealed openings."""

    credential: Credential
    sealed: bytes

    def __repr__(self) -> str:
        return "<Held redacted>"


@dataclass(frozen=True, slots=True, repr=False)
class Holdings:
    """What is held of a subject under each schema of a vocabulary, in its order.

    Attributes:
        asked: whom it is about.
        held: for each schema, the credential or why there is none to speak of.
        exists: there is something in the log, so that this person exists for the verifier.
    """

    asked: Asked
    held: tuple[Held | Reason, ...]
    exists: bool

    def __repr__(self) -> str:
        return "<Holdings redacted>"

    def gap(
        self, query: Query, predicate: Predicate, vocabulary: Vocabulary, now: int
    ) -> tuple[Reason, str | None] | None:
        """Why no answer can be given, and the id of the credential it lies with, if there is one; None if all is there.

        The first gap in the order of the schemas is the one that is told.
        """
        for place, held in enumerate(self.held):
            if not isinstance(held, Held):
                return held, None
            needed = [name for name in predicate.attributes if vocabulary.place(name) == place]
            reason = self._reason(held.credential, query, needed, now)
            if reason is not None:
                return reason, held.credential.id
        return None

    def credentials(self) -> tuple[Credential, ...]:
        """The credentials, one under each schema; of holdings without a gap."""
        return tuple(held.credential for held in self.held if isinstance(held, Held))

    def current(self, vocabulary: Vocabulary) -> Mapping[str, str]:
        """Which credential speaks for each attribute, by its id; an attribute without one is not in it."""
        found: dict[str, str] = {}
        for attribute in vocabulary:
            held = self.held[vocabulary.place(attribute.name)]
            if isinstance(held, Held):
                found[attribute.name] = held.credential.id
        return found

    def open(self, vault: Vault, vocabulary: Vocabulary) -> Mapping[str, Opening]:
        """The openings of every attribute, each from the credential whose schema gives the name.

        Raises:
            VaultError: the bytes were changed, or belong to another subject, credential or schema.
        """
        openings: dict[str, Opening] = {}
        for place, (schema, held) in enumerate(zip(vocabulary.schemas, self.held, strict=True)):
            if isinstance(held, Held):
                opened = vault.open(self.asked.subject, held.sealed, credential_id=held.credential.id, schema=schema)
                openings.update((name, opening) for name, opening in opened.items() if vocabulary.place(name) == place)
        return openings

    def _reason(self, credential: Credential, query: Query, needed: list[str], now: int) -> Reason | None:
        if self.asked.disputed:
            return "disputed"
        age = query.as_of_day - day_number(credential.as_of)
        # The verifier looks at its own clock when the answer arrives: all that is known of that is until when it may.
        expired = now >= credential.expires_at or query.expires_at > credential.expires_at
        if expired or (query.max_age is not None and age > query.max_age):
            return "stale"
        return "absent" if any(name not in credential.commitments for name in needed) else None


def locked(connection: Connection, vault: Vault, query: Query) -> Asked | None:
    """Find whom a query is about by the consent it names, and hold their row until the transaction ends."""
    named = {"digest": vault.consent_lookup(query.consent)}
    if connection.dialect.name != "sqlite":  # where every transaction holds all rows: see api.database
        connection.execute(_HOLD, named)
    row = connection.execute(_ASKED, named).one_or_none()
    if row is None:
        return None
    return Asked(
        people.read(row),
        row.disputed_at is not None,
        bytes(row.consent_id),
        bytes(row.consent),
        row.revoked_at is not None,
    )


def find(connection: Connection, asked: Asked, vocabulary: Vocabulary, *, key: VerifyKey) -> Holdings:
    """Look up the current credentials of a subject.

    Raises:
        VaultError, SignatureError, CredentialError: the vault was tampered with.
    """
    schemas = [schema.digest for schema in vocabulary.schemas]
    rows = connection.execute(_CURRENT, {"subject": asked.subject.id, "schemas": schemas}).all()
    return _holdings(asked, rows, vocabulary, key)


def find_again(
    connection: Connection, asked: Asked, ids: Sequence[str], vocabulary: Vocabulary, *, key: VerifyKey
) -> Holdings:
    """Look up the very credentials that a question was answered about before. Raises as find does."""
    rows = connection.execute(_NAMED, {"subject": asked.subject.id, "ids": list(ids)}).all()
    return _holdings(asked, rows, vocabulary, key)


def _holdings(asked: Asked, rows: Sequence[Row[*tuple[Any, ...]]], vocabulary: Vocabulary, key: VerifyKey) -> Holdings:
    current = {bytes(row.schema_digest): row for row in rows}
    held = tuple(_held(current.get(schema.digest), schema, key) for schema in vocabulary.schemas)
    return Holdings(asked, held, exists=bool(rows))


def _held(row: Row[*tuple[Any, ...]] | None, schema: Schema, key: VerifyKey) -> Held | Reason:
    if row is None:
        return "absent"
    if row.entry_index is None:
        return "stale"
    credential = _credential(row.token, key)
    if credential.schema_digest != schema.digest:
        raise VaultError("a stored credential is not under the schema it is kept under")
    return Held(credential, bytes(row.sealed))


@lru_cache(maxsize=4096)
def _credential(token: str, key: VerifyKey) -> Credential:
    """Read a credential; people are asked about more than once."""
    return Credential.recall(token, key)
