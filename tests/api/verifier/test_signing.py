"""The key that signs attestations changes: while the verifier runs, after a crash, and never to one the log disowns."""

import itertools
import os
import time
from contextlib import contextmanager

import pytest

from api.verifier.service import SettingsRefused, opened
from api.verifier.signing import AttestationKeys, KeyRefused, change_key, next_file, read_key, replace_lost_key
from api.web.logs import open_logger
from api.web.metrics import Metrics
from circuits.jws import SigningKey, VerifyKey, peek_kid
from verifier.entries.attestors import AttestorEntry
from verifier.evidence.evidence import verify_evidence
from verifier.fold.registry import Registry
from verifier.log.writer import Log
from verifier.trust import Trust

KIDS = itertools.count(1)


def now():
    return int(time.time())


def entropy(_count):
    return bytes(30) + next(KIDS).to_bytes(2, "big")


@contextmanager
def beside(world):
    """The log and what it says of keys, as another process has them."""
    registry = Registry()
    with Log(world.verifier.engine, world.verifier.signer, entropy=os.urandom) as log:
        for logged in log.read(0, kinds=(AttestorEntry.kind,)):
            registry.recall(logged)
        yield log, registry


def change(world, reason="rotated"):
    with beside(world) as (log, registry):
        file = world.verifier.folder / "attestation.pem"
        return change_key(log, registry, file, reason=reason, now=now, entropy=entropy)


def signer_of(told):
    return peek_kid(told["attestation"])


@pytest.fixture(scope="module")
def pins(world):
    """What an auditor pinned on the first day."""
    return Trust(world.verifier.signer.verifier, world.verifier.signing_key.public)


def test_a_verifier_that_runs_goes_on_with_the_new_key(world, pins):
    before = world.ask().json()
    changed = change(world)
    after = world.ask("salary > 1").json()
    again = change(world, "compromised")
    last = world.ask("salary > 2").json()
    assert [signer_of(told) for told in (before, after, last)] == [
        pins.attestations.kid,
        changed.after.kid,
        again.after.kid,
    ]
    assert (changed.before, again.before) == (pins.attestations, changed.after)
    assert before["log"]["index"] < changed.index < after["log"]["index"] < again.index < last["log"]["index"]
    for told in (before, after, last):
        evidence = world.lender.get(told["links"]["evidence"]).content
        assert verify_evidence(evidence, trust=pins).keys[0].kid == signer_of(told)
        assert world.lender.post("/v1/verify", json={"evidence": world.lender.get(told["links"]["evidence"]).json()})
    assert world.verifier.service.trust == pins
    published = world.lender.get("/.well-known/jwks.json").json()["keys"]
    assert [key["kid"] for key in published] == [pins.attestations.kid, again.after.kid]  # none that may be stolen
    first, newest = published
    assert first["exp"] <= newest["nbf"]
    assert ("nbf" in first, "exp" in newest) == (False, False)
    card = world.lender.get("/.well-known/zkattest").json()
    assert VerifyKey.from_jwk(card["jwk"]) == pins.attestations
    periods = [(each["since_index"], each["until_index"], each["ended"]) for each in card["attestors"]]
    assert periods == [
        (None, changed.index, "rotated"),
        (changed.index, again.index, "compromised"),
        (again.index, None, None),
    ]


def test_a_change_that_was_interrupted_is_completed(world):
    file = world.verifier.folder / "attestation.pem"
    old = file.read_bytes()
    changed = change(world)
    new = file.read_bytes()
    next_file(file).write_bytes(new)
    file.write_bytes(old)  # as if it had stopped between the entry and the rename
    assert signer_of(world.ask("salary > 3").json()) == changed.after.kid
    with beside(world) as (_log, registry):
        assert AttestationKeys(file, registry).current().public == changed.after
    assert change(world) == changed
    assert (file.read_bytes(), next_file(file).exists()) == (new, False)


def test_a_key_brought_along_is_taken(world):
    own = SigningKey.generate(entropy=os.urandom(32))
    next_file(world.verifier.folder / "attestation.pem").write_bytes(own.to_pem())
    assert change(world).after == own.public
    assert signer_of(world.ask("salary > 4").json()) == own.kid


def test_without_the_key_that_counts_nothing_is_signed(world):
    file = world.verifier.folder / "attestation.pem"
    changed = change(world)
    with beside(world) as (_log, registry):
        keys = AttestationKeys(file, registry)
        assert keys.current().public == changed.after
        right = file.read_bytes()
        file.write_bytes(SigningKey.generate(entropy=os.urandom(32)).to_pem())
        with pytest.raises(KeyRefused, match="that key is not here"):
            AttestationKeys(file, registry)
        metrics, logger = Metrics("verifier"), open_logger("verifier")
        with (
            pytest.raises(SettingsRefused, match=changed.after.kid),
            opened(world.verifier.settings(), logger=logger, metrics=metrics, now=now),
        ):
            pass
        with pytest.raises(KeyRefused, match="not the key"):
            change(world)
        file.write_bytes(right)
    assert signer_of(world.ask("salary > 5").json()) == changed.after.kid


def test_a_running_verifier_whose_new_key_is_not_here_says_so_and_logs_nothing(world):
    file = world.verifier.folder / "attestation.pem"
    changed = change(world)
    right = file.read_bytes()
    file.unlink()
    size = world.verifier.service.log.size
    assert world.ask("salary > 6").status_code == 503
    file.write_bytes(right)
    assert world.ask("salary > 6").status_code == 201
    assert world.verifier.service.log.size > size
    assert signer_of(world.ask("salary > 7").json()) == changed.after.kid


def test_a_lost_key_is_replaced_only_if_it_is_lost(world, pins):
    file = world.verifier.folder / "attestation.pem"
    with beside(world) as (log, registry):
        arguments = {"before": pins.attestations, "now": now, "entropy": entropy}
        lost = read_key(file).public
        with pytest.raises(KeyRefused, match="not lost"):
            replace_lost_key(log, registry, file, **arguments)
        file.unlink()
        with pytest.raises(KeyRefused):
            change_key(log, registry, file, reason="rotated", now=now, entropy=entropy)
        changed = replace_lost_key(log, registry, file, **arguments)
        assert (changed.before, changed.after) == (lost, read_key(file).public)
    evidence = world.lender.get(world.ask("salary > 8").json()["links"]["evidence"]).content
    verify_evidence(evidence, trust=Trust(pins.log, pins.attestations, frozenset({changed.after})))


def test_a_file_with_something_else_is_no_key(tmp_path):
    file = tmp_path / "attestation.pem"
    with pytest.raises(KeyRefused, match="there is no key"):
        AttestationKeys(file, Registry())
    file.write_text("x")
    with pytest.raises(KeyRefused):
        AttestationKeys(file, Registry())
    next_file(file).write_bytes(SigningKey(bytes(32)).to_pem())
    file.unlink()
    with pytest.raises(KeyRefused):  # a key that the log has not named is not the one
        AttestationKeys(file, Registry())
    file.write_bytes(SigningKey(bytes(31) + b"\x01").to_pem())
    keys = AttestationKeys(file, Registry())
    assert keys.current().public == keys.first == SigningKey(bytes(31) + b"\x01").public
    assert "redacted" in repr(keys)
