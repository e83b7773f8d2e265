"""The rows of people: found by the provider's reference, or by whatever else names one, and held while it matters.

Whoever writes about a person holds their row first: until that transaction ends nobody erases them or answers about
them. Who holds several takes them in the order of their lookups, else two could wait for each other.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, bindparam, select

from prover.errors import SubjectUnknown
from prover.models import SUBJECTS
from prover.vault import SealedSubject, Vault

COLUMNS: Final = (SUBJECTS.c.id, SUBJECTS.c.lookup, SUBJECTS.c.sealed_reference, SUBJECTS.c.wrapped_key)
"""What of a row `read` needs."""
_AT_ONCE: Final = 1_000
_KNOWN = select(*COLUMNS).where(SUBJECTS.c.lookup == bindparam("wanted"))
_HELD = _KNOWN.with_for_update()


def read(row: Row[*tuple[Any, ...]]) -> SealedSubject:
    """Read a person from a row with the COLUMNS, by their names."""
    return SealedSubject(bytes(row.id), bytes(row.lookup), bytes(row.sealed_reference), bytes(row.wrapped_key))


def find(connection: Connection, vault: Vault, reference: str) -> SealedSubject:
    """Find a person by the provider's reference.

    Raises:
        SubjectUnknown: there is none of that name, or no more (the operator's fault).
    """
    return _one(connection.execute(_KNOWN, {"wanted": vault.lookup(reference)}).one_or_none())


def hold(connection: Connection, vault: Vault, reference: str) -> SealedSubject:
    """Find a person, and hold their row until the transaction ends. Raises as find does."""
    return _one(connection.execute(_HELD, {"wanted": vault.lookup(reference)}).one_or_none())


def find_where(connection: Connection, which: ColumnElement[bool]) -> SealedSubject:
    """Find the one person of whom something holds; SubjectUnknown if that is nobody."""
    known = select(*COLUMNS).where(which, SUBJECTS.c.lookup.is_not(None))
    return _one(connection.execute(known).one_or_none())


def hold_all(connection: Connection, lookups: Sequence[bytes]) -> None:
    """Hold the rows of those people there are until the transaction ends."""
    if connection.dialect.name == "sqlite":  # where every writer holds all rows: see api.database
        return
    ordered = sorted(set(lookups))
    for start in range(0, len(ordered), _AT_ONCE):
        some = SUBJECTS.c.lookup.in_(ordered[start : start + _AT_ONCE])
        connection.execute(select(SUBJECTS.c.id).where(some).order_by(SUBJECTS.c.lookup).with_for_update())


def _one(row: Row[*tuple[Any, ...]] | None) -> SealedSubject:
    if row is None:
        raise SubjectUnknown("no such subject in this vault")
    return read(row)
