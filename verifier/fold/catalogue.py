"""The catalogue: providers and their schemas, as the log's entries say; the small part of the registry.

A provider's id is the name it signs under; registered again, it rotates its key or moves its prover. A schema is its
digest; several providers may register the same one.
"""

from collections.abc import Callable
from dataclasses import dataclass

from circuits.attributes import Schema
from verifier.entries.kinds import ProviderEntry, SchemaEntry
from verifier.errors import AlreadyRegistered, RegistryError

Undo = Callable[[], None]


def nothing_to_undo() -> None:
    """Take nothing back."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider as last registered, the entry that says so, and its time (Unix seconds)."""

    entry: ProviderEntry
    index: int
    at: int

    @property
    def id(self) -> str:
        """The name it signs under."""
        return self.entry.id


class Catalogue:
    """Providers and schemas; written by one thread, read anywhere."""

    def __init__(self) -> None:
        self._providers: dict[str, Provider] = {}
        self._signers: dict[int, Provider] = {}
        self._schemas: dict[bytes, Schema] = {}
        self._places: dict[tuple[bytes, str], int] = {}

    def providers(self) -> tuple[Provider, ...]:
        """All providers, in the order of their first entry."""
        return tuple(self._providers.values())

    def provider(self, provider_id: str) -> Provider:
        """Look a provider up; RegistryError if there is none (blame: the caller)."""
        try:
            return self._providers[provider_id]
        except KeyError:
            raise RegistryError("no such provider is registered") from None

    def history(self, provider_id: str) -> tuple[Provider, ...]:
        """Everything that was registered under an id, in the log's order; empty if there is none."""
        return tuple(each for each in tuple(self._signers.values()) if each.id == provider_id)

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

    def _signer(self, index: int) -> Provider:
        """The provider as the entry of that number registered it."""
        return self._signers[index]

    def _enter_provider(self, index: int, entry: ProviderEntry, appended_at: int) -> Undo:
        known = self._providers.get(entry.id)
        if known is not None and known.entry == entry:
            raise AlreadyRegistered(f"provider {entry.id}", known.index)
        if entry.valid_from > appended_at:
            raise RegistryError("a provider's key must be valid when it is registered")
        self._providers[entry.id] = self._signers[index] = Provider(entry, index, appended_at)

        def undo() -> None:
            del self._signers[index]
            if known is None:
                del self._providers[entry.id]
            else:
                self._providers[entry.id] = known

        return undo

    def _enter_schema(self, index: int, entry: SchemaEntry) -> Undo:
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
