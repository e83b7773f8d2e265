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
        CommandError: both or neither are given, the file holds no token, or the person has not consented; or a file is
            given and who asks, which the consent says.
    """
    if (subject is None) == (file is None):
        raise CommandError(
            "a question is about one person",
            where="--subject, --consent",
            remedy="name them with --subject ID, or show their consent with --consent FILE",
            code=ExitCode.USAGE,
        )
    if file is None:
        return _from_vault(home, str(subject), relying_party)
    if relying_party is not None:
        raise CommandError(
            "the consent says who may ask",
            where="--relying-party",
            remedy="leave it out, or name the person: --subject",
        )
    return _read(file)


def said_against(token: str, *, via: str, asker: str | None, reasons: bool, now: int) -> list[str]:
    """What a consent itself says against a question that was declined, for whoever shows it and can read it anyway.

    Args:
        token: the consent.
        via: origin of the verifier that was asked.
        asker: who asked, or None if only the verifier can tell.
        reasons: a no was to come with its reasons.
        now: Unix seconds.
    """
    from circuits.calendar import rfc3339
    from circuits.consent import Consent
    from circuits.errors import CircuitsError
    from circuits.query import Reasons

    try:
        consent = Consent.peek(token)
    except CircuitsError:
        return []
    told = {
        f"the consent expired at {rfc3339(consent.expires_at)}": consent.expires_at <= now,
        f"the consent holds from {rfc3339(consent.issued_at)} on": now < consent.issued_at,
        f"the consent is for questions to {consent.via}": consent.via != via,
        f"the consent lets {consent.relying_party} ask, and {asker} asked": asker not in (None, consent.relying_party),
        "the consent is to yes or no, without reasons": reasons and consent.reasons is Reasons.OUTCOME_ONLY,
    }
    return [words for words, holds in told.items() if holds]


def _from_vault(home: "Home", subject: str, relying_party: str | None) -> str:
    from api.prover.sinks import consents_of
    from prover.errors import SubjectUnknown

    config = home.config()
    party = config.relying_party if relying_party is None else relying_party
    with consents_of(home) as consents:
        try:
            found = consents.standing(subject, party, via=config.origin, now=int(time.time()))
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
        where = "standard input" if file == "-" else file
        raise CommandError("this is no consent", where=where, remedy="attest prover consent show prints one")
    return token
