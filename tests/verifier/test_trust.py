"""Pins with witnesses: what they have not cosigned is opened by nothing that asks the log's pinned key."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from circuits.encoding import canonical_json
from circuits.jws import SigningKey
from verifier.audit.export import export_lines
from verifier.audit.replay import replay
from verifier.errors import EvidenceError, NoteError
from verifier.evidence.evidence import build, verify_evidence
from verifier.evidence.file import EvidenceFile
from verifier.log.note import Checkpoint, NoteSigner
from verifier.trust import Trust
from verifier.witnesses.cosigning import Cosigner

LOG = NoteSigner("verifier.example/log", bytes(range(32)))
ONE, TWO, THREE = (Cosigner(f"witness.example/w{number}", bytes([number]) * 32) for number in (1, 2, 3))
PLAIN = Trust(LOG.verifier, SigningKey(b"\5" * 32).public)
NOW = 1_795_000_000


def witnessed(pins, needed, *witnesses):
    return pins | {"witnesses": [each.verifier.vkey for each in witnesses], "quorum": needed}


def cosigned(note, *witnesses):
    text = note.partition("\n\n")[0].encode() + b"\n"
    return note + "".join(each.cosign(text, now=NOW) for each in witnesses)


def test_pins_come_back_as_they_were_written():
    pins = witnessed(PLAIN.to_json(), 2, ONE, TWO, THREE)
    trust = Trust.from_json(pins)
    assert trust.to_json() == pins
    assert Trust.from_json(trust.to_bytes()) == trust
    assert trust != PLAIN


def test_a_checkpoint_counts_when_enough_have_cosigned_it():
    note = Checkpoint(LOG.name, 3, bytes(32)).sign(LOG)
    log = Trust.from_json(witnessed(PLAIN.to_json(), 2, ONE, TWO, THREE)).log
    assert Checkpoint.open(cosigned(note, ONE, THREE), log).size == 3
    assert Checkpoint.open(note, PLAIN.log).size == 3
    for few in (note, cosigned(note, ONE), note + note.partition("\n\n")[2]):
        with pytest.raises(NoteError):
            Checkpoint.open(few, log)
    with pytest.raises(NoteError):  # witnesses do not stand in for the log
        Checkpoint.open(cosigned(note.partition("\n\n")[0] + "\n\n", ONE, TWO, THREE), log)


GOOD = witnessed(PLAIN.to_json(), 1, ONE, TWO)
MALFORMED = {
    "no quorum": {name: pin for name, pin in GOOD.items() if name != "quorum"},
    "no witnesses": {name: pin for name, pin in GOOD.items() if name != "witnesses"},
    "nobody": GOOD | {"witnesses": []},
    "none needed": GOOD | {"quorum": 0},
    "more than there are": GOOD | {"quorum": 3},
    "true": GOOD | {"quorum": True},
    "a text": GOOD | {"quorum": "1"},
    "one witness twice": witnessed(PLAIN.to_json(), 2, ONE, ONE),
    "one key twice": witnessed(PLAIN.to_json(), 2, ONE, Cosigner("another.example/name", b"\1" * 32)),
    "a log's key": GOOD | {"witnesses": [LOG.verifier.vkey]},
    "a number": GOOD | {"witnesses": [1]},
    "one text": GOOD | {"witnesses": ONE.verifier.vkey},
    "accepted no list": GOOD | {"accepted": {}},
    "accepted no key": GOOD | {"accepted": [1]},
    "accepted half a key": GOOD | {"accepted": [{"kty": "OKP"}]},
    "accepted without end": GOOD | {"accepted": [PLAIN.attestations.to_jwk()] * 65},
    "more": GOOD | {"more": 1},
}


def test_keys_that_came_after_lost_ones():
    accepted = [SigningKey(bytes([number]) * 32).public for number in (6, 7)]
    trust = replace(PLAIN, accepted=frozenset(accepted))
    assert Trust.from_json(trust.to_bytes()) == trust
    assert "accepted" not in PLAIN.to_json()


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed(name):
    Trust.from_json(GOOD)
    with pytest.raises(EvidenceError):
        Trust.from_json(MALFORMED[name])


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_evidence_needs_the_pinned_witnesses(world):
    trust = Trust.from_json(witnessed(world.trust.to_json(), 2, ONE, TWO))
    evidence = build(world.ask().index, log=world.log, registry=world.registry)
    verify_evidence(evidence, trust=world.trust)
    file = EvidenceFile.from_bytes(evidence)
    for witnesses, enough in [((), False), ((ONE,), False), ((ONE, THREE), False), ((ONE, TWO), True)]:
        proof = replace(file.proof, note=cosigned(file.proof.note, *witnesses))
        carried = replace(file, proof=proof).to_bytes()
        verify_evidence(carried, trust=world.trust)
        if enough:
            told = verify_evidence(carried, trust=trust).witnesses
            assert [each.witness for each in told] == [each.name for each in witnesses]
            continue
        with pytest.raises(EvidenceError, match="pinned witnesses"):
            verify_evidence(carried, trust=trust)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_replay_needs_them_too(world):
    trust = Trust.from_json(witnessed(world.trust.to_json(), 1, ONE))
    world.ask()
    lines = list(export_lines(world.log))
    assert replay(lines, trust=world.trust).failure is None
    refused = replay(lines, trust=trust).failure
    assert refused is not None
    assert "pinned witnesses" in refused.reason
    first = json.loads(lines[0])
    first["checkpoint"] = cosigned(first["checkpoint"], ONE)
    assert replay([canonical_json(first) + b"\n", *lines[1:]], trust=trust).failure is None
