"""The fold: what the log says, what contradicts it, and taking back what was not committed."""

import copy
import os

import pytest

from circuits.attributes import Schema
from circuits.credential import Provenance
from circuits.encoding import b64u, b64u_decode
from circuits.jws import SigningKey
from circuits.pedersen import Opening, commit
from verifier.entries.kinds import CredentialEntry, DeclinedEntry, RevocationEntry, SchemaEntry
from verifier.entries.revocation import revoke
from verifier.errors import AlreadyRegistered, RegistryError
from verifier.fold.registry import Registry

NOW = 1_795_000_000
SMALL = Schema.from_json(
    {
        "schema": "small",
        "version": 1,
        "attributes": [{"name": "salary", "type": "money", "currency": "USD", "max": "9"}],
    }
)


@pytest.fixture
def registry(company, people):
    made = Registry()
    made.apply(0, company.entry(), NOW)
    made.apply(1, SchemaEntry(company.name, company.schema), NOW)
    for index, credential in enumerate(people.values(), 2):
        made.apply(index, CredentialEntry(credential.token), NOW)
    return made


def test_what_was_folded_is_found(registry, company, people):
    assert registry.provider(company.name).entry == company.entry()
    assert [provider.id for provider in registry.providers()] == [company.name]
    assert registry.schema(company.schema.digest) == company.schema
    assert registry.schemas() == (company.schema,)
    assert registry.schema_providers(company.schema.digest) == (company.name,)
    assert len(registry) == 3
    for index, credential in enumerate(people.values(), 2):
        found = registry.credential(credential.id)
        assert found.credential == credential
        assert (found.index, found.provider_index, found.schema_index, found.ended_index) == (index, 0, 1, None)


@pytest.mark.parametrize("trusted", [False, True])
def test_a_trusted_fold_says_the_same(company, people, trusted):
    made = Registry()
    made.apply(0, company.entry(), NOW, trusted=trusted)
    made.apply(1, SchemaEntry(company.name, company.schema), NOW, trusted=trusted)
    made.apply(2, CredentialEntry(people["ada"].token), NOW, trusted=trusted)
    newer = company.issue("ada/2", {"salary": "1"}, supersedes=people["ada"].id)
    made.apply(3, CredentialEntry(newer.token), NOW, trusted=trusted)
    assert made.credential(people["ada"].id).ended_index == 3
    assert made.credential(newer.id).credential == newer


def test_looking_up_what_is_not_there(registry):
    for call in (
        lambda: registry.provider("nobody"),
        lambda: registry.schema(bytes(32)),
        lambda: registry.schema_index(bytes(32), "nobody"),
        lambda: registry.credential(b64u(bytes(16))),
        lambda: registry.credential("not base64!"),
    ):
        with pytest.raises(RegistryError):
            call()
    assert registry.schema_providers(bytes(32)) == ()


def test_the_same_again_is_known(registry, company, people):
    for entry, index in (
        (company.entry(), 0),
        (SchemaEntry(company.name, company.schema), 1),
        (CredentialEntry(people["ada"].token), 2),
    ):
        with pytest.raises(AlreadyRegistered) as caught:
            registry.apply(9, entry, NOW)
        assert caught.value.index == index


def revocation_of(company, credential_id, key=None, provider=None):
    signed = revoke(
        provider=provider or company.name,
        credential=credential_id,
        reason="erroneous",
        issued_at=NOW,
        key=key or company.key,
    )
    return RevocationEntry(signed.token)


