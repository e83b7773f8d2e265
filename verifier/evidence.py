r"""Evidence: one file that proves one answer offline, to anyone who has pinned the verifier's keys.

The file is RFC 8785 JSON and a newline::

    {"answer": {"body": "{...}", "inclusion": ["..."], "index": 413, "salt": "..."},
     "checkpoint": "verifier.example/log\n414\n...", "credentials": [{...}], "format": "zkattest-evidence/2",
     "providers": [{...}], "schemas": [{...}]}

Log entries, each with its exact body, its salt and its inclusion proof under one signed checkpoint: the answer, whose
body holds query, proof and attestation; the credentials and the schemas it is from, in the query's order; and the
provider with the keys that signed them, in the log's (one entry, or more if it changed its key between). These and no
others. What is not in the file cannot be shown by it: that no credential was revoked before the question is for the
replay of the log.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol

from circuits.encoding import b64u, b64u_decode, canonical_json, parse_canonical_json
from circuits.errors import CircuitsError
from circuits.predicate import Predicate
from circuits.query import Query
from circuits.vocabulary import MAX_SCHEMAS
from verifier import merkle
from verifier.attestation import Attestation
from verifier.checking import Answered, EngineName, check
from verifier.entries import AnswerEntry, CredentialEntry, ProviderEntry, SchemaEntry, decode
from verifier.errors import AttestationError, CheckFailed, EvidenceError, VerifierError
from verifier.leaves import LoggedEntry, salted_leaf
from verifier.note import Checkpoint
from verifier.registry import Registered, Registry
from verifier.tlog_proof import TlogProof
from verifier.trust import Trust

__all__ = ["Trust", "Verdict", "build", "inclusions", "verify_evidence"]
FORMAT = "zkattest-evidence/2"
MAX_EVIDENCE = 1 << 23
"""Room for eight of the longest schemas with their credentials."""
_EARLIER = ("zkattest-evidence/1",)
_LISTS = {"providers": ProviderEntry.kind, "schemas": SchemaEntry.kind, "credentials": CredentialEntry.kind}
_MEMBERS = {"format", "checkpoint", "answer", *_LISTS}
_NOT_THOSE = "not those that the answer is from, in their order"
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
        failed: the clauses that failed; none unless the query asked for them and the answer is NO.
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
    failed: tuple[Predicate, ...]
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
    places = _places([registry.credential(credential) for credential in answer.credentials])
    lists = {name: [_entry_json(log, place, size) for place in places[name]] for name in _LISTS}
    file = {"format": FORMAT, "checkpoint": note, "answer": _entry_json(log, index, size), **lists}
    return canonical_json(file) + b"\n"


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
        answer = _included("answer", file["answer"], checkpoint)
        lists = {name: [_included(_LISTS[name], each, checkpoint) for each in _list(name, file)] for name in _LISTS}
        return _verify_answer(answer, lists, checkpoint, trust, engine)
    except EvidenceError:
        raise
    except (CheckFailed, AttestationError) as error:
        raise EvidenceError(f"answer: {error}") from error
    except VerifierError as error:
        raise EvidenceError(str(error)) from error


def inclusions(evidence: bytes) -> list[tuple[bytes, TlogProof]]:
    """Write what a file says of the log as C2SP tlog-proofs, so that others' tools can check it; nothing is verified.

    Returns:
        For each entry the leaf that the log holds (32 bytes, a salted hash) and its proof, in the order of the log.

    Raises:
        EvidenceError: not an evidence file (blame: who presented it).
    """
    file = _parse(evidence)
    members = [
        (AnswerEntry.kind, file["answer"]),
        *((kind, each) for name, kind in _LISTS.items() for each in _list(name, file)),
    ]
    found = []
    for role, member in members:
        logged, path = _entry(role, member)
        proof = TlogProof(logged.index, tuple(path), file["checkpoint"])
        try:
            found.append((salted_leaf(logged.salt, logged.body), proof))
        except VerifierError as error:
            raise EvidenceError(f"{role}: {error}") from error
    return sorted(found, key=lambda each: each[1].index)


def _verify_answer(
    logged: LoggedEntry,
    lists: dict[str, list[LoggedEntry]],
    checkpoint: Checkpoint,
    trust: Trust,
    engine: EngineName,
) -> Verdict:
    answer, answered_at = _decode(AnswerEntry.kind, logged)
    if not isinstance(answer, AnswerEntry) or answer.asked_at > logged.index:
        raise EvidenceError("answer: it relies on a later state of the log than its own")
    for name in ("schemas", "credentials"):
        if len(lists[name]) != len(answer.credentials):  # before the check, which would blame the provider
            raise EvidenceError(f"{name}: {_NOT_THOSE}")
    registry = Registry(partial=True)
    # In the order of the log: after a provider has changed its key, a schema may be older than the key.
    for each in sorted(chain.from_iterable(lists.values()), key=lambda each: each.index):
        entry, appended_at = _decode(each.kind, each)
        registry.apply(each.index, entry, appended_at)
    checked = check(
        answer.query,
        Answered.of(answer),
        registry=registry,
        audience=trust.origin,
        asked_at=answer.asked_at,
        now=answered_at,
        engine=engine,
    )
    _require_exactly(lists, checked.claim.registered)
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
        failed=checked.claim.failed,
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


def _entry_json(log: LogReader, index: int, size: int) -> dict[str, Any]:
    logged = log.entry(index)
    return {
        "index": index,
        "salt": b64u(logged.salt),
        "body": logged.body.decode(),
        "inclusion": [b64u(digest) for digest in log.inclusion(index, size)],
    }


def _places(registered: Sequence[Registered]) -> dict[str, list[int]]:
    """List the entries that an answer from some credentials relies on, in the order of the file."""
    return {
        "providers": sorted({each.provider_index for each in registered}),
        "schemas": [each.schema_index for each in registered],
        "credentials": [each.index for each in registered],
    }


def _require_exactly(lists: dict[str, list[LoggedEntry]], registered: Sequence[Registered]) -> None:
    """Require that a file holds what its answer relies on, and nothing beside it."""
    for name, places in _places(registered).items():
        if [each.index for each in lists[name]] != places:
            raise EvidenceError(f"{name}: {_NOT_THOSE}")


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
    if set(file) != _MEMBERS or not isinstance(file["checkpoint"], str):
        raise EvidenceError(f"the members must be {', '.join(sorted(_MEMBERS))}")
    return file


def _list(name: str, file: dict[str, Any]) -> list[Any]:
    members = file[name]
    if not isinstance(members, list) or not 1 <= len(members) <= MAX_SCHEMAS:
        raise EvidenceError(f"{name}: must be a list of 1 to {MAX_SCHEMAS} entries")
    return members


def _included(role: str, member: Any, checkpoint: Checkpoint) -> LoggedEntry:  # noqa: ANN401 - parsed JSON
    """Parse one entry and verify that the log has it."""
    logged, path = _entry(role, member)
    try:
        merkle.verify_inclusion(logged.leaf_hash, logged.index, checkpoint.size, path, checkpoint.root)
    except VerifierError as error:
        raise EvidenceError(f"{role}: {error}") from error
    return logged


def _entry(role: str, member: Any) -> tuple[LoggedEntry, list[bytes]]:  # noqa: ANN401 - parsed JSON
    """Parse one entry and its inclusion proof."""
    if not isinstance(member, dict) or set(member) != _ENTRY_MEMBERS:
        raise EvidenceError(f"{role}: the members must be {', '.join(sorted(_ENTRY_MEMBERS))}")
    index, salt, body, inclusion = (member[name] for name in ("index", "salt", "body", "inclusion"))
    if not isinstance(index, int) or isinstance(index, bool) or not isinstance(inclusion, list):
        raise EvidenceError(f"{role}: index must be a number, inclusion a list")
    if not all(isinstance(text, str) for text in (salt, body, *inclusion)):
        raise EvidenceError(f"{role}: salt, body and inclusion are texts")
    try:
        logged = LoggedEntry(index, role, 0, b64u_decode(salt), body.encode())
        return logged, [b64u_decode(text) for text in inclusion]
    except (CircuitsError, VerifierError, UnicodeEncodeError) as error:
        raise EvidenceError(f"{role}: {error}") from error
