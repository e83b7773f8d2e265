"""Seals: what a row of the service's own tables said when it was written, under a secret that is not in the database.

The log needs none: its entries are in the tree, whose root is signed. What the service remembers beside it (records of
queries, callers' keys, nonces) is stated once, so nothing there could be contradicted. Each row therefore holds a
HMAC-SHA256 over all its columns, names and types included, and a table from which nothing is ever deleted has its
number of rows sealed too. Which records of queries there must be the log says itself.

Whoever has an old copy of the database can put old rows back; an auditor's kept checkpoint tells that, not a seal.
"""

import hmac
from collections.abc import Mapping
from typing import Any, Self

from sqlalchemy import Connection, Table, insert, select, update

from circuits.encoding import fields
from verifier.errors import VerifierError
from verifier.log.note import NoteSigner
from verifier.models import COUNTS

SEAL = "seal"
LABEL = "zkattest/row-seal/1"
_IDENTIFIER = "zkattest/identifier/1"


class SealError(VerifierError):
    """A row is not what was written, or was not written by this service (blame: log operator)."""


class Sealer:
    """Seals rows. It holds a secret; its `repr` shows nothing of it."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def of(cls, signer: NoteSigner) -> Self:
        """The sealer of a log's database: its secret follows from the log's key."""
        return cls(signer.derived(LABEL))

    def __repr__(self) -> str:
        return "Sealer(<redacted>)"

    def sealed(self, table: str, row: Mapping[str, Any]) -> dict[str, Any]:
        """Add to a row (every column, in any order) its seal.

        Raises:
            SealError: a column is neither text, number, bytes nor None (blame: the caller).
        """
        return {**row, SEAL: self._seal(table, row)}

    def verify(self, table: str, row: Mapping[str, Any]) -> None:
        """Verify the seal of a row with all its columns.

        Raises:
            SealError: the seal is missing, or of other columns.
        """
        found = row.get(SEAL)
        if not isinstance(found, bytes) or not hmac.compare_digest(found, self._seal(table, row)):
            raise SealError("it is not the row that was written")

    def identifier(self, *parts: bytes) -> bytes:
        """Make 16 bytes that are the same for the same parts, and look random to whoever has no key."""
        return hmac.digest(self._key, fields(_IDENTIFIER, *parts), "sha256")[:16]

    def _seal(self, table: str, row: Mapping[str, Any]) -> bytes:
        columns = (part for name in sorted(set(row) - {SEAL}) for part in (name.encode(), _tagged(row[name])))
        return hmac.digest(self._key, fields(LABEL, table.encode(), *columns), "sha256")


def count_one_more(connection: Connection, table: Table, sealer: Sealer) -> None:
    """Count a row that the same transaction adds to a table from which none is ever deleted."""
    known = connection.execute(select(COUNTS.c.rows).where(COUNTS.c.name == table.name).with_for_update()).one_or_none()
    row = sealer.sealed(COUNTS.name, {"name": table.name, "rows": (known.rows if known else 0) + 1})
    if known is None:
        connection.execute(insert(COUNTS).values(row))
    else:
        connection.execute(update(COUNTS).where(COUNTS.c.name == table.name).values(row))


def _tagged(value: object) -> bytes:
    """Write a value with its type, so that no two values of one column read alike."""
    match value:
        case None:
            return b"-"
        case bytes() | memoryview():
            return b"b" + value
        case str():
            return b"t" + value.encode("utf-8", "surrogateescape")
        case int() if not isinstance(value, bool):
            return b"i%d" % value
    raise SealError("a column holds a value of a kind that is never written")
