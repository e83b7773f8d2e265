"""The binding releases the interpreter lock: whatever threads share, a forged proof can borrow an honest one's."""

import threading
import time

from adversary import CONTEXT, Adversary, commit
from btclib_secp256k1 import ffi, lib
from mutants import accepts_honestly, everywhere, mutant

from circuits.arithmetic import verify
from circuits.errors import ProofInvalid
from circuits.group import fast
from circuits.group.curve import POINT_BYTES, PointAtInfinity
from circuits.range import range_circuit, range_witness

RANGE = range_circuit(1, 64)
THREADS = 8
ENOUGH = 1500
PATIENCE = 60.0
"""Seconds after which the mutant should have accepted a forgery; it takes a fraction of one."""


def shared_buffer(patch):
    """The mutant: one buffer for every serialised point of the process."""
    encoded = ffi.new("unsigned char[]", POINT_BYTES)

    def compress(pointers):
        if not pointers:
            raise PointAtInfinity
        out = ffi.new("secp256k1_pubkey *")
        inputs = ffi.from_buffer("secp256k1_pubkey *[]", pointers)
        if lib.secp256k1_ec_pubkey_combine(fast._CONTEXT, out, inputs, len(pointers) // 8) != 1:
            raise PointAtInfinity
        size = ffi.new("size_t *", POINT_BYTES)
        lib.secp256k1_ec_pubkey_serialize(fast._CONTEXT, encoded, size, out, fast._COMPRESSED)
        time.sleep(0)  # the interpreter may let another thread run here anyway; now it does so often
        return bytes(ffi.buffer(encoded))

    everywhere(patch, fast._compress, compress)


def crowd(honest, forged, until):
    """Verify in eight threads, half of them garbage, until told; count what was accepted and refused wrongly."""
    wrong = {"accepted": 0, "refused": 0, "done": 0}
    lock = threading.Lock()
    deadline = time.monotonic() + PATIENCE

    def work(item, verdict):
        while not until(wrong) and time.monotonic() < deadline:
            try:
                verify(RANGE, item[0], CONTEXT, item[1])
                accepted = True
            except ProofInvalid:
                accepted = False
            with lock:
                wrong["done"] += 1
                if accepted != verdict:
                    wrong["accepted" if accepted else "refused"] += 1

    threads = [threading.Thread(target=work, args=((honest, True), (forged, False))[i % 2]) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def test_a_shared_buffer_accepts_forgeries_and_the_engine_has_none():
    honest = accepts_honestly(RANGE, [5], range_witness([5], 64), CONTEXT)
    forged = Adversary(RANGE, commit(2**64 + 5), [5]).forge()
    with mutant(shared_buffer):
        wrong = crowd(honest, forged, until=lambda wrong: wrong["accepted"])
    assert wrong["accepted"]
    wrong = crowd(honest, forged, until=lambda wrong: wrong["done"] >= ENOUGH)
    assert wrong["done"] >= ENOUGH
    assert (wrong["accepted"], wrong["refused"]) == (0, 0)
