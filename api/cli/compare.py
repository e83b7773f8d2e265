"""`attest audit compare`: whether two signed checkpoints, shown to two auditors, are of one log."""

from contextlib import ExitStack
from typing import Annotated

import typer

from api.cli import present
from api.cli.failures import CommandError, ExitCode
from api.cli.options import HomeOption, JsonOption, KeyOption, TrustOption


def register(group: typer.Typer) -> None:
    """Adds the command to the audits."""
    group.command("compare")(compare)


def compare(
    first: Annotated[
        str, typer.Argument(help="A signed checkpoint: a file, a folder of tiles or an address.", show_default=False)
    ],
    second: Annotated[str, typer.Argument(help="Another one, as someone else was shown it.", show_default=False)],
    *,
    log: Annotated[
        str | None,
        typer.Option(
            "--log",
            metavar="SOURCE",
            help="An export, a folder with bodies or an address: needed if the sizes differ.",
            show_default=False,
        ),
    ] = None,
    key: KeyOption = None,
    trust: TrustOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find out whether two checkpoints are of one log. Exit 0 if so, 1 if the log is forked, 3 if it cannot be told."""
    from api.audit.sources import open_source
    from api.cli.checkpoints import shown_checkpoint
    from api.cli.connection import home_at
    from api.cli.trust import read_trust
    from verifier.audit.forks import ForkError, UndecidedError, require_one_log, roots
    from verifier.errors import ExportError

    pins = read_trust(home_at(home), trust)
    one, other = shown_checkpoint(first, pins), shown_checkpoint(second, pins)
    try:
        found = None
        if log is not None:
            with ExitStack() as stack:
                found = roots(open_source(log, stack, key=key).lines, {one.size, other.size})
        require_one_log(one, other, root=None if found is None else found.__getitem__)
    except ForkError as error:
        raise CommandError(
            f"the log is forked: {error}",
            where=f"{first} and {second}",
            remedy="keep both files: the log's own signature under each shows it to anyone; blame: log operator",
            code=ExitCode.FAILED,
            kind="fork",
        ) from None
    except (UndecidedError, ExportError) as error:
        raise CommandError(
            f"it cannot be told: {error}",
            where=f"{first} and {second}" if log is None else log,
            remedy=f"give a log with all {max(one.size, other.size):,} entries: --log SOURCE",
            code=ExitCode.NO_ANSWER,
            kind=type(error).__name__,
        ) from None
    sizes = sorted((one.size, other.size))
    if as_json:
        present.print_json({"one_log": True, "origin": one.origin, "sizes": sizes})
        return
    present.out.print(f"[bold green]one log[/]  {sizes[0]:,} and {sizes[1]:,} entries")
