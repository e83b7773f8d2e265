"""The registry: all that the log's entries say, and how they are folded in. No database.

An entry is admitted (its signatures, before it has a number), then entered (against all that came before it). Writing
happens in one thread (the log's writer, or a replay); reading anywhere.
"""

import json
from dataclasses import dataclass

from circuits import calendar
from circuits.credential import Credential, peek_provider
from circuits.erasure import Erasure
from circuits.errors import CircuitsError
from circuits.withdrawal import Withdrawal
from verifier.entries.attestors import AttestorEntry, Attestors
from verifier.entries.erasure import ErasureEntry
from verifier.entries.kinds import (
    REGISTRY_KINDS,
    AnswerEntry,
    CredentialEntry,
    Entry,
    ProviderEntry,
    RevocationEntry,
    SchemaEntry,
    UndeterminedEntry,
    decode_logged,
)
from verifier.entries.parties import Parties, PartyEntry
from verifier.entries.revocation import Revocation
from verifier.entries.withdrawal import WithdrawalEntry
from verifier.errors import EntryError, RegistryError
from verifier.fold.catalogue import Provider, Undo, nothing_to_undo
from verifier.fold.claims import Claims, claims_of
from verifier.fold.consents import Consents
from verifier.fold.credentials import Credentials
from verifier.log.leaves import AnyEntry, Tombstone
from verifier.trust import Trust


@dataclass(frozen=True, slots=True)
class Admitted:
    """An entry whose signature has been verified: what remains is to compare it with the log. Made by `admit`."""

    entry: Entry
    signer: Provider | None = None
    credential: "Credential | Claims | None" = None
    revocation: Revocation | None = None
    erasure: Erasure | None = None
    withdrawal: Withdrawal | None = None


