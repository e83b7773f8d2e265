"""Consents: what subjects let relying parties ask. The provider signs them, keeps them sealed, and takes them back.

A relying party shows the token with every question; here it is found by its digest. A consent that is taken back binds
from the next question on, and waits until the verifier was told, as erasures do.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, select, update

from circuits import consent as consents
from circuits import jws
from circuits.attributes import Schema
from circuits.consent import HANDLE, Consent
from circuits.encoding import b64u, b64u_decode
from circuits.errors import ConsentError, EncodingError
from circuits.jws import SigningKey
from circuits.withdrawal import withdraw
from prover.errors import ConsentRefused, SubjectUnknown
from prover.models import CONSENTS, SCHEMAS, SUBJECTS
from prover.terms import Terms, require_meaning
from prover.vault import Entropy, Notes, SealedSubject, Vault

_SUBJECT = (SUBJECTS.c.id, SUBJECTS.c.lookup, SUBJECTS.c.sealed_reference, SUBJECTS.c.wrapped_key)
_PENDING = CONSENTS.c.revoked_at.is_not(None) & CONSENTS.c.entry_index.is_(None)
_AT_ONCE = 500


@dataclass(frozen=True, slots=True, repr=False)
class Granted:
    """A consent, for the operator's eyes; never printed whole.

    Attributes:
        subject: the provider's reference for the person.
        consent: as signed.
        revoked_at: Unix seconds, or None while it stands.
    """

    subject: str
    consent: Consent
    revoked_at: int | None

    def __repr__(self) -> str:
        return "<Granted redacted>"


@dataclass(frozen=True, slots=True, repr=False)
class PendingWithdrawal:
    """What the verifier has to be told about a consent that was taken back.

    Attributes:
        id: of the consent, 16 bytes.
        token: the provider's signed word.
    """

    id: bytes
    token: str

    def __repr__(self) -> str:
        return "<PendingWithdrawal redacted>"


class Consents:
    """Grants, lists and takes back a provider's people's consents. Thread-safe."""

    def __init__(self, engine: Engine, vault: Vault, *, key: SigningKey, provider: str) -> None:
        """Args: the migrated database, its vault, the provider's current signing key, its id."""
        self._engine = engine
        self._vault = vault
        self._key = key
        self._provider = provider

    def grant(self, subject: str, terms: Terms, *, now: int, entropy: Entropy) -> Consent:
        """Sign and keep one more consent of a subject; those there are stay as they are.

        Args:
            subject: the provider's reference for the person.
            terms: what they consent to.
            now: Unix seconds.
            entropy: os.urandom in production.

        Raises:
            SubjectUnknown: no such subject (the operator's fault).
            ConsentRefused: no consent can be in these terms, or they mean nothing here (the operator's fault).
            VaultError: the vault was tampered with.
        """
        with self._engine.begin() as connection:
            whose = _subject(connection, self._vault, subject)
            bodies = connection.scalars(
                select(SCHEMAS.c.body).order_by(SCHEMAS.c.created_at.desc(), SCHEMAS.c.digest)
            ).all()
            require_meaning(terms.allowed, [Schema.from_json(bytes(body)) for body in bodies])
            return self._grant(connection, whose, terms, now=now, entropy=entropy)

    def grant_many(self, subjects: Sequence[str], terms: Terms, *, now: int, entropy: Entropy) -> dict[str, Consent]:
        """Have each of these subjects consent, in one transaction; who has taken a consent back is passed over.

        A consent to the relying party that stands and has not expired is kept as it is, whatever its terms.

        Returns:
            The consent of each that stands now, by reference.

        Raises:
            SubjectUnknown, ConsentRefused, VaultError: as grant does; then nothing was granted.
        """
        found: dict[str, Consent] = {}
        with self._engine.begin() as connection:
            for reference in dict.fromkeys(subjects):
                whose = _subject(connection, self._vault, reference)
                standing = self._standing(connection, whose, terms.relying_party, now)
                if standing is not None:
                    found[reference] = standing
                elif not self._has_revoked(connection, whose, terms.relying_party):
                    found[reference] = self._grant(connection, whose, terms, now=now, entropy=entropy)
        return found

    def standing(self, subject: str, relying_party: str, *, now: int) -> Consent | None:
        """The newest consent of a subject to a relying party that stands; None if there is none.

        Raises:
            SubjectUnknown: no such subject (the operator's fault).
        """
        with self._reading() as connection:
            whose = _subject(connection, self._vault, subject, locked=False)
            return self._standing(connection, whose, relying_party, now)

    def revoke(self, consent_id: str, *, now: int) -> Granted:
        """Take a consent back; binds from the next question on. Again changes nothing.

        Raises:
            ConsentRefused: there is no such consent (the operator's fault).
        """
        try:
            which = b64u_decode(consent_id)
        except EncodingError:
            which = b""
        with self._engine.begin() as connection:
            owner = select(CONSENTS.c.subject_id).where(CONSENTS.c.id == which).scalar_subquery()
            # The subject's row is held before the consent's is written, in the order of whoever answers about them.
            connection.execute(select(SUBJECTS.c.id).where(SUBJECTS.c.id == owner).with_for_update())
            standing = (CONSENTS.c.id == which) & CONSENTS.c.revoked_at.is_(None)
            connection.execute(update(CONSENTS).where(standing).values(revoked_at=now))
            row = connection.execute(_listed().where(CONSENTS.c.id == which)).one_or_none()
        if row is None:
            raise ConsentRefused("there is no such consent: see the list for their ids")
        return self._granted(row)

    def listing(self, subject: str | None = None) -> list[Granted]:
        """List consents, those that were taken back too, oldest first: one subject's, or everybody's.

        Raises:
            SubjectUnknown: no such subject (the operator's fault).
            VaultError: the vault was tampered with.
        """
        chosen = _listed()
        with self._reading() as connection:
            if subject is not None:
                whose = _subject(connection, self._vault, subject, locked=False)
                chosen = chosen.where(CONSENTS.c.subject_id == whose.id)
            rows = connection.execute(chosen.order_by(CONSENTS.c.granted_at, CONSENTS.c.id)).all()
        return [self._granted(row) for row in rows]

    def pending(self, *, now: int) -> list[PendingWithdrawal]:
        """What the verifier has not acknowledged, oldest first; signed now, with the key that is current.

        Raises:
            VaultError: the vault was tampered with.
        """
        chosen = _listed().where(_PENDING).order_by(CONSENTS.c.revoked_at, CONSENTS.c.id).limit(_AT_ONCE)
        with self._reading() as connection:
            rows = connection.execute(chosen).all()
        found: list[PendingWithdrawal] = []
        for row in rows:
            digest = self._granted(row).consent.digest
            said = withdraw(provider=self._provider, consent=digest, issued_at=now, key=self._key)
            found.append(PendingWithdrawal(bytes(row.id), said.token))
        return found

    def pending_count(self) -> int:
        """Of how many consents the verifier has yet to be told that they were taken back."""
        with self._reading() as connection:
            return connection.scalar(select(func.count()).select_from(CONSENTS).where(_PENDING)) or 0

    def mark_logged(self, consent: bytes, entry_index: int) -> None:
        """Note where the log says that it was taken back. Doing so twice changes nothing."""
        with self._engine.begin() as connection:
            waiting = (CONSENTS.c.id == consent) & _PENDING
            connection.execute(update(CONSENTS).where(waiting).values(entry_index=entry_index))

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._engine.connect().execution_options(reading=True) as connection:
            yield connection

    def _grant(
        self, connection: Connection, whose: SealedSubject, terms: Terms, *, now: int, entropy: Entropy
    ) -> Consent:
        consent_id = entropy(HANDLE)
        try:
            signed = consents.issue(
                id=consent_id,
                provider=self._provider,
                handle=self._vault.pairwise(whose.id, terms.relying_party),
                relying_party=terms.relying_party,
                via=terms.via,
                purpose=terms.purpose,
                allowed=terms.allowed,
                reasons=terms.reasons,
                frequency=terms.frequency,
                issued_at=now,
                expires_at=terms.expires_at,
                key=self._key,
            )
        except ConsentError as error:
            raise ConsentRefused(str(error)) from None
        row = {
            "id": consent_id,
            "digest": self._vault.consent_lookup(b64u(signed.digest)),
            "subject_id": whose.id,
            "party": self._vault.party_lookup(whose.lookup, terms.relying_party),
            "sealed": self._vault.notes(whose).seal(signed.token.encode(), of=consent_id, entropy=entropy),
            "granted_at": now,
            "expires_at": terms.expires_at,
        }
        connection.execute(insert(CONSENTS).values(row))
        return signed

    def _standing(self, connection: Connection, whose: SealedSubject, relying_party: str, now: int) -> Consent | None:
        party = self._vault.party_lookup(whose.lookup, relying_party)
        theirs = (CONSENTS.c.subject_id == whose.id) & (CONSENTS.c.party == party)
        stands = theirs & CONSENTS.c.revoked_at.is_(None) & (CONSENTS.c.expires_at > now)
        chosen = select(CONSENTS.c.id, CONSENTS.c.sealed).where(stands).order_by(CONSENTS.c.granted_at.desc()).limit(1)
        row = connection.execute(chosen).one_or_none()
        return None if row is None else self._opened(self._vault.notes(whose), bytes(row.id), bytes(row.sealed))

    def _has_revoked(self, connection: Connection, whose: SealedSubject, relying_party: str) -> bool:
        party = self._vault.party_lookup(whose.lookup, relying_party)
        theirs = (CONSENTS.c.subject_id == whose.id) & (CONSENTS.c.party == party)
        revoked = select(CONSENTS.c.id).where(theirs & CONSENTS.c.revoked_at.is_not(None)).limit(1)
        return connection.execute(revoked).first() is not None

    def _opened(self, notes: Notes, consent_id: bytes, sealed: bytes) -> Consent:
        return Consent.recall(notes.open(sealed, of=consent_id).decode(), self._key.public)

    def _granted(self, row: Row[*tuple[Any, ...]]) -> Granted:
        columns = (row.subject_id, row.lookup, row.sealed_reference, row.wrapped_key)
        whose = SealedSubject(*(bytes(column) for column in columns))
        opened = self._opened(self._vault.notes(whose), bytes(row.id), bytes(row.sealed))
        return Granted(self._vault.reference(whose), opened, row.revoked_at)


