"""`attest prover consent`: what people let relying parties ask, as the provider's operator notes it."""

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from api.cli import present
from api.cli.failures import CommandError
from api.cli.options import HomeOption, JsonOption

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.home.directory import Home
    from circuits.consent import Allowed, Frequency
    from circuits.query import Reasons
    from prover.consent import Consents, Granted

DAY = 86_400
_DIGITS = 9
group = typer.Typer(help="Consents: who may ask what about whom, and what for.", no_args_is_help=True)

SubjectOption = Annotated[str, typer.Option("--subject", metavar="ID", help="Your reference for the person.")]
PartyOption = Annotated[
    str | None,
    typer.Option(
        "--relying-party",
        metavar="NAME",
        help="The lender's id, as the verifier's key names it. Default: this home's sandbox lender.",
        show_default=False,
    ),
]
ViaOption = Annotated[
    str | None,
    typer.Option(
        "--via",
        metavar="ORIGIN",
        help="The verifier they ask through. Default: this home's.",
        show_default=False,
    ),
]
PurposeOption = Annotated[
    str,
    typer.Option(
        "--purpose", metavar="CODE", help="What for: credit-decision, tenancy, ...; a wrong one names them all."
    ),
]
DaysOption = Annotated[int, typer.Option("--days", min=1, max=3660, help="For how long.")]
ReasonsOption = Annotated[
    str, typer.Option("--reasons", metavar="WHICH", help="outcome-only, or failed-clauses: a NO may say why.")
]
AttributeOption = Annotated[
    list[str] | None, typer.Option("--attribute", metavar="NAME", help="Only about this one; may be repeated.")
]
ThresholdOption = Annotated[
    list[str] | None,
    typer.Option("--threshold", metavar="NAME=AMOUNT", help="Of this attribute only this threshold; may be repeated."),
]
QuestionOption = Annotated[
    list[str] | None, typer.Option("--question", metavar="TEXT", help="This question too; may be repeated.")
]
OftenOption = Annotated[
    str | None, typer.Option("--often", metavar="COUNT/SECONDS", help="How often may be asked.", show_default=False)
]


