"""The vault: what is known of a subject, sealed under a key of their own, which is wrapped by the vault's owner.

Erasing a subject destroys that key. Values and blindings are sealed together: without them nobody, this prover
included, can open or prove the commitments any more. References are found by keyed hash, never stored in the clear.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from circuits.attributes import Schema
from circuits.consent import HANDLE
from circuits.encoding import fields
from circuits.pedersen import Opening
from prover.errors import KeyRefused, SubjectUnknown, VaultError
from prover.keys import KEY_BYTES, NONCE_BYTES, KeyProvider
from prover.models import (
    CONSENTS,
    CREDENTIALS,
    INQUIRIES,
    KNOWLEDGE,
    OUTBOX,
    SUBJECTS,
    TOKENS,
    VAULT_KEYS,
)

Entropy = Callable[[int], bytes]
"""Draws that many fresh random bytes: `os.urandom` in production."""

_OPENING_BYTES = 64
_TRIES = 5
_ABSENT, _PRESENT = b"\x00", b"\x01"
_INDEX_CONTEXT = fields("zkattest/vault/index-key/1")


@dataclass(frozen=True, slots=True, repr=False)
class SealedSubject:
    """A subject as stored: the columns `id` (16 random bytes), `lookup`, `sealed_reference` and `wrapped_key`."""

    id: bytes
    lookup: bytes
    sealed_reference: bytes
    wrapped_key: bytes

    def __repr__(self) -> str:
        return f"<SealedSubject {self.id.hex()} redacted>"


class Vault:
    """Seals and opens; holds the key-encryption key's provider and the index key, and no subject's key for long."""

    __slots__ = ("_index_key", "_keys")

    def __init__(self, keys: KeyProvider, index_key: bytes) -> None:
        self._keys = keys
        self._index_key = index_key

    def __repr__(self) -> str:
        return "<Vault redacted>"

    @classmethod
    def unlock(cls, engine: Engine, keys: KeyProvider, *, entropy: Entropy) -> "Vault":
        """Open the vault in this database; the first time, draw its index key.

        Raises:
            KeyRefused: the vault was sealed under another key-encryption key (the operator's fault).
        """
        with engine.begin() as connection:
            wrapped = connection.scalar(select(VAULT_KEYS.c.wrapped).where(VAULT_KEYS.c.name == "index"))
            if wrapped is None:
                index_key = entropy(KEY_BYTES)
                wrapped = keys.wrap(index_key, context=_INDEX_CONTEXT, nonce=entropy(NONCE_BYTES))
                connection.execute(insert(VAULT_KEYS).values(name="index", wrapped=wrapped))
        return cls(keys, keys.unwrap(bytes(wrapped), context=_INDEX_CONTEXT))

    def lookup(self, reference: str) -> bytes:
        """The keyed hash under which a subject is found, 32 bytes; useless without the vault's key."""
        return self._keyed(fields("zkattest/vault/lookup/1", reference.encode()))

    def fingerprint(self, lookup: bytes, schema_digest: bytes, record: bytes) -> bytes:
        """The keyed hash by which a record that was issued before is known again, 32 bytes."""
        return self._keyed(fields("zkattest/vault/fingerprint/1", lookup, schema_digest, record))

    def seal_subject(self, reference: str, *, entropy: Entropy) -> tuple[SealedSubject, bytes]:
        """A new subject with a key of their own. Returns its columns and the key, for `seal` and nothing else."""
        subject_id, key = entropy(16), entropy(KEY_BYTES)
        lookup = self.lookup(reference)
        nonce = entropy(NONCE_BYTES)
        sealed = nonce + AESGCM(key).encrypt(nonce, reference.encode(), _reference_context(subject_id, lookup))
        wrapped = self._keys.wrap(key, context=_key_context(subject_id, lookup), nonce=entropy(NONCE_BYTES))
        return SealedSubject(subject_id, lookup, sealed, wrapped), key

    def subject_key(self, subject: SealedSubject) -> bytes:
        """Unwrap a subject's key. Raises VaultError: not this row's key, changed, or wrapped by another."""
        try:
            return self._keys.unwrap(subject.wrapped_key, context=_key_context(subject.id, subject.lookup))
        except KeyRefused as error:
            raise VaultError(f"a subject's key does not open: {error}") from None

    def reference(self, subject: SealedSubject) -> str:
        """The provider's own reference for this person, for the operator's eyes. Raises VaultError."""
        context = _reference_context(subject.id, subject.lookup)
        return _open(self.subject_key(subject), subject.sealed_reference, context).decode()

    def seal(
        self,
        key: bytes,
        openings: Mapping[str, Opening],
        *,
        subject_id: bytes,
        credential_id: str,
        schema: Schema,
        entropy: Entropy,
    ) -> bytes:
        """Seal a credential's openings, in the schema's order; absent attributes stay absent."""
        parts: list[bytes] = []
        for attribute in schema.attributes:
            opening = openings.get(attribute.name)
            if opening is None:
                parts.append(_ABSENT)
                continue
            parts.append(_PRESENT + opening.to_bytes())
        nonce = entropy(NONCE_BYTES)
        context = _openings_context(subject_id, credential_id, schema)
        return nonce + AESGCM(key).encrypt(nonce, b"".join(parts), context)

    def open(
        self, subject: SealedSubject, sealed: bytes, *, credential_id: str, schema: Schema
    ) -> Mapping[str, Opening]:
        """The openings of one credential, by attribute name in the schema's order.

        Raises:
            VaultError: the bytes were changed, or belong to another subject, credential or schema.
        """
        plain = _open(self.subject_key(subject), sealed, _openings_context(subject.id, credential_id, schema))
        openings: dict[str, Opening] = {}
        position = 0
        for attribute in schema.attributes:
            present = plain[position : position + 1] == _PRESENT
            position += 1
            if present:
                openings[attribute.name] = Opening.from_bytes(plain[position : position + _OPENING_BYTES])
                position += _OPENING_BYTES
        if position != len(plain):
            raise VaultError("sealed openings do not fit their schema")
        return openings

    def party_lookup(self, subject_lookup: bytes, relying_party: str) -> bytes:
        """The keyed hash under which what concerns a subject and a relying party is found, another per subject.

        What concerns all relying parties together is found under the hash of no name.
        """
        return self._keyed(fields("zkattest/vault/party/1", subject_lookup, relying_party.encode()))

    def pairwise(self, subject_id: bytes, relying_party: str) -> bytes:
        """The handle by which this relying party asks about a subject, 16 bytes; looks random, and is always the same.

        No two relying parties can tell that they ask about the same person, and nobody that somebody who was erased
        and is here again is the same.
        """
        message = fields("zkattest/vault/pairwise/1", subject_id, relying_party.encode())
        return self._keyed(message)[:HANDLE]

    def consent_lookup(self, digest: str) -> bytes:
        """The keyed hash under which a consent is found; `digest` is as queries write it, or anything else."""
        return self._keyed(fields("zkattest/vault/consent-digest/1", digest.encode()))

    def query_lookup(self, digest: bytes) -> bytes:
        """The keyed hash under which a query that came before is found."""
        return self._keyed(fields("zkattest/vault/query/1", digest))

    def token_lookup(self, token: str) -> bytes:
        """The keyed hash under which a subject's token is found."""
        return self._keyed(fields("zkattest/vault/subject-token/1", token.encode()))

    def notes(self, subject: SealedSubject) -> "Notes":
        """What is noted about a subject, for as long as one transaction. Raises VaultError: see `subject_key`."""
        return Notes(subject.id, self.subject_key(subject))

    def erase(self, engine: Engine, reference: str, *, now: int) -> int:
        """Destroy all that is held of a subject; returns how many credentials can no longer be opened.

        The log keeps its entries: hashes of commitments that nobody can open.

        Raises:
            SubjectUnknown: no such subject (the operator's fault).
        """
        with engine.begin() as connection:
            erased = self.erase_in(connection, reference, now=now)
        self.forget(engine)
        return len(erased)

    def erase_in(self, connection: Connection, reference: str, *, now: int) -> tuple[str, ...]:
        """Erase a subject within a transaction of the caller's, who has it forgotten afterwards: see `forget`.

        Returns:
            The ids of all credentials they ever had, registered or not.

        Raises:
            SubjectUnknown: no such subject (the operator's fault).
        """
        lookup = self.lookup(reference)
        subject_id = connection.scalar(select(SUBJECTS.c.id).where(SUBJECTS.c.lookup == lookup).with_for_update())
        if subject_id is None:
            raise SubjectUnknown("no such subject in this vault")
        erased: dict[str, int | None] = {
            "lookup": None,
            "sealed_reference": None,
            "wrapped_key": None,
            "disputed_at": None,
            "erased_at": now,
        }
        connection.execute(update(SUBJECTS).where(SUBJECTS.c.id == subject_id).values(erased))
        theirs = CREDENTIALS.c.subject_id == subject_id
        mine = select(CREDENTIALS.c.id).where(theirs)
        # In the order in which they are marked as registered: see prover.issuance.
        connection.execute(mine.order_by(CREDENTIALS.c.id).with_for_update())
        connection.execute(
            update(CREDENTIALS).where(theirs, CREDENTIALS.c.superseded_at.is_(None)).values(superseded_at=now)
        )
        connection.execute(delete(OUTBOX).where(OUTBOX.c.credential_id.in_(mine)))
        for table in (INQUIRIES, CONSENTS, KNOWLEDGE, TOKENS):
            connection.execute(delete(table).where(table.c.subject_id == subject_id))
        connection.execute(update(CREDENTIALS).where(theirs).values(sealed=None, fingerprint=None))
        return tuple(connection.scalars(mine).all())

    @staticmethod
    def forget(engine: Engine) -> None:
        """Have SQLite empty its write-ahead log: the rows as they were before an erasure are still in it.

        Whoever reads is waited for, up to a second a time. If somebody reads all the while, or we are killed before,
        the next erasure empties it, or the next start.
        """
        for _ in range(_TRIES):
            with engine.connect().execution_options(checkpointed=True) as connection:
                connection.execute(select(SUBJECTS.c.id).limit(1))
                if connection.info.pop("checkpointed", True):
                    return

    def seal_request(self, request: bytes, *, of: bytes, entropy: Entropy) -> bytes:
        """Seal what is still to be told about a person who is erased already; `of` names the row it is kept in."""
        nonce = entropy(NONCE_BYTES)
        return nonce + AESGCM(self._request_key()).encrypt(nonce, request, _request_context(of))

    def open_request(self, sealed: bytes, *, of: bytes) -> bytes:
        """Open what seal_request sealed. Raises VaultError."""
        return _open(self._request_key(), sealed, _request_context(of))

    def _request_key(self) -> bytes:
        return self._keyed(fields("zkattest/vault/request-key/1"))

    def dispute(self, engine: Engine, reference: str, *, since: int | None) -> None:
        """Note that a subject disputes what is held of them since then (Unix seconds); None settles the dispute.

        Who disputes again has waited since the first time.

        Raises:
            SubjectUnknown: no such subject (the operator's fault).
        """
        first = None if since is None else func.coalesce(SUBJECTS.c.disputed_at, since)
        with engine.begin() as connection:
            known = SUBJECTS.c.lookup == self.lookup(reference)
            if connection.execute(update(SUBJECTS).where(known).values(disputed_at=first)).rowcount != 1:
                raise SubjectUnknown("no such subject in this vault")

    def _keyed(self, message: bytes) -> bytes:
        return hmac.digest(self._index_key, message, hashlib.sha256)


class Notes:
    """Seals and opens what is noted about one subject, each note for the row that `of` names."""

    __slots__ = ("_aead", "_subject_id")

    def __init__(self, subject_id: bytes, key: bytes) -> None:
        self._subject_id = subject_id
        self._aead = AESGCM(key)

    def __repr__(self) -> str:
        return "<Notes redacted>"

    def seal(self, note: bytes, *, of: bytes, entropy: Entropy) -> bytes:
        """Seal a note."""
        nonce = entropy(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, note, _note_context(self._subject_id, of))

    def open(self, sealed: bytes, *, of: bytes) -> bytes:
        """Invert seal. Raises VaultError: it was changed, or belongs to another row or subject."""
        return _open(self._aead, sealed, _note_context(self._subject_id, of))


def _open(key: bytes | AESGCM, sealed: bytes, context: bytes) -> bytes:
    try:
        aead = key if isinstance(key, AESGCM) else AESGCM(key)
        return aead.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
    except (InvalidTag, ValueError):
        raise VaultError("a sealed value was changed, moved to another row, or sealed under another key") from None


def _key_context(subject_id: bytes, lookup: bytes) -> bytes:
    return fields("zkattest/vault/key/1", subject_id, lookup)


def _reference_context(subject_id: bytes, lookup: bytes) -> bytes:
    return fields("zkattest/vault/reference/1", subject_id, lookup)


def _openings_context(subject_id: bytes, credential_id: str, schema: Schema) -> bytes:
    return fields("zkattest/vault/openings/1", subject_id, credential_id.encode(), schema.digest)


def _request_context(of: bytes) -> bytes:
    return fields("zkattest/vault/request/1", of)


def _note_context(subject_id: bytes, of: bytes) -> bytes:
    return fields("zkattest/vault/note/1", subject_id, of)
