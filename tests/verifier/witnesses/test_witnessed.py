"""Under which checkpoint a log is shown, with and without witnesses; and one that is not what they have cosigned."""

import os

import pytest

from api.database import migrate, open_engine
from verifier.audit.export import export_lines
from verifier.audit.replay import replay
from verifier.errors import EvidenceError, LogCorrupt
from verifier.evidence.evidence import build, verify_evidence
from verifier.log import merkle
from verifier.log.note import Checkpoint
from verifier.log.writer import Log
from verifier.trust import Trust
from verifier.witnesses.cosignatures import Cosignatures
from verifier.witnesses.cosigning import Cosigner, Quorum, WitnessedVerifier
from verifier.witnesses.witnessed import WitnessedLog

W1, W2 = (Cosigner(f"witness.example/w{number}", bytes([number]) * 32) for number in (1, 2))
QUORUM = Quorum((W1.verifier, W2.verifier), 2)
NOW = 1_795_000_000


@pytest.fixture
def kept(engine):
    return Cosignatures(engine, QUORUM)


def cosign(kept, note, *witnesses):
    body = note.partition("\n\n")[0].encode() + b"\n"
    kept.add(note, {each.verifier.vkey: each.cosign(body, now=NOW) for each in witnesses or (W1, W2)})


def grow(log, draft, count=1):
    for number in range(count):
        log.append(draft(b"body %d" % number)).result(20)


def test_without_witnesses_the_newest_is_shown(log, draft):
    shown = WitnessedLog(log, None)
    for _ in range(3):
        grow(log, draft)
        assert (shown.shown().note, shown.covering(log.size - 1).note) == (log.note, log.note)


def test_what_was_cosigned_is_shown_and_what_is_younger_is_covered_by_the_newest(log, signer, draft, kept):
    shown = WitnessedLog(log, kept)
    grow(log, draft, 3)
    assert shown.shown().note == log.note  # nothing is cosigned yet
    cosign(kept, log.note)
    grow(log, draft, 2)
    under = shown.shown()
    pinned = WitnessedVerifier(log.origin, signer.verifier.public, QUORUM)
    assert (under.size, Checkpoint.open(under.note, pinned).size) == (3, 3)
    assert [entry.index for entry in under.read(0)] == [0, 1, 2]
    assert [entry.index for entry in under.read(1, 9)] == [1, 2]
    assert list(under.read(4)) == []
    assert [shown.covering(index).size for index in range(5)] == [3, 3, 3, 5, 5]
    cosign(kept, log.note, W1)
    assert shown.shown().size == 3
    cosign(kept, log.note, W2)
    assert shown.shown().size == 5


def test_another_process_appended_what_was_cosigned(log, open_log, draft, kept):
    shown = WitnessedLog(log, kept)
    other = open_log()
    grow(other, draft, 2)
    cosign(kept, other.note)
    assert shown.shown().size == 2
    under = shown.covering(1)
    root = Checkpoint.from_bytes(under.note.partition("\n\n")[0].encode() + b"\n").root
    merkle.verify_inclusion(log.entry(1).leaf_hash, 1, 2, under.inclusion(1, 2), root)


@pytest.mark.parametrize("grown", [0, 1, 2, 5])
def test_a_log_that_witnesses_have_not_seen_is_not_shown(tmp_path, signer, draft, grown):
    engines = [open_engine(f"sqlite:///{tmp_path / name}.sqlite") for name in ("one", "two")]
    for engine in engines:
        migrate(engine, "verifier")
    with Log(engines[0], signer, entropy=os.urandom) as log, Log(engines[1], signer, entropy=os.urandom) as fork:
        grow(log, draft, 2)
        cosign(Cosignatures(engines[0], QUORUM), log.note)
        assert WitnessedLog(log, Cosignatures(engines[0], QUORUM)).shown().size == 2
        grow(fork, draft, grown)
        cosign(Cosignatures(engines[1], QUORUM), log.note)
        with pytest.raises(LogCorrupt, match="witnesses have cosigned"):
            WitnessedLog(fork, Cosignatures(engines[1], QUORUM))
    for engine in engines:
        engine.dispose()


def test_evidence_and_export_carry_what_a_reader_with_pinned_witnesses_asks_for(world, signer, kept):
    index = world.ask().index
    log, registry = world.log, world.registry
    shown = WitnessedLog(log, kept)
    plain = world.trust
    pinned = Trust(WitnessedVerifier(log.origin, signer.verifier.public, QUORUM), plain.attestations)

    young = build(index, log=shown.covering(index), registry=registry)
    assert verify_evidence(young, trust=plain).index == index
    with pytest.raises(EvidenceError, match="0 of the pinned witnesses"):
        verify_evidence(young, trust=pinned)
    cosign(kept, log.note, W1)
    with pytest.raises(EvidenceError, match="0 of the pinned witnesses"):
        verify_evidence(build(index, log=shown.covering(index), registry=registry), trust=pinned)
    cosign(kept, log.note, W2)
    later = world.ask().index
    old = build(index, log=shown.covering(index), registry=registry)
    assert verify_evidence(old, trust=pinned).index == verify_evidence(old, trust=plain).index == index
    assert verify_evidence(build(later, log=shown.covering(later), registry=registry), trust=plain).index == later

    found = replay(export_lines(shown.shown()), trust=pinned)
    assert (found.failure, found.entries) == (None, index + 1)
    refused = replay(export_lines(shown.newest()), trust=pinned)
    assert "of the pinned witnesses" in refused.failure.reason
    assert replay(export_lines(shown.newest()), trust=plain).failure is None
