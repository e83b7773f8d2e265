"""The fast engine's tables of multiples: built once into the user's cache directory, by every process from there on."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path

from circuits.group import Engine, use_tables

# One comparison of 64 bits needs 24 of them; longer statements grow the tables when they come.
GENERATORS: Final = 8 + 64


def tables_directory() -> Path:
    """Where the tables are kept. They are public and checked by hash whenever they are loaded."""
    return user_cache_path("zkattest", appauthor=False) / "tables"


def fast_engine(*, progress: Callable[[int, int], None] | None = None) -> Engine:
    """The fast engine with its tables ready; the first call on a machine builds them."""
    ready = use_tables(tables_directory(), progress)
    ready.prepare(GENERATORS)
    return ready
