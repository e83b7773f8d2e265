r"""The form of an evidence file: log entries with their bodies and salts, and what shows that the log has them.

RFC 8785 JSON and a newline::

    {"answer": {"body": "{...}", "salt": "..."}, "attestors": [],
     "credentials": [{"body": "{...}", "inclusion": ["..."], "index": 3, "salt": "..."}],
     "format": "zkattest-evidence/3", "parties": [], "providers": [{...}], "schemas": [{...}],
     "tlog_proof": "c2sp.org/tlog-proof@v1\nindex 413\n...\n\nverifier.example/log\n414\n..."}

`tlog_proof` is the answer's inclusion as any C2SP client reads it; all other entries are included under the checkpoint
inside it. Nothing here is verified before `require_included`; what the entries mean is for `evidence.evidence`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

from circuits.encoding import b64u, b64u_decode, canonical_json, parse_canonical_json
from circuits.errors import CircuitsError
from circuits.vocabulary import MAX_SCHEMAS
from verifier.entries.attestors import MAX_ATTESTORS, AttestorEntry
from verifier.entries.kinds import AnswerEntry, CredentialEntry, ProviderEntry, SchemaEntry
from verifier.entries.parties import PartyEntry
from verifier.errors import EvidenceError, VerifierError
from verifier.evidence.tlog_proof import TlogProof
from verifier.log import merkle
from verifier.log.leaves import SALT, LoggedEntry, salted_leaf
from verifier.log.note import Checkpoint, NoteVerifier

FORMAT = "zkattest-evidence/3"
MAX_EVIDENCE = 1 << 23
"""Room for eight of the longest schemas with their credentials."""
_EARLIER = ("zkattest-evidence/1", "zkattest-evidence/2")


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list of a file holds: entries of one kind, so many of them."""

    kind: str
    fewest: int
    most: int


LISTS = {
    "providers": Listed(ProviderEntry.kind, 1, MAX_SCHEMAS),
    "schemas": Listed(SchemaEntry.kind, 1, MAX_SCHEMAS),
    "credentials": Listed(CredentialEntry.kind, 1, MAX_SCHEMAS),
    "attestors": Listed(AttestorEntry.kind, 0, MAX_ATTESTORS),
    "parties": Listed(PartyEntry.kind, 0, 1),
}
_MEMBERS = {"format", "tlog_proof", "answer", *LISTS}
_ANSWER_MEMBERS = {"salt", "body"}
_ENTRY_MEMBERS = {"index", "inclusion", *_ANSWER_MEMBERS}


class LogReader(Protocol):
    """What evidence is written from."""

    @property
    def note(self) -> str:
        """The newest signed checkpoint."""
        ...

    def entry(self, index: int) -> LoggedEntry:
        """Read one entry."""
        ...

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Prove that an entry is in the tree of a size."""
        ...


@dataclass(frozen=True, slots=True)
class Enclosed:
    """An entry beside the answer, and its inclusion (hashes of 32 bytes, lowest first)."""

    logged: LoggedEntry
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A file as parsed.

    Attributes:
        proof: the answer's inclusion, with the checkpoint of all.
        answer: the answer's entry.
        lists: the other entries, under the names of the lists.
    """

    proof: TlogProof
    answer: LoggedEntry
    lists: Mapping[str, tuple[Enclosed, ...]]

    @classmethod
    def read(cls, log: LogReader, index: int, places: Mapping[str, Sequence[int]]) -> Self:
        """Take an answer and the entries it relies on from a log, under its newest checkpoint.

        Raises:
            MerkleError: there is no such entry (blame: the caller).
        """
        note = log.note
        size = Checkpoint.from_bytes(note.partition("\n\n")[0].encode() + b"\n").size
        proof = TlogProof(index, tuple(log.inclusion(index, size)), note)
        lists = {
            name: tuple(Enclosed(log.entry(place), tuple(log.inclusion(place, size))) for place in places.get(name, ()))
            for name in LISTS
        }
        return cls(proof, log.entry(index), lists)

    def to_bytes(self) -> bytes:
        """Write the file."""
        lists = {name: [_entry_json(each) for each in self.lists[name]] for name in LISTS}
        answer = {"salt": b64u(self.answer.salt), "body": self.answer.body.decode()}
        file = {"format": FORMAT, "tlog_proof": self.proof.to_text(), "answer": answer, **lists}
        return canonical_json(file) + b"\n"

    @classmethod
    def from_bytes(cls, evidence: bytes) -> Self:
        """Parse a file; the strict inverse of to_bytes.

        Raises:
            EvidenceError: malformed, or of another version (blame: who presented it).
        """
        file = _parse(evidence)
        proof = TlogProof.from_text(file["tlog_proof"])
        if proof.extra:
            raise EvidenceError("tlog_proof: it has an extra line, which nothing authenticates")
        member = file["answer"]
        if not isinstance(member, dict) or set(member) != _ANSWER_MEMBERS:
            raise EvidenceError(f"answer: the members must be {', '.join(sorted(_ANSWER_MEMBERS))}")
        answer = _logged(AnswerEntry.kind, proof.index, member)
        return cls(proof, answer, {name: tuple(_list(name, file)) for name in LISTS})

    @property
    def leaf(self) -> bytes:
        """The 32 bytes that the log holds for the answer: the record that a foreign client verifies `proof` for."""
        return salted_leaf(self.answer.salt, self.answer.body)

    def entries(self) -> Iterator[LoggedEntry]:
        """All entries beside the answer, list by list."""
        for each in self.lists.values():
            yield from (enclosed.logged for enclosed in each)

    def require_included(self, log: NoteVerifier) -> Checkpoint:
        """Require that the log has every entry; returns the checkpoint that says so.

        Raises:
            EvidenceError: an entry is not shown to be in the tree (blame: who presented the file).
            NoteError: the checkpoint is not the log's, or not cosigned as it must be (blame: the same).
        """
        checkpoint = Checkpoint.open(self.proof.note, log)
        answer = Enclosed(self.answer, self.proof.path)
        for enclosed in (answer, *(each for entries in self.lists.values() for each in entries)):
            logged = enclosed.logged
            try:
                merkle.verify_inclusion(logged.leaf_hash, logged.index, checkpoint.size, enclosed.path, checkpoint.root)
            except VerifierError as error:
                raise EvidenceError(f"{logged.kind}: {error}") from error
        return checkpoint


