"""`attest prover`: the provider's service, and importing what the provider has verified."""

import os
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from api.cli import consent, erase, present, receipt, subject
from api.cli.failures import CommandError, ExitCode
from api.cli.options import HomeOption, JsonOption, ParentOption, SocketOption

if TYPE_CHECKING:
    from api.home.directory import Home
    from api.prover.imports import Sink, Summary
    from circuits.attributes import Schema
    from prover.importing import Leftovers

group = typer.Typer(help="The prover: keeps the vault, issues credentials, proves answers.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds the command group."""
    app.add_typer(group, name="prover")
    group.add_typer(consent.group, name="consent")
    group.add_typer(subject.group, name="subject")
    group.add_typer(receipt.group, name="receipt")
    group.command("erase")(erase.erase)


@group.command("serve")
def serve(
    *,
    home: HomeOption = None,
    _as_json: JsonOption = False,
    socket: SocketOption = None,
    with_parent: ParentOption = False,
) -> None:
    """Run the prover in the foreground; ZKATTEST_PROVER_* overrides what the home says."""
    from api.cli.connection import home_at
    from api.cli.serving import leave_with_parent, run
    from api.home.directory import locked
    from api.home.settings import prover_settings
    from api.prover.app import create_app

    if with_parent:
        leave_with_parent()
    place = home_at(home)
    settings = prover_settings(place, environment=os.environ)
    busy = {"what": "the vault of this home is in use", "remedy": "wait for the import, or stop the other prover first"}
    with locked(place.prover / "lock", **busy):
        run(create_app(settings), address=place.config().prover, descriptor=socket)


@group.command("import")
def import_csv(
    file: Annotated[Path, typer.Argument(help="CSV, UTF-8, with a header line.", metavar="FILE.csv")],
    *,
    subject: Annotated[str, typer.Option("--subject", metavar="COLUMN", help="Column with your reference.")],
    schema: Annotated[
        Path | None,
        typer.Option("--schema", metavar="FILE", help="Schema file. Default: kyc-person", show_default=False),
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="COLUMN=ATTRIBUTE", help="Or COLUMN*1000=ATTRIBUTE; repeatable."),
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option("--rejects", metavar="FILE", help="Default: FILE.rejects.csv", show_default=False),
    ] = None,
    consent: Annotated[
        bool,
        typer.Option("--consent/--no-consent", help="They let this home's sandbox lender ask about them."),
    ] = True,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import verified attributes: commit, sign, register. Re-running it changes nothing."""
    from api.cli.connection import home_at
    from api.cli.explain import read_schema
    from api.home.files import require_writable
    from prover.importing import leftovers

    place = home_at(home)
    refused = rejects or file.with_name(f"{file.name}.rejects.csv")
    if refused.resolve() in {each.resolve() for each in (file, schema) if each is not None}:
        raise CommandError("the rejects file would overwrite an input", where=str(refused), remedy="name another one")
    require_writable(refused)  # before anything is imported whose rejects it would have to name
    under, mapped = read_schema(schema), mapping or ()
    summary, registered = import_into(
        place, file, schema=under, subject=subject, mapping=mapped, rejects=refused, consenting=consent, quiet=as_json
    )
    with file.open("rb") as source:
        left = leftovers(source, schema=under, subject=subject, mapping=mapped)
    lender = place.config().relying_party if consent else None
    _tell(file, summary, left, schema=under.name, registered=registered, lender=lender, as_json=as_json)
    if summary.imported == 0 or summary.refused:
        raise typer.Exit(ExitCode.FAILED)


def import_into(
    home: "Home",
    file: Path,
    *,
    schema: "Schema",
    subject: str,
    mapping: "list[str] | tuple[str, ...]",
    rejects: Path,
    consenting: bool = True,
    environment: Mapping[str, str] = os.environ,
    quiet: bool,
) -> tuple["Summary", int | None]:
    """Imports a file through the running prover, or into the vault of the stopped one.

    `consenting`: everybody in it lets the home's sandbox lender ask about them (api.home.sandbox). `environment` may
    name another database than the file in the home.

    Returns:
        The counts, and how many credentials the verifier has registered by now (None while the prover is stopped).

    Raises:
        CommandError: the file, its header or the mapping is wrong; nothing was imported.
    """
    from api.prover.imports import run
    from prover.errors import ImportRefused
    from prover.importing import read_records

    home.config()
    with ExitStack() as stack:
        source = stack.enter_context(file.open("rb"))
        lines = sum(chunk.count(b"\n") for chunk in iter(lambda: source.read(1 << 20), b""))
        source.seek(0)
        try:
            rows = read_records(source, schema=schema, subject=subject, mapping=mapping)
        except ImportRefused as error:
            raise CommandError(str(error), where=str(file), remedy="nothing was imported", kind="import") from None
        sink = _sink(home, schema, stack, environment)
        if consenting:
            sink = _consenting(home, sink, stack, environment)
        with present.progress(quiet=quiet) as shown:
            task = shown.add_task("committing", total=lines)
            summary = run(rows, sink=sink, rejects=rejects, progress=lambda line: shown.update(task, completed=line))
            shown.update(task, completed=lines)
    return summary, _registered(home, summary, quiet=quiet) if is_running(home) else None


def _registered(home: "Home", summary: "Summary", *, quiet: bool) -> int:
    """Waits until the verifier has logged what was issued: before that, no question may name it."""
    from api.cli.connection import connect
    from api.prover.imports import await_registration

    waiting = summary.imported
    with connect(home, room="prover", key="admin") as client, present.progress(quiet=quiet) as shown:
        task = shown.add_task("registering", total=waiting)

        def tell(pending: int) -> None:
            shown.update(task, completed=max(0, waiting - pending))

        summary.waiting, summary.refused = await_registration(client, progress=tell)
        return max(0, waiting - summary.waiting)


def is_running(home: "Home") -> bool:
    """Whether a prover holds this home's vault."""
    from api.home.directory import HomeBusyError, locked

    try:
        with locked(home.prover / "lock", what="in use", remedy=""):
            return False
    except HomeBusyError:
        return True


def _sink(home: "Home", schema: "Schema", stack: ExitStack, environment: Mapping[str, str]) -> "Sink":
    from api.cli.connection import connect
    from api.prover.sinks import ServiceSink, opened_vault

    if is_running(home):
        client = stack.enter_context(connect(home, room="prover", key="admin"))
        return ServiceSink(client, schema)
    return stack.enter_context(opened_vault(home, schema, environment=environment))


def _consenting(home: "Home", sink: "Sink", stack: ExitStack, environment: Mapping[str, str]) -> "Sink":
    from api.home.sandbox import sandbox_terms
    from api.prover.sinks import ConsentingSink, consents_of

    consents = stack.enter_context(consents_of(home, environment=environment))
    return ConsentingSink(sink, consents, sandbox_terms(home.config(), now=int(time.time())))


def _tell(
    file: Path,
    summary: "Summary",
    left: "Leftovers",
    *,
    schema: str,
    registered: int | None,
    lender: str | None,
    as_json: bool,
) -> None:
    names = ("issued", "superseded", "unchanged", "rejected")
    if as_json:
        counts: dict[str, object] = {name: summary.counts[name] for name in names}
        rejects = str(summary.rejects) if summary.rejects else None
        passed_over = {"unused_columns": left.columns, "absent_attributes": left.attributes}
        told = {"file": str(file), **counts, "registered": registered, "rejects": rejects, **passed_over}
        told |= {"waiting": summary.waiting, "refused": summary.refused, "consented_to": lender}
        present.print_json(told)
        return
    table = Table(box=None, show_header=False, padding=(0, 2))
    for name in names:
        style = "bold red" if name == "rejected" and summary.counts[name] else ""
        table.add_row(name, f"{summary.counts[name]:,}", style=style)
    when = "when the prover next starts" if registered is None else f"{registered:,}"
    table.add_row("registered", when)
    present.out.print(table)
    _tell_unregistered(summary)
    if lender and summary.imported:
        present.out.print(f"[dim]to try it out, {escape(lender)} may ask about them (attest prover consent list)[/]")
    if left.columns:
        named = ", ".join(left.columns)
        present.err.print(Text(f"not imported: {named}; {schema} has no attribute of that name (--schema, --map)"))
    if left.attributes:
        named = ", ".join(left.attributes)
        present.err.print(Text(f"no column for: {named}; a question about that is undetermined for these people"))
    if summary.rejects is not None:
        count = summary.counts["rejected"]
        said = "1 row was rejected" if count == 1 else f"{count:,} rows were rejected"
        present.err.print(f"[bold red]{said}[/]; all reasons are in {escape(str(summary.rejects))}")
        for reject in summary.first_rejects:
            place = f"line {reject.line}" + (f", {reject.column}" if reject.column else "")
            present.err.print(Text(f"  {place}: {reject.reason}"))
    elif summary.imported == 0:
        present.err.print(f"[bold red]nothing to import[/]: {escape(str(file))} has a header line and no rows")


def _tell_unregistered(summary: "Summary") -> None:
    """What no question can be about yet, and why."""
    if summary.refused:
        said = "1 credential" if summary.refused == 1 else f"{summary.refused:,} credentials"
        present.err.print(
            f"[bold red]the verifier refused {said}[/], and nobody can ask about them: is the provider's key the one"
            " that it knows? attest verifier provider list\n"
            "they are in the vault, and are sent again when the prover starts"
        )
    if waiting := summary.waiting - summary.refused:
        said = "1 credential waits" if waiting == 1 else f"{waiting:,} credentials wait"
        present.err.print(f"{said} for the verifier, which does not answer; the prover goes on sending")
