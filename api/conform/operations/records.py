"""What the log says: entries, the appraisal of an answer with its attestation, evidence files."""

from typing import Any, Final

from api.conform.operations.members import Members, Operation
from circuits.group import EngineName
from verifier.answered import Answered
from verifier.asked import require_asked
from verifier.attestation import Attestation
from verifier.checking import check, require_consent
from verifier.consented import require_usable
from verifier.entries.kinds import AnswerEntry, UndeterminedEntry, decode
from verifier.errors import EntryError
from verifier.evidence.evidence import Trust, verify_evidence
from verifier.fold.registry import Registry


def _entry(members: Members, _engine: EngineName) -> dict[str, Any]:
    entry, appended_at = decode(members["body"].encode())
    return {"kind": entry.kind, "seconds": appended_at}


def _folded(members: Members) -> tuple[Trust, Registry]:
    """What the log says by its entries; one that was erased is null: a later erasure says at whose word."""
    trust = Trust.from_json(members["pins"])
    registry = Registry(trust=trust)
    for index, body in enumerate(members["entries"]):
        if body is not None:
            registry.apply(index, *decode(body.encode()))
    return trust, registry


def _answer(members: Members, engine: EngineName) -> dict[str, Any]:
    trust, registry = _folded(members)
    index = len(members["entries"])
    answer, answered_at = decode(members["answer"].encode())
    if not isinstance(answer, AnswerEntry) or answer.asked_at > index:
        raise EntryError("not an answer, or one that relies on a later state of the log than its own")
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
    Attestation.open(
        answer.attestation,
        registry.attestors.period(index).key,
        checked=checked,
        origin=trust.origin,
        index=index,
        now=answered_at,
    )
    claim = checked.claim
    return {
        "answer": "yes" if checked.answer else "no",
        "question": claim.predicate.english(),
        "failed": [clause.text for clause in claim.failed],
    }


def _undetermined(members: Members, _engine: EngineName) -> dict[str, Any]:
    trust, registry = _folded(members)
    outcome, logged_at = decode(members["undetermined"].encode())
    if not isinstance(outcome, UndeterminedEntry) or outcome.asked_at > len(members["entries"]):
        raise EntryError("not undetermined, or it relies on a later state of the log than its own")
    query, asked_at = outcome.query, outcome.asked_at
    require_asked(query, outcome.request, registry=registry, asked_at=asked_at, now=logged_at)
    granted = require_consent(
        query, outcome.consent, registry=registry, audience=trust.origin, asked_at=asked_at, now=logged_at
    )
    require_usable(granted, query, registry=registry, asked_at=asked_at)
    return {"reason": outcome.reason}


def _evidence(members: Members, engine: EngineName) -> dict[str, Any]:
    verdict = verify_evidence(members["evidence"].encode(), trust=Trust.from_json(members["pins"]), engine=engine)
    return {
        "answer": "yes" if verdict.answer else "no",
        "question": verdict.question,
        "failed": [clause.text for clause in verdict.failed],
        "subject": verdict.subject,
        "provider": verdict.provider,
        "relying_party": verdict.relying_party,
        "index": verdict.index,
        "size": verdict.checkpoint.size,
        "answered_at": verdict.answered_at,
        "proof_digest": verdict.proof_digest.hex(),
    }


OPERATIONS: Final[dict[str, Operation]] = {
    "entry.read": _entry,
    "answer.check": _answer,
    "undetermined.check": _undetermined,
    "evidence.verify": _evidence,
}
