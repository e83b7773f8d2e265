"""The registry: providers, schemas and credentials, as the log's entries say. A fold, nothing else: no database.

Credentials are kept as compact tokens; whenever one is used it is opened with its signer's key, as on the first day.
Writing happens in one thread (the log's writer, or a replay); reading anywhere.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from circuits.attributes import Schema
from circuits.credential import Credential, peek_provider
from circuits.encoding import b64u_decode
from circuits.errors import CircuitsError
from circuits.jws import VerifyKey
from circuits.query import Query
from verifier.claims import Claims, claims_of, require_past
from verifier.entries import (
    REGISTRY_KINDS,
    AnswerEntry,
    CredentialEntry,
    Entry,
    ProviderEntry,
    RevocationEntry,
    SchemaEntry,
    decode_logged,
)
from verifier.errors import AlreadyRegistered, EntryError, RegistryError
from verifier.leaves import LoggedEntry
from verifier.lines import Lines
from verifier.revocation import Revocation
from verifier.token_store import Place, TokenStore, place_of, token_of

Undo = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider as last registered, and the entry that says so."""

    entry: ProviderEntry
    index: int

    @property
    def id(self) -> str:
        """The name it signs under."""
        return self.entry.id


@dataclass(frozen=True, slots=True)
class Registered:
    """A credential with its place in the log.

    Attributes:
        credential: as the provider signed it.
        index: its entry.
        provider_index: the entry with the key that signed it.
        schema_index: the entry with its schema.
        ended_index: the entry that superseded or revoked it, or None.
    """

    credential: Credential
    index: int
    provider_index: int
    schema_index: int
    ended_index: int | None


@dataclass(frozen=True, slots=True)
class Admitted:
    """An entry whose signature has been verified: what remains is to compare it with the log. Made by `admit`."""

    entry: Entry
    signer: Provider | None = None
    credential: "Credential | Claims | None" = None
    revocation: Revocation | None = None


def _nothing() -> None:
    """Take nothing back."""


