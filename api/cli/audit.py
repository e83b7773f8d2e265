"""`attest audit replay`: every answer of a log re-checked, offline, with the auditor's pins."""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from api.cli import compare, mirror, present
from api.cli.failures import CommandError, ExitCode
from api.cli.options import EngineOption, HomeOption, JsonOption, KeyOption, TrustOption
from api.cli.preparing import prepare_tables

if TYPE_CHECKING:
    from api.audit.sources import Source
    from api.home.directory import Home
    from verifier.ledger import LedgerError
    from verifier.note import Checkpoint
    from verifier.replay import Report
    from verifier.trust import Trust

MOST_CHECKPOINT = 64 << 10
group = typer.Typer(help="Audits: replay what was answered.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds the command group."""
    compare.register(group)
    mirror.register(group)
    app.add_typer(group, name="audit")


@group.command("replay")
def replay(
    source: Annotated[
        str | None,
        typer.Argument(
            help="An export (- is standard input), a folder with bodies, or an address. Default: this home's log.",
            metavar="[SOURCE]",
            show_default=False,
        ),
    ] = None,
    *,
    engine: EngineOption = "fast",
    since: Annotated[
        Path | None,
        typer.Option("--since", metavar="FILE", help="The checkpoint you kept last time.", show_default=False),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option("--keep", metavar="FILE", help="Write the new checkpoint here.", show_default=False),
    ] = None,
    jobs: Annotated[
        int,
        typer.Option("--jobs", metavar="N", min=1, max=256, help="Verify proofs in N processes, one for each core."),
    ] = 1,
    resume: Annotated[
        Path | None,
        typer.Option("--resume", metavar="FILE", help="Note progress here; go on from it.", show_default=False),
    ] = None,
    key: KeyOption = None,
    trust: TrustOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rebuild the log and check every answer in it again. Exit 0 if all of it holds, 1 at the first that does not."""
    from api.audit.ledgers import LedgerFile
    from api.audit.replaying import ReplayWorkers, WorkersLost
    from api.cli.connection import home_at
    from api.cli.trust import blame, engine_name, read_trust
    from api.home.directory import require_writable, write_file
    from circuits.errors import CircuitsError
    from verifier.errors import VerifierError
    from verifier.ledger import LedgerError
    from verifier.replay import replay as replay_log

    place = home_at(home)
    pins = read_trust(place, trust)
    chosen = engine_name(engine)
    earlier = None if since is None else _kept(since, pins)
    if keep is not None:
        require_writable(keep)  # before a replay that may take hours
    ledger = None if resume is None else LedgerFile(resume, pins, chosen)
    try:
        begun = None if ledger is None else ledger.read()
    except LedgerError as error:
        raise _unusable(error, resume) from None
    if chosen == "fast":
        prepare_tables(quiet=as_json)
    started = time.perf_counter()
    with ExitStack() as stack:
        log = _opened(place, source, stack, key=key)
        shown = stack.enter_context(present.progress(quiet=as_json, rate=True))
        task = shown.add_task("replaying", total=None)
        workers = None
        if jobs > 1:
            workers = stack.enter_context(ReplayWorkers(jobs=jobs, engine=chosen))
        try:
            report = replay_log(
                log.lines,
                trust=pins,
                since=earlier,
                engine=chosen,
                progress=lambda done, total: shown.update(task, completed=done, total=total),
                settler=None if workers is None else workers.settle,
                ahead=0 if workers is None else workers.ahead,
                ledger=begun,
                keep=None if ledger is None else ledger.write,
            )
        except LedgerError as error:
            raise _unusable(error, resume) from None
        except WorkersLost as error:
            raise CommandError(str(error), where=f"--jobs {jobs}", remedy="try fewer jobs", kind="workers") from None
        except (VerifierError, CircuitsError) as error:
            raise CommandError(
                f"the log does not hold: {error}",
                where=log.name,
                remedy=blame(error),
                code=ExitCode.FAILED,
                kind=type(error).__name__,
            ) from None
    report = log.located(report)
    _tell(
        report,
        log.name,
        engine=chosen,
        seconds=time.perf_counter() - started,
        resumed=0 if begun is None else begun.size,
        as_json=as_json,
    )
    if report.failure is not None:
        raise typer.Exit(ExitCode.FAILED)
    if keep is not None:
        write_file(keep, report.checkpoint.encode(), mode=0o644)


def _unusable(error: "LedgerError", file: Path | None) -> CommandError:
    return CommandError(
        f"the replay cannot go on from there: {error}",
        where=f"--resume {file}",
        remedy="name another file, or remove this one to begin anew",
        kind="ledger",
    )


def _kept(file: Path, pins: "Trust") -> "Checkpoint":
    """The checkpoint kept from an earlier replay.

    Raises:
        CommandError: the file holds none that the pinned key signed; the log is not to blame for that.
    """
    from verifier.errors import NoteError
    from verifier.note import Checkpoint

    with file.open("rb") as source:
        content = source.read(MOST_CHECKPOINT)
    try:
        return Checkpoint.open(content.decode("utf-8"), pins.log)
    except (NoteError, UnicodeDecodeError) as error:
        reason = str(error) if isinstance(error, NoteError) else "it is not text"
        raise CommandError(
            f"no checkpoint of the pinned log: {reason}",
            where=f"--since {file}",
            remedy="name a file that attest audit replay --keep wrote for this log",
            code=ExitCode.FAILED,
            kind="since",
        ) from None


def _opened(home: "Home", named: str | None, stack: ExitStack, *, key: str | None) -> "Source":
    from api.audit.exporting import export_lines, opened
    from api.audit.sources import Source, open_source
    from api.cli.connection import connect_log

    if named is not None:
        return open_source(named, stack, key=key)
    home.config()
    log = stack.enter_context(opened(home, connect=lambda: connect_log(home)))
    return Source(log.name, export_lines(log))


def _tell(report: "Report", where: str, *, engine: str, seconds: float, resumed: int, as_json: bool) -> None:
    if as_json:
        findings = [
            {
                "index": each.index,
                "blame": str(each.blame),
                "code": each.code,
                "reason": each.reason,
                "evidence": each.evidence,
            }
            for each in report.findings
        ]
        present.print_json(
            {
                "clean": report.failure is None,
                "origin": report.origin,
                "entries": report.entries,
                "answers": report.answers,
                "counts": report.counts,
                "engine": engine,
                "seconds": round(seconds, 3),
                "resumed_at": resumed,
                "findings": findings,
                "findings_count": report.findings_count,
            }
        )
        return
    table = Table.grid(padding=(0, 2))
    table.add_row("[dim]log[/]", Text(report.origin))
    table.add_row("[dim]entries[/]", f"{report.entries:,}")
    table.add_row("[dim]answers that hold[/]", f"{report.answers:,}, proof by proof, {engine} engine")
    table.add_row("[dim]time[/]", f"{seconds:.1f} s")
    if resumed:
        table.add_row("[dim]resumed[/]", f"proofs of the first {resumed:,} entries were verified before, see --resume")
    present.out.print(table)
    if report.failure is None:
        present.out.print("[bold green]clean[/]  root, registry, proofs and attestations all hold")
        return
    count = report.findings_count
    said = "1 thing does not hold" if count == 1 else f"{count:,} things do not hold"
    present.err.print(f"[bold red]{said}[/]  {escape(where)}")
    for finding in report.findings[:10]:
        present.err.print(Text(f"  {finding}"))
