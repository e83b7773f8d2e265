"""The command tree and the one place where exceptions become messages and exit codes."""

import os
import sys
from importlib import import_module
from importlib.metadata import version
from inspect import getdoc
from typing import Annotated, Final

import typer

from api.cli import present
from api.cli.failures import CommandError, ExitCode

app = typer.Typer(
    name="attest",
    help="Proven, signed, replayable yes or no about a verified attribute; never the value.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
# Each module registers its commands on import; they import the rooms only when they run, so that --help is instant.
COMMANDS: Final = (
    "demo",
    "up",
    "ask",
    "evidence",
    "audit",
    "explain",
    "prover",
    "verifier",
    "witness",
    "keygen",
    "bench",
    "conform",
)
DEBUG: Final = "ZKATTEST_DEBUG"


def _print_version(*, wanted: bool) -> None:
    if wanted:
        present.out.print(f"attest {version('zkattest')}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=lambda wanted: _print_version(wanted=wanted), is_eager=True)
    ] = False,
) -> None:
    pass


for _name in COMMANDS:
    import_module(f"api.cli.{_name}").register(app)


def _unwrap(group: typer.Typer) -> None:
    """Each paragraph of a command's help as one line: the terminal's width breaks it, not the source's."""
    for command in group.registered_commands:
        paragraphs = (command.help or getdoc(command.callback) or "").split("\n\n")
        command.help = "\n\n".join(" ".join(each.split()) for each in paragraphs)
    for below in group.registered_groups:
        if below.typer_instance is not None:
            _unwrap(below.typer_instance)


_unwrap(app)


def main() -> None:
    """Runs the command line of this process and ends it with one of `ExitCode`."""
    as_json = "--json" in sys.argv[1:]
    try:
        sys.exit(app(prog_name="attest", standalone_mode=not as_json))
    except typer.TyperException as error:  # for people, typer itself has shown it already
        told = CommandError(error.format_message(), remedy="attest --help", code=ExitCode(error.exit_code))
        present.print_error(told, as_json=True)
        sys.exit(told.code)
    except CommandError as error:
        present.print_error(error, as_json=as_json)
        sys.exit(error.code)
    except KeyboardInterrupt:
        present.err.print("stopped")
        sys.exit(ExitCode.INTERRUPTED)
    except Exception as error:
        from api.cli.translation import translate  # imports every room; only when something went wrong

        if os.environ.get(DEBUG):
            raise
        told = translate(error)
        present.print_error(told, as_json=as_json)
        sys.exit(told.code)
