"""Refusals of a service, and wrong questions, as messages. Light: `attest ask` imports this and no room."""

from collections.abc import Sequence

from api.cli.failures import CommandError, ExitCode
from api.cli.present import caret
from api.peers.lender_client import Refusal

# What a refusal means for the exit code: the asker's fault is usage, everything else is no answer.
_USAGE_STATUS = frozenset({400, 401, 404, 405, 409, 413, 415, 422})
REMEDIES = {
    "declined": "the provider does not say why: subject unknown, or not under this schema (--schema names another); "
    "no consent to it; or it could tell too much. Whether it may be asked of anybody at all: attest explain",
    "unauthenticated": "use the key of this home, or a valid one in ZKATTEST_KEY; an auditor's in ZKATTEST_AUDIT_KEY; "
    "a key to sign with has to be logged: attest verifier client add NAME --public-key",
    "not-found": "is that a verifier's address? such as https://verifier.example, with no /log or /v1 behind it",
    "insufficient-scope": "use a key with the scope the message names",
    "unavailable": "nothing was lost; try again in a moment",
    "too-many-requests": "wait a moment",
    "invalid-proof": "report it to the provider; the incident is in the verifier's log",
}


_ARGUMENTS = {"predicate": "PREDICATE", "schemas": "--schema", "reasons": "--why"}


def _option(pointer: str) -> str:
    """Where a JSON pointer leads, in the words of the command line."""
    name = pointer.removeprefix("#/")
    if name == pointer:
        return pointer
    name = name.partition("/")[0]
    return _ARGUMENTS.get(name, f"--{name.replace('_', '-')}")


def predicate_error(what: str, *, text: str, position: int, kind: str) -> CommandError:
    """A wrong question, with a caret below the place."""
    return CommandError(
        what, where=caret(text, position), remedy="attest explain shows how a question is read", kind=kind
    )


def refusal(error: Refusal, *, predicate: str = "", plain: Sequence[str] = ()) -> CommandError:
    """A problem document as a message; `predicate` lets a position become a caret, `plain` is known here besides."""
    position = error.problem.get("position")
    if predicate and isinstance(position, int):
        return predicate_error(str(error), text=predicate, position=position, kind=error.name)
    # A path says nothing to a person who typed none; an incident's id is what they have to quote.
    instance = str(error.problem.get("instance", ""))
    what, where = str(error), instance if instance.startswith("urn:") else "\n".join(plain)
    if error.name == "unavailable":
        what = "the service cannot answer right now"  # its detail speaks of a header that a person never sent
    details = error.problem.get("errors")
    if isinstance(details, list) and details:
        places = [(_option(str(each.get("pointer", ""))), str(each.get("detail", ""))) for each in details[:10]]
        what, where = "the service cannot take this", "\n".join(f"{name}  {detail}" for name, detail in places)
    return CommandError(
        what,
        where=where,
        remedy=REMEDIES.get(error.name, ""),
        code=ExitCode.USAGE if error.status in _USAGE_STATUS else ExitCode.NO_ANSWER,
        kind=error.name,
    )
