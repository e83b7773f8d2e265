"""Issuance: a record becomes commitments with fresh blindings, a sealed row, and a signed credential, all or nothing.

A record that was issued before is left alone; a changed one supersedes, and history stays. What the verifier has not
acknowledged yet waits in an outbox, so that a crash anywhere loses nothing and registers nothing twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, Engine, ScalarSelect, bindparam, delete, func, select, text, update

from circuits import credential as credentials
from circuits.attributes import Schema
from circuits.calendar import rfc3339
from circuits.credential import Credential, Provenance
from circuits.encoding import fields
from circuits.group import Engine as Group
from circuits.group import N
from circuits.jws import SigningKey
from circuits.pedersen import Opening, commit, random_blinding
from prover.errors import ImportRefused
from prover.models import CREDENTIALS, OUTBOX, SCHEMAS
from prover.people import hold_all
from prover.records import EncodedRecord, Record, Reject, encode
from prover.rows import Batch, Holding, adopt, held
from prover.vault import Entropy, Vault

YEAR = 365 * 86_400
# "zkis", so that issuers on one PostgreSQL server take turns with each other and with nobody else.
_TURN = 0x7A6B6973


class Status(StrEnum):
    """What became of a record."""

    ISSUED = "issued"
    SUPERSEDED = "superseded"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one record, without anything it said.

    Attributes:
        line: the record's line.
        status: issued, superseded (a new credential replaces the old one), unchanged or rejected.
        credential: the id of the subject's credential now; None if rejected.
        column: the attribute at fault, if one is.
        reason: why it was rejected.
    """

    line: int
    status: Status
    credential: str | None = None
    column: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """A credential that waits to be registered; `sequence` is its place in the outbox."""

    id: str
    token: str
    sequence: int


@dataclass(frozen=True, slots=True)
class _Terms:
    """What all credentials of one batch share."""

    schema: Schema
    as_of: str
    provenance: Provenance
    renewing: bool
    now: int


