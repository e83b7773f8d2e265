"""`attest verifier fsck`: the verifier's database, computed again from what was logged. Repairs nothing."""

import os
import time
from typing import TYPE_CHECKING

import typer
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from api.cli import present
from api.cli.failures import CommandError, ExitCode
from api.cli.options import EngineOption, HomeOption, JsonOption, TrustOption
from api.cli.preparing import prepare_tables

if TYPE_CHECKING:
    from verifier.fsck import Checked

_SHOWN = 10


def fsck(
    *,
    engine: EngineOption = "fast",
    trust: TrustOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compute the database of this home's verifier again. Exit 0 if all of it agrees, 1 if not; nothing is repaired."""
    from api.audit.fsck import check
    from api.cli.connection import home_at
    from api.cli.trust import engine_name, read_trust
    from api.database import DatabaseRefused
    from api.home.settings import log_database

    place = home_at(home)
    pins = read_trust(place, trust)
    chosen = engine_name(engine)
    if chosen == "fast":
        prepare_tables(quiet=as_json)
    started = time.perf_counter()
    with present.progress(quiet=as_json) as shown:
        task = shown.add_task("checking the database", total=None)
        try:
            checked = check(
                log_database(place, os.environ),
                trust=pins,
                engine=chosen,
                progress=lambda done, total: shown.update(task, completed=done, total=total),
            )
        except DatabaseRefused as error:
            raise CommandError(str(error), remedy="name the home with --home DIR", kind="no-database") from None
    _tell(checked, seconds=time.perf_counter() - started, as_json=as_json)
    if checked.faults_count:
        raise typer.Exit(ExitCode.FAILED)


def _tell(checked: "Checked", *, seconds: float, as_json: bool) -> None:
    if as_json:
        present.print_json(
            {
                "sound": not checked.faults_count,
                "origin": checked.origin,
                "entries": checked.entries,
                "answers": checked.answers,
                "records": checked.records,
                "replayed": checked.replayed,
                "seconds": round(seconds, 3),
                "faults": [
                    {"table": each.table, "index": each.index, "what": each.what, "blame": str(each.blame)}
                    for each in checked.faults
                ],
                "faults_count": checked.faults_count,
            }
        )
        return
    table = Table.grid(padding=(0, 2))
    table.add_row("[dim]log[/]", Text(checked.origin))
    table.add_row("[dim]entries[/]", f"{checked.entries:,}")
    table.add_row("[dim]answers that hold[/]", f"{checked.answers:,}")
    table.add_row("[dim]records of queries[/]", f"{checked.records:,}")
    table.add_row("[dim]time[/]", f"{seconds:.1f} s")
    present.out.print(table)
    count = checked.faults_count
    if not count:
        present.out.print("[bold green]sound[/]  bodies, leaves, tiles, checkpoint, answers and records agree")
        return
    said = "1 fault" if count == 1 else f"{count:,} faults"
    present.err.print(f"[bold red]{escape(said)}[/]  nothing was changed")
    for fault in checked.faults[:_SHOWN]:
        present.err.print(Text(f"  {fault}"))
    if count > _SHOWN:
        present.err.print(Text("  the first hundred are in what --json prints"))