OTHER = SigningKey(bytes(31) + b"\x07")
CONTRADICTIONS = {
    "schema of an unknown provider": lambda c, _p: SchemaEntry("nobody", c.schema),
    "key that is not valid yet": lambda c, _p: c.entry(valid_from=NOW + 1),
    "credential of an unknown provider": lambda c, _p: CredentialEntry(
        c.issue("new", {"salary": "1"}, provider="nobody").token
    ),
    "credential signed by another key": lambda c, _p: CredentialEntry(c.issue("new", {"salary": "1"}, key=OTHER).token),
    "credential under an unknown schema": lambda c, _p: CredentialEntry(
        c.issue("new", {"salary": "1"}, schema=SMALL).token
    ),
    "another credential of the same id": lambda c, p: CredentialEntry(
        c.issue("new", {"salary": "1"}, id=b64u_decode(p["ada"].id)).token
    ),
    "credential that supersedes nothing": lambda c, _p: CredentialEntry(
        c.issue("new", {"salary": "1"}, supersedes=b64u(bytes(16))).token
    ),
    "credential tampered": lambda _c, p: CredentialEntry(p["ada"].token[:-6] + "AAAAAA"),
    "no token": lambda _c, _p: CredentialEntry("nonsense"),
    "revocation of nothing": lambda c, _p: revocation_of(c, b64u(bytes(16))),
    "revocation by another key": lambda c, p: revocation_of(c, p["ada"].id, key=OTHER),
    "revocation that is a credential": lambda _c, p: RevocationEntry(p["ada"].token),
    "credential that is a revocation": lambda c, p: CredentialEntry(revocation_of(c, p["ada"].id).token),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_contradictions_are_refused_and_change_nothing(registry, company, people, name):
    entry = CONTRADICTIONS[name](company, people)
    before = state(registry)
    with pytest.raises(RegistryError) as caught:
        registry.apply(9, entry, NOW)
    assert not isinstance(caught.value, AlreadyRegistered)
    assert state(registry) == before
    registry.apply(9, CredentialEntry(company.issue("fine", {"salary": "1"}).token), NOW)


def test_another_provider_cannot_end_a_credential(registry, company, people):
    other = type(company)(name="other-kyc", key=OTHER)
    registry.apply(5, other.entry(), NOW)
    registry.apply(6, SchemaEntry(other.name, other.schema), NOW)
    thief = other.issue("thief", {"salary": "1"}, supersedes=people["ada"].id)
    for entry in (CredentialEntry(thief.token), revocation_of(other, people["ada"].id)):
        with pytest.raises(RegistryError):
            registry.apply(7, entry, NOW)
    registry.apply(7, CredentialEntry(other.issue("own", {"salary": "1"}).token), NOW)


def test_numbers_only_grow(registry, company):
    entry = CredentialEntry(company.issue("new", {"salary": "1"}).token)
    with pytest.raises(RegistryError):
        registry.apply(4, entry, NOW)
    registry.apply(5, entry, NOW)


def test_the_first_end_counts(registry, company, people):
    registry.apply(5, revocation_of(company, people["ada"].id), NOW)
    with pytest.raises(AlreadyRegistered) as caught:
        registry.apply(6, revocation_of(company, people["ada"].id), NOW)
    assert caught.value.index == 5
    newer = company.issue("ada/2", {"salary": "1"}, supersedes=people["ada"].id)
    registry.apply(7, CredentialEntry(newer.token), NOW)
    assert registry.credential(people["ada"].id).ended_index == 5


def test_a_rotated_key_signs_from_then_on_and_old_credentials_stay(registry, company, people):
    late = company.issue("late", {"salary": "1"})
    admitted = registry.admit(CredentialEntry(late.token))
    registry.apply(5, company.entry(key=OTHER.public), NOW)
    assert registry.credential(people["ada"].id).credential == people["ada"]
    for call in (lambda: registry.apply(6, CredentialEntry(late.token), NOW), lambda: registry.enter(6, admitted, NOW)):
        with pytest.raises(RegistryError):
            call()
    new = company.issue("new", {"salary": "1"}, key=OTHER)
    registry.apply(6, CredentialEntry(new.token), NOW)
    assert registry.credential(new.id).provider_index == 5


def state(registry):
    return copy.deepcopy(
        (
            registry._providers,
            registry._signers,
            registry._schemas,
            registry._places,
            registry._tokens._rows,
            registry._next,
        )
    )


TAKEN_BACK = {
    "new provider": lambda c, _p: type(c)(name="other-kyc", key=OTHER).entry(),
    "rotated key": lambda c, _p: c.entry(key=OTHER.public),
    "moved prover": lambda c, _p: c.entry(prover_url="https://elsewhere.example"),
    "schema": lambda c, _p: SchemaEntry(c.name, SMALL),
    "credential": lambda c, _p: CredentialEntry(c.issue("new", {"salary": "1"}).token),
    "superseding credential": lambda c, p: CredentialEntry(
        c.issue("ada/new", {"salary": "1"}, supersedes=p["ada"].id).token
    ),
    "revocation": lambda c, p: revocation_of(c, p["ada"].id),
    "declined": lambda _c, _p: DeclinedEntry(None, 0),
}


@pytest.mark.parametrize("name", TAKEN_BACK)
def test_what_was_not_committed_is_taken_back(registry, company, people, name):
    entry = TAKEN_BACK[name](company, people)
    before = state(registry)
    undo = registry.enter(5, registry.admit(entry), NOW)
    assert state(registry) != before
    undo()
    assert state(registry) == before
    registry.enter(5, registry.admit(entry), NOW)


def test_an_evidence_file_need_not_hold_what_was_superseded(company):
    credential = company.issue("new", {"salary": "1"}, supersedes=b64u(bytes(16)))
    for partial in (True, False):
        registry = Registry(partial=partial)
        registry.apply(0, company.entry(), NOW)
        registry.apply(1, SchemaEntry(company.name, company.schema), NOW)
        if partial:
            registry.apply(2, CredentialEntry(credential.token), NOW)
        else:
            with pytest.raises(RegistryError):
                registry.apply(2, CredentialEntry(credential.token), NOW)


def test_a_damaged_token_is_noticed_when_used(registry, people):
    key = b64u_decode(people["ada"].id)
    row = registry._tokens._rows[key]
    registry._tokens._rows[key] = row[:60] + bytes([row[60] ^ 1]) + row[61:]
    with pytest.raises(RegistryError):
        registry.credential(people["ada"].id)
    registry.credential(people["bob"].id)


def test_a_credential_takes_about_half_a_kilobyte(registry, company):
    values = {
        "salary": "129000",
        "net_worth": "5",
        "debt": "1",
        "date_of_birth": "1990-02-28",
        "country": "US",
        "sanctioned": "no",
        "owns_home": "yes",
        "tenure_months": "12",
    }
    credential = company.issue("full", values, commitments={k: commit(Opening(1, _random())) for k in values})
    registry.apply(5, CredentialEntry(credential.token), NOW)
    row = registry._tokens._rows[b64u_decode(credential.id)]
    assert len(credential.token) > 1_300
    assert len(row) < 650


def _random():
    return int.from_bytes(os.urandom(31))


TOMORROW = "2026-11-19"


@pytest.mark.parametrize(
    ("fits", "late"),
    [
        ({"as_of": TOMORROW}, {"as_of": "2026-11-20"}),
        ({"as_of": TOMORROW}, {"as_of": "9999-12-31"}),
        ({"issued_at": NOW + 300}, {"issued_at": NOW + 301}),
        (
            {"provenance": {"salary": Provenance("payroll", TOMORROW)}},
            {"provenance": {"salary": Provenance("payroll", "2026-11-20")}},
        ),
    ],
)
def test_a_credential_from_the_future_would_never_be_stale(registry, company, fits, late):
    credential = company.issue("zoe", {"salary": "1"}, **({"as_of": "2026-11-18"} | late))
    with pytest.raises(RegistryError, match="dated after"):
        registry.apply(9, CredentialEntry(credential.token), NOW)
    assert len(registry) == 3
    credential = company.issue("zoe", {"salary": "1"}, **({"as_of": "2026-11-18"} | fits))
    registry.apply(9, CredentialEntry(credential.token), NOW)
    assert len(registry) == 4


def test_the_last_day_of_the_calendar_has_a_tomorrow(registry, company):
    credential = company.issue("zoe", {"salary": "1"}, expires_at=253_402_300_799)
    registry.apply(9, CredentialEntry(credential.token), 253_402_300_799)
    assert len(registry) == 4
