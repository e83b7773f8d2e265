"""Evidence: one file that proves one answer offline, to anyone who has pinned the verifier's keys.

It holds log entries (`verifier.evidence.file`): the answer, whose body holds query, consent, proof and attestation; the
credentials and the schemas it is from, in the query's order; and the provider with the keys that signed them and the
consent, in the log's (one entry, or more if it changed its key between). These and no others. What is not in the file
cannot be shown by it: that no credential was revoked before the question, and no consent withdrawn, is for the replay
of the log.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from circuits.credential import Credential
from circuits.predicate import Predicate
from circuits.query import Query
from verifier.answered import Answered
from verifier.attestation import Attestation
from verifier.checking import EngineName, check
from verifier.consented import Granted, open_granted
from verifier.entries.kinds import AnswerEntry, ProviderEntry, decode
from verifier.entries.parties import PartyEntry
from verifier.errors import AttestationError, CheckFailed, EvidenceError, VerifierError
from verifier.evidence.file import MAX_EVIDENCE, EvidenceFile, LogReader
from verifier.fold.credentials import Registered
from verifier.fold.registry import Registry
from verifier.log.leaves import LoggedEntry
from verifier.log.note import Checkpoint
from verifier.trust import Trust
from verifier.witnesses.cosigning import Cosignature, WitnessedVerifier

__all__ = ["MAX_EVIDENCE", "KeyThen", "Trust", "Verdict", "build", "places", "verify_evidence"]
_NOT_THOSE = "not those that the answer is from, in their order"


@dataclass(frozen=True, slots=True)
class KeyThen:
    """A key that something in a file was signed with, and from when on it counted. Until when, one file cannot say.

    Attributes:
        role: "attestation", "provider", or "relying party" where the question is signed.
        holder: who signed with it.
        kid: its RFC 7638 thumbprint.
        index: the entry that says whose it is; None for a pinned key.
        since: Unix seconds, as that entry says; None for a pinned key.
    """

    role: str
    holder: str
    kid: str
    index: int | None = None
    since: int | None = None


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
        keys: what signed attestation and credentials, and since when it counted.
        credentials: as the provider signed them, in the query's order; each was in its period.
        witnesses: the pinned witnesses that cosigned the checkpoint, and when; none if none are pinned.
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
    keys: tuple[KeyThen, ...]
    credentials: tuple[Credential, ...]
    witnesses: tuple[Cosignature, ...]

    @property
    def subject(self) -> str:
        """The handle by which the relying party asks about the person."""
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
    def signed(self) -> bool:
        """Whether the relying party signed the question: it cannot deny having asked."""
        return self.attestation.checked.claim.signed

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
    return EvidenceFile.read(log, index, _relied_on(log.entry(index), registry)).to_bytes()


def places(logged: LoggedEntry, registry: Registry) -> set[int]:
    """List the entries that an answer's evidence takes beside it.

    Raises:
        EvidenceError: the entry is no answer (blame: the caller).
        RegistryError: it relies on what the log does not hold.
    """
    return {index for listed in _relied_on(logged, registry).values() for index in listed}


def _relied_on(logged: LoggedEntry, registry: Registry) -> dict[str, list[int]]:
    answer, _at = decode(logged.body)
    if not isinstance(answer, AnswerEntry):
        raise EvidenceError(f"entry {logged.index} is no answer")
    found = _places([registry.credential(each) for each in answer.credentials], _granted(answer, registry))
    found["attestors"] = registry.attestors.places(logged.index)
    found["parties"] = _parties(answer, registry)
    return found


def verify_evidence(evidence: bytes, *, trust: Trust, engine: EngineName = "fast") -> Verdict:
    """Verify an evidence file with nothing but the pinned keys.

    Args:
        evidence: the file.
        trust: what the auditor pinned.
        engine: which implementation verifies the proof; the reference shares nothing with the fast one below the group.

    Raises:
        EvidenceError: it proves nothing: which member, and why (the cause carries the blame where there is one).
    """
    file = EvidenceFile.from_bytes(evidence)
    try:
        return _verify_answer(file, file.require_included(trust.log), trust, engine)
    except EvidenceError:
        raise
    except (CheckFailed, AttestationError) as error:
        raise EvidenceError(f"answer: {error}") from error
    except VerifierError as error:
        raise EvidenceError(str(error)) from error


def _verify_answer(file: EvidenceFile, checkpoint: Checkpoint, trust: Trust, engine: EngineName) -> Verdict:
    index = file.answer.index
    answer, answered_at = _decode(file.answer)
    if not isinstance(answer, AnswerEntry) or answer.asked_at > index:
        raise EvidenceError("answer: it relies on a later state of the log than its own")
    for name in ("schemas", "credentials"):
        if len(file.lists[name]) != len(answer.credentials):  # before the check, which would blame the provider
            raise EvidenceError(f"{name}: {_NOT_THOSE}")
    registry = Registry(partial=True, trust=trust)
    signers: list[KeyThen] = []
    # In the order of the log: after a provider has changed its key, a schema may be older than the key.
    for each in sorted(file.entries(), key=lambda each: each.index):
        entry, appended_at = _decode(each)
        registry.apply(each.index, entry, appended_at)
        if isinstance(entry, ProviderEntry):
            signers.append(KeyThen("provider", entry.id, entry.key.kid, each.index, entry.valid_from))
        elif isinstance(entry, PartyEntry) and entry.key is not None:
            signers.append(KeyThen("relying party", entry.party, entry.key.kid, each.index, entry.valid_from))
    checked = check(
        answer.query,
        Answered.of(answer),
        consent=answer.consent,
        registry=registry,
        audience=trust.origin,
        asked_at=answer.asked_at,
        now=answered_at,
        request=answer.request,
        engine=engine,
    )
    relied_on = _places(checked.claim.registered, checked.claim.granted) | {
        "attestors": registry.attestors.places(index)
    }
    _require_exactly(file, relied_on | {"parties": _parties(answer, registry)})
    attested = registry.attestors.period(index)
    attestation = Attestation.open(
        answer.attestation,
        attested.key,
        checked=checked,
        origin=trust.origin,
        index=index,
        now=answered_at,
    )
    return Verdict(
        query=answer.query,
        question=checked.claim.predicate.english(),
        answer=answer.answer,
        failed=checked.claim.failed,
        index=index,
        answered_at=answered_at,
        proof_bytes=len(answer.proof),
        proof_digest=hashlib.sha256(answer.proof).digest(),
        checkpoint=checkpoint,
        attestation=attestation,
        engine=engine,
        keys=(KeyThen("attestation", trust.origin, attested.key.kid, attested.since_index, attested.since), *signers),
        credentials=tuple(each.credential for each in checked.claim.registered),
        witnesses=trust.log.quorum.require(file.proof.note) if isinstance(trust.log, WitnessedVerifier) else (),
    )


def _decode(logged: LoggedEntry) -> tuple[Any, int]:
    entry, appended_at = decode(logged.body)
    if entry.kind != logged.kind:
        raise EvidenceError(f"{logged.kind}: the entry is of kind {entry.kind}")
    return entry, appended_at


def _places(registered: Sequence[Registered], granted: Granted) -> dict[str, list[int]]:
    """List the entries that an answer from some credentials relies on, in the order of the file."""
    return {
        "providers": sorted({granted.provider_index, *(each.provider_index for each in registered)}),
        "schemas": [each.schema_index for each in registered],
        "credentials": [each.index for each in registered],
    }


def _granted(answer: AnswerEntry, registry: Registry) -> Granted:
    """Open the consent that an answer in the log was asked under."""
    try:
        return open_granted(answer.query, answer.consent, registry=registry, asked_at=answer.asked_at)
    except CheckFailed as error:
        raise EvidenceError(f"answer: {error}") from error


def _parties(answer: AnswerEntry, registry: Registry) -> list[int]:
    """List the entry with the key that the question was signed with; none if it was not."""
    if answer.request is None:
        return []
    return [registry.parties.at(answer.query.relying_party, answer.asked_at).index]


def _require_exactly(file: EvidenceFile, places: Mapping[str, Sequence[int]]) -> None:
    """Require that a file holds what its answer relies on, and nothing beside it."""
    for name, entries in file.lists.items():
        if [each.logged.index for each in entries] != places.get(name, []):
            raise EvidenceError(f"{name}: {_NOT_THOSE}")
