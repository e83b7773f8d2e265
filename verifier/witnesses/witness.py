"""A witness of logs: it cosigns a checkpoint that extends the last one it cosigned (C2SP tlog-witness).

All state is one signed checkpoint per log, in a `Store`. It is replaced durably before the cosignature is made: a
witness that is killed in between has signed nothing, and for every size there is one root that it may ever sign. A
request is text::

    old 20852014
    PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=

    example.com/behind-the-sofa
    20852163
    ...

the size that the log believes the witness is at, a consistency proof from there (RFC 6962 2.1.2), an empty line, and
the checkpoint.
"""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, Self

from verifier.errors import MerkleError, NoteError, VerifierError
from verifier.log import merkle
from verifier.log.keys import unbase64
from verifier.log.note import MAX_NOTE, Checkpoint, NoteVerifier, split_note
from verifier.witnesses.cosigning import Cosigner

MAX_HASHES = 63
MAX_REQUEST = MAX_NOTE + 64 * MAX_HASHES
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")


class WitnessRefused(VerifierError):  # noqa: N818 - names what became of the request
    """The witness does not cosign (blame: who asked)."""


class RequestMalformed(WitnessRefused):
    """The bytes are no request, or its old size is above the checkpoint's (blame: who asked)."""


class OriginUnknown(WitnessRefused):
    """The witness has no key of this log (blame: who asked, or who configured the witness)."""


class SignatureRefused(WitnessRefused):
    """The log's own key has not signed the checkpoint (blame: who asked)."""


class SizeConflict(WitnessRefused):
    """The old size is not the witness's: `size` is. Asking again from there is the remedy (blame: nobody)."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the last cosigned checkpoint is of size {size}")
        self.size = size


class Forked(WitnessRefused):
    """The log has signed two roots of one size (blame: log operator)."""


class Inconsistent(WitnessRefused):
    """The checkpoint is not shown to extend the last one (blame: log operator, or who carried the proof)."""


class Store(Protocol):
    """Where a witness keeps the last signed checkpoint of each log."""

    def read(self, origin: str) -> str | None:
        """Read the last note, or None if there is none."""
        ...

    def swap(self, origin: str, *, old: str | None, new: str) -> bool:
        """Replace the note if it is still `old`; True only when `new` will survive a crash."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a witness: to go from `old` entries to the checkpoint in `note`, along `path`."""

    old: int
    path: tuple[bytes, ...]
    note: str

    def to_text(self) -> str:
        """Write the request as it is sent."""
        hashes = "".join(f"{base64.b64encode(digest).decode()}\n" for digest in self.path)
        return f"old {self.old}\n{hashes}\n{self.note}"

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Parse a request; the note in it is not opened.

        Raises:
            RequestMalformed: not a request (blame: who asked).
        """
        if len(raw) > MAX_REQUEST:
            raise RequestMalformed("a request is too long")
        try:
            head, empty, note = raw.decode().partition("\n\n")
            first, *hashes = head.split("\n", MAX_HASHES + 1)
            size = _OLD.fullmatch(first)
            if size is None or not empty or len(hashes) > MAX_HASHES:
                raise RequestMalformed(f"a request is an old size, at most {MAX_HASHES} hashes, an empty line, a note")
            path = tuple(unbase64(line, "a hash") for line in hashes)
        except (UnicodeDecodeError, NoteError) as error:
            raise RequestMalformed(str(error)) from error
        if any(len(digest) != merkle.HASH for digest in path):
            raise RequestMalformed("a hash has 32 bytes")
        return cls(int(size[1]), path, note)


class Witness:
    """Cosigns checkpoints of the logs that it knows.

    Args:
        logs: the keys of the logs; the name of each is its origin.
        cosigner: the witness's own key.
        store: the last checkpoint of each log.
        clock: Unix seconds.
    """

    def __init__(
        self, logs: Mapping[str, NoteVerifier], *, cosigner: Cosigner, store: Store, clock: Callable[[], int]
    ) -> None:
        self._logs = logs
        self._cosigner = cosigner
        self._store = store
        self._clock = clock

    def add_checkpoint(self, raw: bytes) -> str:
        """Cosign the checkpoint in a request, and remember it first; returns the signature line.

        Raises:
            RequestMalformed: see there, as for those that follow (in the order in which they are looked for).
            OriginUnknown: another log's checkpoint.
            SignatureRefused: not signed by the log's key.
            SizeConflict: the witness is at another size than the request says.
            Forked: the size is the same, the root is not.
            Inconsistent: the proof does not lead from the old root to the new one.
            NoteError: what is stored is no checkpoint (blame: whoever changed it). Nothing is signed.
        """
        request = Request.from_bytes(raw)
        checkpoint = self._open(request.note)
        if request.old > checkpoint.size:
            raise RequestMalformed("the old size is above the checkpoint's")
        last_note = self._store.read(checkpoint.origin)
        last = self._last(checkpoint.origin, last_note)
        if request.old != last.size:
            raise SizeConflict(last.size)
        if last_note is not None and last.size == checkpoint.size and last.root != checkpoint.root:
            raise Forked("another root of this size has been cosigned")
        try:
            merkle.verify_consistency(last.size, checkpoint.size, request.path, last.root, checkpoint.root)
        except MerkleError as error:
            raise Inconsistent(str(error)) from error
        now = self._clock()  # before the swap: at this time nothing larger had been seen, whoever else is being served
        if not self._store.swap(checkpoint.origin, old=last_note, new=request.note):
            raise SizeConflict(self._last(checkpoint.origin, self._store.read(checkpoint.origin)).size)
        return self._cosigner.cosign(checkpoint.to_bytes(), now=now)

    def _open(self, note: str) -> Checkpoint:
        try:
            text, _lines = split_note(note)
            origin = Checkpoint.from_bytes(text).origin
        except NoteError as error:
            raise RequestMalformed(str(error)) from error
        if origin not in self._logs:
            raise OriginUnknown("no key of this log is known here")
        try:
            return Checkpoint.open(note, self._logs[origin])
        except NoteError as error:
            raise SignatureRefused(str(error)) from error

    def _last(self, origin: str, note: str | None) -> Checkpoint:
        """Read the last checkpoint, which was opened before it was stored; an unknown log's is that of no entries."""
        if note is None:
            return Checkpoint(origin, 0, merkle.EMPTY_ROOT)
        return Checkpoint.from_bytes(split_note(note)[0])
