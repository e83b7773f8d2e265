"""Consents: which relying party may be told which clauses of a no failed, as the subject has allowed it.

A consent binds one subject and one relying party, by the name their queries bear; a revocation binds from the next
query on. An outcome alone needs none. What is required of a query is a condition of the very statement that looks for
its subject: without consent there is no row, as if there were no such person, at the cost of one and the same look-up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, bindparam, exists, insert, select, update

from circuits.query import MAX_NAME, Query, Reasons
from prover.errors import ConsentRefused, SubjectUnknown
from prover.models import CONSENTS, SUBJECTS
from prover.vault import Entropy, SealedSubject, Vault

_SUBJECT = (SUBJECTS.c.id, SUBJECTS.c.lookup, SUBJECTS.c.sealed_reference, SUBJECTS.c.wrapped_key)


@dataclass(frozen=True, slots=True, repr=False)
class Consent:
    """A consent, for the operator's eyes; never printed whole.

    Attributes:
        subject: the provider's reference for the person.
        relying_party: who may be told.
        reasons: what they may be told.
        granted_at: Unix seconds.
        revoked_at: Unix seconds, or None while it stands.
    """

    subject: str
    relying_party: str
    reasons: Reasons
    granted_at: int
    revoked_at: int | None

    def __repr__(self) -> str:
        return "<Consent redacted>"


def grant(
    engine: Engine, vault: Vault, *, subject: str, relying_party: str, reasons: Reasons, now: int, entropy: Entropy
) -> Consent:
    """Note that a subject consents. Granting what stands already changes nothing.

    Args:
        engine: the migrated database.
        vault: its vault.
        subject: the provider's reference for the person.
        relying_party: who may be told, by the name their queries bear.
        reasons: what they may be told; an outcome alone needs no consent.
        now: Unix seconds.
        entropy: os.urandom in production.

    Returns:
        The consent that stands now.

    Raises:
        SubjectUnknown: no such subject (the operator's fault).
        ConsentRefused: not a relying party's name, or nothing that needs a consent (the operator's fault).
        VaultError: the vault was tampered with.
    """
    if not 1 <= len(relying_party) <= MAX_NAME:
        raise ConsentRefused(f"a relying party's name has 1 to {MAX_NAME} characters")
    if reasons is Reasons.OUTCOME_ONLY:
        raise ConsentRefused(f"{reasons} needs no consent: grant {Reasons.FAILED_CLAUSES}, or nothing")
    with engine.begin() as connection:
        whose = _subject(connection, vault, subject)
        party = vault.party_lookup(whose.lookup, relying_party)
        since = connection.scalar(select(CONSENTS.c.granted_at).where(_standing(whose, party, reasons)))
        if since is None:
            row = {
                "subject_id": whose.id,
                "party": party,
                "sealed_party": vault.seal_party(whose, relying_party, entropy=entropy),
                "reasons": reasons.value,
                "granted_at": now,
            }
            connection.execute(insert(CONSENTS).values(row))
            since = now
    return Consent(subject, relying_party, reasons, since, None)


def revoke(engine: Engine, vault: Vault, *, subject: str, relying_party: str, reasons: Reasons, now: int) -> Consent:
    """Note that a subject consents no more; binds from the next query on.

    Returns:
        The consent as it ended.

    Raises:
        SubjectUnknown: no such subject (the operator's fault).
        ConsentRefused: there is no such consent that stands, so nothing was revoked (the operator's fault).
    """
    with engine.begin() as connection:
        whose = _subject(connection, vault, subject)
        standing = _standing(whose, vault.party_lookup(whose.lookup, relying_party), reasons)
        since = connection.scalar(select(CONSENTS.c.granted_at).where(standing))
        if since is None:
            raise ConsentRefused("no such consent stands: see the list for the exact names")
        connection.execute(update(CONSENTS).where(standing).values(revoked_at=now))
    return Consent(subject, relying_party, reasons, since, now)


def listing(engine: Engine, vault: Vault, *, subject: str | None = None) -> list[Consent]:
    """List consents, those that were revoked too, oldest first: one subject's, or everybody's.

    Raises:
        SubjectUnknown: no such subject (the operator's fault).
        VaultError: the vault was tampered with.
    """
    chosen = select(CONSENTS, *_SUBJECT[1:]).join_from(CONSENTS, SUBJECTS, CONSENTS.c.subject_id == SUBJECTS.c.id)
    with engine.connect().execution_options(reading=True) as connection:
        if subject is not None:
            known = SUBJECTS.c.lookup == vault.lookup(subject)
            if connection.scalar(select(SUBJECTS.c.id).where(known)) is None:
                raise SubjectUnknown("no such subject in this vault")
            chosen = chosen.where(known)
        rows = connection.execute(chosen.order_by(CONSENTS.c.id)).all()
    return [_consent(vault, row) for row in rows]


REQUIRED: ColumnElement[bool] = exists().where(
    CONSENTS.c.subject_id == SUBJECTS.c.id,
    CONSENTS.c.party == bindparam("party"),
    CONSENTS.c.reasons == bindparam("reasons"),
    CONSENTS.c.revoked_at.is_(None),
)
"""The subject of a row has consented to what `asked` says; a condition for a statement over subjects."""


def asked(query: Query, vault: Vault, lookup: bytes) -> Mapping[str, object]:
    """What REQUIRED is to look for, for a query about the subject with this lookup, whether there is one or not."""
    return {"party": vault.party_lookup(lookup, query.relying_party), "reasons": query.reasons.value}


def _subject(connection: Connection, vault: Vault, reference: str) -> SealedSubject:
    """The subject, held until the transaction ends: nobody erases them, or writes their consents, meanwhile."""
    chosen = select(*_SUBJECT).where(SUBJECTS.c.lookup == vault.lookup(reference)).with_for_update()
    row = connection.execute(chosen).one_or_none()
    if row is None:
        raise SubjectUnknown("no such subject in this vault")
    return SealedSubject(*(bytes(column) for column in row))


def _standing(subject: SealedSubject, party: bytes, reasons: Reasons) -> ColumnElement[bool]:
    return (
        (CONSENTS.c.subject_id == subject.id)
        & (CONSENTS.c.party == party)
        & (CONSENTS.c.reasons == reasons.value)
        & CONSENTS.c.revoked_at.is_(None)
    )


def _consent(vault: Vault, row: Row[*tuple[Any, ...]]) -> Consent:
    whose = SealedSubject(bytes(row.subject_id), bytes(row.lookup), bytes(row.sealed_reference), bytes(row.wrapped_key))
    relying_party = vault.open_party(whose, bytes(row.party), bytes(row.sealed_party))
    return Consent(vault.reference(whose), relying_party, Reasons(row.reasons), row.granted_at, row.revoked_at)
