"""Where, among files and rows, something stands: in whatever form it could have been written down."""

import base64
from collections.abc import Hashable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import psycopg

from circuits.group import N

Name = TypeVar("Name", bound=Hashable)
SHORTEST = 7
"""Bytes that do not stand among some megabytes of ciphertext by chance; fewer do."""
WORD = 4


def written(content: bytes) -> set[bytes]:
    """Bytes as they are, in hexadecimal, and within something longer in base64: three ways to be cut into letters."""
    found = {content, content.hex().encode(), content.hex().upper().encode()}
    for before in range(3):
        letters = base64.b64encode(bytes(before) + content)
        inner = letters[(0, 2, 3)[before] : (before + len(content)) * 8 // 6]
        found |= {inner, inner.translate(bytes.maketrans(b"+/", b"-_"))}
    return found


def stored(blob: bytes) -> set[bytes]:
    """Bytes as databases keep them and write them out."""
    return {blob, blob.hex().encode()}


def number(encoded: int) -> set[bytes]:
    """An encoded value: as a scalar and without its zeros, from either end, and in decimal."""
    scalar = (encoded % N).to_bytes(32, "big")
    found = written(scalar) | written(scalar[::-1]) | written(str(abs(encoded)).encode())
    short = abs(encoded).to_bytes(32, "big").lstrip(b"\0")
    if len(short) >= SHORTEST:
        found |= written(short) | written(short[::-1])
    return found


def shortest(forms: Iterable[bytes]) -> list[bytes]:
    """Without those that have another one inside: where they are, it is too."""
    listed = sorted(set(forms), key=len)
    return [form for place, form in enumerate(listed) if not any(other in form for other in listed[:place])]


def files(*folders: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below some folders, as it is on the disk."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                yield str(path), path.read_bytes()


def rows(url: str) -> Iterator[tuple[str, bytes]]:
    """Every table of a PostgreSQL database, as text: long values are compressed in its files."""
    with psycopg.connect(url.replace("postgresql+psycopg", "postgresql")) as connection:
        named = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        for (table,) in connection.execute(named).fetchall():
            with connection.cursor().copy(f'COPY "{table}" TO STDOUT'.encode()) as copied:
                yield table, b"".join(bytes(block) for block in copied)


def search(places: Iterable[tuple[str, bytes]], wanted: Mapping[Name, Iterable[bytes]]) -> dict[Name, set[str]]:
    """What of that which is wanted (forms by name, each of SHORTEST bytes or more) is found, and where."""
    needles = {name: [(form, words(form)) for form in shortest(forms)] for name, forms in wanted.items()}
    found: dict[Name, set[str]] = {}
    for place, content in places:
        there = set(memoryview(content)[: len(content) // WORD * WORD].cast("I"))
        for name, forms in needles.items():
            if any(not there.isdisjoint(some) and form in content for form, some in forms):
                found.setdefault(name, set()).add(place)
    return found


def words(form: bytes) -> set[int]:
    """One of these stands at a multiple of four wherever the form stands: a thousand forms are looked for at once."""
    return {memoryview(form)[start : start + WORD].cast("I")[0] for start in range(WORD)}
