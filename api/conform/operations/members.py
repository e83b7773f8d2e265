"""The types of an operation, and how members are read."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from circuits.group import EngineName

Members = Mapping[str, Any]
Operation = Callable[[Members, EngineName], dict[str, Any]]


def unhex(text: str) -> bytes:
    """Read lower-case hex.

    Raises:
        ValueError: anything else (blame: who asks).
    """
    content = bytes.fromhex(text)
    if content.hex() != text:
        raise ValueError("bytes are written as lower-case hex")
    return content


def unhex_all(texts: Iterable[str]) -> list[bytes]:
    """Read a list of lower-case hex."""
    return [unhex(text) for text in texts]


def hex_all(contents: Iterable[bytes]) -> list[str]:
    """Write a list of bytes."""
    return [content.hex() for content in contents]
