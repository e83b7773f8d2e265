"""What is collected for a report is right, and stays small whatever a log holds."""

import pytest

from api.audit.observations import DAY, MOST_BINS, MOST_PARTIES, OTHERS, Observations
from circuits.jws import SigningKey
from verifier.entries.kinds import DeclinedEntry, ProviderEntry, UndeterminedEntry
from verifier.log.leaves import LoggedEntry

NOW = 1_795_000_000
KEY = SigningKey(bytes(31) + b"\x01").public


@pytest.fixture
def read(provider):
    seen = Observations()

    def add(*, at=NOW, index=None, entry=None, **changes):
        entry = entry or DeclinedEntry(provider.query("salary > 1", now=NOW, **changes), 0)
        number = len(seen._times) if index is None else index
        seen.read(LoggedEntry(number, entry.kind, at, bytes(32), b"{}"), entry)
        return seen

    return add


def test_who_when_and_how_it_ended(read, provider):
    read(at=NOW, entry=ProviderEntry("kyc", "Acme KYC", KEY, "https://prover.example", NOW))
    read(at=NOW + 5, provider="kyc", relying_party="one")
    stale = UndeterminedEntry(
        provider.query("salary > 1", now=NOW, provider="kyc", relying_party="two"), 0, "stale", None, "a.b.c"
    )
    seen = read(at=NOW + DAY, entry=stale)
    assert (seen.first, seen.last) == (NOW, NOW + DAY)
    assert seen.outcomes == {"declined": 1, "undetermined": 1}
    assert seen.reasons == {"stale": 1}
    assert seen.providers == {"kyc": {"declined": 1, "undetermined": 1}}
    assert seen.relying_parties == {"one": {"declined": 1}, "two": {"undetermined": 1}}
    assert seen.purposes == {"credit": {"declined": 1, "undetermined": 1}}
    assert [(seen.at(index), seen.provider_of(index)) for index in (0, 1, 2)] == [
        (NOW, "kyc"),
        (NOW + 5, "kyc"),
        (NOW + DAY, "kyc"),
    ]
    assert len(seen.bins) == 2


def test_entries_that_cannot_be_read_leave_gaps(read):
    seen = read(index=3)
    assert [seen.at(index) for index in (None, 0, 2, 3, 4)] == [None, None, None, NOW, None]
    assert [seen.provider_of(index) is None for index in (None, 0, 2, 3, 4)] == [True, True, True, False, True]


def test_parties_beyond_the_first_thousand_are_counted_together(read):
    for number in range(MOST_PARTIES + 20):
        seen = read(relying_party=f"bank-{number}", provider=f"kyc-{number}")
    assert len(seen.relying_parties) == len(seen.providers) == MOST_PARTIES + 1
    assert seen.relying_parties[OTHERS].total() == 20
    assert seen.provider_of(MOST_PARTIES - 1) == f"kyc-{MOST_PARTIES - 1}"
    assert seen.provider_of(MOST_PARTIES) is None
    assert sum(each.total() for each in seen.providers.values()) == MOST_PARTIES + 20


def test_days_are_put_together_when_they_are_too_many(read):
    for number in range(MOST_BINS):
        seen = read(at=NOW + number * DAY)
    assert (len(seen.bins), seen.bin_days) == (MOST_BINS, 1)
    seen = read(at=NOW + MOST_BINS * DAY)
    assert seen.bin_days == 2
    assert MOST_BINS // 2 <= len(seen.bins) <= MOST_BINS // 2 + 1
    seen = read(at=0)
    assert sum(each.total() for each in seen.bins.values()) == MOST_BINS + 2
