"""Our own implementation, speaking the protocol: a request a line in, a response a line out."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from api.conform.operations import consents, encoding, group, language, leakage, log, records, statements
from api.conform.operations.members import Operation
from circuits.encoding import canonical_json, parse_json
from circuits.errors import (
    CircuitsError,
    ConsentRefused,
    EncodingError,
    PredicateSyntaxError,
    PredicateTypeError,
    ProofInvalid,
    ProofMalformed,
)
from circuits.group import EngineName
from verifier.errors import AttestationError, CheckFailed, VerifierError

OPERATIONS: Final[dict[str, Operation]] = {
    **encoding.OPERATIONS,
    **group.OPERATIONS,
    **language.OPERATIONS,
    **log.OPERATIONS,
    **consents.OPERATIONS,
    **leakage.OPERATIONS,
    **records.OPERATIONS,
    **statements.OPERATIONS,
}


def serve(lines: Iterable[bytes], write: Callable[[bytes], object], *, engine: EngineName) -> None:
    """Answer requests until there are no more of them."""
    for line in lines:
        write(canonical_json(respond(line, engine=engine)) + b"\n")


def respond(line: bytes, *, engine: EngineName) -> dict[str, Any]:
    """Answer one request; a fault of its own is never told as a refusal."""
    try:
        request = parse_json(line)
        number, name, argument = request["id"], request["operation"], request["input"]
    except (EncodingError, KeyError, TypeError) as error:
        return {"id": None, "error": f"not a request: {type(error).__name__}"}
    operation = OPERATIONS.get(name) if isinstance(name, str) else None
    if operation is None:
        return {"id": number, "unsupported": True}
    try:
        return {"id": number, "ok": True, "output": operation(argument, engine)}
    except (CircuitsError, VerifierError) as error:
        return {"id": number, "ok": False, "reason": str(error), **refusal(error)}
    except Exception as error:  # noqa: BLE001 - the next request is answered all the same
        return {"id": number, "error": f"{type(error).__name__}: {error}"}


def refusal(error: BaseException) -> dict[str, Any]:
    """Say of a refusal what others can compare: a code, a position in the question, who is to blame."""
    match error:
        case PredicateSyntaxError():
            return {"code": "predicate-syntax", "position": error.position}
        case PredicateTypeError():
            return {"code": "predicate-type", "position": error.position}
        case ConsentRefused():
            return {"code": f"consent-{error.member.replace('_', '-')}"}
        case ProofMalformed():
            return {"code": "proof-malformed"}
        case ProofInvalid():
            return {"code": "proof-invalid"}
    return _appraisal(error)


def _appraisal(error: BaseException | None) -> dict[str, Any]:
    """The rule that an answer broke, wherever among the causes it stands."""
    while error is not None:
        match error:
            case CheckFailed():
                return {"code": error.code, "blame": error.blame.value}
            case AttestationError():
                return {"code": "attestation", "blame": "verifier"}
        error = error.__cause__
    return {}
