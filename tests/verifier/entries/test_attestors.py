"""Which attestation key counted when: each is signed over by the one before, or accepted by hand."""

from dataclasses import replace

import pytest

from circuits import jws
from circuits.encoding import canonical_json, parse_json
from circuits.jws import SigningKey
from verifier.entries.attestors import MAX_ATTESTORS, TYP, AttestorEntry, Attestors, replace_lost, rotate, told
from verifier.entries.kinds import decode, encode
from verifier.errors import AlreadyRegistered, EntryError, RegistryError
from verifier.log.note import NoteSigner
from verifier.trust import Trust

ORIGIN = "verifier.example/log"
NOW = 1_795_000_000  # 2026-11-18
KEYS = [SigningKey(bytes(31) + bytes([number])) for number in range(1, 6)]
FIRST, SECOND, THIRD, STRANGER, OTHER = KEYS
LOG = NoteSigner(ORIGIN, bytes(range(32))).verifier
TRUST = Trust(LOG, FIRST.public)
ROTATED = rotate(origin=ORIGIN, key=SECOND.public, by=FIRST, now=NOW)
LOST = replace_lost(key=SECOND.public, after=FIRST.public)


def signed(key=FIRST, typ=TYP, **changes):
    """The change with another payload or signature."""
    payload = {"iss": ORIGIN, "iat": NOW, "jwk": SECOND.public.to_jwk(), "reason": "rotated"}
    return replace(ROTATED, token=jws.sign(payload | changes, typ=typ, key=key))


def test_a_key_counts_from_the_entry_after_the_one_that_names_it():
    attestors = Attestors(TRUST)
    attestors.enter(7, ROTATED, NOW)
    attestors.enter(9, rotate(origin=ORIGIN, key=THIRD.public, by=SECOND, now=NOW, reason="compromised"), NOW)
    due = {0: FIRST, 6: FIRST, 7: FIRST, 8: SECOND, 9: SECOND, 10: THIRD, 99: THIRD}
    assert {index: attestors.period(index).key for index in due} == {at: key.public for at, key in due.items()}
    assert [attestors.places(index) for index in (7, 8, 9, 10)] == [[], [7], [7], [7, 9]]
    first, second, third = attestors.periods()
    assert (first.since_index, first.until_index, first.ended) == (None, 7, "rotated")
    assert (second.since_index, second.since, second.until_index, second.ended) == (7, NOW, 9, "compromised")
    assert (third.since_index, third.until_index, third.until, third.ended) == (9, None, None, None)
    assert (attestors.first, attestors.current) == (FIRST.public, THIRD.public)
    assert told(second) == f"{SECOND.kid} after entry 7 (2026-11-18T11:06:40Z), up to entry 9 (compromised)"


def test_a_change_can_be_taken_back():
    attestors = Attestors(TRUST)
    undo = attestors.enter(7, ROTATED, NOW)
    assert attestors.current == SECOND.public
    undo()
    assert (attestors.current, attestors.periods()) == (FIRST.public, Attestors(TRUST).periods())


REFUSED = {
    "by another key": signed(STRANGER),
    "by the new key": signed(SECOND),
    "for another log": signed(iss="other.example/log"),
    "for another key": signed(jwk=THIRD.public.to_jwk()),
    "for another reason": signed(reason="compromised"),
    "of another time": signed(iat=NOW - 1),
    "with more": signed(more=1),
    "of another type": signed(typ="zkattest-attestation+jwt"),
    "no token": replace(ROTATED, token="a.b.c"),
    "after another key": rotate(origin=ORIGIN, key=SECOND.public, by=STRANGER, now=NOW),
    "to itself": rotate(origin=ORIGIN, key=FIRST.public, by=FIRST, now=NOW),
    "unsigned": LOST,
}


@pytest.mark.parametrize("name", REFUSED)
def test_only_the_key_before_names_the_next(name):
    Attestors(TRUST).enter(7, ROTATED, NOW)
    attestors = Attestors(TRUST)
    with pytest.raises(RegistryError):
        attestors.enter(7, REFUSED[name], NOW)
    assert attestors.current == FIRST.public


def test_a_key_that_was_given_up_does_not_come_back():
    attestors = Attestors(TRUST)
    attestors.enter(7, ROTATED, NOW)
    with pytest.raises(AlreadyRegistered) as known:
        attestors.enter(8, ROTATED, NOW)
    assert known.value.index == 7
    with pytest.raises(RegistryError, match="come back"):
        attestors.enter(8, rotate(origin=ORIGIN, key=FIRST.public, by=SECOND, now=NOW), NOW)
    attestors.enter(8, rotate(origin=ORIGIN, key=THIRD.public, by=SECOND, now=NOW), NOW)
    with pytest.raises(RegistryError, match="come back"):
        attestors.enter(9, rotate(origin=ORIGIN, key=SECOND.public, by=THIRD, now=NOW), NOW)


def test_after_a_loss_only_the_pins_can_say_what_counts():
    """The log's key alone, in a thief's hands, must not be able to name a new attestation key."""
    with pytest.raises(RegistryError, match="counts only if the pins accept it"):
        Attestors(TRUST).enter(7, LOST, NOW)
    with pytest.raises(RegistryError):
        Attestors(replace(TRUST, accepted=frozenset({STRANGER.public}))).enter(7, LOST, NOW)
    attestors = Attestors(replace(TRUST, accepted=frozenset({SECOND.public})))
    attestors.enter(7, LOST, NOW)
    assert attestors.current == SECOND.public
    assert [period.signed for period in attestors.periods()] == [True, False]
    assert told(attestors.periods()[1]).endswith("without the word of the key before")


def test_the_verifier_takes_its_own_log_at_its_word():
    attestors = Attestors()
    assert (attestors.first, attestors.current, attestors.periods()) == (None, None, ())
    assert attestors.period(3, FIRST.public).key == FIRST.public
    with pytest.raises(RegistryError):
        attestors.period(3)
    attestors.enter(7, LOST, NOW)
    assert (attestors.first, attestors.current) == (FIRST.public, SECOND.public)
    with pytest.raises(RegistryError):
        attestors.enter(8, rotate(origin=ORIGIN, key=THIRD.public, by=STRANGER, now=NOW), NOW)


def test_there_is_room_in_a_file_for_every_change():
    attestors, key = Attestors(TRUST), FIRST
    for number in range(MAX_ATTESTORS + 1):
        following = SigningKey(bytes(30) + bytes([9, number]))
        change = rotate(origin=ORIGIN, key=following.public, by=key, now=NOW)
        if number == MAX_ATTESTORS:
            with pytest.raises(RegistryError, match="at most"):
                attestors.enter(number, change, NOW)
        else:
            attestors.enter(number, change, NOW)
        key = following


@pytest.mark.parametrize("entry", [ROTATED, LOST], ids=["rotated", "lost"])
def test_an_entry_survives_its_encoding(entry):
    assert decode(encode(entry, NOW)) == (entry, NOW)


MALFORMED = {
    "no token": {"token": None},
    "a token of a lost key": {"reason": "lost"},
    "another reason": {"reason": "bored"},
    "no key": {"jwk": None},
    "no key before": {"after": "x"},
    "a private key": {"jwk": ROTATED.to_fields()["jwk"] | {"d": "A" * 43}},
    "more": {"more": 1},
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_entries(name):
    body = encode(ROTATED, NOW)
    assert isinstance(decode(body)[0], AttestorEntry)
    with pytest.raises(EntryError):
        decode(canonical_json(parse_json(body) | MALFORMED[name]))
