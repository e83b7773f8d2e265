"""From the exceptions of the rooms to what a person at a terminal reads: what, where, how to mend, exit code."""

import errno
import sqlite3

from sqlalchemy.exc import OperationalError

from api.cli.failures import CommandError, ExitCode
from api.cli.present import caret
from api.home import HomeBusyError, HomeError
from api.lender_client import Refusal, Unreachable
from api.services import ServiceError
from circuits import errors as circuits
from prover import errors as prover
from verifier import errors as verifier

# What a refusal means for the exit code: the asker's fault is usage, everything else is no answer.
_USAGE_STATUS = frozenset({400, 401, 404, 405, 409, 413, 415, 422})
_REMEDIES = {
    "declined": "the provider does not say why: unknown subject, no consent, or a question it does not answer",
    "unauthenticated": "use the key of this home, or set ZKATTEST_KEY to a valid one",
    "insufficient-scope": "use a key with the scope the message names",
    "unavailable": "nothing was lost; try again in a moment",
    "too-many-requests": "wait a moment",
    "invalid-proof": "report it to the provider; the incident is in the verifier's log",
}


def translate(error: Exception) -> CommandError:
    """The message for any exception; an unknown one is named by its class only, since its text may hold a value."""
    for translation in (_told_by_us, _told_by_a_service, _told_by_a_room, _told_by_the_machine):
        told = translation(error)
        if told is not None:
            return told
    return CommandError(
        f"something unexpected happened: {type(error).__name__}",
        remedy="run it again with ZKATTEST_DEBUG=1 to see where, and report it",
        code=ExitCode.NO_ANSWER,
        kind="unexpected",
    )


def predicate_error(what: str, *, text: str, position: int, kind: str) -> CommandError:
    """A wrong question, with a caret below the place."""
    return CommandError(
        what, where=caret(text, position), remedy="attest explain shows how a question is read", kind=kind
    )


def refusal(error: Refusal, *, predicate: str = "") -> CommandError:
    """A problem document as a message; `predicate` lets a position become a caret."""
    position = error.problem.get("position")
    if predicate and isinstance(position, int):
        return predicate_error(str(error), text=predicate, position=position, kind=error.name)
    where = str(error.problem.get("instance", ""))
    details = error.problem.get("errors")
    if isinstance(details, list):
        where = "\n".join(f"{each.get('pointer', '')} {each.get('detail', '')}" for each in details[:10])
    return CommandError(
        str(error),
        where=where,
        remedy=_REMEDIES.get(error.name, ""),
        code=ExitCode.USAGE if error.status in _USAGE_STATUS else ExitCode.NO_ANSWER,
        kind=error.name,
    )


def _told_by_us(error: Exception) -> CommandError | None:
    match error:
        case CommandError():
            return error
        case HomeBusyError():
            return CommandError(
                str(error), where=str(error.where), remedy=error.remedy, code=ExitCode.NO_ANSWER, kind="busy"
            )
        case HomeError():
            return CommandError(str(error), where=str(error.where), remedy=error.remedy, kind="home")
        case ServiceError():
            return CommandError(
                str(error), where=error.where, remedy=error.remedy, code=ExitCode.NO_ANSWER, kind="service"
            )
        case _:
            return None


def _told_by_a_service(error: Exception) -> CommandError | None:
    match error:
        case Refusal():
            return refusal(error)
        case Unreachable():
            return CommandError(
                str(error),
                where=error.url,
                remedy="start the services with: attest up",
                code=ExitCode.NO_ANSWER,
                kind="unreachable",
            )
        case _:
            return None


def _told_by_a_room(error: Exception) -> CommandError | None:
    match error:
        case prover.Declined():
            return CommandError(str(error), remedy=_REMEDIES["declined"], code=ExitCode.NO_ANSWER, kind="declined")
        case prover.ProverUnavailable() | verifier.LogUnavailable():
            return CommandError(
                str(error), remedy=_REMEDIES["unavailable"], code=ExitCode.NO_ANSWER, kind="unavailable"
            )
        case circuits.CircuitsError() | prover.ProverError() | verifier.VerifierError():
            return CommandError(str(error), kind=type(error).__name__)
        case _:
            return None


def _told_by_the_machine(error: Exception) -> CommandError | None:
    match error:
        case OperationalError() | sqlite3.OperationalError():
            return CommandError(
                "the database cannot be used",
                remedy="check that the disk is not full and the home directory is writable",
                code=ExitCode.NO_ANSWER,
                kind="database",
            )
        case BrokenPipeError():
            return CommandError("the reader of the output went away", kind="pipe")
        case OSError() if error.errno is not None:
            code = ExitCode.NO_ANSWER if error.errno == errno.ENOSPC else ExitCode.USAGE
            return CommandError(
                (error.strerror or "the operating system refused").lower(),
                where=str(error.filename or ""),
                remedy="check the path, its permissions and the free space",
                code=code,
                kind="file",
            )
        case _:
            return None
