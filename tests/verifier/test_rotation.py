"""After the attestation key has changed: old answers hold under the old key, new ones under the new, and no others."""

import json
from dataclasses import replace

import pytest

from circuits.encoding import b64u, canonical_json
from circuits.jws import SigningKey
from verifier.audit.export import export_lines
from verifier.audit.replay import replay
from verifier.entries.attestors import replace_lost, rotate
from verifier.errors import EvidenceError
from verifier.evidence.evidence import build, verify_evidence

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ORIGIN = "verifier.example/log"
SECOND, THIRD, STRANGER = (SigningKey(bytes(31) + bytes([number])) for number in (11, 12, 13))


def rotated(world, key, **changes):
    """Log the change, and sign with the new key from then on."""
    index = world.publish(rotate(origin=ORIGIN, key=key.public, by=world.key, now=world.now, **changes))
    world.key = key
    return index


def evidence_of(world, index):
    return build(index, log=world.log, registry=world.registry)


def replayed(world, trust):
    return replay(list(export_lines(world.log)), trust=trust)


@pytest.fixture
def pins(world):
    """What an auditor pinned on the first day."""
    return world.trust


@pytest.fixture
def changed(world, pins):  # noqa: ARG001 - pinned before the change
    """Answers under three keys, and where the keys were changed."""
    first = world.ask().index
    one = rotated(world, SECOND)
    second = world.ask("salary > 1", "bob").index
    two = rotated(world, THIRD, reason="compromised")
    third = world.ask("salary > 2", "eve").index
    return (first, second, third), (one, two)


def test_every_answer_holds_under_the_first_pins(world, pins, changed):
    answers, (one, two) = changed
    found = [verify_evidence(evidence_of(world, index), trust=pins) for index in answers]
    assert [verdict.keys[0].kid for verdict in found] == [pins.attestations.kid, SECOND.kid, THIRD.kid]
    assert [verdict.keys[0].index for verdict in found] == [None, one, two]
    assert [verdict.keys[0].since for verdict in found] == [None, world.now, world.now]
    report = replayed(world, pins)
    assert (report.failure, report.answers) == (None, 3)
    assert [period.key for period in report.keys] == [pins.attestations, SECOND.public, THIRD.public]
    assert [period.ended for period in report.keys] == ["rotated", "compromised", None]


def test_a_file_holds_all_changes_before_its_answer_and_no_others(world, pins, changed):
    answers, places = changed
    files = [json.loads(evidence_of(world, index)) for index in answers]
    assert [[each["index"] for each in file["attestors"]] for file in files] == [[], [places[0]], list(places)]
    both = files[2]["attestors"]
    for file, attestors in (
        (files[0], both[:1]),
        (files[0], both),
        (files[1], []),
        (files[1], both),
        (files[2], []),
        (files[2], both[:1]),
        (files[2], both[1:]),
        (files[2], both[::-1]),
        (files[2], [*both, both[1]]),
    ):
        verify_evidence(canonical_json(file) + b"\n", trust=pins)
        with pytest.raises(EvidenceError):
            verify_evidence(canonical_json(file | {"attestors": attestors}) + b"\n", trust=pins)


def test_whoever_pins_another_first_key_believes_none_of_them(world, pins, changed):
    answers, _places = changed
    for key in (SECOND, STRANGER):
        other = replace(pins, attestations=key.public)
        for index in answers:
            verify_evidence(evidence_of(world, index), trust=pins)
            with pytest.raises(EvidenceError):
                verify_evidence(evidence_of(world, index), trust=other)
        assert replayed(world, other).failure is not None


@pytest.mark.parametrize("keeper", ["the old key", "a stranger"])
def test_an_answer_that_is_not_signed_by_the_key_that_counts_is_found(world, pins, keeper):
    old = world.key
    rotated(world, SECOND)
    good = world.ask().index
    world.key = old if keeper == "the old key" else STRANGER
    bad = world.ask("salary > 1").index
    verify_evidence(evidence_of(world, good), trust=pins)
    with pytest.raises(EvidenceError, match="Signature"):
        verify_evidence(evidence_of(world, bad), trust=pins)
    report = replayed(world, pins)
    assert [(found.index, found.code) for found in report.findings] == [(bad, "attestation")]


def test_an_answer_signed_by_a_key_that_counts_only_later_is_found(world, pins):
    good = world.ask().index
    world.key, first = SECOND, world.key
    early = world.ask("salary > 1").index
    world.key = first
    rotated(world, SECOND)
    verify_evidence(evidence_of(world, good), trust=pins)
    with pytest.raises(EvidenceError):
        verify_evidence(evidence_of(world, early), trust=pins)
    assert [found.index for found in replayed(world, pins).findings] == [early]


def test_a_lost_key_is_replaced_for_those_who_accept_the_new_one(world, pins):
    before = world.ask().index
    change = world.publish(replace_lost(key=SECOND.public, after=world.key.public))
    world.key = SECOND
    after = world.ask("salary > 1").index
    accepting = replace(pins, accepted=frozenset({SECOND.public}))
    for index in (before, after):
        verify_evidence(evidence_of(world, index), trust=accepting)
    report = replayed(world, accepting)
    assert (report.failure, [period.signed for period in report.keys]) == (None, [True, False])
    verify_evidence(evidence_of(world, before), trust=pins)
    with pytest.raises(EvidenceError, match="only if the pins accept it"):
        verify_evidence(evidence_of(world, after), trust=pins)
    found = replayed(world, pins).findings
    assert [(each.index, each.code) for each in found] == [(change, "registry"), (after, "attestation")]


def test_a_registry_that_is_folded_again_knows_the_keys(world, changed):
    answers, places = changed
    again = type(world.registry)()
    for logged in world.log.read(0):
        again.recall(logged)
    assert again.attestors.places(answers[2]) == list(places)
    assert b64u(again.attestors.current.x) == b64u(THIRD.public.x)
