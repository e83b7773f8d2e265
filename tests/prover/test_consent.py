import os
from dataclasses import replace

import pytest
from sqlalchemy import func, select, update

from circuits.attributes import Schema
from circuits.consent import Allowed, Consent, Frequency
from circuits.encoding import b64u_decode
from circuits.jws import SigningKey
from circuits.query import Reasons
from circuits.withdrawal import Withdrawal
from prover.consent import Consents
from prover.errors import ConsentRefused, SubjectUnknown, VaultError
from prover.models import CONSENTS, SUBJECTS
from prover.records import Record
from prover.terms import Terms

NOW = 1_800_000_000
SCHEMA = Schema.from_json(
    {"schema": "one", "version": 1, "attributes": [{"name": "score", "type": "integer", "min": "0", "max": "9"}]}
)
TERMS = Terms(
    "lender",
    "verifier.example/log",
    "credit-decision",
    NOW + 100,
    Allowed(("score",), {"score": ("5",)}, ("score > 3",)),
    Reasons.FAILED_CLAUSES,
    Frequency(5, 60),
)


@pytest.fixture(autouse=True)
def people(issuer):
    records = [Record(name, {"score": "1"}) for name in ("alice", "bob")]
    issuer.issue(records, schema=SCHEMA, now=NOW, entropy=os.urandom)


@pytest.fixture
def grant(consents):
    def grant(subject="alice", now=NOW, **changes):
        return consents.grant(subject, replace(TERMS, **changes), now=now, entropy=os.urandom)

    return grant


def test_a_consent_is_what_was_agreed_and_signed(grant, consents, signing_key):
    given = grant()
    assert Consent.open(given.token, signing_key.public) == given
    assert (given.provider, given.relying_party, given.via) == ("bank", "lender", TERMS.via)
    assert (given.purpose, given.allowed, given.reasons) == (TERMS.purpose, TERMS.allowed, TERMS.reasons)
    assert (given.frequency, given.issued_at, given.expires_at) == (TERMS.frequency, NOW, NOW + 100)
    (listed,) = consents.listing()
    assert (listed.subject, listed.consent, listed.revoked_at) == ("alice", given, None)


def test_handles_are_pairwise_and_stay(grant):
    parties = [grant(party, relying_party=lender).handle for party in ("alice", "bob") for lender in ("one", "two")]
    assert len({*parties}) == 4
    assert grant(relying_party="one", now=NOW + 9).handle == parties[0]


def standing(consents, subject, relying_party, *, now, via=TERMS.via):
    return consents.standing(subject, relying_party, via=via, now=now)


def test_taken_back_it_stays_in_the_list_and_waits_to_be_told(grant, consents, signing_key):
    given, kept = grant(), grant("bob")
    assert (consents.pending(now=NOW), consents.pending_count()) == ([], 0)
    for now in (NOW + 1, NOW + 2):
        assert consents.revoke(given.id, now=now).revoked_at == NOW + 1
    (pending,) = consents.pending(now=NOW + 5)
    said = Withdrawal.open(pending.token, signing_key.public)
    assert (said.provider, said.consent, said.issued_at) == ("bank", given.digest, NOW + 5)
    assert pending.id == b64u_decode(given.id)
    for _ in range(2):
        consents.mark_logged(pending.id, 41)
        assert consents.pending_count() == 0
    assert {each.subject: each.revoked_at for each in consents.listing()} == {"alice": NOW + 1, "bob": None}
    assert standing(consents, "bob", "lender", now=NOW) == kept


def test_what_stands_is_neither_revoked_nor_expired_nor_anyone_elses(grant, consents):
    given = grant()
    assert standing(consents, "alice", "lender", now=NOW + 99) == given
    assert standing(consents, "alice", "lender", now=NOW + 100) is None
    assert standing(consents, "alice", "landlord", now=NOW) is None
    assert standing(consents, "bob", "lender", now=NOW) is None
    elsewhere = grant(now=NOW + 1, via="elsewhere.example/log")
    assert standing(consents, "alice", "lender", now=NOW + 2) == given
    assert standing(consents, "alice", "lender", via=elsewhere.via, now=NOW + 2) == elsewhere
    consents.revoke(given.id, now=NOW)
    assert standing(consents, "alice", "lender", now=NOW) is None
    assert standing(consents, "alice", "lender", via=elsewhere.via, now=NOW + 2) == elsewhere


