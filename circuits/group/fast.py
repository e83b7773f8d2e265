"""The production engine: libsecp256k1, a sum over generators as one combine call over table entries.

Every buffer is local to a call: cffi releases the interpreter lock, and a shared one would let threads accept forged
proofs. An output is never an input of combine: that aborts the process.
"""

from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from btclib_secp256k1 import ffi, lib
from numpy.typing import NDArray

from circuits.errors import ProofInvalid, ProofMalformed
from circuits.generators import basis, derive
from circuits.group.buckets import bucket_sum
from circuits.group.curve import POINT_BYTES, SCALAR_BYTES, G, N, PointAtInfinity
from circuits.group.tables import ENTRY, ROW, TABLE, Tables

BUCKETS_FROM = 230
"""From so many foreign points on, buckets beat one multiplication each."""

_CONTEXT = lib.secp256k1_context_static
_COMPRESSED = 258  # SECP256K1_EC_COMPRESSED, a macro the binding does not export
_ALL_ONES = (2**256 - 1) // 255
"""sum 256^w: a table holds d = 1..256, so a scalar is written with digits 1..256 and no entry is infinity."""
_BELOW = N - _ALL_ONES
_SHORT = 2**160
_ENTRY_SIZE = np.uint64(ENTRY)
_POINTER = 8
_ROWS_KEPT = 256


class FastEngine:
    """See circuits.group.Engine."""

    name = "fast"

    def __init__(self, tables: Path | None, progress: Callable[[int, int], None] | None) -> None:
        self._tables = Tables(basis(_is_point), tables, progress)
        self._rows: dict[tuple[int, ...], NDArray[np.uint64]] = {}
        self._K0 = derive("K0", _is_point)[0]
        self._K0_point = self.parse([self._K0])[0]

    def prepare(self, generators: int) -> None:
        """Load or build the tables of the first so many generators."""
        self._tables.addresses(generators)

    def parse(self, points: Sequence[bytes]) -> list[bytes]:
        """Decompress into the library's 64-byte form; ProofMalformed if one is no point."""
        area = ffi.new("secp256k1_pubkey[]", len(points))
        parse = lib.secp256k1_ec_pubkey_parse
        for i, point in enumerate(points):
            if not isinstance(point, bytes) or len(point) != POINT_BYTES:
                raise ProofMalformed(f"point {i} is not {POINT_BYTES} bytes")
            if parse(_CONTEXT, area + i, point, POINT_BYTES) != 1:
                raise ProofMalformed(f"point {i} is not on the curve")
        flat = bytes(ffi.buffer(area))
        return [flat[i : i + ENTRY] for i in range(0, len(flat), ENTRY)]

    def fixed_sum(self, indices: Sequence[int], scalars: Sequence[int]) -> bytes:
        """Sum scalar * generator[index]; PointAtInfinity if it is that. Every scalar takes as long as any other."""
        return _compress(self._entries(indices, scalars, longest=0))

    def require_zero(
        self, indices: Sequence[int], scalars: Sequence[int], points: Sequence[bytes], coefficients: Sequence[int]
    ) -> None:
        """Add everything to the constant point K0 and require exactly K0 back."""
        pairs = [(point, c) for point, c in zip(points, coefficients, strict=True) if c]
        terms = [self._K0_point]
        if len(pairs) >= BUCKETS_FROM:
            total = bucket_sum([point for point, _ in pairs], [c for _, c in pairs])
            if total is not None:
                terms.append(total)
            pairs = []
        terms += [point for point, _ in pairs]
        area = ffi.new("secp256k1_pubkey[]", len(terms))
        ffi.memmove(area, b"".join(terms), ENTRY * len(terms))
        multiply = lib.secp256k1_ec_pubkey_tweak_mul
        for i, (_, c) in enumerate(pairs, 1):
            if c != 1 and multiply(_CONTEXT, area + i, c.to_bytes(SCALAR_BYTES, "big")) != 1:
                raise ProofInvalid("the equation cannot be evaluated")
        start = int(ffi.cast("uintptr_t", area))
        own = array("Q", range(start, start + ENTRY * len(terms), ENTRY)).tobytes()
        try:
            returned = _compress(own + self._entries(indices, scalars, longest=_SHORT))
        except PointAtInfinity as error:
            raise ProofInvalid("the equation does not hold") from error
        if returned != self._K0:
            raise ProofInvalid("the equation does not hold")

    def _entries(self, indices: Sequence[int], scalars: Sequence[int], *, longest: int) -> bytes:
        """Write the pointer array whose table entries add up to the sum; scalars below `longest` may be cut short."""
        addresses = self._tables.addresses(max(indices, default=0) + 1)
        long_indices: list[int] = []
        long_digits: list[bytes] = []
        short: list[int] = []
        for index, scalar in zip(indices, scalars, strict=True):
            if scalar >= longest:
                long_indices.append(index)
                shifted = scalar - _ALL_ONES if scalar >= _ALL_ONES else scalar + _BELOW
                long_digits.append(shifted.to_bytes(SCALAR_BYTES, "little"))
            elif scalar:
                base = addresses[index] - ENTRY
                digits = scalar.to_bytes(20, "little")
                short += [base + w * ROW + d * ENTRY for w, d in enumerate(digits) if d]
        if not long_indices:
            return array("Q", short).tobytes()
        pointers = np.frombuffer(b"".join(long_digits), np.uint8) * _ENTRY_SIZE
        pointers += self._row_addresses(tuple(long_indices), addresses)
        self._tables.touch(pointers)
        return pointers.tobytes() + array("Q", short).tobytes()

    def _row_addresses(self, indices: tuple[int, ...], addresses: Sequence[int]) -> NDArray[np.uint64]:
        rows = self._rows.get(indices)
        if rows is None:
            tables = np.array([addresses[index] for index in indices], np.uint64)
            rows = np.add.outer(tables, np.arange(0, TABLE, ROW, dtype=np.uint64)).ravel()
            if len(self._rows) >= _ROWS_KEPT:  # only hostile proofs, full of zeros, need so many
                self._rows.clear()
            self._rows[indices] = rows
        return rows


