"""Cosignatures: the published examples, the signed bytes made by hand, and every byte that may not change."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from verifier.errors import NoteError
from verifier.log.note import Checkpoint, NoteSigner, split_note
from verifier.witnesses.cosigning import Cosignature, CosignatureVerifier, Cosigner, Quorum, cosignatures

# A witness's key in the tests of transparency-dev/formats, and the note in C2SP tlog-cosignature.
REMORA = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
SOFA = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""  # noqa: E501 - as published

LOG = NoteSigner("verifier.example/log", bytes(range(32)))
CHECKPOINT = Checkpoint(LOG.name, 3, bytes(range(100, 132)))
TEXT = CHECKPOINT.to_bytes()
ONE, TWO, THREE = (Cosigner(f"witness.example/w{number}", bytes([number]) * 32) for number in (1, 2, 3))
NOW = 1_795_000_000
LINE = ONE.cosign(TEXT, now=NOW)
NOTE = CHECKPOINT.sign(LOG) + LINE
BOTH = Quorum((ONE.verifier, TWO.verifier), 2)


def test_published_key_and_line():
    assert CosignatureVerifier.from_vkey(REMORA).vkey == REMORA
    text, lines = split_note(SOFA)
    assert text == Checkpoint.from_bytes(text).to_bytes()
    assert lines[1].key_hash.hex() == "8d66cf3f"
    assert int.from_bytes(lines[1].signature[:8], "big") == 1679315147
    assert lines[1].to_text() == SOFA.splitlines(keepends=True)[-1]


def test_signed_bytes_are_those_of_the_specification():
    key = Ed25519PrivateKey.from_private_bytes(b"\1" * 32)
    public = key.public_key().public_bytes_raw()
    signature = key.sign(b"cosignature/v1\ntime 1795000000\n" + TEXT)
    hashed = hashlib.sha256(b"witness.example/w1\n\x04" + public).digest()[:4]
    raw = hashed + (1_795_000_000).to_bytes(8, "big") + signature
    assert f"— witness.example/w1 {base64.b64encode(raw).decode()}\n" == LINE


def test_keys_round_trip():
    assert Cosigner.from_skey(ONE.skey).verifier == ONE.verifier
    assert NoteSigner.from_skey(ONE.skey).skey == ONE.skey
    assert CosignatureVerifier.from_vkey(ONE.verifier.vkey) == ONE.verifier
    assert repr(ONE) == "Cosigner('witness.example/w1', <redacted>)"


def test_a_cosigned_checkpoint_is_still_one():
    assert Checkpoint.open(NOTE, LOG.verifier) == CHECKPOINT
    assert cosignatures(NOTE, [ONE.verifier]) == (Cosignature(ONE.name, NOW),)
    assert cosignatures(NOTE, [TWO.verifier]) == ()


@pytest.mark.parametrize("position", range(len(TEXT)))
def test_every_character_of_the_text_counts(position):
    cosignatures(NOTE, [ONE.verifier])
    mutant = NOTE[:position] + chr(ord(NOTE[position]) ^ 1) + NOTE[position + 1 :]
    with pytest.raises(NoteError):
        cosignatures(mutant, [ONE.verifier])


@pytest.mark.parametrize("position", range(4 + 8 + 64))
def test_every_byte_of_a_cosignature_counts(position):
    quorum = Quorum((ONE.verifier,), 1)
    assert quorum.require(NOTE) == (Cosignature(ONE.name, NOW),)
    raw = bytearray(base64.b64decode(LINE.split()[-1]))
    raw[position] ^= 1
    line = f"— {ONE.name} {base64.b64encode(raw).decode()}\n"
    with pytest.raises(NoteError):
        quorum.require(CHECKPOINT.sign(LOG) + line)


def test_a_quorum_is_of_distinct_witnesses():
    with pytest.raises(NoteError, match="1 of the pinned witnesses"):
        BOTH.require(NOTE)
    with pytest.raises(NoteError, match="1 of the pinned witnesses"):
        BOTH.require(NOTE + THREE.cosign(TEXT, now=NOW))
    with pytest.raises(NoteError, match="twice"):
        BOTH.require(NOTE + ONE.cosign(TEXT, now=NOW + 1))
    found = BOTH.require(NOTE + TWO.cosign(TEXT, now=NOW + 1))
    assert found == (Cosignature(ONE.name, NOW), Cosignature(TWO.name, NOW + 1))


def test_a_known_witness_that_does_not_verify_refuses_the_note():
    cosigned = NOTE + TWO.cosign(TEXT, now=NOW)
    BOTH.require(cosigned)
    with pytest.raises(NoteError, match="does not verify"):
        BOTH.require(NOTE + TWO.cosign(TEXT + b"more\n", now=NOW))


def test_a_quorum_that_cannot_be_is_refused():
    alias = CosignatureVerifier("another.example/name", ONE.verifier.public)
    for witnesses, needed in [((), 0), ((), 1), ((ONE.verifier,), 0), ((ONE.verifier,), 2), ((ONE.verifier, alias), 2)]:
        with pytest.raises(NoteError):
            Quorum(witnesses, needed)


@pytest.mark.parametrize("now", [0, -1, 1 << 63])
def test_no_cosignature_from_no_time(now):
    with pytest.raises(NoteError):
        ONE.cosign(TEXT, now=now)


def test_a_time_beyond_the_format_is_refused():
    ONE.verifier.verify(TEXT, NOW.to_bytes(8, "big") + base64.b64decode(LINE.split()[-1])[12:])
    with pytest.raises(NoteError, match="no time"):
        ONE.verifier.verify(TEXT, b"\xff" * 8 + bytes(64))
    with pytest.raises(NoteError, match="length"):
        ONE.verifier.verify(TEXT, bytes(64))
