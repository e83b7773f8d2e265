"""Credentials as the log's entries say: which there are, what ended them, about whom they speak, which were erased.

They are kept as compact tokens; whenever one is used it is opened with its signer's key, as on the first day.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from circuits.credential import Credential
from circuits.encoding import b64u_decode
from circuits.erasure import Erasure
from circuits.errors import CircuitsError
from circuits.jws import VerifyKey
from circuits.query import Query
from verifier.entries.erasure import ErasureEntry
from verifier.entries.revocation import Revocation
from verifier.errors import AlreadyRegistered, RegistryError
from verifier.fold.catalogue import Catalogue, Provider, Undo, nothing_to_undo
from verifier.fold.claims import Claims, require_past
from verifier.fold.lines import Lines, person_key
from verifier.fold.token_store import Place, TokenStore, place_of, token_of


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


class Credentials(Catalogue):
    """The credentials under the catalogue's schemas; written by one thread, read anywhere.

    Args:
        partial: entries may be missing, as in an evidence file: what a credential supersedes need not be there.
    """

    def __init__(self, *, partial: bool = False) -> None:
        super().__init__()
        self._partial = partial
        self._tokens = TokenStore()
        self._lines = Lines()
        self._erased: dict[bytes, int] = {}
        self._erasures: dict[str, int] = {}

    def __len__(self) -> int:
        """Count the credentials."""
        return len(self._tokens)

    def credential(self, credential_id: str) -> Registered:
        """Look a credential up and verify its signature again.

        Raises:
            RegistryError: there is none of that id (blame: who named it), or what is kept of it is damaged.
        """
        row = self._tokens.row(_key(credential_id))
        if row is None:
            raise RegistryError("no such credential is registered")
        place = place_of(row)
        signer = self._signer(place.provider_index)
        try:
            credential = _opened(row, signer.entry.key)
        except CircuitsError as error:
            raise RegistryError(f"{type(error).__name__}: {error}") from error
        return Registered(credential, place.index, place.provider_index, place.schema_index, place.ended_index)

    def require_lines(self, query: Query, registered: Sequence[Registered]) -> None:
        """Require that a handle may be answered about from credentials, one under each of the query's schemas.

        Raises:
            CredentialElsewhere: they are not one person's, or the handle is not theirs (blame: provider); see
                verifier.fold.lines.
        """
        people = [person_key(each.credential.provider, each.credential.person) for each in registered]
        self._lines.require(query.provider, query.relying_party, query.subject, people)

    def ended_index(self, credential_id: str) -> int | None:
        """The entry that superseded or revoked a credential; None if none did, or there is no such credential."""
        place = self._tokens.place(_key(credential_id))
        return None if place is None else place.ended_index

    def erased_index(self, credential_id: str) -> int | None:
        """The first entry at whose word a credential was erased, or None."""
        try:
            return self._erased.get(_key(credential_id))
        except RegistryError:
            return None

    def last_erasure(self, provider: str) -> int | None:
        """The newest entry by which somebody's credentials of a provider were erased, or None."""
        return self._erasures.get(provider)

    def whole_person(self, erasure: Erasure, handles: Collection[str]) -> dict[str, int]:
        """Where the credentials of an erasure stand, by id; those that never were registered or are gone left out.

        Raises:
            RegistryError: they and the handles are not all that the log has of the person, or not only that, or another
                provider's (blame: the provider); see verifier.fold.lines.
        """
        places = self._places_to_erase(erasure)
        people, indices = [each.person for each in places.values()], [each.index for each in places.values()]
        self._lines.require_whole(erasure.provider, handles, people, indices)
        return {credential_id: place.index for credential_id, place in places.items()}

    def _enter_credential(
        self, index: int, credential: "Credential | Claims", signer: Provider, appended_at: int
    ) -> Undo:
        key = _key(credential.id)
        if key in self._erased:
            raise RegistryError("the credential was erased: it does not come back")
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
        person = person_key(signer.id, credential.person)
        before = self._tokens.place(_key(credential.supersedes)) if credential.supersedes else None
        undo = self._end(index, credential.supersedes, signer.id) if credential.supersedes else nothing_to_undo
        try:
            superseded = None if before is None else before.index
            undo_line = self._lines.enter(index, person, credential.schema_digest, superseded)
        except RegistryError:
            undo()
            raise
        self._tokens.put(key, Place(index, signer.index, schema_index, None, person), credential.token)

        def take_back() -> None:
            self._tokens.remove(key)
            undo_line()
            undo()

        return take_back

    def _bind(self, provider: str, relying_party: str, handle: str, credentials: Sequence[str]) -> Undo:
        """Bind the handle to the credentials' person; whether it may be is appraised before, never here."""
        places = [self._tokens.place(_key(credential)) for credential in credentials]
        person = next((place.person for place in places if place is not None), None)
        return nothing_to_undo if person is None else self._lines.bind(provider, relying_party, handle, person)

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
                return nothing_to_undo
            raise RegistryError("what is to be superseded or revoked is not registered")
        if self._signer(place.provider_index).id != provider:
            raise RegistryError("what is to be superseded or revoked is another provider's")
        if place.ended_index is not None:
            return nothing_to_undo  # the first end counts
        self._tokens.end(key, index)
        return lambda: self._tokens.end(key, None)

    def _places_to_erase(self, erasure: Erasure) -> dict[str, Place]:
        found = {each: self._tokens.place(_key(each)) for each in erasure.credentials}
        places = {each: place for each, place in found.items() if place is not None}
        if any(self._signer(place.provider_index).id != erasure.provider for place in places.values()):
            raise RegistryError("what is to be erased is another provider's")
        return places

    def _enter_erasure(self, index: int, entry: ErasureEntry, erasure: Erasure) -> Undo:
        places = self._places_to_erase(erasure)
        kept = {place.index for place in places.values()}.difference(entry.entries)
        if kept:
            raise RegistryError(f"an erasure names the credential at entry {min(kept)}, and leaves it there")
        rows = {_key(each): self._tokens.row(_key(each)) for each in places}
        undo_lines = self._lines.forget([place.person for place in places.values()])
        for key in rows:
            self._tokens.remove(key)
        new = [key for key in map(_key, erasure.credentials) if key not in self._erased]
        self._erased |= dict.fromkeys(new, index)
        before = self._erasures.get(erasure.provider)
        self._erasures[erasure.provider] = index

        def undo() -> None:
            for key in new:
                del self._erased[key]
            for key, row in rows.items():
                if row is not None:
                    self._tokens.restore(key, row)
            undo_lines()
            if before is None:
                del self._erasures[erasure.provider]
            else:
                self._erasures[erasure.provider] = before

        return undo


@lru_cache(maxsize=4096)
def _opened(row: bytes, key: VerifyKey) -> Credential:
    """Open a kept token; people are asked about more than once, and the same bytes under the same key open the same."""
    return Credential.open(token_of(row), key)


def _key(credential_id: str) -> bytes:
    try:
        return b64u_decode(credential_id)
    except CircuitsError as error:
        raise RegistryError("a credential's id is base64url") from error
