"""Erasing a person: from the vault at once, and from the verifier's log as soon as it can be told.

One transaction destroys what the vault holds and notes what is to be told, so that a crash between the two loses
neither. The note is sealed, and goes when the verifier has answered; its place in the log stays.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy import Engine, func, insert, select, update

from circuits.encoding import canonical_json
from circuits.erasure import sign_erasure
from circuits.jws import SigningKey
from circuits.receipt import sign_receipt
from prover.consent import handles_of
from prover.models import CONSENTS, ERASURES, INQUIRIES, SUBJECTS
from prover.vault import Entropy, Vault

_ID = 16
_PENDING = ERASURES.c.entry_index.is_(None)


@dataclass(frozen=True, slots=True, repr=False)
class PendingErasure:
    """What the verifier has to be told about a person who is erased here.

    Attributes:
        id: of the note that is kept until it was told.
        token: the provider's signed word.
        handles: by which relying parties asked about them.
        credentials: how many they had.
        receipt: for the person, the provider's signed word that it is done; None when it is told later.
    """

    id: bytes
    token: str
    handles: tuple[str, ...]
    credentials: int
    receipt: str | None = None

    def __repr__(self) -> str:
        return "<PendingErasure redacted>"


class Eraser:
    """Erases a provider's people.

    Args:
        engine: the migrated database.
        vault: its vault.
        key: the provider's signing key, current with the verifier.
        provider: its id.
    """

    def __init__(self, engine: Engine, vault: Vault, *, key: SigningKey, provider: str) -> None:
        self._engine = engine
        self._vault = vault
        self._key = key
        self._provider = provider

    def erase(self, reference: str, *, now: int, entropy: Entropy) -> PendingErasure:
        """Destroy all that is held of a person, and note what the verifier has to be told, which is returned as well.

        Raises:
            SubjectUnknown: no such subject, or erased already (the operator's fault).
        """
        request = entropy(_ID)
        with self._engine.begin() as connection:
            handles = handles_of(connection, self._vault, reference)
            whose = select(SUBJECTS.c.id).where(SUBJECTS.c.lookup == self._vault.lookup(reference)).scalar_subquery()
            counted = {
                name: connection.scalar(select(func.count()).select_from(table).where(table.c.subject_id == whose)) or 0
                for name, table in (("consents", CONSENTS), ("inquiries", INQUIRIES))
            }
            credentials = self._vault.erase_in(connection, reference, now=now)
            told = canonical_json({"handles": list(handles), "credentials": sorted(credentials)})
            sealed = self._vault.seal_request(told, of=request, entropy=entropy)
            connection.execute(insert(ERASURES).values(id=request, requested_at=now, sealed=sealed))
        self._vault.forget(self._engine)
        erased = {"credentials": len(credentials), **counted}
        receipt = sign_receipt(provider=self._provider, request=request, erased=erased, issued_at=now, key=self._key)
        return replace(self._signed(request, handles, credentials, now), receipt=receipt.token)

    def pending(self, *, now: int) -> list[PendingErasure]:
        """What the verifier has not acknowledged, oldest first; signed now, with the key that is current.

        Raises:
            VaultError: the vault was tampered with.
        """
        chosen = select(ERASURES.c.id, ERASURES.c.sealed).where(_PENDING).order_by(ERASURES.c.requested_at)
        with self._engine.connect().execution_options(reading=True) as connection:
            rows = connection.execute(chosen).all()
        return [self._opened(bytes(row.id), bytes(row.sealed or b""), now) for row in rows]

    def pending_count(self) -> int:
        """How many people the verifier has yet to erase."""
        with self._engine.connect().execution_options(reading=True) as connection:
            return connection.scalar(select(func.count()).select_from(ERASURES).where(_PENDING)) or 0

    def mark_logged(self, request: bytes, entry_index: int) -> None:
        """Note where the log says so, and forget who it was. Doing so twice changes nothing."""
        with self._engine.begin() as connection:
            told = update(ERASURES).where(ERASURES.c.id == request, _PENDING)
            connection.execute(told.values(sealed=None, entry_index=entry_index))
        self._vault.forget(self._engine)

    def _opened(self, request: bytes, sealed: bytes, now: int) -> PendingErasure:
        told = json.loads(self._vault.open_request(sealed, of=request))
        return self._signed(request, told["handles"], told["credentials"], now)

    def _signed(
        self, request: bytes, handles: Collection[str], credentials: Collection[str], now: int
    ) -> PendingErasure:
        signed = sign_erasure(provider=self._provider, credentials=credentials, issued_at=now, key=self._key)
        return PendingErasure(request, signed.token, tuple(handles), len(credentials))