class Issuer:
    """Issues a provider's credentials into its vault."""

    def __init__(
        self,
        engine: Engine,
        vault: Vault,
        *,
        key: SigningKey,
        provider: str,
        group: Group | None = None,
        validity: int = YEAR,
    ) -> None:
        """Args: the migrated database, its vault, the signing key, the provider's id, seconds a credential is valid."""
        self._engine = engine
        self._vault = vault
        self._key = key
        self._provider = provider
        self._group = group
        self._validity = validity

    def issue(
        self,
        records: Sequence[Record],
        *,
        schema: Schema,
        now: int,
        entropy: Entropy,
        as_of: str | None = None,
        source: str = "document",
    ) -> list[Outcome]:
        """Issue a batch in one transaction: afterwards either every record has its outcome or nothing happened.

        Args:
            records: a few hundred at once is quickest.
            schema: what they follow; adopted if it is new.
            now: Unix seconds.
            entropy: os.urandom in production.
            as_of: ISO date the values hold for, by default today; given explicitly, a later date renews a credential
                whose values did not change.
            source: payroll, bank, document or self.

        Returns:
            One outcome per record, in order. A subject who comes twice in one batch is rejected the second time.

        Raises:
            ImportRefused: as_of lies in the future, or a changed schema has the version it had (the operator's fault).
            CredentialError: no such source, or as_of is no date (the operator's fault).
            VaultError: the vault was tampered with; nothing was issued.
        """
        today = rfc3339(now)[:10]
        provenance = Provenance(source, as_of or today)
        if as_of is not None and as_of > today:
            raise ImportRefused("the records cannot be as of a day in the future")
        terms = _Terms(schema, as_of or today, provenance, as_of is not None, now)
        encoded = _refuse_repeated([encode(record, schema) for record in records])
        lookups = {
            record.subject: self._vault.lookup(record.subject)
            for record in encoded
            if isinstance(record, EncodedRecord)
        }

        def decide(holdings: Mapping[bytes, Holding]) -> tuple[list[Outcome], Batch]:
            batch = Batch(now=now)
            outcomes = [
                _rejected(record)
                if isinstance(record, Reject)
                else self._issue(record, holdings.get(lookups[record.subject]), terms, batch, entropy)
                for record in encoded
            ]
            return outcomes, batch

        # Committing and signing take most of the time, and nobody else needs to wait for them with what they write.
        with self._reading() as connection:
            supposed = held(connection, list(lookups.values()), schema)
        outcomes, batch = decide(supposed)
        with self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _TURN})
            adopt(connection, schema, now)
            hold_all(connection, list(lookups.values()))
            holdings = held(connection, list(lookups.values()), schema)
            if holdings != supposed:  # somebody else wrote about one of them meanwhile: all over again, in our turn
                outcomes, batch = decide(holdings)
            batch.write(connection)
        return outcomes

    def adopt(self, schema: Schema, *, now: int) -> None:
        """Keep a schema, so that questions under it can be answered; one that is known stays as it is.

        Raises:
            ImportRefused: its name and version are another one's (the operator's fault).
        """
        with self._engine.begin() as connection:
            adopt(connection, schema, now)

    def pending_schemas(self) -> list[Schema]:
        """Schemas the verifier has not acknowledged, oldest first. Register them before any credential."""
        with self._reading() as connection:
            waiting = SCHEMAS.c.entry_index.is_(None)
            bodies = connection.scalars(select(SCHEMAS.c.body).where(waiting).order_by(SCHEMAS.c.created_at)).all()
        return [Schema.from_json(bytes(body)) for body in bodies]

    def mark_schema_registered(self, digest: bytes, entry_index: int) -> None:
        """Note a schema's place in the log."""
        with self._engine.begin() as connection:
            connection.execute(update(SCHEMAS).where(SCHEMAS.c.digest == digest).values(entry_index=entry_index))

    def pending(self, limit: int, *, beyond: Pending | None = None) -> list[Pending]:
        """The credentials that wait to be registered, in the order they were issued; all, or those after `beyond`.

        One that does not wait any more hides nothing: all are listed again, since its place may be another's by now.
        """
        chosen = (
            select(CREDENTIALS.c.id, CREDENTIALS.c.token, OUTBOX.c.sequence)
            .join_from(OUTBOX, CREDENTIALS, OUTBOX.c.credential_id == CREDENTIALS.c.id)
            .where(OUTBOX.c.sequence > _place(beyond))
            .order_by(OUTBOX.c.sequence)
            .limit(limit)
        )
        with self._reading() as connection:
            return [Pending(row.id, row.token, row.sequence) for row in connection.execute(chosen)]

    def pending_count(self, *, until: Pending | None = None) -> int:
        """How many credentials wait to be registered: all, or those up to `until`, while it waits itself."""
        chosen = select(func.count()).select_from(OUTBOX)
        if until is not None:
            chosen = chosen.where(OUTBOX.c.sequence <= _place(until))
        with self._reading() as connection:
            return connection.scalar(chosen) or 0

    def mark_registered(self, ids: Sequence[str], entry_indices: Sequence[int]) -> None:
        """Note credentials' places in the log: from now on they can be asked about. Doing so twice changes nothing."""
        if not ids:
            return
        # In one order, as whoever erases holds them: else each could wait for the other.
        places = [{"which": which, "place": place} for which, place in sorted(zip(ids, entry_indices, strict=True))]
        with self._engine.begin() as connection:
            placed = update(CREDENTIALS).where(CREDENTIALS.c.id == bindparam("which"))
            connection.execute(placed.values(entry_index=bindparam("place")), places)
            connection.execute(delete(OUTBOX).where(OUTBOX.c.credential_id == bindparam("which")), places)

    def _reading(self) -> Connection:
        return self._engine.connect().execution_options(reading=True)

    def _issue(
        self, record: EncodedRecord, holding: Holding | None, terms: _Terms, batch: Batch, entropy: Entropy
    ) -> Outcome:
        lookup = self._vault.lookup(record.subject)
        fingerprint = self._vault.fingerprint(lookup, terms.schema.digest, _record_bytes(record, terms))
        supersedes = None
        if holding is None:
            subject, subject_key = self._vault.seal_subject(record.subject, entropy=entropy)
            batch.add_subject(subject)
        else:
            current = holding.current
            if current is not None:
                renewed = terms.renewing and terms.as_of > current.as_of
                if current.fingerprint == fingerprint and current.expires_at > terms.now and not renewed:
                    return Outcome(record.line, Status.UNCHANGED, current.id)
                if terms.as_of < current.as_of:
                    return Outcome(record.line, Status.REJECTED, reason="a record as of a later date is held already")
                supersedes = current.id
            subject, subject_key = holding.subject, self._vault.subject_key(holding.subject)
        openings = {
            name: Opening(value=value % N, blinding=random_blinding(entropy=entropy(32)))
            for name, value in record.values.items()
        }
        signed = self._sign(openings, terms, subject.id, supersedes, entropy)
        sealed = self._vault.seal(
            subject_key,
            openings,
            subject_id=subject.id,
            credential_id=signed.id,
            schema=terms.schema,
            entropy=entropy,
        )
        batch.add_credential(signed, subject_id=subject.id, fingerprint=fingerprint, sealed=sealed)
        return Outcome(record.line, Status.ISSUED if supersedes is None else Status.SUPERSEDED, signed.id)

    def _sign(
        self,
        openings: Mapping[str, Opening],
        terms: _Terms,
        person: bytes,
        supersedes: str | None,
        entropy: Entropy,
    ) -> Credential:
        return credentials.issue(
            id=entropy(16),
            provider=self._provider,
            person=person,
            schema=terms.schema,
            commitments={name: commit(opening, engine=self._group) for name, opening in openings.items()},
            provenance=dict.fromkeys(openings, terms.provenance),
            as_of=terms.as_of,
            issued_at=terms.now,
            expires_at=terms.now + self._validity,
            supersedes=supersedes,
            key=self._key,
        )


def _place(pending: Pending | None) -> ScalarSelect[int]:
    """The place of one that waits; 0, which is before all, if it does not."""
    which, place = ("", -1) if pending is None else (pending.id, pending.sequence)
    it = (OUTBOX.c.sequence == place) & (OUTBOX.c.credential_id == which)
    return select(func.coalesce(func.max(OUTBOX.c.sequence), 0)).where(it).correlate(None).scalar_subquery()


def _refuse_repeated(records: Iterable[EncodedRecord | Reject]) -> list[EncodedRecord | Reject]:
    seen: set[str] = set()
    result: list[EncodedRecord | Reject] = []
    for record in records:
        if isinstance(record, EncodedRecord) and record.subject in seen:
            result.append(Reject(record.line, None, "the subject comes twice in one batch"))
            continue
        if isinstance(record, EncodedRecord):
            seen.add(record.subject)
        result.append(record)
    return result


def _record_bytes(record: EncodedRecord, terms: _Terms) -> bytes:
    parts = [part for name, value in record.values.items() for part in (name.encode(), str(value).encode())]
    return fields("zkattest/record/1", terms.provenance.source.encode(), *parts)


def _rejected(reject: Reject) -> Outcome:
    return Outcome(reject.line, Status.REJECTED, column=reject.column, reason=reject.reason)
