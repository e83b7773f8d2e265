"""`attest conform`: the conformance kit, put to any implementation over its stdin and stdout; or answered by ours."""

import asyncio
import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from api.cli import present
from api.cli.failures import CommandError, ExitCode
from api.cli.options import EngineOption, HomeOption, JsonOption
from api.cli.preparing import prepare_tables

if TYPE_CHECKING:
    from api.conform.kit import Case
    from api.conform.running import Result
    from circuits.group import EngineName

MOST_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("conform")(conform)


def conform(
    command: Annotated[
        str | None,
        typer.Argument(help="The implementation: a program and its arguments.", metavar="[CMD]", show_default=False),
    ] = None,
    *,
    topic: Annotated[
        list[str] | None, typer.Option("--topic", metavar="NAME", help="Ask only about this; may be repeated.")
    ] = None,
    vectors: Annotated[
        Path | None,
        typer.Option("--vectors", metavar="DIR", help="Other vectors than those installed.", show_default=False),
    ] = None,
    timeout: Annotated[float, typer.Option("--timeout", metavar="SECONDS", min=0.1, help="For each answer.")] = 30,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refusals must come with the code, position and blame that are known.")
    ] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Be the implementation: answer requests from stdin on stdout.")
    ] = False,
    engine: EngineOption = "fast",
    _home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask an implementation every question of the conformance kit. Exit 0 if nothing it answers is wrong, else 1."""
    from api.cli.trust import engine_name

    if serve:
        _serve(engine_name(engine))
        return
    try:
        argv = shlex.split(command or "")
    except ValueError:  # a quotation that does not end
        argv = []
    if not argv:
        raise CommandError(
            "no implementation is named", where="attest conform", remedy='attest conform "attest conform --serve"'
        )
    cases = _cases(vectors, topic or [])
    results = _run(cases, argv, timeout=timeout, strict=strict, as_json=as_json)
    _tell(results, as_json=as_json)
    if any(result.failed for result in results) or not any(result.outcome == "passed" for result in results):
        raise typer.Exit(ExitCode.FAILED)


def _serve(engine: "EngineName") -> None:
    from api.conform.serving import serve

    if engine == "fast":
        prepare_tables(quiet=True)

    def write(line: bytes) -> None:
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()

    with suppress(BrokenPipeError):  # whoever asked has heard enough
        serve(sys.stdin.buffer, write, engine=engine)


def _cases(folder: Path | None, topics: Sequence[str]) -> "tuple[Case, ...]":
    from api.conform.kit import KitError, default_folder, read_kit

    where = folder or default_folder()
    try:
        cases = read_kit(where)
    except KitError as error:
        raise CommandError(str(error), where=str(where), remedy="name a folder of vectors: --vectors DIR") from None
    known = sorted({case.topic for case in cases})
    if unknown := sorted(set(topics) - set(known)):
        raise CommandError(f"no topic is named {unknown[0]!r}", where="--topic", remedy=f"take {', '.join(known)}")
    return tuple(case for case in cases if not topics or case.topic in topics)


def _run(
    cases: "Sequence[Case]", argv: Sequence[str], *, timeout: float, strict: bool, as_json: bool
) -> "list[Result]":
    from api.conform.dialogue import Dialogue, NotStarted
    from api.conform.running import run

    async def ask_all() -> "list[Result]":
        dialogue = Dialogue(argv, timeout=timeout)
        try:
            with present.progress(quiet=as_json, rate=True) as shown:
                task = shown.add_task("asking", total=len(cases))
                return await run(cases, dialogue, strict=strict, seen=lambda _result: shown.advance(task))
        finally:
            await dialogue.close()

    try:
        return asyncio.run(ask_all())
    except NotStarted as error:
        raise CommandError(f"it cannot be started: {error}", where=shlex.join(argv), remedy="name a program") from None


def _tell(results: "Sequence[Result]", *, as_json: bool) -> None:
    from api.conform.running import FAILURES

    topics = list(dict.fromkeys(result.case.topic for result in results))
    counts = {name: _counts([each for each in results if each.case.topic == name]) for name in topics}
    failed = [result for result in results if result.failed]
    if as_json:
        present.print_json(
            {
                "conforms": not failed and any(each["passed"] for each in counts.values()),
                "topics": counts,
                "failures": [
                    {"id": each.case.id, "failure": each.outcome, "detail": each.detail, "why": each.case.why}
                    for each in failed
                ],
            }
        )
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for heading in ("topic", "passed", "failed", "unsupported"):
        table.add_column(heading, justify="left" if heading == "topic" else "right", header_style="dim")
    for name, count in [*counts.items(), ("all", _counts(results))]:
        style = "bold red" if count["failed"] else ""
        table.add_row(Text(name), *(Text(f"{each:,}", style=style) for each in count.values()))
    present.out.print(table)
    asked = [result for result in failed if result.outcome != "not-asked"]
    for result in asked[:MOST_SHOWN]:
        present.err.print(f"[bold red]{result.outcome}[/]  {escape(result.case.id)}  [dim]{escape(result.case.why)}[/]")
        present.err.print(Text(f"    {result.detail or FAILURES[result.outcome]}"))
    if len(asked) > MOST_SHOWN:
        present.err.print(f"and {len(asked) - MOST_SHOWN:,} more; --json has all of them")
    if not_asked := len(failed) - len(asked):
        present.err.print(f"[bold red]not-asked[/]  the other {not_asked:,}, {FAILURES['not-asked']}")


def _counts(results: "Sequence[Result]") -> dict[str, int]:
    found = Counter("failed" if result.failed else result.outcome for result in results)
    return {name: found[name] for name in ("passed", "failed", "unsupported")}
