"""The prover's tables. Everything personal in them is sealed: a stolen database tells how many, not who or what.

They have a registry of their own, so that no other room's database can ever contain them.
"""

from typing import Any, ClassVar, cast

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, LargeBinary, MetaData, Table, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

# SQLite counts only INTEGER primary keys by itself.
_COUNTER = BigInteger().with_variant(Integer, "sqlite")


class ProverTable(SQLModel, registry=registry(metadata=MetaData())):
    """The base of the prover's tables; none of them shows its columns in a traceback."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} redacted>"

    __str__ = __repr__


class VaultKey(ProverTable, table=True):
    """A key of the whole vault, wrapped by the key-encryption key: `index`, under which references are hashed."""

    __tablename__: ClassVar[Any] = "prover_vault_key"
    name: str = Field(primary_key=True)
    wrapped: bytes


class Subject(ProverTable, table=True):
    """A person. `lookup` finds them by keyed hash; `wrapped_key` opens what is theirs. Erased: all three are null."""

    __tablename__: ClassVar[Any] = "prover_subject"
    __table_args__ = (
        CheckConstraint(
            "(lookup IS NULL) = (wrapped_key IS NULL) AND (lookup IS NULL) = (sealed_reference IS NULL)",
            name="prover_subject_whole_or_erased",
        ),
    )
    id: bytes = Field(primary_key=True)
    lookup: bytes | None = Field(default=None, unique=True)
    sealed_reference: bytes | None = None
    wrapped_key: bytes | None = None
    disputed_at: int | None = Field(default=None, sa_type=BigInteger)
    created_at: int = Field(sa_type=BigInteger)
    erased_at: int | None = Field(default=None, sa_type=BigInteger)


class ProviderSchema(ProverTable, table=True):
    """A schema this provider issues under, in canonical bytes. `entry_index` is its place in the log, once there."""

    __tablename__: ClassVar[Any] = "prover_schema"
    digest: bytes = Field(primary_key=True)
    body: bytes
    created_at: int = Field(sa_type=BigInteger)
    entry_index: int | None = Field(default=None, sa_type=BigInteger)


class IssuedCredential(ProverTable, table=True):
    """A credential as signed, beside its sealed openings. History stays: a newer one sets `superseded_at`.

    `fingerprint` is the keyed hash of the record it was made from, so that the same record is not issued twice.
    Erased: `sealed` and `fingerprint` are null, and the commitments of `token` hide nothing anyone could still open.
    """

    __tablename__: ClassVar[Any] = "prover_credential"
    __table_args__ = (
        Index(
            "prover_credential_current",
            "subject_id",
            "schema_digest",
            unique=True,
            sqlite_where=text("superseded_at IS NULL"),
            postgresql_where=text("superseded_at IS NULL"),
        ),
    )
    id: str = Field(primary_key=True)
    subject_id: bytes = Field(foreign_key="prover_subject.id", index=True)
    schema_digest: bytes = Field(foreign_key="prover_schema.digest")
    fingerprint: bytes | None = None
    token: str
    sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    as_of: str
    issued_at: int = Field(sa_type=BigInteger)
    expires_at: int = Field(sa_type=BigInteger)
    superseded_at: int | None = Field(default=None, sa_type=BigInteger)
    entry_index: int | None = Field(default=None, sa_type=BigInteger)


class Outbox(ProverTable, table=True):
    """Credentials that the verifier has not acknowledged yet, in the order they were issued."""

    __tablename__: ClassVar[Any] = "prover_outbox"
    sequence: int | None = Field(default=None, sa_column=Column(_COUNTER, primary_key=True, autoincrement=True))
    credential_id: str = Field(foreign_key="prover_credential.id", unique=True)


class Consent(ProverTable, table=True):
    """What a subject consented to. History stays: taken back sets `revoked_at`, and `entry_index` once that is logged.

    `digest` and `party` are keyed hashes of the token's digest and, another one for every subject, of the relying
    party's name; `sealed` is the token under the subject's key. Erased with the subject.
    """

    __tablename__: ClassVar[Any] = "prover_consent"
    id: bytes = Field(primary_key=True)
    digest: bytes = Field(unique=True)
    subject_id: bytes = Field(foreign_key="prover_subject.id", index=True)
    party: bytes
    sealed: bytes
    granted_at: int = Field(sa_type=BigInteger)
    expires_at: int = Field(sa_type=BigInteger)
    revoked_at: int | None = Field(default=None, sa_type=BigInteger)
    entry_index: int | None = Field(default=None, sa_type=BigInteger)


class LearntOf(ProverTable, table=True):
    """What a relying party knows of a subject, sealed under the subject's key; one more row for all of them together.

    `party` is as in a consent; the row of all has the hash of no name. Erased with the subject.
    """

    __tablename__: ClassVar[Any] = "prover_knowledge"
    subject_id: bytes = Field(foreign_key="prover_subject.id", primary_key=True)
    party: bytes = Field(primary_key=True)
    sealed: bytes


class Inquiry(ProverTable, table=True):
    """A question about a subject and what became of it, sealed under the subject's key. Erased with the subject.

    `query` is the keyed hash of the query's digest, `request` of what is the same in it however often it is put;
    `counted` are those that count for how often may be asked.
    """

    __tablename__: ClassVar[Any] = "prover_inquiry"
    __table_args__ = (Index("prover_inquiry_often", "consent_id", "asked_at"),)
    id: int | None = Field(default=None, sa_column=Column(_COUNTER, primary_key=True, autoincrement=True))
    subject_id: bytes = Field(foreign_key="prover_subject.id", index=True)
    query: bytes = Field(unique=True)
    request: bytes = Field(index=True)
    consent_id: bytes = Field(foreign_key="prover_consent.id")
    asked_at: int = Field(sa_type=BigInteger)
    issued_at: int = Field(sa_type=BigInteger)
    counted: bool
    sealed: bytes


class SubjectToken(ProverTable, table=True):
    """What lets a subject see what was asked about them; only its digest is kept. Erased with the subject."""

    __tablename__: ClassVar[Any] = "prover_subject_token"
    digest: bytes = Field(primary_key=True)
    subject_id: bytes = Field(foreign_key="prover_subject.id", index=True)
    created_at: int = Field(sa_type=BigInteger)
    revoked_at: int | None = Field(default=None, sa_type=BigInteger)


class ErasureRequest(ProverTable, table=True):
    """That a person was erased here, and what the verifier has to be told; once it was, only its place in the log.

    `sealed` holds the reference and the credentials' ids under a key of the vault: the person's own is destroyed.
    """

    __tablename__: ClassVar[Any] = "prover_erasure"
    id: bytes = Field(primary_key=True)
    requested_at: int = Field(sa_type=BigInteger)
    sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    entry_index: int | None = Field(default=None, sa_type=BigInteger)


def _table(model: type[ProverTable]) -> Table:
    return cast("Table", model.__table__)  # type: ignore[attr-defined]  # SQLModel sets it when the class is made


VAULT_KEYS = _table(VaultKey)
SUBJECTS = _table(Subject)
SCHEMAS = _table(ProviderSchema)
CREDENTIALS = _table(IssuedCredential)
OUTBOX = _table(Outbox)
CONSENTS = _table(Consent)
KNOWLEDGE = _table(LearntOf)
INQUIRIES = _table(Inquiry)
TOKENS = _table(SubjectToken)
ERASURES = _table(ErasureRequest)
METADATA = ProverTable.metadata
