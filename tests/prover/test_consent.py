import os
from functools import partial

import pytest
from sqlalchemy import func, select, update

from circuits.attributes import Schema
from circuits.query import MAX_NAME, Reasons
from prover import consent
from prover.consent import Consent
from prover.errors import ConsentRefused, SubjectUnknown, VaultError
from prover.models import CONSENTS, SUBJECTS
from prover.records import Record

NOW = 1_800_000_000
SCHEMA = Schema.from_json(
    {"schema": "one", "version": 1, "attributes": [{"name": "score", "type": "integer", "min": "0", "max": "9"}]}
)
WHY = Reasons.FAILED_CLAUSES


@pytest.fixture(autouse=True)
def people(issuer):
    records = [Record(name, {"score": "1"}) for name in ("alice", "bob")]
    issuer.issue(records, schema=SCHEMA, now=NOW, entropy=os.urandom)


@pytest.fixture
def grant(engine, vault):
    return partial(consent.grant, engine, vault, entropy=os.urandom)


@pytest.fixture
def revoke(engine, vault):
    return partial(consent.revoke, engine, vault)


@pytest.fixture
def listing(engine, vault):
    return partial(consent.listing, engine, vault)


def test_granted_revoked_granted_again_is_listed_as_it_was(grant, revoke, listing):
    assert listing() == []
    first = grant(subject="alice", relying_party="lender", reasons=WHY, now=NOW)
    assert first == Consent("alice", "lender", WHY, NOW, None)
    assert listing() == [first]
    ended = revoke(subject="alice", relying_party="lender", reasons=WHY, now=NOW + 1)
    assert ended == Consent("alice", "lender", WHY, NOW, NOW + 1)
    again = grant(subject="alice", relying_party="lender", reasons=WHY, now=NOW + 2)
    assert listing() == [ended, again]


def test_granting_what_stands_changes_nothing(grant, listing):
    first = grant(subject="alice", relying_party="lender", reasons=WHY, now=NOW)
    assert grant(subject="alice", relying_party="lender", reasons=WHY, now=NOW + 9) == first
    assert listing() == [first]


def test_each_consent_is_of_one_subject_and_one_relying_party(grant, revoke, listing):
    pairs = [("alice", "lender"), ("alice", "landlord"), ("bob", "lender")]
    for subject, party in pairs:
        grant(subject=subject, relying_party=party, reasons=WHY, now=NOW)
    revoke(subject="alice", relying_party="lender", reasons=WHY, now=NOW + 1)
    assert [(each.subject, each.relying_party) for each in listing()] == pairs
    assert [each.revoked_at for each in listing()] == [NOW + 1, None, None]
    assert [each.relying_party for each in listing(subject="bob")] == ["lender"]


def test_an_unknown_subject_is_the_operators_mistake(grant, revoke, listing):
    assert grant(subject="alice", relying_party="lender", reasons=WHY, now=NOW).revoked_at is None
    with pytest.raises(SubjectUnknown):
        grant(subject="carol", relying_party="lender", reasons=WHY, now=NOW)
    with pytest.raises(SubjectUnknown):
        revoke(subject="carol", relying_party="lender", reasons=WHY, now=NOW)
    with pytest.raises(SubjectUnknown):
        listing(subject="carol")


@pytest.mark.parametrize(
    "changes",
    [{"relying_party": ""}, {"relying_party": "x" * (MAX_NAME + 1)}, {"reasons": Reasons.OUTCOME_ONLY}],
)
def test_what_no_query_can_need_is_not_granted(grant, listing, changes):
    fair = {"subject": "alice", "relying_party": "x" * MAX_NAME, "reasons": WHY}
    with pytest.raises(ConsentRefused):
        grant(**(fair | changes), now=NOW)
    assert listing() == []
    assert grant(**fair, now=NOW) == listing()[0]


@pytest.mark.parametrize("changes", [{"subject": "bob"}, {"relying_party": "Lender"}])
def test_revoking_what_does_not_stand_says_so(grant, revoke, listing, changes):
    fair = {"subject": "alice", "relying_party": "lender", "reasons": WHY}
    granted = grant(**fair, now=NOW)
    with pytest.raises(ConsentRefused):
        revoke(**(fair | changes), now=NOW)
    assert listing() == [granted]
    revoke(**fair, now=NOW)
    with pytest.raises(ConsentRefused):
        revoke(**fair, now=NOW)


def test_erasing_a_subject_takes_their_consents_along(engine, vault, grant, listing):
    kept = grant(subject="bob", relying_party="lender", reasons=WHY, now=NOW)
    grant(subject="alice", relying_party="lender", reasons=WHY, now=NOW)
    vault.erase(engine, "alice", now=NOW)
    assert listing() == [kept]
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(CONSENTS)) == 1


def test_nothing_stored_names_a_party_or_links_one_partys_subjects(engine, grant):
    for subject in ("alice", "bob"):
        granted = grant(subject=subject, relying_party="recognisable", reasons=WHY, now=NOW)
        assert "recognisable" not in repr(granted)
        assert subject not in repr(granted)
    with engine.connect() as connection:
        rows = connection.execute(select(CONSENTS.c.party, CONSENTS.c.sealed_party)).all()
    assert b"recognisable" not in b"".join(bytes(column) for row in rows for column in row)
    assert len({bytes(row.party) for row in rows}) == 2


@pytest.mark.parametrize("column", [CONSENTS.c.subject_id, CONSENTS.c.party, CONSENTS.c.sealed_party])
def test_a_consent_moved_to_another_row_does_not_open(engine, grant, listing, column):
    grant(subject="alice", relying_party="lender", reasons=WHY, now=NOW)
    grant(subject="alice", relying_party="landlord", reasons=WHY, now=NOW)
    assert len(listing()) == 2
    with engine.begin() as connection:
        bob = select(SUBJECTS.c.id).where(SUBJECTS.c.id.not_in(select(CONSENTS.c.subject_id))).scalar_subquery()
        moved = {CONSENTS.c.subject_id: bob, CONSENTS.c.party: b"p" * 32, CONSENTS.c.sealed_party: b"s" * 40}
        first = select(func.min(CONSENTS.c.id)).scalar_subquery()
        connection.execute(update(CONSENTS).where(CONSENTS.c.id == first).values({column: moved[column]}))
    with pytest.raises(VaultError):
        listing()