def handles_of(connection: Connection, vault: Vault, reference: str) -> tuple[str, ...]:
    """The handles by which relying parties were let ask about a subject, within a transaction of the caller's.

    Raises:
        SubjectUnknown: no such subject (the operator's fault).
        VaultError: the vault was tampered with.
    """
    whose = _subject(connection, vault, reference)
    chosen = select(CONSENTS.c.id, CONSENTS.c.sealed).where(CONSENTS.c.subject_id == whose.id)
    rows = connection.execute(chosen).all()
    if not rows:
        return ()
    notes = vault.notes(whose)
    tokens = (notes.open(bytes(row.sealed), of=bytes(row.id)).decode() for row in rows)
    return tuple(sorted({jws.peek(token)["sub"] for token in tokens}))


def _listed() -> Any:  # noqa: ANN401 - a statement over some columns of two tables
    return select(CONSENTS, *_SUBJECT[1:]).join_from(CONSENTS, SUBJECTS, CONSENTS.c.subject_id == SUBJECTS.c.id)


def _subject(connection: Connection, vault: Vault, reference: str, *, locked: bool = True) -> SealedSubject:
    """The subject; locked, until the transaction ends nobody erases them or answers about them."""
    chosen = select(*_SUBJECT).where(SUBJECTS.c.lookup == vault.lookup(reference))
    row = connection.execute(chosen.with_for_update() if locked else chosen).one_or_none()
    if row is None:
        raise SubjectUnknown("no such subject in this vault")
    return SealedSubject(*(bytes(column) for column in row))
