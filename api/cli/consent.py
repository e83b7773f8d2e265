"""`attest prover consent`: whom a person lets be told more than yes or no, as the provider's operator notes it."""

import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from api.cli import present
from api.cli.failures import CommandError
from api.cli.options import HomeOption, JsonOption

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.prover.sinks import Unlocked
    from circuits.query import Reasons
    from prover.consent import Consent

FAILED_CLAUSES = "failed-clauses"
group = typer.Typer(help="Consents: who may be told which clauses of a no failed.", no_args_is_help=True)

SubjectOption = Annotated[str, typer.Option("--subject", metavar="ID", help="Your reference for the person.")]
PartyOption = Annotated[
    str, typer.Option("--relying-party", metavar="NAME", help="The lender's id, as the verifier's key names it.")
]
ReasonsOption = Annotated[str, typer.Option("--reasons", metavar=FAILED_CLAUSES, help="What they may be told.")]


@group.command("grant")
def grant(
    *,
    subject: SubjectOption,
    relying_party: PartyOption,
    reasons: ReasonsOption = FAILED_CLAUSES,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Note that the person consents; granting it again changes nothing. Binds from the next question on."""
    from prover import consent

    with _vault(home) as (engine, vault):
        noted = consent.grant(
            engine,
            vault,
            subject=subject,
            relying_party=relying_party,
            reasons=_parse_reasons(reasons),
            now=int(time.time()),
            entropy=os.urandom,
        )
    if as_json:
        present.print_json(_row(noted))
    else:
        present.out.print(f"{relying_party} may be told {noted.reasons} about {subject}", markup=False)


@group.command("revoke")
def revoke(
    *,
    subject: SubjectOption,
    relying_party: PartyOption,
    reasons: ReasonsOption = FAILED_CLAUSES,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Note that the person consents no more. Binds from the next question on."""
    from prover import consent

    with _vault(home) as (engine, vault):
        noted = consent.revoke(
            engine,
            vault,
            subject=subject,
            relying_party=relying_party,
            reasons=_parse_reasons(reasons),
            now=int(time.time()),
        )
    if as_json:
        present.print_json(_row(noted))
    else:
        present.out.print(f"{relying_party} may no longer be told {noted.reasons} about {subject}", markup=False)


@group.command("list")
def list_consents(
    *,
    subject: Annotated[
        str | None, typer.Option("--subject", metavar="ID", help="Of this person only.", show_default=False)
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who may be told what about whom, the oldest first; what was revoked stays, with its date."""
    from prover import consent

    with _vault(home) as (engine, vault):
        rows = [_row(each) for each in consent.listing(engine, vault, subject=subject)]
    if as_json:
        present.print_json({"consents": rows})
        return
    if not rows:
        present.out.print("nobody has consented to anything yet")
        return
    table = Table(box=None, padding=(0, 2))
    for name in ("subject", "relying party", "may be told", "from", "until"):
        table.add_column(name, overflow="fold")
    for row in rows:
        days = [(row[name] or "")[:10] for name in ("granted_at", "revoked_at")]
        table.add_row(*map(Text, (*(str(row[name]) for name in ("subject", "relying_party", "reasons")), *days)))
    present.out.print(table)


def _parse_reasons(text: str) -> "Reasons":
    from circuits.query import Reasons

    if text != FAILED_CLAUSES:
        raise CommandError(f"nobody needs to consent to {text!r}", where=f"--reasons is: {FAILED_CLAUSES}")
    return Reasons(text)


def _row(consent: "Consent") -> dict[str, str | None]:
    from circuits.calendar import rfc3339

    return {
        "subject": consent.subject,
        "relying_party": consent.relying_party,
        "reasons": consent.reasons.value,
        "granted_at": rfc3339(consent.granted_at),
        "revoked_at": None if consent.revoked_at is None else rfc3339(consent.revoked_at),
    }


@contextmanager
def _vault(home: Path | None) -> "Iterator[Unlocked]":
    """The vault of a home, also while its prover runs: writers take turns."""
    from api.cli.connection import home_at
    from api.prover.sinks import unlocked
    from prover.errors import ConsentRefused, SubjectUnknown

    place = home_at(home)
    place.config()  # a home without a prover is told as such
    try:
        with unlocked(place) as opened:
            yield opened
    except SubjectUnknown as error:
        raise CommandError(str(error), where="--subject", remedy="import the person first", kind="subject") from None
    except ConsentRefused as error:
        remedy = "attest prover consent list shows what was granted"
        raise CommandError(str(error), remedy=remedy, kind="consent") from None
