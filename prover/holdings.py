"""What the vault holds for a query: a subject and, under each schema of the question, their current credential.

One look-up finds all of it or nothing. It finds nothing for a subject who is unknown or erased, of whom nothing is in
the log yet, or who has not consented to what the query asks for: these cannot be told apart, not even by their cost.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Engine, Row, bindparam, exists, select

from circuits.attributes import Schema
from circuits.calendar import day_number
from circuits.credential import Credential
from circuits.jws import VerifyKey
from circuits.pedersen import Opening
from circuits.predicate import Predicate
from circuits.query import Query, Reasons
from circuits.vocabulary import Vocabulary
from prover import consent
from prover.errors import Declined, VaultError
from prover.models import CREDENTIALS, SUBJECTS
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
_CURRENT = (
    select(
        SUBJECTS,
        CREDENTIALS.c.schema_digest,
        CREDENTIALS.c.token,
        CREDENTIALS.c.sealed,
        CREDENTIALS.c.entry_index,
    )
    .join_from(SUBJECTS, CREDENTIALS, CREDENTIALS.c.subject_id == SUBJECTS.c.id)
    .where(
        SUBJECTS.c.lookup == bindparam("lookup"),
        CREDENTIALS.c.schema_digest.in_(bindparam("schemas", expanding=True)),
        CREDENTIALS.c.superseded_at.is_(None),
        _LOGGED,
    )
)
_CONSENTED = _CURRENT.where(consent.REQUIRED)


@dataclass(frozen=True, slots=True, repr=False)
class Held:
    """A current credential that is in the log, beside its sealed openings."""

    credential: Credential
    sealed: bytes

    def __repr__(self) -> str:
        return "<Held redacted>"


@dataclass(frozen=True, slots=True, repr=False)
class Holdings:
    """A subject, and what is held of them under each schema of a vocabulary, in its order.

    Attributes:
        subject: their sealed row.
        disputed: they dispute what is held of them.
        held: for each schema, the credential or why there is none to speak of.
    """

    subject: SealedSubject
    disputed: bool
    held: tuple[Held | Reason, ...]

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

    def open(self, vault: Vault, vocabulary: Vocabulary) -> Mapping[str, Opening]:
        """The openings of every attribute, each from the credential whose schema gives the name.

        Raises:
            VaultError: the bytes were changed, or belong to another subject, credential or schema.
        """
        openings: dict[str, Opening] = {}
        for place, (schema, held) in enumerate(zip(vocabulary.schemas, self.held, strict=True)):
            if isinstance(held, Held):
                opened = vault.open(self.subject, held.sealed, credential_id=held.credential.id, schema=schema)
                openings.update((name, opening) for name, opening in opened.items() if vocabulary.place(name) == place)
        return openings

    def _reason(self, credential: Credential, query: Query, needed: list[str], now: int) -> Reason | None:
        if self.disputed:
            return "disputed"
        age = query.as_of_day - day_number(credential.as_of)
        if now >= credential.expires_at or (query.max_age is not None and age > query.max_age):
            return "stale"
        return "absent" if any(name not in credential.commitments for name in needed) else None


def find(engine: Engine, vault: Vault, query: Query, vocabulary: Vocabulary, *, key: VerifyKey) -> Holdings:
    """Look up the subject of a query and their current credentials.

    Args:
        engine: the migrated database.
        vault: its vault.
        query: who is asked about, by whom, under which schemas, with which reasons.
        vocabulary: the query's schemas.
        key: the provider's.

    Raises:
        Declined: there is nothing to ask about, or no consent to asking it.
        VaultError, SignatureError, CredentialError: the vault was tampered with.
    """
    lookup = vault.lookup(query.subject)
    whose: dict[str, object] = {"lookup": lookup, "schemas": query.schema_digests}
    chosen = _CURRENT
    if query.reasons is not Reasons.OUTCOME_ONLY:
        chosen = _CONSENTED
        whose |= consent.asked(query, vault, lookup)
    with engine.connect().execution_options(reading=True) as connection:
        rows = connection.execute(chosen, whose).all()
    if not rows:
        raise Declined
    current = {bytes(row.schema_digest): row for row in rows}
    held = tuple(_held(current.get(schema.digest), schema, key) for schema in vocabulary.schemas)
    return Holdings(_subject(rows[0]), rows[0].disputed_at is not None, held)


def _held(row: Row[*tuple[Any, ...]] | None, schema: Schema, key: VerifyKey) -> Held | Reason:
    if row is None:
        return "absent"
    if row.entry_index is None:
        return "stale"
    credential = Credential.recall(row.token, key)
    if credential.schema_digest != schema.digest:
        raise VaultError("a stored credential is not under the schema it is kept under")
    return Held(credential, bytes(row.sealed))


def _subject(row: Row[*tuple[Any, ...]]) -> SealedSubject:
    return SealedSubject(bytes(row.id), bytes(row.lookup), bytes(row.sealed_reference), bytes(row.wrapped_key))
