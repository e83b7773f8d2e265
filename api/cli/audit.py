"""`attest audit replay`: every answer of a log re-checked, offline, with the auditor's pins."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import compare, mirror, present
from api.cli.failures import CommandError, ExitCode
from api.cli.options import EngineOption, HomeOption, JsonOption, KeyOption, TrustOption
from api.cli.preparing import prepare_tables
from api.cli.settlers import JobsOption, SampleOption, SchedulerOption, SeedOption, settlers

if TYPE_CHECKING:
    from api.audit.sources import Source
    from api.home.directory import Home

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
    jobs: JobsOption = 1,
    scheduler: SchedulerOption = None,
    sample: SampleOption = 0,
    seed: SeedOption = None,
    resume: Annotated[
        Path | None,
        typer.Option("--resume", metavar="FILE", help="Note progress here; go on from it.", show_default=False),
    ] = None,
    reports: Annotated[
        list[Path] | None,
        typer.Option("--report", metavar="FILE", help="Write a report: .html for people, .json.", show_default=False),
    ] = None,
    evidence: Annotated[
        Path | None,
        typer.Option("--evidence", metavar="DIR", help="Write evidence files of what is found.", show_default=False),
    ] = None,
    key: KeyOption = None,
    trust: TrustOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rebuild the log and check every answer in it again. Exit 0 if all of it holds, 1 at the first that does not."""
    from api.audit.account import account
    from api.audit.ledgers import LedgerFile
    from api.audit.observations import Observations
    from api.cli.audited import require_reports, tell, write_reports
    from api.cli.carried import carry_findings, require_folder
    from api.cli.checkpoints import kept_checkpoint
    from api.cli.connection import home_at
    from api.cli.trust import engine_name, read_trust
    from api.home.files import PUBLIC_FILE, require_writable, write_file
    from verifier.audit.replay import replay as replay_log

    place = home_at(home)
    pins = read_trust(place, trust)
    chosen = engine_name(engine)
    earlier = None if since is None else kept_checkpoint(since, pins, option="--since")
    if keep is not None:
        require_writable(keep)  # before a replay that may take hours
    require_reports(reports or ())
    require_folder(evidence, source)
    ledger = None if resume is None else LedgerFile(resume, pins, chosen)
    with _explained(resume=resume):
        begun = None if ledger is None else ledger.read()
    if chosen == "fast" or sample:
        prepare_tables(quiet=as_json)
    started = time.perf_counter()
    seen = Observations()
    with ExitStack() as stack:
        log = _opened(place, source, stack, key=key)
        stack.enter_context(_explained(log.name, resume=resume))
        by = settlers(stack, jobs=jobs, scheduler=scheduler, engine=chosen, size=sample, seed=seed)
        shown = stack.enter_context(present.progress(quiet=as_json, rate=True))
        task = shown.add_task("replaying", total=None)
        report = replay_log(
            log.lines,
            trust=pins,
            since=earlier,
            engine=chosen,
            progress=lambda done, total: shown.update(task, completed=done, total=total),
            settler=by.settle,
            ahead=by.ahead,
            sample=by.sample,
            ledger=begun,
            keep=None if ledger is None else ledger.write,
            observe=seen,
        )
        report = log.located(report)
    told = account(
        report,
        seen,
        trust=pins,
        source=log.name,
        made_at=int(time.time()),
        seconds=time.perf_counter() - started,
        resumed_at=0 if begun is None else begun.size,
    )
    write_reports(told, reports or (), quiet=as_json)
    tell(told, since=None if earlier is None else earlier.size, as_json=as_json)
    if evidence is not None:
        opened = partial(_opened, place, source, key=key)
        carry_findings(evidence, report, opened=opened, pins=pins, quiet=as_json)
    if report.failure is not None:
        raise typer.Exit(ExitCode.FAILED)
    if keep is not None:
        write_file(keep, report.checkpoint.encode(), mode=PUBLIC_FILE)


@contextmanager
def _explained(name: str = "", *, resume: Path | None) -> Iterator[None]:
    """Say what ended a replay before it came to a report."""
    from api.audit.replaying import WorkersLost
    from api.cli.trust import blame
    from circuits.errors import CircuitsError
    from verifier.audit.ledger import LedgerError
    from verifier.errors import LogUnavailable, VerifierError

    try:
        yield
    except LedgerError as error:
        raise CommandError(
            f"the replay cannot go on from there: {error}",
            where=f"--resume {resume}",
            remedy="name another file, or remove this one to begin anew",
            kind="ledger",
        ) from None
    except WorkersLost as error:
        raise CommandError(
            str(error), where=name, remedy="go on with --resume, or with fewer workers", kind="workers"
        ) from None
    except LogUnavailable:
        raise  # a database that cannot be read now says nothing about the log
    except (VerifierError, CircuitsError) as error:
        raise CommandError(
            f"the log does not hold: {error}",
            where=name,
            remedy=blame(error),
            code=ExitCode.FAILED,
            kind=type(error).__name__,
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
