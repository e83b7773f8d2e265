"""`attest explain`: how a question is read, what proving it costs, and what each answer tells; needs no service."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from api.cli import present
from api.cli.failures import CommandError
from api.cli.options import HomeOption, JsonOption

if TYPE_CHECKING:
    from api.explanation import Question
    from circuits.attributes import Schema


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("explain")(explain)


def explain(
    predicate: Annotated[str, typer.Argument(help="The question.", metavar="PREDICATE")],
    *,
    schema: Annotated[
        list[Path] | None,
        typer.Option(
            "--schema",
            metavar="FILE",
            help="Schema file; repeatable, the first counts most. Default: kyc-person",
            show_default=False,
        ),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="As of which day; default today.", show_default=False)
    ] = None,
    time: Annotated[
        bool, typer.Option("--time/--no-time", help="Prove both answers about somebody made up; say how long it took.")
    ] = True,
    _home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how a question is read, what a proof costs, and what YES and NO would tell.

    Bits count how often an answer alone halves the values that the schema allows.
    """
    from api.explanation import facts
    from circuits.calendar import iso

    question = _read(predicate, [read_schema(path) for path in schema] if schema else [read_schema(None)], _day(as_of))
    told = facts(question) | {"as_of": iso(question.as_of), "time": _time(question, quiet=as_json) if time else None}
    if as_json:
        present.print_json(told)
        return
    for part in (_head(told), *_told(told, "yes"), *_told(told, "no")):
        present.out.print(part, width=min(present.WIDTH, present.out.width))


def read_schema(path: Path | None) -> "Schema":
    """The schema in a file, or the one that ships.

    Raises:
        CommandError: unreadable, or not a schema; names the place.
    """
    from circuits.attributes import Schema, default_schema
    from circuits.errors import SchemaError

    if path is None:
        return default_schema()
    try:
        return Schema.from_json(path.read_bytes())
    except SchemaError as error:
        raise CommandError(str(error), where=str(path), remedy="mend the schema file", kind="schema") from None


def _read(text: str, schemas: "Sequence[Schema]", as_of: int) -> "Question":
    from api.cli.refusals import predicate_error
    from api.explanation import read
    from circuits.errors import PredicateError, PredicateSyntaxError

    try:
        return read(text, schemas, as_of=as_of)
    except PredicateError as error:
        kind = "predicate-syntax" if isinstance(error, PredicateSyntaxError) else "predicate-type"
        raise predicate_error(error.reason, text=text, position=error.position, kind=kind) from None


def _day(as_of: str | None) -> int:
    from datetime import UTC, datetime

    from circuits.calendar import day_number
    from circuits.errors import EncodingError

    try:
        return day_number(datetime.now(UTC).date().isoformat() if as_of is None else as_of)
    except EncodingError as error:
        raise CommandError(str(error), where=f"--as-of {as_of}", remedy="e.g. --as-of 2026-01-31") from None


def _time(question: "Question", *, quiet: bool) -> dict[str, Any] | None:
    from api.explanation import measured
    from api.tables import fast_engine

    with present.progress(quiet=quiet) as shown:
        task = shown.add_task("preparing tables, once per machine", total=None)
        engine = fast_engine(progress=lambda done, total: shown.update(task, completed=done, total=total))
        engine.prepare(question.generators)
    return measured(question, engine=engine)


def _head(told: Mapping[str, Any]) -> Table:
    """Words, types, clauses, size, time."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    schemas = " and ".join(f"{schema['schema']} version {schema['version']}" for schema in told["schemas"])
    table.add_row("asks", Text(told["question"], style="bold"))
    table.add_row("under", f"{schemas}, as of {told['as_of']}")
    table.add_row("about", _attributes(told["attributes"], several=len(told["schemas"]) > 1))
    if len(told["clauses"]) > 1:
        table.add_row("clauses", _clauses(told["clauses"]))
    table.add_row("promised", _promises(told["attributes"]))
    table.add_row("may be asked", _asking(told["asking"]))
    circuit = told["circuit"]
    digits = f"{_counted(circuit['digits'], 'digit')} of base {circuit['base']}, " if circuit["digits"] else ""
    gates, rows = _counted(circuit["gates"], "gate"), _counted(circuit["rows"], "row")
    table.add_row("circuit", f"{digits}{gates}, {rows}, norm length {circuit['norm_length']}")
    table.add_row("proof", f"{told['proof_bytes']} bytes, for YES and for NO")
    if told["time"] is not None:
        table.add_row("time", _times(told["time"]))
    return table


def _attributes(attributes: Sequence[Mapping[str, Any]], *, several: bool) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for attribute in attributes:
        origin = f" ({attribute['schema']})" if several else ""
        table.add_row(attribute["name"], attribute["type"], f"{attribute['bounds']}{origin}")
    return table


def _promises(attributes: Sequence[Mapping[str, Any]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for attribute in attributes:
        table.add_row(attribute["name"], Text(attribute["promise"]["words"]))
    return table


def _asking(asking: Mapping[str, Any]) -> Text:
    """What the rules say, and what they would say if a consent offered the question."""
    parts = [(asking["words"], "" if asking["allowed"] else "bold yellow")]
    offered = asking["if_offered"]
    if offered is not None:
        also = "yes, if a consent offers this very question" if offered["allowed"] else "nor if a consent offers it"
        parts.append((f"\n{also}", ""))
    return Text.assemble(*parts)


def _clauses(clauses: Sequence[Mapping[str, Any]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for number, clause in enumerate(clauses, 1):
        table.add_row(Text(str(number), style="dim"), Text(clause["question"]))
    table.add_row("", Text("a NO names the failed ones only if asked (--why) and consented to", style="dim"))
    return table


def _times(time: Mapping[str, Any]) -> str:
    prove = f"prove {time['prove_ms']:.1f} ms ({time['prove_mul']:.0f} mul)"
    return f"{prove}, verify {time['verify_ms']:.1f} ms ({time['verify_mul']:.0f} mul), measured just now"


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"


def _told(told: Mapping[str, Any], word: str) -> list[Rule | Text | Table]:
    """What one answer tells: about all clauses together, and about each attribute alone."""
    answer = told[word]
    never = answer["disclosed"] is None
    title = Text.assemble(present.badge(word), " would tell " if never else " tells ")
    parts: list[Rule | Text | Table] = [Text(), Rule(title, align="left", style="dim")]
    if answer["somebody"] is False:
        return [*parts, Text("  nobody within the schema's bounds can have this answer")]
    untouched = all(entry["outcome"] == "nothing" for entry in answer["tells"])
    if answer["clauses"]:
        alone = "; about any attribute alone, nothing" if untouched else ""
        parts.append(Text(f"  {answer['clauses']}{alone}"))
        if untouched:
            return parts
    table = Table(box=None, padding=(0, 2), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", ratio=1)
    table.add_column(justify="right", no_wrap=True, style="dim")
    for entry in answer["tells"]:
        table.add_row(", ".join(entry["attributes"]), _words(entry), _bits(entry))
    return [*parts, table]


def _words(entry: Mapping[str, Any]) -> Text:
    return Text(entry["words"], style="" if entry["outcome"] == "narrowed" else "dim")


def _bits(entry: Mapping[str, Any]) -> str:
    """The bits by which the values in question became fewer, however little that is."""
    bits = entry["bits"]
    if bits is None or entry["outcome"] != "narrowed":
        return ""
    return f"{bits:.1f} bits" if bits >= 0.05 else "under 0.1 bits"  # noqa: PLR2004 - what rounds to 0.1
