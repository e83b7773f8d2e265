"""A witness: it follows a log that grows, and never signs two roots of one size, whatever happens in between."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading

import pytest

from verifier.errors import NoteError
from verifier.log import merkle
from verifier.log.note import Checkpoint, NoteSigner
from verifier.witnesses import witness
from verifier.witnesses.cosigning import Cosigner, cosignatures
from verifier.witnesses.store import FileStore
from verifier.witnesses.witness import Request, Witness

LOG = NoteSigner("verifier.example/log", bytes(range(32)))
OTHER = NoteSigner("other.example/log", bytes(32))
COSIGNER = Cosigner("witness.example/w1", b"\1" * 32)
NOW = 1_795_000_000


def tree(seed, common=0):
    """One history of a log: the hash of a subtree over entries that depend on `seed`, but for the `common` first."""

    def nodes(level, number):
        if level == 0:
            return merkle.leaf_hash(b"%d %d" % (1 if number < common else seed, number))
        return merkle.node_hash(nodes(level - 1, 2 * number), nodes(level - 1, 2 * number + 1))

    return nodes


OURS, FORK = tree(1), tree(2, common=3)


def ask(old, new, *, nodes=OURS, proof=None, signer=LOG):
    note = Checkpoint(signer.name, new, merkle.root(new, nodes)).sign(signer)
    path = merkle.consistency(old, new, nodes) if proof is None else proof
    return Request(old, tuple(path), note).to_text().encode()


class Memory(dict):
    """The smallest store there is."""

    def read(self, origin):
        return self.get(origin)

    def swap(self, origin, *, old, new):
        if self.get(origin) != old:
            return False
        self[origin] = new
        return True


@pytest.fixture
def store(tmp_path):
    return FileStore(tmp_path / "witness")


@pytest.fixture
def served(store):
    return Witness({LOG.name: LOG.verifier}, cosigner=COSIGNER, store=store, clock=lambda: NOW)


def require_cosigned(raw, line):
    note = raw.decode().partition("\n\n")[2]
    (found,) = cosignatures(note + line, [COSIGNER.verifier])
    assert (found.witness, found.time) == (COSIGNER.name, NOW)


def test_a_growing_log_is_cosigned(served):
    for old, new in [(0, 0), (0, 1), (1, 1), (1, 5), (5, 8), (8, 8), (8, 21), (21, 32)]:
        raw = ask(old, new)
        require_cosigned(raw, served.add_checkpoint(raw))


def test_the_request_of_the_specification_is_read():
    raw = b"""old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

