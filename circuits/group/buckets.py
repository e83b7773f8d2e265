"""Many foreign points at once: signed windows, one bucket per digit, every sum one combine call.

A bucket's digit d is not applied by running sums but bit by bit: all buckets whose d has bit j set are summed, and the
result stands for weight 2^(bits * window + j). One Horner chain over all weights ends it.
"""

from array import array
from binascii import b2a_base64
from collections.abc import Sequence
from typing import Any

from btclib_secp256k1 import ffi, lib

ENTRY = 64
_CONTEXT = lib.secp256k1_context_static
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_SCALAR_BITS = 256
_PADDED = 33


def window_bits(count: int) -> int:
    """Choose the window for so many points: wider windows pay off with more points."""
    return 4 if count < 600 else 6 if count < 6000 else 8


def bucket_sum(points: Sequence[bytes], scalars: Sequence[int]) -> bytes | None:
    """Sum scalar * point.

    Args:
        points: in the library's 64-byte form.
        scalars: one each, in [0, N).

    Returns:
        The sum in the same form, None for infinity.
    """
    bits = window_bits(len(points))
    windows = _SCALAR_BITS // bits + 1
    half = 1 << (bits - 1)
    count = len(points)

    area = ffi.new("secp256k1_pubkey[]", 2 * count)  # the points, then their negatives
    ffi.memmove(area, b"".join(points) * 2, 2 * count * ENTRY)
    for i in range(count, 2 * count):
        lib.secp256k1_ec_pubkey_negate(_CONTEXT, area + i)
    start = _address(area)
    positive = list(range(start, start + count * ENTRY, ENTRY))
    to_negative = count * ENTRY

    sums = ffi.new("secp256k1_pubkey[]", windows * bits)
    weighted: list[int] = []
    for w, column in enumerate(_digit_columns(scalars, bits, windows)):
        members: list[list[int]] = [[] for _ in range(2 * half)]
        for digit, address in zip(column, positive, strict=True):
            members[digit].append(address)
        buckets = ffi.new("secp256k1_pubkey[]", half)
        first = _address(buckets)
        full: list[tuple[int, int]] = []
        for d in range(1, half + 1):
            inputs = [address + to_negative for address in members[half - d]]
            if d < half:
                inputs += members[half + d]
            if inputs and _combine(buckets + (d - 1), inputs):
                full.append((d, first + (d - 1) * ENTRY))
        for j in range(bits):
            chosen = [address for d, address in full if d >> j & 1]
            out = sums + (w * bits + j)
            weighted.append(_address(out) if chosen and _combine(out, chosen) else 0)
    return _horner(weighted)


def _digit_columns(scalars: Sequence[int], bits: int, windows: int) -> list[bytes]:
    """Recode every scalar and return digit + half, window by window, least significant first.

    Adding half to every digit beforehand makes plain digits of the sum the signed digits plus half.
    """
    half = 1 << (bits - 1)
    offset = sum(half << (bits * w) for w in range(windows))
    strings = [_plain_digits((scalar + offset).to_bytes(_PADDED, "big"), bits) for scalar in scalars]
    size = len(strings[0])
    joined = b"".join(strings)
    return [joined[size - 1 - w :: size] for w in range(windows)]


_FROM_HEX = bytes.maketrans(b"0123456789abcdef", bytes(range(16)))
_FROM_BASE64 = bytes.maketrans(_BASE64, bytes(range(64)))


def _plain_digits(encoded: bytes, bits: int) -> bytes:
    if bits == 4:
        return encoded.hex().encode("ascii").translate(_FROM_HEX)
    if bits == 6:
        return b2a_base64(encoded, newline=False).translate(_FROM_BASE64)
    return encoded


def _combine(out: Any, addresses: list[int]) -> bool:  # noqa: ANN401  # a cffi pointer
    """Sum some points into out; False for infinity, which leaves out cleared."""
    inputs = ffi.from_buffer("secp256k1_pubkey *[]", array("Q", addresses))
    return bool(lib.secp256k1_ec_pubkey_combine(_CONTEXT, out, inputs, len(addresses)))


def _horner(weighted: Sequence[int]) -> bytes | None:
    """Sum 2^i * point i (addresses, 0 for infinity)."""
    two = ffi.new("secp256k1_pubkey[]", 2)  # the output alternates: it must never be an input
    place = (_address(two), _address(two + 1))
    total, turn = 0, 0
    for address in reversed(weighted):
        inputs = [total, total] if total else []
        if address:
            inputs.append(address)
        total = place[turn] if inputs and _combine(two + turn, inputs) else 0
        turn ^= 1
    return bytes(ffi.buffer(ffi.cast("secp256k1_pubkey *", total), ENTRY)) if total else None


def _address(pointer: Any) -> int:  # noqa: ANN401  # a cffi pointer
    return int(ffi.cast("uintptr_t", pointer))
