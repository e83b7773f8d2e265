"""How things look: one console for people on stderr and stdout, one JSON object for scripts on stdout."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.cells import cell_len
from rich.console import Console, Group
from rich.panel import Panel
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from api.cli.failures import CommandError

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

WIDTH = 80
"""Of what is laid out here and not by the terminal."""
CARET_WIDTH = 72
STYLES = {"yes": "bold white on green", "no": "bold white on blue"}


def print_json(content: Mapping[str, Any]) -> None:
    """One JSON object on stdout, and nothing else there."""
    sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def print_error(error: CommandError, *, as_json: bool) -> None:
    """What, where, how to mend: on stderr, or as `{"error": ...}` on stdout."""
    if as_json:
        parts = {"kind": error.kind, "what": error.what, "where": error.where, "remedy": error.remedy}
        print_json({"error": {name: part for name, part in parts.items() if part} | {"exit_code": int(error.code)}})
        return
    err.print(Text.assemble(("error  ", "bold red"), (error.what, "bold")))
    for label, part in (("where  ", error.where), ("mend   ", error.remedy)):
        for number, line in enumerate(part.splitlines()):
            err.print(Text.assemble((label if number == 0 else " " * len(label), "dim"), line), no_wrap=True)


def caret(text: str, position: int) -> str:
    """The predicate with a caret below the character at `position` (0-based); long texts are cut around it."""
    start = max(0, min(position - CARET_WIDTH // 2, len(text) - CARET_WIDTH))
    shown = "".join(c if c.isprintable() else " " for c in text[start : start + CARET_WIDTH])
    indent = cell_len(shown[: position - start])  # a wide character takes two columns
    return f"{shown}\n{' ' * indent}^"


def badge(word: str) -> Text:
    """YES, NO, or a word for what is neither."""
    return Text(f" {word.upper()} ", style=STYLES.get(word.lower(), "bold black on yellow"))


def disclosed(told: Sequence[Mapping[str, Any]]) -> list[str]:
    """What an answer disclosed, a line for each attribute: `salary: at least 100,000.01 USD per year (0.01 bits)`.

    Texts stand for so many values that their bits say nothing to people.
    """
    return [
        f"{each['attribute']}: {each['words']}"
        + (f" ({each['bits']} bits)" if len(each["bits"]) < len("100.00") else "")
        for each in told
    ]


def answer_panel(answer: str, question: str, facts: Mapping[str, str], *, failed: Sequence[str] = ()) -> Panel:
    """The big answer: the word, the English question, the clauses that failed if they are told, and the facts."""
    grid = Table.grid(padding=(0, 2))
    for name, fact in facts.items():
        grid.add_row(Text(name, style="dim"), Text(fact))
    style = "green" if answer == "yes" else "blue"
    word = Text("\n".join(LETTERS[answer]), style=f"bold {style}")
    parts: list[Text | Table] = [word, Text(), _wrapped(question, style="bold"), Text()]
    if failed:
        parts += [Text("does not hold:", style="dim"), _clauses(failed), Text()]
    return Panel(Group(*parts, grid), border_style=style, expand=False)


def _clauses(clauses: Sequence[str]) -> Table:
    """One below the other; what goes on in the next line stays beside its cross."""
    table = Table.grid(padding=(0, 1))
    for clause in clauses:
        table.add_row(Text("  ✗"), _wrapped(clause))
    return table


def _wrapped(text: str, *, style: str = "") -> Text:
    """Words that go on in the next line of a panel; what the console prints beside one is left to the terminal."""
    return Text(text, style=style, no_wrap=False, overflow="fold")


LETTERS = {
    "yes": (
        "█   █ █████ █████",
        " █ █  █     █    ",
        "  █   ████  █████",
        "  █   █         █",
        "  █   █████ █████",
    ),
    "no": (
        "█   █ █████",
        "██  █ █   █",
        "█ █ █ █   █",
        "█  ██ █   █",
        "█   █ █████",
    ),
}


class _Rate(ProgressColumn):
    """How many a second, of late."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s", style="dim")


@contextmanager
def progress(*, quiet: bool, rate: bool = False) -> Iterator[Progress]:
    """A progress display on stderr, with how many a second if asked; silent for scripts and without a terminal."""
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        *((_Rate(),) if rate else ()),
        TimeRemainingColumn(compact=True),
        console=err,
        transient=True,
        disable=quiet or not err.is_terminal,
    ) as shown:
        yield shown


@contextmanager
def waiting(message: str, *, quiet: bool) -> Iterator[None]:
    """A spinner on stderr for something without a measure."""
    if quiet or not err.is_terminal:
        yield
        return
    with err.status(message):
        yield
