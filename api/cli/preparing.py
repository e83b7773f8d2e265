"""The fast engine's tables, with a progress bar: built once per machine, mapped by every command after that."""

from typing import TYPE_CHECKING

from api.cli import present

if TYPE_CHECKING:
    from circuits.group import Engine


def prepare_tables(*, quiet: bool) -> "Engine":
    """The process's fast engine, ready; without this it would build tables in its own memory, every time.

    Raises:
        TableError: a table file is unsafe; see the message.
    """
    from api.tables import fast_engine

    with present.progress(quiet=quiet) as shown:
        task = shown.add_task("preparing tables, once per machine", total=None)
        return fast_engine(progress=lambda done, total: shown.update(task, completed=done, total=total))
