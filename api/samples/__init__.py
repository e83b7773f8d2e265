"""A synthetic sample of customers for the default schema, and the program that makes it. No row describes a person."""

from importlib.resources import files
from typing import Final

FILE: Final = "people.csv"
SUBJECT: Final = "customer_id"


def people() -> bytes:
    """The bundled sample as CSV (UTF-8)."""
    return files(__name__).joinpath(FILE).read_bytes()
