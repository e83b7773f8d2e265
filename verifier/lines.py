"""Lines of credentials: what succeeds what, and whom each line speaks about.

A credential names no person, so that the log does not either. Without more, a provider could answer every question from
whichever credential suits: another person's, or one of two it keeps for the same person. So the log's own answers bind:

- a credential has at most one successor, so a line never forks;
- a line answers about one subject only;
- a subject is answered about, under one schema, from one line. Another line may take over if it was begun after the
  last question that was answered from the old one (a person who was erased and imported again): then the old one is
  over. A line that was there all along cannot be turned to when its answer is liked better.
"""

import hashlib
from collections.abc import Callable

from circuits.encoding import fields
from circuits.query import Query
from verifier.errors import CredentialElsewhere, RegistryError

_KEY = 16


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

    def require(self, query: Query, index: int) -> None:
        """Require that a subject may be answered about from the credential at an entry.

        Raises:
            CredentialElsewhere: its line is about someone else, or the subject's answers come from another one
                (blame: provider).
        """
        line = self.start(index)
        subject, question = _keys(query.provider, query.subject, query.schema_digests[0])
        if self._subject_of.get(line, subject) != subject:
            raise CredentialElsewhere("answers about another subject have come from this credential or its line")
        held, asked_at = self._line_of.get(question, (line, 0))
        if held != line and line < asked_at:
            raise CredentialElsewhere(
                f"answers about this subject come from the credential at entry {held} and its successors; "
                f"this one was there when the last of them was asked for"
            )

    def bind(self, provider: str, subject: str, schema_digest: bytes, index: int, asked_at: int) -> Callable[[], None]:
        """Note that a subject was answered about from the credential at an entry; returns how to take that back."""
        line = self.start(index)
        person, question = _keys(provider, subject, schema_digest)
        owner, before = self._subject_of.get(line), self._line_of.get(question)
        self._subject_of.setdefault(line, person)
        same = before is not None and before[0] == line
        self._line_of[question] = (line, max(asked_at, before[1]) if same and before else asked_at)

        def undo() -> None:
            if owner is None:
                del self._subject_of[line]
            if before is None:
                del self._line_of[question]
            else:
                self._line_of[question] = before

        return undo


def _keys(provider: str, subject: str, schema_digest: bytes) -> tuple[bytes, bytes]:
    """Short names for a subject, and for a subject under a schema: the registry keeps no references of people."""
    person = hashlib.sha256(fields("zkattest/line/1", provider.encode(), subject.encode())).digest()
    return person[:_KEY], hashlib.sha256(person + schema_digest).digest()[:_KEY]
