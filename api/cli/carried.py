"""`attest audit replay --evidence DIR`: what was found, written as files that can be carried to a judge."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from api.cli import present
from api.cli.failures import CommandError, ExitCode

if TYPE_CHECKING:
    from api.audit.sources import Source
    from verifier.audit.replay import Report
    from verifier.trust import Trust


def require_folder(folder: Path | None, source: str | None) -> None:
    """Refuse, before a replay that may take hours, what no evidence can be written to or made from.

    Raises:
        CommandError: the source can be read once only, or the name is taken by a file.
    """
    from api.audit.sources import STDIN

    if folder is None:
        return
    if source == STDIN:
        raise CommandError(
            "evidence takes reading the log again, and standard input cannot be",
            where=f"--evidence {folder}",
            remedy="write the export to a file first",
            kind="evidence",
        )
    if folder.exists() and not folder.is_dir():
        raise CommandError(
            "it is a file", where=f"--evidence {folder}", remedy="name a folder, or one that is not there yet"
        )


def carry_findings(
    folder: Path, report: "Report", *, opened: "Callable[[ExitStack], Source]", pins: "Trust", quiet: bool
) -> None:
    """Write the evidence of what a replay found.

    Raises:
        CommandError: the log is no longer the one that was replayed.
    """
    from api.audit.carrying import README, carry
    from verifier.errors import VerifierError

    with ExitStack() as stack:

        def reopen() -> Iterator[bytes]:
            return opened(stack).lines

        try:
            files = carry(folder, report, reopen=reopen, trust=pins)
        except VerifierError as error:
            raise CommandError(
                f"no evidence can be made: {error}",
                where=f"--evidence {folder}",
                remedy="replay it again",
                code=ExitCode.FAILED,
                kind="evidence",
            ) from None
    if not quiet:
        what = "1 answer" if len(files) == 1 else f"{len(files)} answers"
        present.out.print(f"evidence  {what} and {README} in {folder}", markup=False)
