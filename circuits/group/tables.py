"""Fixed-base tables: for every generator and every byte position w, the points d 2^(8w) Gen for d = 1..256.

512 KiB a generator, in libsecp256k1's own in-memory form, so that a sum over generators is one pointer array and one
call. A changed table makes a verifier accept false statements: a cached file is mapped read-only and compared with
a constant before its first use, and is refused outright if someone else could write to it.

Tables come in chunks: chunk 0 holds G, H_0..H_6, G_0..G_15 (all a 64-bit range needs), every later chunk 16 more G_i.
"""

import hashlib
import mmap
import stat
import tempfile
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from btclib_secp256k1 import ffi, lib
from numpy.typing import NDArray

from circuits.errors import TableError
from circuits.generators import BASIS, G_OFFSET
from circuits.group.digests import CHUNK_DIGESTS

ENTRY = 64
WINDOWS = 32
ROW = 256 * ENTRY
TABLE = WINDOWS * ROW
CHUNK = 16

_CONTEXT = lib.secp256k1_context_static
_WORD_BITS = np.uint64(3)
ROOT = 0
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


class Tables:
    """Tables of the first so many generators, grown on demand; safe to share between threads."""

    def __init__(
        self, generators: Sequence[bytes], directory: Path | None, progress: Callable[[int, int], None] | None
    ) -> None:
        self._generators = generators
        self._directory = directory
        self._progress = progress
        self._lock = Lock()
        self._maps: list[mmap.mmap] = []
        self._addresses: list[int] = []
        self._span: tuple[int, NDArray[np.uint64]] = (0, np.empty(0, np.uint64))

    def addresses(self, count: int) -> Sequence[int]:
        """Return the tables' addresses for at least the first count generators, loading or building what is missing.

        Raises:
            TableError: a cached file is unsafe, or a fresh table is not what it must be.
        """
        if len(self._addresses) < count:
            with self._lock:
                self._grow(count)
        return self._addresses

    def touch(self, pointers: NDArray[np.uint64]) -> None:
        """Read the first bytes of table entries, so that they are in the cache when they are added up.

        A sum waits for every entry in turn; this fetches them all at once and saves a third of the time.

        Args:
            pointers: addresses of entries in tables that addresses() has returned.
        """
        start, words = self._span
        words.take((pointers - np.uint64(start)) >> _WORD_BITS)

    def _grow(self, count: int) -> None:
        missing = [c for c in range(len(self._maps), len(CHUNK_DIGESTS)) if chunk_range(c).start < count]
        total = sum(len(chunk_range(c)) for c in missing)
        done = 0
        for chunk in missing:
            members = chunk_range(chunk)
            memory = self._load(chunk)
            if memory is None:
                memory = self._build(chunk, done, total)
            done += len(members)
            self._report(done, total)
            start = int(ffi.cast("uintptr_t", ffi.from_buffer(memory)))
            self._maps.append(memory)
            fresh = [start + i * TABLE for i in range(len(members))]
            self._span = _span([*self._addresses, *fresh])  # before anyone can be given the new addresses
            self._addresses.extend(fresh)

    def _load(self, chunk: int) -> mmap.mmap | None:
        if self._directory is None:
            return None
        path = self._path(self._directory, chunk)
        try:
            with path.open("rb") as file:
                # of the open file: what stands under its name may have been exchanged since it was opened
                status = Path(f"/dev/fd/{file.fileno()}").stat()
                # its owner could change it under the mapping, after the comparison below
                if status.st_mode & _OTHERS_MAY_WRITE or status.st_uid not in {own_uid(), ROOT}:
                    raise TableError(f"{path} can be written by others: remove it, or make it yours alone")
                memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):  # absent, unreadable or empty: build it
            return None
        if hashlib.sha256(memory).digest() != CHUNK_DIGESTS[chunk]:
            memory.close()
            return None
        return memory

    def _build(self, chunk: int, done: int, total: int) -> mmap.mmap:
        members = chunk_range(chunk)
        memory = mmap.mmap(-1, len(members) * TABLE)
        start = int(ffi.cast("uintptr_t", ffi.from_buffer(memory)))
        for i, index in enumerate(members):
            fill(start + i * TABLE, self._generators[index])
            self._report(done + i, total)
        if hashlib.sha256(memory).digest() != CHUNK_DIGESTS[chunk]:
            raise TableError(f"chunk {chunk} was computed wrongly: damaged memory, or another layout of points")
        if self._directory is None:
            return memory
        self._store(self._directory, chunk, memory)
        return self._load(chunk) or memory

    def _store(self, directory: Path, chunk: int, memory: mmap.mmap) -> None:
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=directory, delete=False) as file:
                file.write(memory)
            fresh = Path(file.name)
            fresh.chmod(0o444)
            fresh.replace(self._path(directory, chunk))
        except OSError:  # a cache that cannot be written costs time, nothing else
            return

    @staticmethod
    def _path(directory: Path, chunk: int) -> Path:
        return directory / f"bpp-secp256k1-1-{chunk:02d}.table"

    def _report(self, done: int, total: int) -> None:
        if self._progress is not None:
            self._progress(done, total)


def own_uid() -> int:
    """Return the user this process creates files as (this room does not ask the operating system directly)."""
    with tempfile.NamedTemporaryFile() as file:
        return Path(file.name).stat().st_uid


def chunk_range(chunk: int) -> range:
    """Return the generators of a chunk."""
    first = G_OFFSET + CHUNK * chunk
    return range(0 if chunk == 0 else first, min(first + CHUNK, BASIS))


def _span(tables: Sequence[int]) -> tuple[int, NDArray[np.uint64]]:
    """View everything from the first to the last table as words; what lies between them is never read."""
    start, end = min(tables), max(tables) + TABLE
    return start, np.frombuffer(ffi.buffer(ffi.cast("char *", start), end - start), np.uint64)


def fill(address: int, generator: bytes) -> None:
    """Write one generator's table (512 KiB) at an address.

    Raises:
        TableError: the library refuses a point, which cannot happen with sound memory.
    """
    first = _point(address)
    if not lib.secp256k1_ec_pubkey_parse(_CONTEXT, first, generator, len(generator)):
        raise TableError("a generator is not a point")
    for row in range(address, address + TABLE, ROW):
        # entry d is the row's first entry plus entry d - 1; the output never aliases an input
        pairs = array("Q", [p for previous in range(row, row + ROW - ENTRY, ENTRY) for p in (row, previous)])
        inputs = ffi.from_buffer("secp256k1_pubkey *[]", pairs)
        base = _point(row)
        ok = 1
        for d in range(1, 256):
            ok &= lib.secp256k1_ec_pubkey_combine(_CONTEXT, base + d, inputs + 2 * (d - 1), 2)
        if row + ROW < address + TABLE:
            ffi.memmove(_point(row + ROW), _point(row + ROW - ENTRY), ENTRY)
        if ok != 1:
            raise TableError("a multiple of a generator is infinity")


def _point(address: int) -> Any:  # noqa: ANN401  # a cffi pointer
    return ffi.cast("secp256k1_pubkey *", address)
