"""One entry's inclusion as a text of its own (C2SP tlog-proof), for tools that know nothing else of this log.

The text::

    c2sp.org/tlog-proof@v1
    index 6
    gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=

    verifier.example/log
    7
    F7vxN1xdsLTMpjz5pI/CP5u1Zd0fNqN4XzG4Mz1WovQ=

    — verifier.example/log rMrSgg...

The index, the hashes from the leaf's sibling upwards (RFC 6962 2.1.1), an empty line, and the checkpoint with all its
signatures. A line `extra` with base64 may stand before the index; nothing authenticates it.
"""

import base64
import re
from dataclasses import dataclass
from typing import Self

from verifier.errors import EvidenceError, MerkleError, NoteError
from verifier.log import merkle
from verifier.log.keys import unbase64
from verifier.log.note import Checkpoint, NoteVerifier
from verifier.witnesses.cosigning import Quorum

HEADER = "c2sp.org/tlog-proof@v1"
MAX_TEXT = 1 << 17
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")
_EXTRA = "extra "


@dataclass(frozen=True, slots=True)
class TlogProof:
    """An inclusion proof under a signed checkpoint; nothing in it is verified before `verify`.

    Attributes:
        index: the entry's number.
        path: the hashes (32 bytes each), lowest first.
        note: the checkpoint with its signatures.
        extra: bytes that nothing authenticates.
    """

    index: int
    path: tuple[bytes, ...]
    note: str
    extra: bytes = b""

    def to_text(self) -> str:
        """Write the proof, which is the content of a `.tlog-proof` file."""
        extra = [_EXTRA + base64.b64encode(self.extra).decode()] if self.extra else []
        hashes = [base64.b64encode(digest).decode() for digest in self.path]
        return "\n".join([HEADER, *extra, f"index {self.index}", *hashes, "", self.note])

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Parse a proof; the strict inverse of `to_text`.

        Raises:
            EvidenceError: malformed (blame: who presented it).
        """
        if len(text) > MAX_TEXT:
            raise EvidenceError("a tlog-proof is too long")
        head, empty, note = text.partition("\n\n")
        header, *lines = head.split("\n", merkle.MAX_PROOF + 3)
        if header != HEADER or not empty:
            raise EvidenceError(f"a tlog-proof starts with {HEADER} and has an empty line before its checkpoint")
        try:
            has_extra = bool(lines) and lines[0].startswith(_EXTRA)
            extra = unbase64(lines.pop(0).removeprefix(_EXTRA), "extra") if has_extra else b""
            index = _INDEX.fullmatch(lines[0]) if lines else None
            path = tuple(unbase64(line, "a hash") for line in lines[1:])
        except NoteError as error:
            raise EvidenceError(f"tlog-proof: {error}") from error
        if index is None or (has_extra and not extra):
            raise EvidenceError("a tlog-proof has a line with its index, and none that is empty")
        if len(path) > merkle.MAX_PROOF or any(len(digest) != merkle.HASH for digest in path):
            raise EvidenceError(f"a tlog-proof has at most {merkle.MAX_PROOF} hashes of 32 bytes")
        return cls(int(index[1]), path, note, extra)

    def verify(self, leaf_hash: bytes, *, log: NoteVerifier, quorum: Quorum | None = None) -> Checkpoint:
        """Verify that an entry (the hash of its leaf, 32 bytes) is in the log; returns the checkpoint that says so.

        Raises:
            EvidenceError: the log's key or too few of the pinned witnesses have signed, or the entry is not shown to be
                in the tree (blame: log operator, or who carried the proof).
        """
        try:
            checkpoint = Checkpoint.open(self.note, log)
            if quorum is not None:
                quorum.require(self.note)
            merkle.verify_inclusion(leaf_hash, self.index, checkpoint.size, self.path, checkpoint.root)
        except (NoteError, MerkleError) as error:
            raise EvidenceError(f"tlog-proof: {error}") from error
        return checkpoint