class Registry(Credentials):
    """What the log says now: providers and schemas, their credentials, and the keys of attestors and relying parties.

    Args:
        partial: entries may be missing, as in an evidence file: what a credential supersedes need not be there.
        trust: what an auditor has pinned; None for the verifier's own log.
    """

    def __init__(self, *, partial: bool = False, trust: Trust | None = None) -> None:
        super().__init__(partial=partial)
        self.attestors = Attestors(trust)
        self.parties = Parties()
        self.consents = Consents()
        self._next = 0

    def apply(self, index: int, entry: Entry, appended_at: int, *, trusted: bool = False) -> None:
        """Fold the next entry of the log in. Kinds that say nothing about the registry pass.

        Args:
            index: its number; numbers only grow.
            entry: as parsed.
            appended_at: Unix seconds.
            trusted: the entry comes from our own log, which verified its signature when it was appended.

        Raises:
            RegistryError: it contradicts what the log said before (blame: who logged it), or is out of order.
        """
        self.enter(index, self.admit(entry, trusted=trusted), appended_at)

    def admit(self, entry: Entry, *, trusted: bool = False) -> Admitted:
        """Verify what can be verified before an entry has a number: signatures. Slow, changes nothing, any thread.

        Raises:
            RegistryError: the provider is unknown, or did not sign this with its current key (blame: the sender).
        """
        if not isinstance(entry, (CredentialEntry, RevocationEntry, ErasureEntry, WithdrawalEntry)):
            return Admitted(entry)
        try:
            if trusted and isinstance(entry, CredentialEntry):
                claims = claims_of(entry.token)
                return Admitted(entry, self.provider(claims.provider), claims)
            signer = self.provider(peek_provider(entry.token))
            if isinstance(entry, RevocationEntry):
                return Admitted(entry, signer, revocation=Revocation.open(entry.token, signer.entry.key))
            if isinstance(entry, WithdrawalEntry):
                return Admitted(entry, signer, withdrawal=Withdrawal.open(entry.token, signer.entry.key))
            if isinstance(entry, ErasureEntry):
                return Admitted(entry, signer, erasure=Erasure.open(entry.token, signer.entry.key))
            credential = Credential.open(entry.token, signer.entry.key)  # seldom used again soon: not worth the cache
            self._require_attributes(credential)
        except CircuitsError as error:
            raise RegistryError(f"{type(error).__name__}: {error}") from error
        return Admitted(entry, signer, credential)

    def recall(self, logged: AnyEntry) -> None:
        """Fold an entry of our own log in, which was checked before it was appended; answers by the million.

        One that was erased says nothing any more: what it had said, its erasure takes back.

        Raises:
            EntryError, RegistryError: the log holds what cannot have been appended (blame: log operator).
        """
        if isinstance(logged, Tombstone):
            return
        if logged.kind in (AnswerEntry.kind, UndeterminedEntry.kind):
            # Only whom it binds to what, and which consent it uses: parsing all of it would take eight times as long.
            try:
                body = json.loads(logged.body)
                query = body["query"]
                if logged.kind == AnswerEntry.kind:
                    self._bind(query["provider"], query["relying_party"], query["subject"], body["credentials"])
                self.consents.use(query["provider"], body["consent"], calendar.unix(query["issued_at"]))
            except (CircuitsError, ValueError, TypeError, KeyError, AttributeError) as error:
                raise EntryError(f"entry {logged.index} is no outcome: {type(error).__name__}") from error
        elif logged.kind in REGISTRY_KINDS:
            self.apply(logged.index, decode_logged(logged), logged.appended_at, trusted=True)

    def enter(self, index: int, admitted: Admitted, appended_at: int) -> Undo:
        """Fold an admitted entry in; see apply. Returns how to take it back while it is still the newest."""
        if index < self._next:
            raise RegistryError(f"entry {index} is out of order")
        entry, before = admitted.entry, self._next
        undo: Undo = nothing_to_undo
        if isinstance(entry, (AttestorEntry, ProviderEntry, SchemaEntry)):
            undo = self._enter_operators(index, entry, appended_at)
        elif admitted.credential is not None:
            undo = self._enter_credential(index, admitted.credential, self._current(admitted), appended_at)
        elif admitted.revocation is not None:
            self._current(admitted)
            undo = self._enter_revocation(index, admitted.revocation)
        elif isinstance(entry, ErasureEntry) and admitted.erasure is not None:
            self._current(admitted)
            undo = self._enter_erasure(index, entry, admitted.erasure)
        elif isinstance(entry, PartyEntry):
            undo = self.parties.enter(index, entry, appended_at)
        elif admitted.withdrawal is not None:
            provider = self._current(admitted).id
            undo = self.consents.withdraw(index, provider, admitted.withdrawal.consent)
        elif isinstance(entry, (AnswerEntry, UndeterminedEntry)):
            undo = self._enter_outcome(entry)
        self._next = index + 1

        def take_back() -> None:
            undo()
            self._next = before

        return take_back

    def _enter_operators(
        self, index: int, entry: AttestorEntry | ProviderEntry | SchemaEntry, appended_at: int
    ) -> Undo:
        """What the verifier's operator logs, without a provider's signature."""
        if isinstance(entry, AttestorEntry):
            return self.attestors.enter(index, entry, appended_at)
        if isinstance(entry, ProviderEntry):
            return self._enter_provider(index, entry, appended_at)
        if not self._partial:  # there, the provider's key may be a newer one than when the schema was logged
            self.provider(entry.provider)
        return self._enter_schema(index, entry)

    def _require_attributes(self, credential: Credential) -> None:
        schema = self.schema(credential.schema_digest)
        if any(name not in schema for name in credential.commitments):
            raise RegistryError("the credential has attributes that its schema has not")

    def _current(self, admitted: Admitted) -> Provider:
        signer = admitted.signer
        if signer is None or self.provider(signer.id).entry.key != signer.entry.key:
            raise RegistryError("the provider's key has changed")
        return self.provider(signer.id)

    def _enter_outcome(self, entry: AnswerEntry | UndeterminedEntry) -> Undo:
        query, undo = entry.query, nothing_to_undo
        if isinstance(entry, AnswerEntry):
            undo = self._bind(query.provider, query.relying_party, query.subject, entry.credentials)
        undo_use = self.consents.use(query.provider, entry.consent, query.issued_at)

        def take_back() -> None:
            undo_use()
            undo()

        return take_back
