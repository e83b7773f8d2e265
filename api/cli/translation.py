"""From the exceptions of the rooms to what a person at a terminal reads: what, where, how to mend, exit code."""

import errno
import sqlite3

from sqlalchemy.exc import OperationalError

from api.audit.reading import LogMovedOn
from api.audit.sources import SourceError
from api.cli.failures import CommandError, ExitCode
from api.cli.refusals import REMEDIES, refusal
from api.home.directory import HomeBusyError, HomeError
from api.home.services import ServiceError
from api.peers.lender_client import Refusal, Unreachable
from circuits import errors as circuits
from prover import errors as prover
from verifier import errors as verifier


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
        case SourceError():
            return CommandError(str(error), where=error.where, remedy=error.remedy, kind="source")
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
        case LogMovedOn():
            remedy = "do it again, in a moment: it then has a newer checkpoint"
            return CommandError(str(error), remedy=remedy, code=ExitCode.NO_ANSWER, kind="moved-on")
        case Unreachable():
            return CommandError(
                str(error),
                where=error.url,
                remedy="start the services with attest up, or check the address",
                code=ExitCode.NO_ANSWER,
                kind="unreachable",
            )
        case _:
            return None


def _told_by_a_room(error: Exception) -> CommandError | None:
    match error:
        case prover.Declined():
            return CommandError(str(error), remedy=REMEDIES["declined"], code=ExitCode.NO_ANSWER, kind="declined")
        case prover.ProverUnavailable() | verifier.LogUnavailable():
            return CommandError(str(error), remedy=REMEDIES["unavailable"], code=ExitCode.NO_ANSWER, kind="unavailable")
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
