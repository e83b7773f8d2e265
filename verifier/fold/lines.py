"""Lines of credentials: what succeeds what, and whom each line speaks about.

A credential names no person, so that the log does not either. Without more, a provider could answer every question from
whichever credential suits: another person's, or one of two it keeps for the same person. So the log's own answers bind:

- a credential has at most one successor, so a line never forks;
- a line answers about one subject only;
- a subject is answered about, under one schema, from one line. Another line may take over if it was begun after the
  last question that was answered from the old one (a person who was erased and imported again): then the old one is
  over. A line that was there all along cannot be turned to when its answer is liked better.

An answer from several credentials binds each of their lines: to mix one person's payroll with another's passport is to
give the other's passport away for good.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TypeVar

from circuits.encoding import fields
from circuits.query import Query
from verifier.errors import CredentialElsewhere, RegistryError

_KEY = 16
Key = TypeVar("Key")
Value = TypeVar("Value")


class Lines:
    """Lines by the entry of their first credential; written by one thread, read anywhere."""

    def __init__(self) -> None:
        self._starts: dict[int, int] = {}
        self._newest: dict[int, int] = {}
        self._subject_of: dict[int, bytes] = {}
        self._line_of: dict[bytes, tuple[int, int]] = {}

    def start(self, index: int) -> int:
        """The entry that began the line of the credential at an entry."""
        return self._starts.get(index, index)

    def extend(self, index: int, superseded: int) -> Callable[[], None]:
        """Let the credential at an entry succeed another; returns how to take that back.

        Raises:
            RegistryError: the other has a successor already (blame: the provider).
        """
        line = self.start(superseded)
        if self._newest.get(line, line) != superseded:
            raise RegistryError("what is to be superseded has been superseded already: a line of credentials forks")
        self._starts[index] = line
        self._newest[line] = index

        def undo() -> None:
            del self._starts[index]
            self._newest[line] = superseded

        return undo

    def require(self, query: Query, indices: Sequence[int]) -> None:
        """Require that a subject may be answered about from credentials, one under each of the query's schemas.

        Args:
            query: about whom, under which schemas.
            indices: the credentials' entries, in the order of the schemas.

        Raises:
            CredentialElsewhere: a line is about someone else, or the subject's answers come from another one (blame:
                provider).
        """
        person = _person(query.provider, query.subject)
        for schema_digest, index in zip(query.schema_digests, indices, strict=True):
            line = self.start(index)
            if self._subject_of.get(line, person) != person:
                raise CredentialElsewhere("answers about another subject have come from this credential or its line")
            held, asked_at = self._line_of.get(_question(person, schema_digest), (line, 0))
            if held != line and line < asked_at:
                raise CredentialElsewhere(
                    f"answers about this subject come from the credential at entry {held} and its successors; "
                    f"this one was there when the last of them was asked for"
                )

    def require_whole(self, provider: str, subject: str, indices: Collection[int]) -> None:
        """Require that credentials are all that the log has of a subject, and nobody else's: nobody is erased by half.

        Args:
            provider: whose.
            subject: the provider's reference for the person.
            indices: the credentials' entries.

        Raises:
            RegistryError: others of their lines, or of the subject's other lines, are not among them; or answers about
                someone else have come from them (blame: the provider).
        """
        person = _person(provider, subject)
        lines = {self.start(index) for index in indices}
        if any(self._subject_of.get(line, person) != person for line in lines):
            raise RegistryError("answers about another subject have come from these credentials")
        lines |= {line for line, owner in tuple(self._subject_of.items()) if owner == person}
        whole = lines | {index for index, line in tuple(self._starts.items()) if line in lines}
        missing = sorted(whole - set(indices))
        if missing:
            raise RegistryError(f"the same person also has the credential at entry {missing[0]}: name all of them")

    def forget(self, indices: Collection[int]) -> Callable[[], None]:
        """Forget the lines of credentials, and whom they spoke about; returns how to take that back."""
        lines = {self.start(index) for index in indices}
        questions = [key for key, (line, _) in self._line_of.items() if line in lines] if lines else []
        starts = _taken(self._starts, indices)
        newest, owners = _taken(self._newest, lines), _taken(self._subject_of, lines)
        held = _taken(self._line_of, questions)

        def undo() -> None:
            self._starts |= starts
            self._newest |= newest
            self._subject_of |= owners
            self._line_of |= held

        return undo

    def bind(
        self, provider: str, subject: str, sources: Iterable[tuple[bytes, int]], asked_at: int
    ) -> Callable[[], None]:
        """Note that a subject was answered about; returns how to take that back.

        Args:
            provider: who answered.
            subject: the provider's reference for the person.
            sources: for each schema, its digest and the entry of the credential that was used.
            asked_at: size of the log when the question was put.
        """
        person = _person(provider, subject)
        before: list[tuple[int, bytes | None, bytes, tuple[int, int] | None]] = []
        for schema_digest, index in sources:
            line, question = self.start(index), _question(person, schema_digest)
            held = self._line_of.get(question)
            before.append((line, self._subject_of.get(line), question, held))
            self._subject_of.setdefault(line, person)
            same = held is not None and held[0] == line
            self._line_of[question] = (line, max(asked_at, held[1]) if same and held else asked_at)

        def undo() -> None:
            for line, owner, question, held in reversed(before):
                if owner is None:
                    del self._subject_of[line]
                if held is None:
                    del self._line_of[question]
                else:
                    self._line_of[question] = held

        return undo


def _taken(kept: dict[Key, Value], keys: Iterable[Key]) -> dict[Key, Value]:
    """Remove what is kept under keys, and return it."""
    return {key: kept.pop(key) for key in tuple(keys) if key in kept}


# The registry keeps no references of people, only short names for a subject, and for a subject under a schema.


def _person(provider: str, subject: str) -> bytes:
    return hashlib.sha256(fields("zkattest/line/1", provider.encode(), subject.encode())).digest()[:_KEY]


def _question(person: bytes, schema_digest: bytes) -> bytes:
    return hashlib.sha256(person + schema_digest).digest()[:_KEY]
