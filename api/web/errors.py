"""The one table from the rooms' exceptions to problems. What is not in it is a 500 that tells an id only.

Order matters only within a family: the first class that matches decides, so the special stands before the general.
"""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api.peers.outbound import PeerBroken, PeerUnreachable
from api.web.auth import AuthenticationError
from api.web.keyring import KeyringError
from api.web.problems import Problem
from circuits import errors as circuits
from prover import errors as prover
from verifier import errors as verifier

RETRY_AFTER: Final = "2"
_CHALLENGE: Final = 'Bearer realm="zkattest"'

# exception -> (problem, whether its message is for the client's eyes)
TABLE: Final[Mapping[type[Exception], tuple[str, bool]]] = {
    AuthenticationError: ("unauthenticated", True),
    KeyringError: ("unavailable", False),
    circuits.PredicateSyntaxError: ("predicate-syntax", True),
    circuits.PredicateTypeError: ("predicate-type", True),
    circuits.SchemaError: ("unprocessable", True),
    circuits.ValueRefused: ("unprocessable", True),
    circuits.QueryError: ("unprocessable", True),
    circuits.CredentialError: ("unprocessable", True),
    circuits.EncodingError: ("bad-request", True),
    prover.SubjectUnknown: ("unauthenticated", False),  # erased since their token was looked at
    prover.Declined: ("declined", False),
    prover.QueryRefused: ("unprocessable", True),
    prover.ImportRefused: ("unprocessable", True),
    prover.ProverUnavailable: ("unavailable", False),
    PeerUnreachable: ("unavailable", False),
    PeerBroken: ("invalid-proof", False),
    verifier.QueryRefused: ("unavailable", False),
    verifier.CredentialErased: ("unavailable", False),
    verifier.BodyErased: ("erased", False),
    verifier.CheckFailed: ("invalid-proof", False),
    verifier.RegistryError: ("conflict", True),
    verifier.LogUnavailable: ("unavailable", False),
    verifier.LogRefused: ("conflict", False),
    OperationalError: ("unavailable", False),
    InterfaceError: ("unavailable", False),
    PoolTimeout: ("unavailable", False),
}


KNOWN: Final[tuple[type[Exception], ...]] = (Problem, *TABLE)


def as_problem(error: Exception) -> Problem:
    """The problem an exception of the table becomes; anything else is `internal`."""
    if isinstance(error, Problem):
        return error
    name, telling = next((row for kind, row in TABLE.items() if isinstance(error, kind)), ("internal", False))
    detail = error.reason if isinstance(error, circuits.PredicateError) else str(error)
    return Problem(name, detail if telling else None, extra=_extra(error), headers=_headers(name))


def _extra(error: Exception) -> dict[str, Any]:
    if isinstance(error, circuits.PredicateError):
        return {"position": error.position, "pointer": error.pointer()}
    return {}


def _headers(name: str) -> dict[str, str]:
    match name:
        case "unavailable":
            return {"Retry-After": RETRY_AFTER}
        case "unauthenticated":
            return {"WWW-Authenticate": _CHALLENGE}
        case _:
            return {}
