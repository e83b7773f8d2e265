"""The consent that a question is shown with: from a file, or from the vault of a home where both sides live."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from api.cli.failures import CommandError, ExitCode

if TYPE_CHECKING:
    from api.home.directory import Home

MOST: Final = 1 << 17


def consent_for(home: "Home", *, subject: str | None, file: str | None, relying_party: str | None) -> str:
    """The token of a person's consent.

    Args:
        home: whose vault is looked into for a subject.
        subject: the provider's reference for the person, or None.
        file: where the token is, `-` for standard input, or None.
        relying_party: who asks; None for the home's sandbox lender.

    Raises:
        CommandError: both or neither are given, the file holds no token, or the person has not consented.
    """
    if (subject is None) == (file is None):
        raise CommandError(
            "a question is about one person",
            where="--subject, --consent",
            remedy="name them with --subject ID, or show their consent with --consent FILE",
            code=ExitCode.USAGE,
        )
    return _from_vault(home, str(subject), relying_party) if file is None else _read(file)


def _from_vault(home: "Home", subject: str, relying_party: str | None) -> str:
    from api.prover.sinks import consents_of
    from prover.errors import SubjectUnknown

    party = home.config().relying_party if relying_party is None else relying_party
    with consents_of(home) as consents:
        try:
            found = consents.standing(subject, party, now=int(time.time()))
        except SubjectUnknown:
            found = None
    if found is None:
        raise CommandError(
            f"declined: {subject} lets {party} ask nothing",
            where="--subject",
            remedy="the provider notes what a person consents to: attest prover consent grant",
            code=ExitCode.NO_ANSWER,
            kind="declined",
        )
    return found.token


def _read(file: str) -> str:
    try:
        text = sys.stdin.read(MOST) if file == "-" else Path(file).read_text("ascii")
    except OSError as error:
        raise CommandError("the consent cannot be read", where=file, remedy=str(error.strerror)) from None
    except UnicodeDecodeError:
        text = ""
    token = text.strip()
    if not token or len(token) >= MOST or len(token.split()) != 1:
        raise CommandError("this is no consent", where=file, remedy="attest prover consent show prints one")
    return token
