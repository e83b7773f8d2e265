"""Lines of credentials: one for each person and schema, and whom a handle speaks about.

A credential names its person by 16 random bytes (`person`), and a question by a handle that only one relying party
knows. Without more, a provider could answer every question from whichever credential suits: another person's, or one of
two it keeps for the same person. So the log binds:

- a credential about a person whom the log has one of already, under the same schema, succeeds the newest of these: a
  line never forks, and only its newest credential counts;
- all the credentials of one answer are one person's;
- a handle is one person's, and for one relying party a person has one handle: both are fixed by the first answer.
"""

import hashlib
import struct
from collections.abc import Callable, Collection, Iterator, Sequence

from circuits.encoding import fields
from verifier.errors import CredentialElsewhere, RegistryError

KEY = 16
_HELD = struct.Struct(">16sQ")
Undo = Callable[[], None]


class Lines:
    """Whose credentials are where, and who is called what; written by one thread, read anywhere."""

    def __init__(self) -> None:
        self._held: dict[bytes, bytes] = {}
        self._person_of: dict[bytes, bytes] = {}
        self._handle_of: dict[bytes, bytes] = {}

    def enter(self, index: int, person: bytes, schema_digest: bytes, superseded: int | None) -> Undo:
        """Let a credential join its person's line; returns how to take that back.

        Args:
            index: its entry.
            person: see person_key.
            schema_digest: which line.
            superseded: the entry of the credential that it supersedes; None if there is none, or it is not known here.

        Raises:
            RegistryError: it does not succeed the newest of its line, or succeeds another person's (blame: provider).
        """
        before = self._held.get(person)
        held = list(_rows(before or b""))
        newest = next((place for schema, place in reversed(held) if schema == schema_digest[:KEY]), None)
        if newest is not None and superseded != newest:
            raise RegistryError(
                f"the person has the credential at entry {newest}, which this one does not supersede: "
                "a line of credentials forks"
            )
        if superseded is not None and all(place != superseded for _schema, place in held):
            raise RegistryError("what is to be superseded is about somebody else")
        self._held[person] = (before or b"") + _HELD.pack(schema_digest[:KEY], index)

        def undo() -> None:
            if before is None:
                del self._held[person]
            else:
                self._held[person] = before

        return undo

    def require(self, provider: str, relying_party: str, handle: str, people: Sequence[bytes]) -> None:
        """Require that one person's credentials may answer about a handle.

        Args:
            provider: whose.
            relying_party: who asks.
            handle: about whom.
            people: of each of the credentials its person (person_key).

        Raises:
            CredentialElsewhere: they are several people's, the handle is somebody else's, or the person has another
                handle for this relying party (blame: provider).
        """
        if len(set(people)) != 1:
            raise CredentialElsewhere("the credentials are not one person's")
        person, known = people[0], _handle_key(provider, handle)
        if self._person_of.get(known, person) != person:
            raise CredentialElsewhere("answers about this subject have come from another person's credentials")
        if self._handle_of.get(_pair_key(person, relying_party), known) != known:
            raise CredentialElsewhere("this relying party was answered about the same person under another handle")

    def bind(self, provider: str, relying_party: str, handle: str, person: bytes) -> Undo:
        """Note that a handle was answered about; returns how to take that back."""
        known, pair = _handle_key(provider, handle), _pair_key(person, relying_party)
        new_person, new_handle = known not in self._person_of, pair not in self._handle_of
        self._person_of.setdefault(known, person)
        self._handle_of.setdefault(pair, known)

        def undo() -> None:
            if new_person:
                del self._person_of[known]
            if new_handle:
                del self._handle_of[pair]

        return undo

    def require_whole(
        self, provider: str, handles: Collection[str], people: Collection[bytes], indices: Collection[int]
    ) -> None:
        """Require that credentials and handles are all that the log has of one person: nobody is erased by half.

        Args:
            provider: whose.
            handles: by which the person was asked about.
            people: of each of the credentials its person.
            indices: the credentials' entries.

        Raises:
            RegistryError: some are somebody else's, or the person has more (blame: the provider).
        """
        whose = set(people)
        named = {_handle_key(provider, handle) for handle in handles}
        if len(whose) > 1 or {self._person_of[each] for each in named if each in self._person_of} - whose:
            raise RegistryError("these credentials and handles are not one person's")
        missing = sorted({place for each in whose for _, place in _rows(self._held.get(each, b""))} - set(indices))
        if missing:
            raise RegistryError(f"the same person also has the credential at entry {missing[0]}: name all of them")
        if whose and {handle for handle, person in tuple(self._person_of.items()) if person in whose} - named:
            raise RegistryError("the same person was answered about under another handle: name all of them")

    def forget(self, people: Collection[bytes]) -> Undo:
        """Forget people: their lines and their handles; returns how to take that back."""
        whose = set(people)
        held = {each: self._held.pop(each) for each in whose if each in self._held}
        person_of = {handle: person for handle, person in self._person_of.items() if person in whose} if whose else {}
        handle_of = {pair: handle for pair, handle in self._handle_of.items() if handle in person_of}
        for handle in person_of:
            del self._person_of[handle]
        for pair in handle_of:
            del self._handle_of[pair]

        def undo() -> None:
            self._held |= held
            self._person_of |= person_of
            self._handle_of |= handle_of

        return undo


def person_key(provider: str, person: str) -> bytes:
    """A short name for a provider's person; the registry keeps no other."""
    return hashlib.sha256(fields("zkattest/person/1", provider.encode(), person.encode())).digest()[:KEY]


def _rows(held: bytes) -> Iterator[tuple[bytes, int]]:
    yield from _HELD.iter_unpack(held)


def _handle_key(provider: str, handle: str) -> bytes:
    return hashlib.sha256(fields("zkattest/handle/1", provider.encode(), handle.encode())).digest()[:KEY]


def _pair_key(person: bytes, relying_party: str) -> bytes:
    return hashlib.sha256(fields("zkattest/pair/1", person, relying_party.encode())).digest()[:KEY]
