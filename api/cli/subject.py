"""`attest prover subject`: a person's tokens, what was asked about them, who knows what, and their disputes."""

import os
import time
from contextlib import contextmanager
from datetime import UTC, datetime
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
    from api.wire.persons import InquiryView

group = typer.Typer(
    help="People: their tokens, who asked and who knows what about them, their disputes.", no_args_is_help=True
)

LimitOption = Annotated[int, typer.Option("--limit", min=1, max=200, help="How many at most.")]
AfterOption = Annotated[
    str | None,
    typer.Option("--after", metavar="CURSOR", help="Those before the page that ended so.", show_default=False),
]
SubjectOption = Annotated[str, typer.Option("--subject", metavar="ID", help="Your reference for the person.")]


@group.command("token")
def token(*, subject: SubjectOption, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Make a token for a person, printed once: they see who asked, take consents back, dispute, have all erased."""
    from prover.subjects import Subjects

    with _vault(home) as opened:
        made = Subjects(*opened).issue_token(subject, now=int(time.time()), entropy=os.urandom)
    if as_json:
        present.print_json({"subject": subject, "token": made})
    else:
        present.err.print(f"for {subject}, and for nobody else:", markup=False)
        present.out.print(made, markup=False, soft_wrap=True)


@group.command("revoke-tokens")
def revoke_tokens(*, subject: SubjectOption, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Take back all tokens of a person: one was lost, or given to somebody else."""
    from prover.subjects import Subjects

    with _vault(home) as opened:
        count = Subjects(*opened).revoke_tokens(subject, now=int(time.time()))
    if as_json:
        present.print_json({"subject": subject, "revoked": count})
    else:
        present.out.print(f"{count} token{'s' * (count != 1)} of {subject} taken back", markup=False)


@group.command("inquiries")
def list_inquiries(
    *,
    subject: SubjectOption,
    limit: LimitOption = 20,
    after: AfterOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what was asked about a person, what became of it, and what it disclosed; the newest first."""
    from api.prover.shown import Shown
    from prover.errors import CursorRefused
    from prover.subjects import Subjects

    with _vault(home) as opened:
        subjects = Subjects(*opened)
        try:
            page = Shown(subjects.schemas).page(subjects.inquiries_about(subject, limit=limit, after=after))
        except CursorRefused as error:
            raise CommandError(str(error), where="--after", remedy="take it from the page before") from None
    if as_json:
        present.print_json(page.model_dump())
        return
    if not page.inquiries:
        present.out.print("nobody has asked yet" if after is None else "nobody asked before that")
        return
    for each in page.inquiries:
        present.out.print(_inquiry(each), width=min(present.WIDTH, present.out.width))
    if page.next is not None:
        present.err.print(f"there are more: --after {page.next}", markup=False)


@group.command("knowledge")
def list_knowledge(*, subject: SubjectOption, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show what each relying party can know of a person from the answers it had, and all of them together."""
    from api.prover import shown
    from circuits.calendar import day_number
    from prover.subjects import Subjects

    today = day_number(datetime.now(UTC).date().isoformat())
    with _vault(home) as opened:
        known = [shown.insight(each, as_of=today) for each in Subjects(*opened).insights_about(subject)]
    if as_json:
        present.print_json({"knowledge": [each.model_dump() for each in known]})
        return
    if not known:
        present.out.print("nobody has had an answer yet")
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("who", "about", "what stays possible", "in pieces of at least"):
        table.add_column(name, overflow="fold", vertical="top")
    for each in known:
        who = Text("all together", style="dim") if each.relying_party is None else Text(each.relying_party)
        for number, fact in enumerate(each.facts):
            first = who if number == 0 else Text()
            table.add_row(first, Text(", ".join(fact.attributes)), Text(fact.words), Text(fact.narrowest_words or ""))
    present.out.print(table, width=min(present.WIDTH, present.out.width))


@group.command("dispute")
def dispute(*, subject: SubjectOption, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Note that a person disputes what is held of them: every answer is undetermined until it is settled."""
    since = int(time.time())
    with _vault(home) as (engine, vault):
        vault.dispute(engine, subject, since=since)
    _tell(subject, "disputes what is held", as_json=as_json)


@group.command("disputes")
def list_disputes(*, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show who disputes what is held of them, the longest first; their answers are undetermined until it is settled."""
    from circuits.calendar import rfc3339
    from prover.subjects import Subjects

    with _vault(home) as opened:
        waiting = [(subject, rfc3339(since)) for subject, since in Subjects(*opened).disputes()]
    if as_json:
        present.print_json({"disputes": [{"subject": subject, "disputed_at": since} for subject, since in waiting]})
        return
    if not waiting:
        present.out.print("nobody disputes what is held of them")
    for subject, since in waiting:
        present.out.print(f"{subject} since {since}", markup=False)


@group.command("settle")
def settle(*, subject: SubjectOption, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Note that a person's dispute is settled: for the operator, once what was wrong is imported anew."""
    from prover.subjects import Subjects

    with _vault(home) as opened:
        Subjects(*opened).settle(subject)
    _tell(subject, "no longer disputes what is held", as_json=as_json)


def _inquiry(each: "InquiryView") -> Table:
    """Who and what, what for, what became of it, and what that told: a few lines."""
    lines = Table.grid(padding=(0, 2, 0, 0))
    lines.add_column(no_wrap=True, min_width=14)
    lines.add_column(overflow="fold")
    word = each.answer or each.outcome
    lines.add_row(present.badge(word), Text(f"{each.relying_party}, {each.asked_at}", style="dim"))
    lines.add_row("", Text(each.question, style="bold"))
    for clause in each.failed or ():
        lines.add_row("", Text(f"\N{BALLOT X} {clause.question}"))
    lines.add_row("", Text(each.purpose_words))
    if each.reason_words is not None:
        lines.add_row("", Text(each.reason_words))
    for line in present.disclosed([disclosure.model_dump() for disclosure in each.disclosed]):
        lines.add_row("", Text(f"told {line}"))
    lines.add_row("", "")
    return lines


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