def one_mul() -> Callable[[], None]:
    """Return the benchmark's unit: one variable-base multiplication through the binding."""
    area = ffi.new("secp256k1_pubkey *")
    lib.secp256k1_ec_pubkey_parse(_CONTEXT, area, G, POINT_BYTES)
    factor = (N // 3).to_bytes(SCALAR_BYTES, "big")
    multiply = lib.secp256k1_ec_pubkey_tweak_mul

    def mul() -> None:
        if multiply(_CONTEXT, area, factor) != 1:
            raise ArithmeticError("the library refused a multiplication")

    return mul


def _is_point(encoded: bytes) -> bool:
    area = ffi.new("secp256k1_pubkey *")
    return bool(lib.secp256k1_ec_pubkey_parse(_CONTEXT, area, encoded, len(encoded)) == 1)


def _compress(pointers: bytes) -> bytes:
    """Sum the points an array of pointers names and serialise the result."""
    if not pointers:
        raise PointAtInfinity
    out: Any = ffi.new("secp256k1_pubkey *")
    inputs = ffi.from_buffer("secp256k1_pubkey *[]", pointers)
    if lib.secp256k1_ec_pubkey_combine(_CONTEXT, out, inputs, len(pointers) // _POINTER) != 1:
        raise PointAtInfinity
    encoded = ffi.new("unsigned char[]", POINT_BYTES)
    size = ffi.new("size_t *", POINT_BYTES)
    if lib.secp256k1_ec_pubkey_serialize(_CONTEXT, encoded, size, out, _COMPRESSED) != 1 or size[0] != POINT_BYTES:
        raise PointAtInfinity
    return bytes(ffi.buffer(encoded))