def _entry_json(enclosed: Enclosed) -> dict[str, Any]:
    return {
        "index": enclosed.logged.index,
        "salt": b64u(enclosed.logged.salt),
        "body": enclosed.logged.body.decode(),
        "inclusion": [b64u(digest) for digest in enclosed.path],
    }


def _parse(evidence: bytes) -> dict[str, Any]:
    if len(evidence) > MAX_EVIDENCE:
        raise EvidenceError("the file is too long")
    if not evidence.endswith(b"\n"):
        raise EvidenceError("the file does not end with a newline: it may have been cut")
    try:
        file = parse_canonical_json(evidence[:-1])
    except CircuitsError as error:
        raise EvidenceError(f"not an evidence file: {error}") from error
    if not isinstance(file, dict):
        raise EvidenceError("an evidence file is a JSON object")
    if file.get("format") in _EARLIER:
        raise EvidenceError(f"format: the file is of an earlier version than {FORMAT}; have it made again from the log")
    if file.get("format") != FORMAT:
        raise EvidenceError(f"format: must be {FORMAT}")
    if set(file) != _MEMBERS or not isinstance(file["tlog_proof"], str):
        raise EvidenceError(f"the members must be {', '.join(sorted(_MEMBERS))}")
    return file


def _list(name: str, file: dict[str, Any]) -> Iterator[Enclosed]:
    members, listed = file[name], LISTS[name]
    if not isinstance(members, list) or not listed.fewest <= len(members) <= listed.most:
        raise EvidenceError(f"{name}: must be a list of {listed.fewest} to {listed.most} entries")
    for member in members:
        yield _enclosed(listed.kind, member)


def _enclosed(role: str, member: Any) -> Enclosed:  # noqa: ANN401 - parsed JSON
    if not isinstance(member, dict) or set(member) != _ENTRY_MEMBERS:
        raise EvidenceError(f"{role}: the members must be {', '.join(sorted(_ENTRY_MEMBERS))}")
    index, inclusion = member["index"], member["inclusion"]
    if not isinstance(index, int) or isinstance(index, bool) or not isinstance(inclusion, list):
        raise EvidenceError(f"{role}: index must be a number, inclusion a list")
    if not all(isinstance(text, str) for text in inclusion):
        raise EvidenceError(f"{role}: inclusion is a list of texts")
    try:
        return Enclosed(_logged(role, index, member), tuple(b64u_decode(text) for text in inclusion))
    except CircuitsError as error:
        raise EvidenceError(f"{role}: {error}") from error


def _logged(role: str, index: int, member: Mapping[str, Any]) -> LoggedEntry:
    salt, body = member["salt"], member["body"]
    if not isinstance(salt, str) or not isinstance(body, str):
        raise EvidenceError(f"{role}: salt and body are texts")
    try:
        logged = LoggedEntry(index, role, 0, b64u_decode(salt), body.encode())
    except (CircuitsError, UnicodeEncodeError) as error:
        raise EvidenceError(f"{role}: {error}") from error
    if len(logged.salt) != SALT:
        raise EvidenceError(f"{role}: a salt has {SALT} bytes")
    return logged
