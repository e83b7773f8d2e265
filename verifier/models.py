"""The verifier's tables: the log, and what the service remembers of its callers. They have a registry of their own.

`log_entry.leaf` is what the tree commits to; `salt` and `body` can be erased without breaking the log. A record of a
query whose entry was erased says only that there was one: no response, no key, a digest of zeros. Rows outside the
log carry a `seal` over their columns (verifier.soundness.seals); one that has none is a fault.
"""

from typing import Any, ClassVar, cast

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

# As the table's own row number on SQLite, an entry's index costs no second B-tree.
_INDEX = BigInteger().with_variant(Integer, "sqlite")


class VerifierTable(SQLModel, registry=registry(metadata=MetaData())):
    """The base of the verifier's tables; none of them shows its columns in a traceback."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} redacted>"

    __str__ = __repr__


class LogEntry(VerifierTable, table=True):
    """One entry: `leaf` = SHA-256("zkattest/leaf/1" || salt || body). Kind and time repeat what the body says.

    Erased: `salt` and `body` are null, `erased_by` is the number of the entry that says so, and there is a `seal`: kind
    and time are stated nowhere else any more.
    """

    __tablename__: ClassVar[Any] = "log_entry"
    __table_args__ = (Index("log_entry_kind", "kind", "index"),)
    index: int = Field(sa_column=Column("index", _INDEX, primary_key=True, autoincrement=False))
    kind: str
    appended_at: int = Field(sa_type=BigInteger)
    leaf: bytes
    salt: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    body: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    erased_by: int | None = Field(default=None, sa_type=BigInteger)
    seal: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))


class LogTile(VerifierTable, table=True):
    """Up to 256 hashes of one level of the tree (C2SP tlog-tiles)."""

    __tablename__: ClassVar[Any] = "log_tile"
    level: int = Field(primary_key=True)
    number: int = Field(sa_column=Column("number", BigInteger, primary_key=True, autoincrement=False))
    hashes: bytes


class LogCheckpoint(VerifierTable, table=True):
    """The newest signed checkpoint; one row, replaced by compare-and-swap in the transaction that appends."""

    __tablename__: ClassVar[Any] = "log_checkpoint"
    origin: str = Field(primary_key=True)
    size: int = Field(sa_type=BigInteger)
    note: str


class LogCosignature(VerifierTable, table=True):
    """One witness's signature line under the checkpoint `note` of a size; `witness` is its public key as pinned.

    Verified before it is stored, and again by whoever reads the note: it needs no other guard. Old ones are deleted.
    """

    __tablename__: ClassVar[Any] = "log_cosignature"
    size: int = Field(sa_column=Column("size", BigInteger, primary_key=True, autoincrement=False))
    witness: str = Field(primary_key=True)
    note: str
    line: str


class QueryRecord(VerifierTable, table=True):
    """What a relying party asked and was told, so that asking again with the same key tells the same.

    `state` is `pending`, `answered`, `undetermined`, `declined` or `erased`; `response` is the body that was, or will
    be, sent.
    """

    __tablename__: ClassVar[Any] = "query_record"
    __table_args__ = (
        UniqueConstraint("relying_party", "idempotency_key", name="query_record_once"),
        Index("query_record_by_party", "relying_party", "created_at", "id"),
    )
    id: str = Field(primary_key=True)
    relying_party: str
    idempotency_key: str | None = None
    request_digest: bytes
    state: str
    created_at: int = Field(sa_type=BigInteger)
    entry_index: int | None = Field(default=None, sa_type=BigInteger)
    response: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    seal: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))


class ApiKey(VerifierTable, table=True):
    """A caller's key: its digest, never the key. `scopes` are words separated by spaces."""

    __tablename__: ClassVar[Any] = "api_key"
    id: str = Field(primary_key=True)
    digest: bytes
    owner: str
    scopes: str
    created_at: int = Field(sa_type=BigInteger)
    revoked_at: int | None = Field(default=None, sa_type=BigInteger)
    seal: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))


class RequestNonce(VerifierTable, table=True):
    """A nonce of a signed request, kept until the signature it belongs to has expired."""

    __tablename__: ClassVar[Any] = "request_nonce"
    key_id: str = Field(primary_key=True)
    nonce: str = Field(primary_key=True)
    expires_at: int = Field(sa_type=BigInteger, index=True)
    seal: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))


class RowCount(VerifierTable, table=True):
    """How many rows a table has from which none is ever deleted."""

    __tablename__: ClassVar[Any] = "row_count"
    name: str = Field(primary_key=True)
    rows: int = Field(sa_type=BigInteger)
    seal: bytes


def _table(model: type[VerifierTable]) -> Table:
    return cast("Table", model.__table__)  # type: ignore[attr-defined]  # SQLModel sets it when the class is made


ENTRIES = _table(LogEntry)
TILES = _table(LogTile)
CHECKPOINTS = _table(LogCheckpoint)
COSIGNATURES = _table(LogCosignature)
QUERIES = _table(QueryRecord)
API_KEYS = _table(ApiKey)
NONCES = _table(RequestNonce)
COUNTS = _table(RowCount)
METADATA = VerifierTable.metadata
