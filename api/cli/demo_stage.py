"""What the chapters of `attest demo` are told with: a home, a lender, everybody's consents, and a console."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from rich.console import RenderableType
from rich.rule import Rule
from rich.text import Text

from api.cli import present
from api.cli.failures import CommandError, ExitCode

if TYPE_CHECKING:
    from api.home.directory import Home
    from api.peers.lender_client import ServiceClient

PATIENCE: Final = 30.0
"""Seconds that one service is waited for to tell the other."""
_WORD: Final = 15
_PERSON: Final = 8
_QUESTION: Final = 42


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the story takes place, and how it is told.

    Attributes:
        home: of both services.
        environment: theirs.
        quiet: nothing is shown; the story is told as JSON.
        consents: the tokens that the lender was given, by the provider's reference for the person.
    """

    home: "Home"
    environment: Mapping[str, str]
    quiet: bool
    consents: dict[str, str] = field(default_factory=dict, repr=False)

    def chapter(self, title: str, line: str) -> None:
        """Begin a chapter."""
        if not self.quiet:
            present.out.print()
            present.out.print(Rule(f"[bold]{title}[/]  [dim]{line}[/]", align="left", style="dim"))

    def say(self, line: str) -> None:
        """Say a line, which may have markup."""
        self.show(Text.from_markup(f"  {line}"))

    def show(self, what: RenderableType) -> None:
        """Show anything else."""
        if not self.quiet:
            present.out.print(what)

    def show_question(self, row: Mapping[str, Any], *, who: str = "", facts: str = "") -> None:
        """A question with its answer on the left, and below it what is left possible, or why there is no answer."""
        word = str(row.get("answer") or row["outcome"])
        line = present.badge(word)
        line.append(" " * (_WORD - len(line)), style="none")
        if who:
            line.append(f"{who:<{_PERSON}}", style="none")
        line.append(f"{row['predicate']:<{_QUESTION}}" if facts else str(row["predicate"]), style="none")
        line.append(facts, style="dim")
        self.show(line)
        for each in below(row):
            self.show(Text(" " * _WORD + each, style="dim"))

    def until(self, told: Callable[[], bool], what: str) -> None:
        """Wait until one service has told the other.

        Raises:
            CommandError: it does not get round to it.
        """
        deadline = time.monotonic() + PATIENCE
        while not told():
            if time.monotonic() > deadline:
                raise CommandError(f"{what} is not in the log", remedy="report this", code=ExitCode.FAILED)
            time.sleep(0.02)


def below(row: Mapping[str, Any]) -> list[str]:
    """What an answer leaves possible; or the reason why there is none, where it is told."""
    from api.cli.ask import REASONS

    if reason := row.get("reason_words") or REASONS.get(str(row.get("reason"))):
        return [str(reason)]
    return present.disclosed(row.get("disclosed") or ())


def ask_or_declined(lender: "ServiceClient", predicate: str, consent: str) -> dict[str, Any]:
    """An answer document, or one that says declined; with the milliseconds it took from here as `ms`."""
    from api.peers.lender_client import Refusal

    started = time.perf_counter()
    try:
        answer = lender.ask(predicate, consent=consent)
    except Refusal as error:
        if error.name != "declined":
            raise
        answer = {"outcome": "declined", "question": str(error)}
    # As it was asked: the service has one way to write it, and others may be shorter.
    return answer | {"predicate": predicate, "ms": round((time.perf_counter() - started) * 1000, 2)}
