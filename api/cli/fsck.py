"""`attest verifier fsck`: the verifier's database, computed again from what was logged. Repairs nothing unasked."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from api.cli import present
from api.cli.failures import CommandError, ExitCode
from api.cli.options import EngineOption, HomeOption, JsonOption, TrustOption
from api.cli.preparing import prepare_tables

if TYPE_CHECKING:
    from api.home.directory import Home
    from verifier.soundness.fsck import Checked
    from verifier.soundness.seals import Sealer

_SHOWN = 10


def fsck(
    *,
    engine: EngineOption = "fast",
    since: Annotated[
        Path | None,
        typer.Option(
            "--since",
            metavar="FILE",
            help="A checkpoint kept earlier: tells a database that is older than it was.",
            show_default=False,
        ),
    ] = None,
    rebuild_tiles: Annotated[
        bool,
        typer.Option("--rebuild-tiles", help="Before checking, write tiles again that are not those of the entries."),
    ] = False,
    trust: TrustOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compute the database of this home's verifier again. Exit 0 if all of it agrees, 1 if not; nothing is repaired."""
    from api.audit.fsck import check, rebuild
    from api.cli.checkpoints import kept_checkpoint
    from api.cli.connection import home_at
    from api.cli.trust import engine_name, read_trust
    from api.database import DatabaseRefused
    from api.home.settings import log_database
    from verifier.errors import LogCorrupt

    place = home_at(home)
    pins = read_trust(place, trust)
    earlier = None if since is None else kept_checkpoint(since, pins, option="--since")
    chosen = engine_name(engine)
    if chosen == "fast":
        prepare_tables(quiet=as_json)
    url = log_database(place, os.environ)
    started = time.perf_counter()
    with present.progress(quiet=as_json) as shown:
        task = shown.add_task("checking the database", total=None)
        try:
            rebuilt = rebuild(url, trust=pins) if rebuild_tiles else []
            checked = check(
                url,
                trust=pins,
                sealer=_sealer(place),
                since=earlier,
                engine=chosen,
                progress=lambda done, total: shown.update(task, completed=done, total=total),
            )
        except DatabaseRefused as error:
            raise CommandError(str(error), remedy="name the home with --home DIR", kind="no-database") from None
        except LogCorrupt as error:
            raise CommandError(
                f"tiles cannot be made again: {error}",
                remedy="run it without --rebuild-tiles to see what is wrong",
                code=ExitCode.FAILED,
                kind="leaves",
            ) from None
    _tell(checked, rebuilt=rebuilt, seconds=time.perf_counter() - started, as_json=as_json)
    if checked.faults_count:
        raise typer.Exit(ExitCode.FAILED)


def _sealer(place: "Home") -> "Sealer | None":
    """The sealer, where the log's key is at hand: a copy of the database can be checked without it, all but seals."""
    from api.home.settings import log_sealer

    try:
        return log_sealer(place, os.environ)
    except FileNotFoundError:
        return None


def _tell(checked: "Checked", *, rebuilt: list[tuple[int, int]], seconds: float, as_json: bool) -> None:
    from api.audit.fsck import remedy

    tiles = [f"{level}/{number}" for level, number in rebuilt]
    if as_json:
        present.print_json(
            {
                "rebuilt_tiles": tiles,
                "sound": not checked.faults_count,
                "origin": checked.origin,
                "entries": checked.entries,
                "answers": checked.answers,
                "records": checked.records,
                "replayed": checked.replayed,
                "sealed": checked.sealed,
                "seconds": round(seconds, 3),
                "faults": [
                    {
                        "table": each.table,
                        "index": each.index,
                        "what": each.what,
                        "blame": str(each.blame),
                        "remedy": remedy(each),
                    }
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
    if tiles:
        present.out.print(f"tiles written again: {', '.join(tiles)}", markup=False)
    if not checked.sealed:
        present.out.print("[yellow]the log's key is not here[/]: seals of rows outside the log were not checked")
    count = checked.faults_count
    if not count:
        present.out.print("[bold green]sound[/]  bodies, leaves, tiles, checkpoint, answers and records agree")
        return
    said = "1 fault" if count == 1 else f"{count:,} faults"
    unchanged = "" if tiles else "  nothing was changed"
    present.err.print(f"[bold red]{escape(said)}[/]{unchanged}")
    for fault in checked.faults[:_SHOWN]:
        present.err.print(Text(f"  {fault}"))
    if count > _SHOWN:
        present.err.print(Text("  the first hundred are in what --json prints"))
    for named, what in dict.fromkeys((each.table, remedy(each)) for each in checked.faults):
        present.err.print(Text(f"  {named}: {what}", style="dim"))
