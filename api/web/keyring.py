"""Where records of API keys live: in the verifier's database, and in the prover's `callers.json`.

A verifier has many lenders, who come and go; a prover has a handful of callers, whom its operator writes down. Both
hold digests only. A revocation is seen by the running service within `key_cache` seconds.
"""

import json
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, Table, insert, select, update

from api.home.files import PRIVATE_FILE, write_json
from api.web.auth import KeyRecord, Scope
from verifier.soundness.seals import Sealer, SealError, count_one_more

_HEX_DIGEST: Final = 64


class KeyringError(Exception):
    """The callers file cannot be read (the operator's fault). The message names the file and the place, no digest."""


class TableKeys:
    """Keys in a database table with the columns of `verifier.models.ApiKey`; rows are sealed, and counted."""

    def __init__(self, engine: Engine, table: Table, sealer: Sealer) -> None:
        self._engine = engine
        self._table = table
        self._sealer = sealer
        columns = table.c
        self._select = select(columns.id, columns.digest, columns.owner, columns.scopes, columns.revoked_at)

    def find(self, key_id: str) -> KeyRecord | None:
        """The record, or None."""
        statement = self._select.where(self._table.c.id == key_id)
        with self._engine.connect().execution_options(reading=True) as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            return None
        return KeyRecord(row.id, bytes(row.digest), row.owner, _scopes(row.scopes.split()), row.revoked_at)

    def all(self) -> list[KeyRecord]:
        """Every record, oldest first, the revoked ones too."""
        statement = self._select.order_by(self._table.c.created_at, self._table.c.id)
        with self._engine.connect().execution_options(reading=True) as connection:
            rows = connection.execute(statement).all()
        return [KeyRecord(r.id, bytes(r.digest), r.owner, _scopes(r.scopes.split()), r.revoked_at) for r in rows]

    def add(self, record: KeyRecord, *, now: int) -> None:
        """Store a new key."""
        columns = {
            "id": record.id,
            "digest": record.digest,
            "owner": record.owner,
            "scopes": " ".join(sorted(record.scopes)),
            "created_at": now,
            "revoked_at": record.revoked_at,
        }
        with self._engine.begin() as connection:
            count_one_more(connection, self._table, self._sealer)
            connection.execute(insert(self._table).values(self._sealer.sealed(self._table.name, columns)))

    def revoke(self, key_id: str, *, now: int) -> bool:
        """Revoke a key from now on; False if there is none of that id still valid.

        A row that was changed is revoked too, but not sealed anew: a check of the database still finds it.
        """
        columns = self._table.c
        with self._engine.begin() as connection:
            found = connection.execute(select(self._table).where(columns.id == key_id).with_for_update()).mappings()
            row = {str(name): value for each in found for name, value in each.items()}
            if not row or row["revoked_at"] is not None:
                return False
            revoked = row | {"revoked_at": now}
            with suppress(SealError):
                self._sealer.verify(self._table.name, row)
                revoked = self._sealer.sealed(self._table.name, revoked)
            connection.execute(update(self._table).where(columns.id == key_id).values(revoked))
            return True


class FileKeys:
    """Keys in a JSON file as `write_callers` writes it, read again whenever the file is replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._records: dict[str, KeyRecord] = {}
        self._refresh()

    def find(self, key_id: str) -> KeyRecord | None:
        """The record, or None.

        Raises:
            KeyringError: the file was changed to something that is no callers file.
        """
        self._refresh()
        return self._records.get(key_id)

    def _refresh(self) -> None:
        with self._lock:
            try:
                status = self._path.stat()
            except OSError as error:
                raise KeyringError(f"{self._path} cannot be read: {error.strerror}") from None
            seen = (status.st_ino, status.st_mtime_ns, status.st_size)
            if seen != self._seen:
                self._records = {record.id: record for record in read_callers(self._path)}
                self._seen = seen


def read_callers(path: Path) -> tuple[KeyRecord, ...]:
    """Read a callers file.

    Raises:
        KeyringError: it cannot be read or is not of the form `write_callers` writes.
    """
    try:
        rows = json.loads(path.read_bytes())["callers"]
        return tuple(
            KeyRecord(row["id"], _digest(row["digest"]), row["owner"], _scopes(row["scopes"]), row.get("revoked_at"))
            for row in rows
        )
    except OSError as error:
        raise KeyringError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeyringError(f"{path} is not a callers file: {type(error).__name__}") from None


def write_callers(path: Path, records: Iterable[KeyRecord]) -> None:
    """Write a callers file whole or not at all, readable by its owner only."""
    rows = [
        {
            "id": record.id,
            "digest": record.digest.hex(),
            "owner": record.owner,
            "scopes": sorted(record.scopes),
            "revoked_at": record.revoked_at,
        }
        for record in records
    ]
    write_json(path, {"callers": rows}, mode=PRIVATE_FILE)


def _digest(text: str) -> bytes:
    if len(text) != _HEX_DIGEST:
        raise ValueError("a digest has 64 hexadecimal digits")
    return bytes.fromhex(text)


def _scopes(words: Iterable[str]) -> frozenset[Scope]:
    return frozenset(Scope(word) for word in words)
