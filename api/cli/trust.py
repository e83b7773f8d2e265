"""The auditor's pins: without them nothing can be checked, so a command that finds none says how to get them."""

from pathlib import Path
from typing import TYPE_CHECKING, get_args

from api.cli.failures import CommandError
from api.home.directory import HomeError, read_json
from circuits.group import EngineName

if TYPE_CHECKING:
    from api.home.directory import Home
    from verifier.trust import Trust


def read_trust(home: "Home", file: Path | None) -> "Trust":
    """The pins from `--trust FILE`, else from the home.

    Raises:
        CommandError: there are none, or the file holds something else.
    """
    from circuits.errors import CircuitsError
    from verifier.errors import VerifierError
    from verifier.trust import Trust

    path = file or home.trust_file
    if not path.is_file():
        raise CommandError(
            "there is nothing pinned to check against",
            where=str(path),
            remedy="get the log's and the verifier's key on a channel you trust and name the file with --trust FILE;"
            "\non the verifier's own machine it is HOME/trust.json",
            kind="no-trust",
        )
    try:
        return Trust.from_json(read_json(path))
    except (HomeError, CircuitsError, VerifierError) as error:
        raise CommandError(str(error), where=str(path), remedy="this is not a trust.json", kind="no-trust") from None


def engine_name(text: str) -> EngineName:
    """The engine named on the command line.

    Raises:
        CommandError: there is none of that name.
    """
    for name in get_args(EngineName):
        if text == name:
            return name  # type: ignore[no-any-return] # get_args forgets the literals
    raise CommandError(f"no engine is named {text!r}", where="--engine", remedy="take fast or reference")


def blame(error: BaseException | None) -> str:
    """Who is to blame, as far as the error or what caused it says."""
    while error is not None:
        if (found := getattr(error, "blame", None)) is not None:
            return f"blame: {found}"
        error = error.__cause__
    return ""
