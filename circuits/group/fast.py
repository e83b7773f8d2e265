"""The production engine: libsecp256k1, a sum over generators as one combine call over table entries.

Every buffer is local to a call: cffi releases the interpreter lock, and a shared one would let threads accept forged
proofs. An output is never an input of combine: that aborts the process.
"""

from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from btclib_secp256k1 import ffi, lib

from circuits.errors import ProofInvalid, ProofMalformed
from circuits.generators import basis, derive
from circuits.group.buckets import bucket_sum
from circuits.group.curve import POINT_BYTES, SCALAR_BYTES, G, N, PointAtInfinity
from circuits.group.tables import ENTRY, ROW, WINDOWS, Tables

BUCKETS_FROM = 230
"""From so many foreign points on, buckets beat one multiplication each."""

_CONTEXT = lib.secp256k1_context_static
_COMPRESSED = 258  # SECP256K1_EC_COMPRESSED, a macro the binding does not export
_ALL_ONES = (2**256 - 1) // 255
"""sum 256^w: a table holds d = 1..256, so a scalar is written with digits 1..256 and no entry is infinity."""
_BELOW = N - _ALL_ONES
_SHORT = 2**160
_STRIDE = 2
"""Full scalars use every second row of a table, twice: half as many rows compete for the processor's cache."""
_LANE = 8
_NEXT_WINDOW = (256).to_bytes(SCALAR_BYTES, "big")
_LANES_KEPT = 256


class FastEngine:
    """See circuits.group.Engine."""

    name = "fast"

    def __init__(self, tables: Path | None, progress: Callable[[int, int], None] | None) -> None:
        self._tables = Tables(basis(_is_point), tables, progress)
        self._lanes: dict[tuple[int, ...], int] = {}
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
        """Sum scalar * generator[index]; PointAtInfinity if it is that."""
        pointers, _kept = self._entries(indices, scalars)
        return _compress(pointers)

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
            pointers, _kept = self._entries(indices, scalars)
            returned = _compress(own + pointers)
        except PointAtInfinity as error:
            raise ProofInvalid("the equation does not hold") from error
        if returned != self._K0:
            raise ProofInvalid("the equation does not hold")

    def _entries(self, indices: Sequence[int], scalars: Sequence[int]) -> tuple[bytes, Any]:
        """Write the pointer array whose points add up to the sum, and return what must stay alive for it."""
        addresses = self._tables.addresses(max(indices, default=0) + 1)
        long_indices: list[int] = []
        long_digits: list[bytes] = []
        short: list[int] = []
        for index, scalar in zip(indices, scalars, strict=True):
            if scalar >= _SHORT:
                long_indices.append(index)
                shifted = scalar - _ALL_ONES if scalar >= _ALL_ONES else scalar + _BELOW
                long_digits.append(shifted.to_bytes(SCALAR_BYTES, "little"))
            elif scalar:
                base = addresses[index] - ENTRY
                digits = scalar.to_bytes(20, "little")
                short += [base + w * ROW + d * ENTRY for w, d in enumerate(digits) if d]
        pointers, kept = self._long_entries(tuple(long_indices), b"".join(long_digits), addresses)
        return pointers + array("Q", short).tobytes(), kept

    def _long_entries(self, indices: tuple[int, ...], digits: bytes, addresses: Sequence[int]) -> tuple[bytes, Any]:
        """Split the windows by position mod stride and sum all classes but the first by Horner's rule."""
        if not indices:
            return b"", None
        lanes = self._lane_bases(indices, addresses)
        spread = bytearray(_LANE * len(digits) // _STRIDE)

        def group(t: int) -> bytes:
            # every digit in its own 64-bit lane, times the entry size, plus the row's address: one big addition
            spread[::_LANE] = digits[t::_STRIDE]
            return (int.from_bytes(spread, "little") * ENTRY + lanes).to_bytes(len(spread), "little")

        higher = ffi.new("secp256k1_pubkey[]", _STRIDE)
        total = b""
        for t in range(_STRIDE - 1, 0, -1):
            pointers = group(t) + total
            inputs = ffi.from_buffer("secp256k1_pubkey *[]", pointers)
            out = higher + t
            if lib.secp256k1_ec_pubkey_combine(_CONTEXT, out, inputs, len(pointers) // _LANE) != 1:
                total = b""  # infinity
                continue
            if lib.secp256k1_ec_pubkey_tweak_mul(_CONTEXT, out, _NEXT_WINDOW) != 1:
                raise PointAtInfinity
            total = int(ffi.cast("uintptr_t", out)).to_bytes(_LANE, "little")
        return group(0) + total, higher

    def _lane_bases(self, indices: tuple[int, ...], addresses: Sequence[int]) -> int:
        lanes = self._lanes.get(indices)
        if lanes is None:
            rows = array("Q", [addresses[index] + w * ROW for index in indices for w in range(0, WINDOWS, _STRIDE)])
            lanes = int.from_bytes(rows.tobytes(), "little")
            if len(self._lanes) >= _LANES_KEPT:  # only hostile proofs, full of zeros, need so many
                self._lanes.clear()
            self._lanes[indices] = lanes
        return lanes


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
    if lib.secp256k1_ec_pubkey_combine(_CONTEXT, out, inputs, len(pointers) // _LANE) != 1:
        raise PointAtInfinity
    encoded = ffi.new("unsigned char[]", POINT_BYTES)
    size = ffi.new("size_t *", POINT_BYTES)
    if lib.secp256k1_ec_pubkey_serialize(_CONTEXT, encoded, size, out, _COMPRESSED) != 1 or size[0] != POINT_BYTES:
        raise PointAtInfinity
    return bytes(ffi.buffer(encoded))
