"""The provider's schemas, as kept in the vault's database; each is read once."""

from collections.abc import Callable
from functools import partial

from sqlalchemy import Connection, Engine, select

from circuits.attributes import Schema
from prover.errors import QueryRefused, VaultError
from prover.models import SCHEMAS

Schemas = Callable[[bytes], Schema]
"""The provider's schema with this digest."""


class Catalogue:
    """Finds a schema by its digest. Thread-safe; schemas never change."""

    def __init__(self, engine: Engine) -> None:
        """Args: the migrated database."""
        self._engine = engine
        self._schemas: dict[bytes, Schema] = {}

    def __call__(self, digest: bytes) -> Schema:
        """Find a schema.

        Raises:
            QueryRefused: there is none of that digest (whoever names it is to blame).
            VaultError: the vault was tampered with.
        """
        if (known := self._schemas.get(digest)) is not None:
            return known
        with self._engine.connect().execution_options(reading=True) as connection:
            return self._read(connection, digest)

    def within(self, connection: Connection) -> Schemas:
        """Find them over a connection that is there already: whoever holds one, and a row, waits for no other."""
        return partial(self._read, connection)

    def _read(self, connection: Connection, digest: bytes) -> Schema:
        if (known := self._schemas.get(digest)) is not None:
            return known
        body = connection.scalar(select(SCHEMAS.c.body).where(SCHEMAS.c.digest == digest))
        if body is None:
            raise QueryRefused("the query is under a schema this provider does not use")
        schema = Schema.from_json(bytes(body))
        if schema.digest != digest:
            raise VaultError("a stored schema is not the one it is kept as")
        self._schemas[digest] = schema
        return schema
