"""Relying parties' keys as a fold over entries: rotated, given up, taken back; never another party's."""

import pytest

from circuits.errors import CircuitsError
from circuits.jws import SigningKey
from verifier.entries.parties import Parties, PartyEntry
from verifier.errors import AlreadyRegistered, EntryError, RegistryError

NOW = 1_795_000_000
OLD, NEW, OTHER = (SigningKey(bytes(31) + bytes([number])).public for number in (1, 2, 3))


def entry(party="first-bank", key=OLD, valid_from=NOW):
    return PartyEntry(party, key, valid_from)


@pytest.fixture
def parties():
    made = Parties()
    made.enter(4, entry(), NOW)
    return made


@pytest.mark.parametrize("key", [OLD, None])
def test_an_entry_survives_its_encoding(key):
    assert PartyEntry.from_fields(entry(key=key).to_fields()) == entry(key=key)


@pytest.mark.parametrize(
    "changes",
    [
        {"party": ""},
        {"party": "x" * 257},
        {"jwk": "x"},
        {"jwk": {}},
        {"jwk": OLD.to_jwk() | {"d": "AAAA"}},
        {"valid_from": "yesterday"},
        {"name": "First Bank"},
    ],
)
def test_other_members_are_refused(changes):
    with pytest.raises((EntryError, CircuitsError)):
        PartyEntry.from_fields(entry().to_fields() | changes)


def test_a_key_is_its_party_s_from_its_entry_on(parties):
    assert parties.at("first-bank", 5).entry.key == OLD
    assert parties.holder(OLD.kid).entry.party == "first-bank"
    with pytest.raises(RegistryError, match="no key"):
        parties.at("first-bank", 4)
    with pytest.raises(RegistryError, match="no key"):
        parties.at("second-bank", 5)
    assert parties.holder(NEW.kid) is None


def test_a_rotated_key_signed_what_was_asked_before(parties):
    parties.enter(7, entry(key=NEW), NOW)
    assert [parties.at("first-bank", size).entry.key for size in (5, 7, 8)] == [OLD, OLD, NEW]
    assert parties.holder(OLD.kid) is None
    assert parties.holder(NEW.kid).index == 7
    assert [each.entry.key for each in parties.all()] == [NEW]


def test_a_key_that_was_given_up_signs_no_more(parties):
    parties.enter(7, entry(key=None), NOW)
    assert parties.holder(OLD.kid) is None
    assert parties.at("first-bank", 7).entry.key == OLD
    with pytest.raises(RegistryError, match="no key"):
        parties.at("first-bank", 8)
    parties.enter(9, entry(key=NEW), NOW)
    assert parties.at("first-bank", 10).entry.key == NEW


def test_the_same_again_is_harmless(parties):
    with pytest.raises(AlreadyRegistered) as known:
        parties.enter(7, entry(valid_from=NOW - 5), NOW)
    assert known.value.index == 4


@pytest.mark.parametrize(
    "refused",
    [
        entry(party="second-bank"),
        entry(key=NEW, valid_from=NOW + 1),
        entry(party="second-bank", key=None),
        entry(party="second-bank", key=NEW, valid_from=NOW + 1),
    ],
)
def test_what_contradicts_the_log_is_refused(parties, refused):
    with pytest.raises(RegistryError):
        parties.enter(7, refused, NOW)
    assert parties.holder(OLD.kid).index == 4
    assert parties.holder(NEW.kid) is None


def test_an_old_key_never_comes_back(parties):
    parties.enter(7, entry(key=NEW), NOW)
    for party in ("first-bank", "second-bank"):
        with pytest.raises(RegistryError, match="registered before"):
            parties.enter(8, entry(party, OLD), NOW)


def test_what_was_entered_can_be_taken_back(parties):
    undo = [
        parties.enter(7, entry(key=NEW), NOW),
        parties.enter(8, entry(key=None), NOW),
        parties.enter(9, entry("second-bank", OTHER), NOW),
    ]
    for each in reversed(undo):
        each()
    assert parties.holder(OLD.kid).index == 4
    assert parties.at("first-bank", 100).entry.key == OLD
    assert parties.holder(OTHER.kid) is None
    assert len(parties.all()) == 1
    parties.enter(7, entry("second-bank", NEW), NOW)
