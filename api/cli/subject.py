"""`attest prover subject`: a person's token, what was asked about them, and their disputes."""

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

group = typer.Typer(help="People: their tokens, what was asked about them, their disputes.", no_args_is_help=True)

SubjectOption = Annotated[str, typer.Option("--subject", metavar="ID", help="Your reference for the person.")]


@group.command("token")
def token(*, subject: SubjectOption, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Make a token for a person, and print it once. With it they see who asked, dispute, and have themselves erased."""
    from prover.subjects import Subjects

    with _vault(home) as opened:
        made = Subjects(*opened).issue_token(subject, now=int(time.time()), entropy=os.urandom)
    if as_json:
        present.print_json({"subject": subject, "token": made})
    else:
        present.err.print(f"for {subject}, and for nobody else:", markup=False)
        present.out.print(made, markup=False, soft_wrap=True)


@group.command("inquiries")
def list_inquiries(*, subject: SubjectOption, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show what was asked about a person, what became of it, and what it disclosed; the newest first."""
    from prover.subjects import Subjects

    with _vault(home) as opened:
        rows = [each.to_json() for each in Subjects(*opened).inquiries_about(subject, limit=1000).inquiries]
    if as_json:
        present.print_json({"inquiries": rows})
        return
    if not rows:
        present.out.print("nobody has asked yet")
        return
    table = Table(box=None, padding=(0, 2))
    for name in ("when", "who", "what for", "question", "outcome", "bits"):
        table.add_column(name, overflow="fold")
    for row in rows:
        outcome = row["reason"] or ("yes" if row["answer"] else "no")
        told = outcome if row["outcome"] == "answered" else f"{row['outcome']}: {outcome}"
        bits = ", ".join(f"{each['attribute']} {each['bits']}" for each in row["disclosed"])
        texts = (row["asked_at"], row["relying_party"], row["purpose"], row["question"], told, bits)
        table.add_row(*map(Text, texts))
    present.out.print(table)


@group.command("dispute")
def dispute(*, subject: SubjectOption, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Note that a person disputes what is held of them: every answer is undetermined until it is settled."""
    since = int(time.time())
    with _vault(home) as (engine, vault):
        vault.dispute(engine, subject, since=since)
    _tell(subject, "disputes what is held", as_json=as_json)


@group.command("settle")
def settle(*, subject: SubjectOption, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Note that a person's dispute is settled."""
    with _vault(home) as (engine, vault):
        vault.dispute(engine, subject, since=None)
    _tell(subject, "no longer disputes what is held", as_json=as_json)


def _tell(subject: str, what: str, *, as_json: bool) -> None:
    if as_json:
        present.print_json({"subject": subject, "state": what})
    else:
        present.out.print(f"{subject} {what}", markup=False)


@contextmanager
def _vault(home: Path | None) -> "Iterator[Unlocked]":
    """The vault of a home, also while its prover runs: writers take turns."""
    from api.cli.connection import home_at
    from api.prover.sinks import unlocked
    from prover.errors import SubjectUnknown

    place = home_at(home)
    place.config()  # a home without a prover is told as such
    try:
        with unlocked(place) as opened:
            yield opened
    except SubjectUnknown as error:
        raise CommandError(str(error), where="--subject", remedy="import the person first", kind="subject") from None