class Registry:
    """What the log says now.

    Args:
        partial: entries may be missing, as in an evidence file: what a credential supersedes need not be there.
    """

    def __init__(self, *, partial: bool = False) -> None:
        self._partial = partial
        self._providers: dict[str, Provider] = {}
        self._signers: dict[int, Provider] = {}
        self._schemas: dict[bytes, Schema] = {}
        self._places: dict[tuple[bytes, str], int] = {}
        self._tokens = TokenStore()
        self._lines = Lines()
        self._next = 0

    def __len__(self) -> int:
        """Count the credentials."""
        return len(self._tokens)

    # -- asking ----------------------------------------------------------------------------------------------------

    def providers(self) -> tuple[Provider, ...]:
        """All providers, in the order of their first entry."""
        return tuple(self._providers.values())

    def provider(self, provider_id: str) -> Provider:
        """Look a provider up; RegistryError if there is none (blame: the caller)."""
        try:
            return self._providers[provider_id]
        except KeyError:
            raise RegistryError("no such provider is registered") from None

    def schemas(self) -> tuple[Schema, ...]:
        """All schemas, in the order of their first entry."""
        return tuple(self._schemas.values())

    def schema(self, digest: bytes) -> Schema:
        """Look a schema up; RegistryError if there is none (blame: the caller)."""
        try:
            return self._schemas[digest]
        except KeyError:
            raise RegistryError("no such schema is registered") from None

    def schema_providers(self, digest: bytes) -> tuple[str, ...]:
        """The providers that registered a schema, in the order they did."""
        return tuple(provider for (place, provider) in tuple(self._places) if place == digest)

    def schema_index(self, digest: bytes, provider: str) -> int:
        """The entry by which a provider registered a schema; RegistryError if there is none (blame: the caller)."""
        try:
            return self._places[digest, provider]
        except KeyError:
            raise RegistryError("the provider has not registered this schema") from None

    def schema_for(self, provider: str, attributes: Iterable[str]) -> Schema:
        """The most recently logged schema of a provider that has all of these attributes.

        Raises:
            RegistryError: it has none (blame: whoever asks about such attributes).
        """
        wanted = tuple(attributes)
        places = sorted(
            ((index, digest) for (digest, owner), index in tuple(self._places.items()) if owner == provider),
            reverse=True,
        )
        for _index, digest in places:
            schema = self.schema(digest)
            if all(name in schema for name in wanted):
                return schema
        raise RegistryError("the provider has no schema with all of these attributes")

    def credential(self, credential_id: str) -> Registered:
        """Look a credential up and verify its signature again.

        Raises:
            RegistryError: there is none of that id (blame: who named it), or what is kept of it is damaged.
        """
        row = self._tokens.row(_key(credential_id))
        if row is None:
            raise RegistryError("no such credential is registered")
        place = place_of(row)
        signer = self._signers[place.provider_index]
        try:
            credential = _opened(row, signer.entry.key)
        except CircuitsError as error:
            raise RegistryError(f"{type(error).__name__}: {error}") from error
        return Registered(credential, place.index, place.provider_index, place.schema_index, place.ended_index)

    def require_line(self, query: Query, registered: Registered) -> None:
        """Require that a subject's answers may come from a credential; see verifier.lines.

        Raises:
            CredentialElsewhere: they come from another one, or it speaks about someone else (blame: provider).
        """
        self._lines.require(query, registered.index)

    # -- folding ---------------------------------------------------------------------------------------------------

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
        if not isinstance(entry, (CredentialEntry, RevocationEntry)):
            return Admitted(entry)
        try:
            if trusted and isinstance(entry, CredentialEntry):
                claims = claims_of(entry.token)
                return Admitted(entry, self.provider(claims.provider), claims)
            signer = self.provider(peek_provider(entry.token))
            if isinstance(entry, RevocationEntry):
                return Admitted(entry, signer, revocation=Revocation.open(entry.token, signer.entry.key))
            credential = Credential.open(entry.token, signer.entry.key)  # seldom used again soon: not worth the cache
            self._require_attributes(credential)
        except CircuitsError as error:
            raise RegistryError(f"{type(error).__name__}: {error}") from error
        return Admitted(entry, signer, credential)

    def recall(self, logged: LoggedEntry) -> None:
        """Fold an entry of our own log in, which was checked before it was appended; answers by the million.

        Raises:
            EntryError, RegistryError: the log holds what cannot have been appended (blame: log operator).
        """
        if logged.kind == AnswerEntry.kind:
            # Only whom it binds to what: parsing all of it would take eight times as long.
            try:
                body = json.loads(logged.body)
                query, place = body["query"], self._tokens.place(_key(body["credential"]))
                names = query["provider"], query["subject"], b64u_decode(query["schemas"][0])
                asked_at = int(body["asked_at"])
            except (CircuitsError, ValueError, TypeError, KeyError) as error:
                raise EntryError(f"entry {logged.index} is no answer: {type(error).__name__}") from error
            if place is not None:
                self._lines.bind(*names, place.index, asked_at)
        elif logged.kind in REGISTRY_KINDS:
            self.apply(logged.index, decode_logged(logged), logged.appended_at, trusted=True)

    def enter(self, index: int, admitted: Admitted, appended_at: int) -> Undo:
        """Fold an admitted entry in; see apply. Returns how to take it back while it is still the newest."""
        if index < self._next:
            raise RegistryError(f"entry {index} is out of order")
        entry, before = admitted.entry, self._next
        undo: Undo = _nothing
        if isinstance(entry, ProviderEntry):
            undo = self._enter_provider(index, entry, appended_at)
        elif isinstance(entry, SchemaEntry):
            undo = self._enter_schema(index, entry)
        elif admitted.credential is not None:
            undo = self._enter_credential(index, admitted.credential, self._current(admitted), appended_at)
        elif admitted.revocation is not None:
            self._current(admitted)
            undo = self._enter_revocation(index, admitted.revocation)
        elif isinstance(entry, AnswerEntry):
            undo = self._enter_answer(entry)
        self._next = index + 1

        def take_back() -> None:
            undo()
            self._next = before

        return take_back

    def _require_attributes(self, credential: Credential) -> None:
        schema = self.schema(credential.schema_digest)
        if any(name not in schema for name in credential.commitments):
            raise RegistryError("the credential has attributes that its schema has not")

    def _current(self, admitted: Admitted) -> Provider:
        signer = admitted.signer
        if signer is None or self.provider(signer.id).entry.key != signer.entry.key:
            raise RegistryError("the provider's key has changed")
        return self.provider(signer.id)

    def _enter_provider(self, index: int, entry: ProviderEntry, appended_at: int) -> Undo:
        known = self._providers.get(entry.id)
        if known is not None and known.entry == entry:
            raise AlreadyRegistered(f"provider {entry.id}", known.index)
        if entry.valid_from > appended_at:
            raise RegistryError("a provider's key must be valid when it is registered")
        self._providers[entry.id] = self._signers[index] = Provider(entry, index)

        def undo() -> None:
            del self._signers[index]
            if known is None:
                del self._providers[entry.id]
            else:
                self._providers[entry.id] = known

        return undo

    def _enter_schema(self, index: int, entry: SchemaEntry) -> Undo:
        if not self._partial:  # there, the provider's key may be a newer one than when the schema was logged
            self.provider(entry.provider)
        digest = entry.schema.digest
        if (digest, entry.provider) in self._places:
            raise AlreadyRegistered(f"schema {entry.schema.name}", self._places[digest, entry.provider])
        new = digest not in self._schemas
        self._schemas.setdefault(digest, entry.schema)
        self._places[digest, entry.provider] = index

        def undo() -> None:
            del self._places[digest, entry.provider]
            if new:
                del self._schemas[digest]

        return undo

    def _enter_credential(
        self, index: int, credential: "Credential | Claims", signer: Provider, appended_at: int
    ) -> Undo:
        key = _key(credential.id)
        known = self._tokens.place(key)
        if known is not None:
            if self._tokens.token(key) == credential.token:
                raise AlreadyRegistered("the credential", known.index)
            raise RegistryError("another credential of this id is registered")
        if credential.provider != signer.id:
            raise RegistryError("the credential names another issuer than its signer")
        if isinstance(credential, Credential):
            require_past(credential, appended_at)
        schema_index = self.schema_index(credential.schema_digest, signer.id)
        undo = self._supersede(index, credential.supersedes, signer.id) if credential.supersedes else _nothing
        self._tokens.put(key, Place(index, signer.index, schema_index, None), credential.token)

        def take_back() -> None:
            self._tokens.remove(key)
            undo()

        return take_back

    def _enter_answer(self, entry: AnswerEntry) -> Undo:
        """Bind the subject to the credential's line; whether it may be is appraised before, never here."""
        place = self._tokens.place(_key(entry.credential))
        if place is None:
            return _nothing
        query = entry.query
        return self._lines.bind(query.provider, query.subject, query.schema_digests[0], place.index, entry.asked_at)

    def _supersede(self, index: int, credential_id: str, provider: str) -> Undo:
        undo_end = self._end(index, credential_id, provider)
        place = self._tokens.place(_key(credential_id))
        if place is None:  # as in an evidence file
            return undo_end
        try:
            undo_line = self._lines.extend(index, place.index)
        except RegistryError:
            undo_end()
            raise

        def undo() -> None:
            undo_line()
            undo_end()

        return undo

    def _enter_revocation(self, index: int, revocation: Revocation) -> Undo:
        place = self._tokens.place(_key(revocation.credential))
        if place is not None and place.ended_index is not None:
            raise AlreadyRegistered("the end of the credential", place.ended_index)
        return self._end(index, revocation.credential, revocation.provider)

    def _end(self, index: int, credential_id: str, provider: str) -> Undo:
        key = _key(credential_id)
        place = self._tokens.place(key)
        if place is None:
            if self._partial:
                return _nothing
            raise RegistryError("what is to be superseded or revoked is not registered")
        if self._signers[place.provider_index].id != provider:
            raise RegistryError("what is to be superseded or revoked is another provider's")
        if place.ended_index is not None:
            return _nothing  # the first end counts
        self._tokens.end(key, index)
        return lambda: self._tokens.end(key, None)


@lru_cache(maxsize=4096)
def _opened(row: bytes, key: VerifyKey) -> Credential:
    """Open a kept token; people are asked about more than once, and the same bytes under the same key open the same."""
    return Credential.open(token_of(row), key)


def _key(credential_id: str) -> bytes:
    try:
        return b64u_decode(credential_id)
    except CircuitsError as error:
        raise RegistryError("a credential's id is base64url") from error