def test_many_are_granted_once(grant, consents):
    given = grant()
    found = consents.grant_many(["alice", "bob", "bob"], TERMS, now=NOW, entropy=os.urandom)
    assert found["alice"] == given
    assert consents.grant_many(["bob", "alice"], TERMS, now=NOW + 1, entropy=os.urandom) == found
    assert len(consents.listing()) == 2
    with pytest.raises(SubjectUnknown):
        consents.grant_many(["alice", "carol"], replace(TERMS, relying_party="new"), now=NOW, entropy=os.urandom)
    assert len(consents.listing()) == 2


def test_who_has_taken_one_back_is_not_given_another_with_all_the_others(grant, consents):
    kept = grant("bob")
    consents.revoke(grant().id, now=NOW)
    assert consents.grant_many(["alice", "bob"], TERMS, now=NOW, entropy=os.urandom) == {"bob": kept}
    again = grant()  # but may give it anew
    assert consents.grant_many(["alice"], TERMS, now=NOW, entropy=os.urandom) == {"alice": again}


def test_an_unknown_subject_is_the_operators_mistake(grant, consents):
    assert grant().id
    with pytest.raises(SubjectUnknown):
        grant("carol")
    with pytest.raises(SubjectUnknown):
        consents.listing("carol")
    with pytest.raises(SubjectUnknown):
        standing(consents, "carol", "lender", now=NOW)


@pytest.mark.parametrize(
    "change",
    [{"relying_party": ""}, {"relying_party": "x" * 257}, {"purpose": "fun"}, {"expires_at": NOW}, {"via": ""}],
    ids=str,
)
def test_terms_that_no_consent_can_have_are_refused(grant, consents, change):
    with pytest.raises(ConsentRefused):
        grant(**change)
    assert consents.listing() == []
    assert grant(relying_party="x" * 256).id


@pytest.mark.parametrize("which", ["", "AAAAAAAAAAAAAAAAAAAAAA", "!"])
def test_what_is_not_there_cannot_be_taken_back(grant, consents, which):
    given = grant()
    with pytest.raises(ConsentRefused):
        consents.revoke(which, now=NOW)
    assert consents.revoke(given.id, now=NOW).revoked_at == NOW


def test_erasing_a_subject_takes_their_consents_along(engine, vault, grant, consents):
    kept = grant("bob")
    consents.revoke(grant().id, now=NOW)
    vault.erase(engine, "alice", now=NOW)
    assert [each.consent for each in consents.listing()] == [kept]
    assert consents.pending_count() == 0
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(CONSENTS)) == 1


def test_nothing_stored_names_a_party_or_links_one_partys_subjects(engine, grant, consents):
    digests = []
    for subject in ("alice", "bob"):
        given = grant(subject, relying_party="recognisable")
        digests.append(given.digest)
        assert given.token not in repr(given)
        assert subject not in repr(consents.listing(subject))
    with engine.connect() as connection:
        rows = connection.execute(select(CONSENTS)).all()
    stored = b"".join(column for row in rows for column in map(bytes, (row.digest, row.party, row.sealed)))
    assert not any(each in stored for each in (b"recognisable", *digests))
    assert len({bytes(row.party) for row in rows}) == 2


@pytest.mark.parametrize("column", [CONSENTS.c.subject_id, CONSENTS.c.id, CONSENTS.c.sealed])
def test_a_consent_moved_to_another_row_does_not_open(engine, grant, consents, column):
    grant()
    grant(relying_party="landlord")
    assert len(consents.listing()) == 2
    with engine.begin() as connection:
        bob = select(SUBJECTS.c.id).where(SUBJECTS.c.id.not_in(select(CONSENTS.c.subject_id))).scalar_subquery()
        moved = {CONSENTS.c.subject_id: bob, CONSENTS.c.id: b"i" * 16, CONSENTS.c.sealed: b"s" * 40}
        first = connection.scalars(select(CONSENTS.c.id)).first()
        connection.execute(update(CONSENTS).where(CONSENTS.c.id == first).values({column: moved[column]}))
    with pytest.raises(VaultError):
        consents.listing()


def test_consents_outlive_the_key_that_signed_them(engine, vault, grant):
    given = grant()
    newer = Consents(engine, vault, key=SigningKey(bytes(31) + b"\x09"), provider="bank")
    assert [each.consent for each in newer.listing()] == [given]
    newer.revoke(given.id, now=NOW)
    assert len(newer.pending(now=NOW)) == 1
