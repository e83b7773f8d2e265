"""`attest explain`: how a question is read, what proving it costs, and what each answer says; needs no service."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from api.cli import present
from api.cli.failures import CommandError
from api.cli.options import HomeOption, JsonOption

if TYPE_CHECKING:
    from circuits.attributes import Schema


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("explain")(explain)


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


def explain(
    predicate: Annotated[str, typer.Argument(help="The question.", metavar="PREDICATE")],
    *,
    schema: Annotated[
        Path | None,
        typer.Option("--schema", metavar="FILE", help="Schema file. Default: kyc-person", show_default=False),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="As of which day; default today.", show_default=False)
    ] = None,
    _home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how a question is read: English, types, circuit, proof size, what YES and NO say."""
    from api.cli.refusals import predicate_error
    from circuits.errors import PredicateError, PredicateSyntaxError

    found = read_schema(schema)
    try:
        told = _reading(predicate, found, as_of)
    except PredicateError as error:
        kind = "predicate-syntax" if isinstance(error, PredicateSyntaxError) else "predicate-type"
        raise predicate_error(error.reason, text=predicate, position=error.position, kind=kind) from None
    if as_json:
        present.print_json(told)
        return
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, fact in told.items():
        if name == "question":  # it reads as what YES says
            continue
        shown = ", ".join(f"{n} ({t})" for n, t in fact.items()) if isinstance(fact, dict) else str(fact)
        label = name.removeprefix("predicate_").replace("_", " ")  # a digest fits 80 columns then
        table.add_row(Text(label, style="dim"), Text(shown))
    present.out.print(table)


def _reading(text: str, schema: "Schema", as_of: str | None) -> dict[str, Any]:
    from datetime import UTC, datetime

    from circuits.calendar import day_number
    from circuits.compiler import compile_predicate
    from circuits.errors import EncodingError
    from circuits.predicate import parse

    day = datetime.now(UTC).date().isoformat() if as_of is None else as_of
    try:
        number = day_number(day)
    except EncodingError as error:
        raise CommandError(str(error), where=f"--as-of {day}", remedy="e.g. --as-of 2026-01-31") from None
    predicate = parse(text, schema)
    circuit = compile_predicate(predicate, schema, as_of=number, answer=True).circuit
    return {
        "question": predicate.english(),
        "yes_says": predicate.english(),
        "no_says": predicate.negated().english(),
        "attributes": {name: str(schema.attribute(name).type) for name in predicate.attributes},
        "schema": f"{schema.name} version {schema.version}",
        "as_of": day,
        "gates": circuit.D + len(circuit.gates),
        "norm_length": circuit.N,
        "rounds": circuit.k,
        "proof_bytes": circuit.proof_bytes,
        "predicate_digest": predicate.digest.hex(),
    }