""" + "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n".encode()  # noqa: E501 - as published
    request = Request.from_bytes(raw)
    assert (request.old, len(request.path)) == (20852014, 4)
    assert request.to_text().encode() == raw


REFUSED = {
    "another fork of the same size": (ask(8, 8, nodes=FORK), witness.Forked),
    "a fork, with its own proof": (ask(8, 13, nodes=FORK), witness.Inconsistent),
    "a fork, with our proof": (ask(8, 13, nodes=FORK, proof=merkle.consistency(8, 13, OURS)), witness.Inconsistent),
    "a rollback": (ask(5, 5), witness.SizeConflict),
    "a rollback that admits the size": (ask(8, 5, proof=[]), witness.RequestMalformed),
    "from the beginning": (ask(0, 13), witness.SizeConflict),
    "from a size it is not at": (ask(9, 13), witness.SizeConflict),
    "no proof": (ask(8, 13, proof=[]), witness.Inconsistent),
    "a proof of nothing": (ask(8, 8, proof=[bytes(32)]), witness.Inconsistent),
    "a hash too many": (ask(8, 13, proof=[*merkle.consistency(8, 13, OURS), bytes(32)]), witness.Inconsistent),
    "another log": (ask(0, 3, signer=OTHER), witness.OriginUnknown),
    "another key": (ask(8, 13, signer=NoteSigner(LOG.name, bytes(32))), witness.SignatureRefused),
    "empty": (b"", witness.RequestMalformed),
    "no old size": (ask(8, 13).partition(b"\n")[2], witness.RequestMalformed),
    "a leading zero": (ask(8, 13).replace(b"old 8", b"old 08"), witness.RequestMalformed),
    "a negative size": (ask(8, 13).replace(b"old 8", b"old -8"), witness.RequestMalformed),
    "a short hash": (ask(8, 13, proof=[bytes(31)]), witness.RequestMalformed),
    "64 hashes": (ask(8, 13, proof=[bytes(32)] * 64), witness.RequestMalformed),
    "no empty line": (ask(8, 13).replace(b"\n\n", b"\n", 1), witness.RequestMalformed),
    "not UTF-8": (ask(8, 13) + b"\xff", witness.RequestMalformed),
    "endless": (ask(8, 13) + b"x" * witness.MAX_REQUEST, witness.RequestMalformed),
    "carriage returns": (ask(8, 13).replace(b"\n", b"\r\n"), witness.RequestMalformed),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_cosigned_changes_nothing(served, store, name):
    served.add_checkpoint(ask(0, 8))
    before = store.read(LOG.name)
    raw, error = REFUSED[name]
    with pytest.raises(error) as caught:
        served.add_checkpoint(raw)
    if error is witness.SizeConflict:
        assert caught.value.size == 8
    assert store.read(LOG.name) == before
    require_cosigned(ask(8, 13), served.add_checkpoint(ask(8, 13)))


def test_either_side_of_a_fork_is_followed_once():
    for first, second in ((OURS, FORK), (FORK, OURS)):
        memory = Memory()
        served = Witness({LOG.name: LOG.verifier}, cosigner=COSIGNER, store=memory, clock=lambda: NOW)
        served.add_checkpoint(ask(0, 3))
        served.add_checkpoint(ask(3, 8, nodes=first))
        with pytest.raises(witness.SizeConflict):
            served.add_checkpoint(ask(3, 8, nodes=second))
        with pytest.raises(witness.Forked):
            served.add_checkpoint(ask(8, 8, nodes=second))


def test_an_empty_log_has_one_root(served):
    note = Checkpoint(LOG.name, 0, bytes(32)).sign(LOG)
    with pytest.raises(witness.Inconsistent):
        served.add_checkpoint(Request(0, (), note).to_text().encode())
    served.add_checkpoint(ask(0, 0))


def test_a_store_that_was_tampered_with_signs_nothing(served, tmp_path):
    served.add_checkpoint(ask(0, 8))
    (place,) = (tmp_path / "witness").glob("*.note")
    place.write_bytes(b"")
    with pytest.raises(NoteError):
        served.add_checkpoint(ask(0, 8, nodes=FORK))


def test_two_histories_at_once_get_one_cosignature(store):
    """Both ask from the same size; whoever is second is told so."""
    start, cosigned, refused = threading.Barrier(8), [], []

    def run(nodes):
        mine = Witness({LOG.name: LOG.verifier}, cosigner=COSIGNER, store=store, clock=lambda: NOW)
        start.wait()
        try:
            cosigned.append(mine.add_checkpoint(ask(0, 8, nodes=nodes)))
        except (witness.SizeConflict, witness.Forked):
            refused.append(nodes)

    threads = [threading.Thread(target=run, args=(tree(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(cosigned), len(refused)) == (1, 7)


KILLED = """
import os, sys
from pathlib import Path
from verifier.witnesses.cosigning import Cosigner
from verifier.log.note import NoteSigner
from verifier.witnesses.witness import Witness
from verifier.witnesses.store import FileStore

countdown = int(sys.argv[2])

def dying(call):
    def step(*args, **kwargs):
        global countdown
        if countdown == 0:
            os._exit(9)
        countdown -= 1
        return call(*args, **kwargs)
    return step

log = NoteSigner("verifier.example/log", bytes(range(32))).verifier
store = FileStore(Path(sys.argv[1]))
cosigner = Cosigner("witness.example/w1", bytes([1]) * 32)
os.fsync, os.replace = dying(os.fsync), dying(os.replace)
Cosigner.cosign = dying(Cosigner.cosign)
print(Witness({log.name: log}, cosigner=cosigner, store=store, clock=lambda: 1).add_checkpoint(sys.stdin.buffer.read()))
"""


@pytest.mark.parametrize("steps", range(5))
def test_killed_at_any_step_it_signs_one_history(served, tmp_path, steps):
    """Killed before the file is flushed, renamed, the folder flushed, and before it signs; then offered a fork."""
    served.add_checkpoint(ask(0, 3))
    command = [sys.executable, "-c", KILLED, str(tmp_path / "witness"), str(steps)]
    died = subprocess.run(command, input=ask(3, 8), capture_output=True, check=False)  # noqa: S603 - our own code
    assert died.returncode == (9 if steps < 4 else 0), died.stderr
    assert bool(died.stdout) == (steps == 4)
    signed = {OURS} if died.stdout else set()
    for nodes in (FORK, OURS):
        for old in (3, 8):
            raw = ask(old, 8, nodes=nodes)
            try:
                require_cosigned(raw, served.add_checkpoint(raw))
            except (witness.SizeConflict, witness.Forked, witness.Inconsistent):
                continue
            signed.add(nodes)
    assert len(signed) == 1


def test_files_are_named_by_hash(store, tmp_path):
    assert store.swap("a/../b", old=None, new="one")
    assert not store.swap("a/../b", old=None, new="two")
    assert store.swap("a/../b", old="one", new="three")
    assert store.read("a/../b") == "three"
    assert (tmp_path / "witness" / f"{hashlib.sha256(b'a/../b').hexdigest()}.note").exists()
