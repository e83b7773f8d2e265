r"""Evidence: one file that proves one answer offline, to anyone who has pinned the verifier's keys.

The file is RFC 8785 JSON and a newline::

    {"answer": {"body": "{...}", "inclusion": ["..."], "index": 413, "salt": "..."},
     "checkpoint": "verifier.example/log\n414\n...", "credential": {...}, "format": "zkattest-evidence/1",
     "provider": {...}, "schema": {...}}

Four log entries, each with its exact body, its salt and its inclusion proof under one signed checkpoint: the provider
with its key, the schema, the credential, and the answer, whose body holds query, proof and attestation. What is not in
the file cannot be shown by it: that the credential was not revoked before the question is for the replay of the log.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, Protocol

from circuits.encoding import b64u, b64u_decode, canonical_json, parse_canonical_json
from circuits.errors import CircuitsError
from circuits.query import Query
from verifier import merkle
from verifier.attestation import Attestation
from verifier.checking import Answered, EngineName, check
from verifier.entries import AnswerEntry, CredentialEntry, ProviderEntry, SchemaEntry, decode
from verifier.errors import AttestationError, CheckFailed, EvidenceError, VerifierError
from verifier.leaves import LoggedEntry
from verifier.note import Checkpoint
from verifier.registry import Registry
from verifier.trust import Trust

__all__ = ["Trust", "Verdict", "build", "verify_evidence"]
FORMAT = "zkattest-evidence/1"
MAX_EVIDENCE = 1 << 20
_REGISTERED = (ProviderEntry.kind, SchemaEntry.kind, CredentialEntry.kind)
_ROLES = (*_REGISTERED, AnswerEntry.kind)
_MEMBERS = {"format", "checkpoint", *_ROLES}
_ENTRY_MEMBERS = {"index", "salt", "body", "inclusion"}


class LogReader(Protocol):
    """What evidence is built from."""

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
class Verdict:
    """What a file has been found to prove.

    Attributes:
        query: what was asked, by whom, about whom.
        question: the predicate in English.
        answer: the proven bit.
        index: the entry that holds the answer.
        answered_at: Unix seconds, as logged.
        proof_bytes: size of the zero-knowledge proof.
        proof_digest: its SHA-256.
        checkpoint: the log's state under which all was included.
        attestation: the verifier's signed word.
        engine: which implementation verified the proof.
    """

    query: Query
    question: str
    answer: bool
    index: int
    answered_at: int
    proof_bytes: int
    proof_digest: bytes
    checkpoint: Checkpoint
    attestation: Attestation
    engine: EngineName

    @property
    def subject(self) -> str:
        """The provider's reference for the person."""
        return self.query.subject

    @property
    def provider(self) -> str:
        """Who answered."""
        return self.query.provider

    @property
    def relying_party(self) -> str:
        """Who asked."""
        return self.query.relying_party

    @property
    def as_of(self) -> str:
        """ISO date at which ages were counted."""
        return self.query.as_of

    @property
    def origin(self) -> str:
        """The log that holds the answer."""
        return self.checkpoint.origin


def build(index: int, *, log: LogReader, registry: Registry) -> bytes:
    """Write the evidence for an answer in the log.

    Raises:
        EvidenceError: the entry is no answer (blame: the caller).
        MerkleError: there is no such entry (blame: the caller).
    """
    note = log.note
    size = Checkpoint.from_bytes(note.partition("\n\n")[0].encode() + b"\n").size
    logged = log.entry(index)
    answer, _at = decode(logged.body)
    if not isinstance(answer, AnswerEntry):
        raise EvidenceError(f"entry {index} is no answer")
    registered = registry.credential(answer.credential)
    members = {
        ProviderEntry.kind: registered.provider_index,
        SchemaEntry.kind: registered.schema_index,
        CredentialEntry.kind: registered.index,
        AnswerEntry.kind: index,
    }
    entries = {role: _entry_json(log.entry(place), log.inclusion(place, size)) for role, place in members.items()}
    return canonical_json({"format": FORMAT, "checkpoint": note, **entries}) + b"\n"


