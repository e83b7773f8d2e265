"""Consents: what subjects let relying parties ask. The provider signs them, keeps them sealed, and takes them back.

A relying party shows the token with every question; here it is found by its digest. A consent that is taken back binds
from the next question on, and waits until the verifier was told, as erasures do.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, bindparam, func, insert, select, update

from circuits import consent as consents
from circuits import jws
from circuits.attributes import Schema
from circuits.consent import HANDLE, Consent
from circuits.encoding import b64u, b64u_decode
from circuits.errors import CredentialError, EncodingError
from circuits.jws import SigningKey
from circuits.withdrawal import withdraw
from prover import people
from prover.errors import ConsentRefused
from prover.models import CONSENTS, SCHEMAS, SUBJECTS
from prover.terms import Terms, require_meaning
from prover.vault import Entropy, Notes, SealedSubject, Vault

_PENDING = CONSENTS.c.revoked_at.is_not(None) & CONSENTS.c.entry_index.is_(None)
_AT_ONCE = 500
_BEFORE = (
    select(CONSENTS.c.id, CONSENTS.c.sealed, CONSENTS.c.revoked_at, CONSENTS.c.expires_at)
    .where(CONSENTS.c.subject_id == bindparam("subject"), CONSENTS.c.party == bindparam("whom"))
    .order_by(CONSENTS.c.granted_at.desc())
)


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
            whose = people.hold(connection, self._vault, subject)
            bodies = connection.scalars(
                select(SCHEMAS.c.body).order_by(SCHEMAS.c.created_at.desc(), SCHEMAS.c.digest)
            ).all()
            require_meaning(terms.allowed, [Schema.from_json(bytes(body)) for body in bodies])
            signed, row = self._signed(whose, terms, now=now, entropy=entropy)
            connection.execute(insert(CONSENTS), row)
        return signed

    def grant_many(self, subjects: Sequence[str], terms: Terms, *, now: int, entropy: Entropy) -> dict[str, Consent]:
        """Have each of these subjects consent, in one transaction; who has taken a consent back is passed over.

        A consent to the relying party that stands and has not expired is kept as it is, whatever its terms.

        Returns:
            The consent of each that stands now, by reference.

        Raises:
            SubjectUnknown, ConsentRefused, VaultError: as grant does; then nothing was granted.
        """
        found: dict[str, Consent] = {}
        new: list[dict[str, object]] = []
        with self._engine.begin() as connection:
            people.hold_all(connection, [self._vault.lookup(reference) for reference in subjects])
            for reference in dict.fromkeys(subjects):
                whose = people.hold(connection, self._vault, reference)
                before = self._before(connection, whose, terms.relying_party)
                standing = _standing(before, now)
                if standing is not None:
                    notes = self._vault.notes(whose)
                    found[reference] = self._opened(notes, bytes(standing.id), bytes(standing.sealed))
                elif all(row.revoked_at is None for row in before):
                    found[reference], row = self._signed(whose, terms, now=now, entropy=entropy)
                    new.append(row)
            if new:
                connection.execute(insert(CONSENTS), new)
        return found

    def standing(self, subject: str, relying_party: str, *, via: str, now: int) -> Consent | None:
        """The newest standing consent of a subject to a relying party, to ask through a verifier; None: there is none.

        Raises:
            SubjectUnknown: no such subject (the operator's fault).
        """
        with self._reading() as connection:
            whose = people.find(connection, self._vault, subject)
            before = self._before(connection, whose, relying_party)
        notes = self._vault.notes(whose)
        standing = (row for row in before if _stands(row, now))
        opened = (self._opened(notes, bytes(row.id), bytes(row.sealed)) for row in standing)
        return next((consent for consent in opened if consent.via == via), None)

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
            raise ConsentRefused("there is no such consent")
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
                whose = people.find(connection, self._vault, subject)
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
            found.append(PendingWithdrawal(bytes(row.consent_id), said.token))
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

    def _signed(
        self, whose: SealedSubject, terms: Terms, *, now: int, entropy: Entropy
    ) -> tuple[Consent, dict[str, object]]:
        """A new consent, and its row."""
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
        except CredentialError as error:
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
        return signed, row

    def _before(
        self, connection: Connection, whose: SealedSubject, relying_party: str
    ) -> Sequence[Row[*tuple[Any, ...]]]:
        """All consents of a subject to a relying party, newest first."""
        party = self._vault.party_lookup(whose.lookup, relying_party)
        return connection.execute(_BEFORE, {"subject": whose.id, "whom": party}).all()

    def _opened(self, notes: Notes, consent_id: bytes, sealed: bytes) -> Consent:
        return Consent.recall(notes.open(sealed, of=consent_id).decode(), self._key.public)

    def _granted(self, row: Row[*tuple[Any, ...]]) -> Granted:
        whose = people.read(row)
        opened = self._opened(self._vault.notes(whose), bytes(row.consent_id), bytes(row.sealed))
        return Granted(self._vault.reference(whose), opened, row.revoked_at)


def handles_of(connection: Connection, vault: Vault, reference: str) -> tuple[str, ...]:
    """The handles by which relying parties were let ask about a subject, within a transaction of the caller's.

    Raises:
        SubjectUnknown: no such subject (the operator's fault).
        VaultError: the vault was tampered with.
    """
    whose = people.hold(connection, vault, reference)
    chosen = select(CONSENTS.c.id, CONSENTS.c.sealed).where(CONSENTS.c.subject_id == whose.id)
    rows = connection.execute(chosen).all()
    if not rows:
        return ()
    notes = vault.notes(whose)
    tokens = (notes.open(bytes(row.sealed), of=bytes(row.id)).decode() for row in rows)
    return tuple(sorted({jws.peek(token)["sub"] for token in tokens}))


def _standing(before: Sequence[Row[*tuple[Any, ...]]], now: int) -> Row[*tuple[Any, ...]] | None:
    """The first that was not taken back and has not expired."""
    return next((row for row in before if _stands(row, now)), None)


def _stands(row: Row[*tuple[Any, ...]], now: int) -> bool:
    return row.revoked_at is None and bool(row.expires_at > now)


def _listed() -> Any:  # noqa: ANN401 - a statement over some columns of two tables
    columns = (*people.COLUMNS, CONSENTS.c.id.label("consent_id"), CONSENTS.c.sealed, CONSENTS.c.revoked_at)
    return select(*columns).join_from(CONSENTS, SUBJECTS, CONSENTS.c.subject_id == SUBJECTS.c.id)