@group.command("grant")
def grant(
    *,
    subject: SubjectOption,
    purpose: PurposeOption,
    relying_party: PartyOption = None,
    via: ViaOption = None,
    days: DaysOption = 365,
    reasons: ReasonsOption = "outcome-only",
    attribute: AttributeOption = None,
    threshold: ThresholdOption = None,
    question: QuestionOption = None,
    often: OftenOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Note that the person consents, and print the token that the lender shows with every question."""
    from api.cli.connection import home_at
    from circuits.consent import PURPOSES
    from prover.terms import Terms

    if purpose not in PURPOSES:
        raise CommandError(f"no such purpose: {purpose}", where=f"--purpose is one of: {', '.join(PURPOSES)}")
    place = home_at(home)
    config = place.config()
    now = int(time.time())
    party = config.relying_party if relying_party is None else relying_party
    terms = Terms(
        party,
        config.origin if via is None else via,
        purpose,
        now + days * DAY,
        _allowed(attribute, threshold, question),
        _parse_reasons(reasons),
        _parse_often(often),
    )
    with _consents(place) as consents:
        given = consents.grant(subject, terms, now=now, entropy=os.urandom)
    if as_json:
        present.print_json({"id": given.id, "subject": given.handle, "consent": given.token})
    else:
        present.err.print(f"{party} may ask about {subject}: {given.id}", markup=False)
        present.out.print(given.token, markup=False, soft_wrap=True)


@group.command("show")
def show(
    *,
    subject: SubjectOption,
    relying_party: PartyOption = None,
    via: ViaOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the token of the newest consent that stands: what the lender shows with every question."""
    from api.cli.connection import home_at

    place = home_at(home)
    config = place.config()
    party = config.relying_party if relying_party is None else relying_party
    with _consents(place) as consents:
        found = consents.standing(subject, party, via=config.origin if via is None else via, now=int(time.time()))
    if found is None:
        raise CommandError(
            f"{subject} lets {party} ask nothing", remedy="attest prover consent grant notes a consent", kind="consent"
        )
    if as_json:
        present.print_json({"id": found.id, "subject": found.handle, "consent": found.token})
    else:
        present.out.print(found.token, markup=False, soft_wrap=True)


@group.command("revoke")
def revoke(
    *,
    consent: Annotated[str, typer.Option("--id", metavar="ID", help="The consent's id, from the list.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Note that the person consents no more. Binds from the next question on."""
    from api.cli.connection import home_at

    with _consents(home_at(home)) as consents:
        noted = consents.revoke(consent, now=int(time.time()))
    if as_json:
        present.print_json(_row(noted))
    else:
        party = noted.consent.relying_party
        present.out.print(f"{party} may no longer ask about {noted.subject} under {noted.consent.id}", markup=False)


@group.command("list")
def list_consents(
    *,
    subject: Annotated[
        str | None, typer.Option("--subject", metavar="ID", help="Of this person only.", show_default=False)
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who may ask about whom, the oldest first, and who might; of one person also what may be asked."""
    from api.cli.connection import home_at
    from api.cli.granted import show_all, show_each

    place = home_at(home)
    with _consents(place) as consents:
        # Many were granted in one second: the sandbox's.
        found = sorted(consents.listing(subject), key=lambda each: (each.consent.issued_at, each.subject))
    if as_json:
        present.print_json({"consents": [_row(each) for each in found]})
        return
    if not found:
        present.out.print("nobody has consented to anything yet" if subject is None else "no consent was ever noted")
        return
    if subject is None:
        show_all(found)
    else:
        show_each(found, via=place.config().origin)


def _allowed(attributes: list[str] | None, thresholds: list[str] | None, questions: list[str] | None) -> "Allowed":
    from circuits.consent import Allowed

    offered: dict[str, tuple[str, ...]] = {}
    for text in thresholds or ():
        name, _, amount = text.partition("=")
        if not name or not amount:
            raise CommandError(
                f"not a threshold: {text!r}", where="--threshold is NAME=AMOUNT, as questions write it: salary=100000"
            )
        offered[name] = (*offered.get(name, ()), amount)
    return Allowed(tuple(attributes) if attributes else None, offered, tuple(questions or ()))


def _parse_reasons(text: str) -> "Reasons":
    from circuits.query import Reasons

    try:
        return Reasons(text)
    except ValueError:
        raise CommandError(f"no such reasons: {text!r}", where=f"--reasons is one of: {', '.join(Reasons)}") from None


def _parse_often(text: str | None) -> "Frequency | None":
    from circuits.consent import Frequency

    if text is None:
        return None
    count, _, seconds = text.partition("/")
    if not all(each.isascii() and each.isdecimal() and len(each) <= _DIGITS for each in (count, seconds)):
        raise CommandError(f"not how often: {text!r}", where="--often is COUNT/SECONDS: 100/86400 is 100 a day")
    return Frequency(int(count), int(seconds))


def _row(granted: "Granted") -> dict[str, Any]:
    from api.disclosures import consented
    from circuits.calendar import rfc3339

    revoked_at = None if granted.revoked_at is None else rfc3339(granted.revoked_at)
    named = {"subject": granted.subject, "handle": granted.consent.handle}
    return {**named, **consented(granted.consent), "revoked_at": revoked_at, "consent": granted.consent.token}


@contextmanager
def _consents(home: "Home") -> "Iterator[Consents]":
    """The consents of a home, and plain words for what can be wrong with what is asked of them."""
    from api.prover.sinks import consents_of
    from prover.errors import ConsentRefused, SubjectUnknown

    try:
        with consents_of(home) as consents:
            yield consents
    except SubjectUnknown as error:
        raise CommandError(str(error), where="--subject", remedy="import the person first", kind="subject") from None
    except ConsentRefused as error:
        option, what, remedy = _place_of(str(error))
        raise CommandError(what, where=option, remedy=remedy, kind="consent") from None


_PLACES: Final = {
    "aud: ": "--relying-party",
    "via: ": "--via",
    "frequency.count: ": "--often",
    "frequency.seconds: ": "--often",
    "the threshold ": "--threshold",
    "the thresholds ": "--threshold",
    "the question ": "--question",
}


def _place_of(refused: str) -> tuple[str, str, str]:
    """Which option a refusal is about, what is wrong, and what to do, in the words of the command line."""
    for start, option in _PLACES.items():
        if refused.startswith(start):
            what = refused.removeprefix(start) if start.endswith(": ") else refused
            return option, what, "attest explain shows how a question is read" if what == refused else ""
    known = "attest prover consent list shows what was granted" if "no such consent" in refused else ""
    return "--id" if known else "", refused, known