def verify_evidence(evidence: bytes, *, trust: Trust, engine: EngineName = "fast") -> Verdict:
    """Verify an evidence file with nothing but the pinned keys.

    Args:
        evidence: the file.
        trust: what the auditor pinned.
        engine: which implementation verifies the proof; the reference shares nothing with the fast one below the group.

    Raises:
        EvidenceError: it proves nothing: which member, and why (the cause carries the blame where there is one).
    """
    file = _parse(evidence)
    try:
        checkpoint = Checkpoint.open(file["checkpoint"], trust.log)
        entries = {role: _included(role, file[role], checkpoint) for role in _ROLES}
        return _verify_answer(entries, checkpoint, trust, engine)
    except EvidenceError:
        raise
    except (CheckFailed, AttestationError) as error:
        raise EvidenceError(f"answer: {error}") from error
    except VerifierError as error:
        raise EvidenceError(str(error)) from error


def _verify_answer(
    entries: dict[str, LoggedEntry], checkpoint: Checkpoint, trust: Trust, engine: EngineName
) -> Verdict:
    registry = Registry(partial=True)
    # In the order of the log: after a provider has changed its key, the schema may be older than the key.
    for role in sorted(_REGISTERED, key=lambda role: entries[role].index):
        entry, appended_at = _decode(role, entries[role])
        registry.apply(entries[role].index, entry, appended_at)
    logged = entries[AnswerEntry.kind]
    answer, answered_at = _decode(AnswerEntry.kind, logged)
    if not isinstance(answer, AnswerEntry) or answer.asked_at > logged.index:
        raise EvidenceError("answer: it relies on a later state of the log than its own")
    checked = check(
        answer.query,
        Answered(answer.answer, answer.credential, answer.proof),
        registry=registry,
        audience=trust.origin,
        asked_at=answer.asked_at,
        now=answered_at,
        engine=engine,
    )
    attestation = Attestation.open(
        answer.attestation,
        trust.attestations,
        checked=checked,
        origin=trust.origin,
        index=logged.index,
        now=answered_at,
    )
    return Verdict(
        query=answer.query,
        question=checked.claim.predicate.english(),
        answer=answer.answer,
        index=logged.index,
        answered_at=answered_at,
        proof_bytes=len(answer.proof),
        proof_digest=hashlib.sha256(answer.proof).digest(),
        checkpoint=checkpoint,
        attestation=attestation,
        engine=engine,
    )


def _decode(role: str, logged: LoggedEntry) -> tuple[Any, int]:
    entry, appended_at = decode(logged.body)
    if entry.kind != role:
        raise EvidenceError(f"{role}: the entry is of kind {entry.kind}")
    return entry, appended_at


def _entry_json(logged: LoggedEntry, inclusion: list[bytes]) -> dict[str, Any]:
    return {
        "index": logged.index,
        "salt": b64u(logged.salt),
        "body": logged.body.decode(),
        "inclusion": [b64u(digest) for digest in inclusion],
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
    if not isinstance(file, dict) or file.get("format") != FORMAT:
        raise EvidenceError(f"format: must be {FORMAT}")
    if set(file) != _MEMBERS or not isinstance(file["checkpoint"], str):
        raise EvidenceError(f"the members must be {', '.join(sorted(_MEMBERS))}")
    return file


def _included(role: str, member: Any, checkpoint: Checkpoint) -> LoggedEntry:  # noqa: ANN401 - parsed JSON
    """Parse one entry and verify that the log has it."""
    if not isinstance(member, dict) or set(member) != _ENTRY_MEMBERS:
        raise EvidenceError(f"{role}: the members must be {', '.join(sorted(_ENTRY_MEMBERS))}")
    index, salt, body, inclusion = (member[name] for name in ("index", "salt", "body", "inclusion"))
    if not isinstance(index, int) or isinstance(index, bool) or not isinstance(inclusion, list):
        raise EvidenceError(f"{role}: index must be a number, inclusion a list")
    if not all(isinstance(text, str) for text in (salt, body, *inclusion)):
        raise EvidenceError(f"{role}: salt, body and inclusion are texts")
    try:
        logged = LoggedEntry(index, role, 0, b64u_decode(salt), body.encode())
        path = [b64u_decode(text) for text in inclusion]
        merkle.verify_inclusion(logged.leaf_hash, index, checkpoint.size, path, checkpoint.root)
    except (CircuitsError, VerifierError, UnicodeEncodeError) as error:
        raise EvidenceError(f"{role}: {error}") from error
    return logged
