"""`attest verifier log`: the log of this home as files, for an object store, a web server or an auditor."""

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import present
from api.cli.failures import CommandError
from api.cli.options import HomeOption, JsonOption

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from api.audit.copying import Copied
    from api.audit.reading import Readable
    from api.home.directory import Home

LINES = ".jsonl"
STDOUT = "-"
BodiesOption = Annotated[
    bool, typer.Option("--bodies", help="Add the entries' bodies, in bodies/: for auditors, never for the public.")
]
group = typer.Typer(help="The log of everything answered.", no_args_is_help=True)


@group.command("export")
def export(
    target: Annotated[
        str,
        typer.Argument(help="A folder for static files, or FILE.jsonl or - for one stream of lines.", metavar="TARGET"),
    ],
    *,
    bodies: BodiesOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the log as files, also while the verifier runs.

    Into a folder: checkpoint and tiles as C2SP tlog-tiles, what is new since last time; with --bodies also the bodies.

    Into FILE.jsonl: checkpoint and entries with their bodies, one a line.
    """
    from api.audit.exporting import opened
    from api.cli.connection import connect_log, home_at

    place = home_at(home)
    place.config()
    lines = target.endswith(LINES) or target == STDOUT
    if lines and bodies:
        raise CommandError("lines always hold the bodies", where="--bodies", remedy="leave it out, or name a folder")
    if target == STDOUT and as_json:
        raise CommandError("standard output takes one of the two", where="--json", remedy="name a file")
    with opened(place, connect=lambda: connect_log(place)) as log:
        if lines:
            _write_lines(target, log, as_json=as_json)
        else:
            tell(
                _copy(place, Path(target), log, bodies=bodies, as_json=as_json), target, bodies=bodies, as_json=as_json
            )


def _write_lines(target: str, log: "Readable", *, as_json: bool) -> None:
    from api.audit.exporting import export_lines
    from api.home.files import write_lines

    with showing("exporting entries", quiet=as_json) as progress:
        lines = export_lines(log, progress=progress)
        if target == STDOUT:
            for line in lines:
                sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
            return
        count = write_lines(Path(target), lines) - 1
    if as_json:
        present.print_json({"file": target, "entries": count})
    else:
        present.out.print(f"{count:,} entries written to {target}; replay them with: attest audit replay {target}")


def _copy(home: "Home", folder: Path, log: "Readable", *, bodies: bool, as_json: bool) -> "Copied":
    from api.audit.copying import copy_log
    from verifier.log.note import NoteSigner

    verifier = NoteSigner.from_skey(home.log_key.read_text("ascii").strip()).verifier
    with showing("exporting the log", quiet=as_json) as progress:
        return copy_log(folder, log, verifier=verifier, bodies=bodies, progress=progress)


@contextmanager
def showing(description: str, *, quiet: bool) -> "Iterator[Callable[[int, int | None], None]]":
    """A progress display with a rate, told of how many of how many."""
    with present.progress(quiet=quiet, rate=True) as shown:
        task = shown.add_task(description, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def tell(copied: "Copied", folder: str, *, bodies: bool, as_json: bool) -> None:
    """Say what a folder holds now."""
    if as_json:
        content = {"folder": folder, "entries": copied.entries, "new_files": copied.files, "bodies": bodies}
        present.print_json(content)
        return
    present.out.print(f"{copied.entries:,} entries in {folder}, {copied.files:,} files are new")
    if bodies:
        present.out.print(f"serve checkpoint and tile/ to anybody, bodies/ to nobody; attest audit replay {folder}")
