"""C2SP tlog-proof: the text comes back as it was written, and proves one entry under one checkpoint."""

from __future__ import annotations

import dataclasses

import pytest

from verifier.errors import EvidenceError
from verifier.evidence.tlog_proof import TlogProof
from verifier.log import merkle
from verifier.log.note import Checkpoint, NoteSigner
from verifier.witnesses.cosigning import Cosigner, Quorum

LOG = NoteSigner("verifier.example/log", bytes(range(32)))
ONE, TWO = (Cosigner(f"witness.example/w{number}", bytes([number]) * 32) for number in (1, 2))
LEAVES = [merkle.leaf_hash(b"%d" % number) for number in range(13)]


def nodes(level, number):
    if level == 0:
        return LEAVES[number]
    return merkle.node_hash(nodes(level - 1, 2 * number), nodes(level - 1, 2 * number + 1))


CHECKPOINT = Checkpoint(LOG.name, 13, merkle.root(13, nodes))
NOTE = CHECKPOINT.sign(LOG) + ONE.cosign(CHECKPOINT.to_bytes(), now=1_795_000_000)
PROOF = TlogProof(6, tuple(merkle.inclusion(6, 13, nodes)), NOTE)
TEXT = PROOF.to_text()


def test_the_text_is_that_of_the_specification():
    lines = TEXT.split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 6"]
    assert [len(line) for line in lines[2:7]] == [44, 44, 44, 44, 0]
    assert TEXT.endswith("\n\n" + NOTE)
    extra = dataclasses.replace(PROOF, extra=b"age-v1.2.1").to_text()
    assert extra == TEXT.replace("index", "extra YWdlLXYxLjIuMQ==\nindex")


@pytest.mark.parametrize("index", range(13))
def test_every_entry_is_proven(index):
    proof = TlogProof(index, tuple(merkle.inclusion(index, 13, nodes)), NOTE, extra=bytes(index))
    again = TlogProof.from_text(proof.to_text())
    assert again == proof
    assert again.verify(LEAVES[index], log=LOG.verifier) == CHECKPOINT
    with pytest.raises(EvidenceError):
        again.verify(LEAVES[index - 1], log=LOG.verifier)


def test_a_log_of_one_entry_needs_no_hash():
    checkpoint = Checkpoint(LOG.name, 1, LEAVES[0])
    proof = TlogProof.from_text(TlogProof(0, (), checkpoint.sign(LOG)).to_text())
    assert proof.verify(LEAVES[0], log=LOG.verifier) == checkpoint


def test_witnesses_are_required():
    PROOF.verify(LEAVES[6], log=LOG.verifier, quorum=Quorum((ONE.verifier, TWO.verifier), 1))
    for quorum in (Quorum((ONE.verifier, TWO.verifier), 2), Quorum((TWO.verifier,), 1)):
        with pytest.raises(EvidenceError, match="pinned witnesses"):
            PROOF.verify(LEAVES[6], log=LOG.verifier, quorum=quorum)


MUTANTS = {
    "another index": TEXT.replace("index 6", "index 7"),
    "an index outside": TEXT.replace("index 6", "index 13"),
    "a leading zero": TEXT.replace("index 6", "index 06"),
    "no index": TEXT.replace("index 6\n", ""),
    "two indices": TEXT.replace("index 6\n", "index 6\nindex 6\n"),
    "another version": TEXT.replace("@v1", "@v2"),
    "no header": TEXT.partition("\n")[2],
    "a hash less": "\n".join(TEXT.split("\n")[:2] + TEXT.split("\n")[3:]),
    "a hash twice": "\n".join(TEXT.split("\n")[:3] + TEXT.split("\n")[2:]),
    "a hash that is none": TEXT.replace("index 6\n", "index 6\n!\n"),
    "a short hash": TEXT.replace("index 6\n", "index 6\nAAAA\n"),
    "endless hashes": TEXT.replace("index 6\n", "index 6\n" + ("A" * 43 + "=\n") * 70),
    "an empty extra": TEXT.replace("index", "extra \nindex"),
    "extra after the index": TEXT.replace("index 6\n", "index 6\nextra AAAA\n"),
    "no checkpoint": TEXT.partition("\n\n")[0] + "\n\n",
    "no empty line": TEXT.replace("\n\n", "\n"),
    "another root": TEXT.replace("\n13\n", "\n12\n"),
    "a carriage return": TEXT.replace("\n", "\r\n"),
    "empty": "",
    "endless": TEXT + "x" * (1 << 17),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_rejects(name):
    TlogProof.from_text(TEXT).verify(LEAVES[6], log=LOG.verifier)
    assert MUTANTS[name] != TEXT
    with pytest.raises(EvidenceError):
        TlogProof.from_text(MUTANTS[name]).verify(LEAVES[6], log=LOG.verifier)


@pytest.mark.parametrize("position", range(len(TEXT) - len(ONE.cosign(b"", now=1))))
def test_every_character_counts(position):
    mutant = TEXT[:position] + chr(ord(TEXT[position]) ^ 1) + TEXT[position + 1 :]
    with pytest.raises(EvidenceError):
        TlogProof.from_text(mutant).verify(LEAVES[6], log=LOG.verifier)
