"""The rows of a batch: what the vault holds of these subjects already, and what is written when all are decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

from sqlalchemy import Connection, bindparam, insert, select, update

from circuits.attributes import Schema
from circuits.credential import Credential
from prover import people
from prover.errors import ImportRefused
from prover.models import CREDENTIALS, OUTBOX, SCHEMAS, SUBJECTS
from prover.vault import SealedSubject

_ASK_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Current:
    """The credential of a subject that nothing has superseded yet."""

    id: str
    fingerprint: bytes
    as_of: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Holding:
    """A subject the vault knows, with the current credential under one schema, if there is one."""

    subject: SealedSubject
    current: Current | None


class Batch:
    """Rows gathered, then written in the order their references need."""

    def __init__(self, *, now: int) -> None:
        self._now = now
        self._subjects: list[dict[str, object]] = []
        self._superseded: list[dict[str, str]] = []
        self._credentials: list[dict[str, object]] = []

    def add_subject(self, subject: SealedSubject) -> None:
        """Gather a new subject."""
        self._subjects.append(
            {
                "id": subject.id,
                "lookup": subject.lookup,
                "sealed_reference": subject.sealed_reference,
                "wrapped_key": subject.wrapped_key,
                "created_at": self._now,
            }
        )

    def add_credential(self, signed: Credential, *, subject_id: bytes, fingerprint: bytes, sealed: bytes) -> None:
        """Gather a new credential, and what it supersedes."""
        if signed.supersedes is not None:
            self._superseded.append({"which": signed.supersedes})
        self._credentials.append(
            {
                "id": signed.id,
                "subject_id": subject_id,
                "schema_digest": signed.schema_digest,
                "fingerprint": fingerprint,
                "token": signed.token,
                "sealed": sealed,
                "as_of": signed.as_of,
                "issued_at": signed.issued_at,
                "expires_at": signed.expires_at,
            }
        )

    def write(self, connection: Connection) -> None:
        """Write all; the caller's transaction makes it all or nothing."""
        if self._subjects:
            connection.execute(insert(SUBJECTS), self._subjects)
        if self._superseded:
            # Before the new ones come: a subject has one current credential per schema, and the database insists.
            supersede = update(CREDENTIALS).where(CREDENTIALS.c.id == bindparam("which"))
            ordered = sorted(self._superseded, key=itemgetter("which"))  # as they are marked as registered
            connection.execute(supersede.values(superseded_at=self._now), ordered)
        if self._credentials:
            connection.execute(insert(CREDENTIALS), self._credentials)
            connection.execute(insert(OUTBOX), [{"credential_id": row["id"]} for row in self._credentials])


def adopt(connection: Connection, schema: Schema, now: int) -> None:
    """Keep a schema that is new to the vault.

    Raises:
        ImportRefused: its name and version are another one's, so that nobody could tell them apart (the operator's
            fault).
    """
    if connection.scalar(select(SCHEMAS.c.digest).where(SCHEMAS.c.digest == schema.digest)) is not None:
        return
    known = (Schema.from_json(bytes(body)) for body in connection.scalars(select(SCHEMAS.c.body)))
    if any((each.name, each.version) == (schema.name, schema.version) for each in known):
        raise ImportRefused(
            f"{schema.name} version {schema.version} is taken by a schema with other attributes or bounds: "
            "give the changed one another version"
        )
    connection.execute(insert(SCHEMAS).values(digest=schema.digest, body=schema.to_bytes(), created_at=now))


def held(connection: Connection, lookups: Sequence[bytes], schema: Schema) -> dict[bytes, Holding]:
    """What the vault holds of the subjects with these lookups, by lookup."""
    chosen = select(
        *people.COLUMNS,
        CREDENTIALS.c.id.label("current"),
        CREDENTIALS.c.fingerprint,
        CREDENTIALS.c.as_of,
        CREDENTIALS.c.expires_at,
    ).outerjoin_from(
        SUBJECTS,
        CREDENTIALS,
        (CREDENTIALS.c.subject_id == SUBJECTS.c.id)
        & (CREDENTIALS.c.schema_digest == schema.digest)
        & CREDENTIALS.c.superseded_at.is_(None),
    )
    holdings: dict[bytes, Holding] = {}
    for start in range(0, len(lookups), _ASK_AT_ONCE):
        some = lookups[start : start + _ASK_AT_ONCE]
        for row in connection.execute(chosen.where(SUBJECTS.c.lookup.in_(some))):
            subject = people.read(row)
            current = row.current and Current(row.current, bytes(row.fingerprint), row.as_of, row.expires_at)
            holdings[subject.lookup] = Holding(subject, current)
    return holdings
