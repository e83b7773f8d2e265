"""What a prover answers: from credentials that may speak, and with what it disclosed of the question.

Clauses have a file of their own, test_failed_clauses.
"""

from dataclasses import replace
from decimal import Decimal

import pytest

from circuits.jws import SigningKey
from circuits.leakage import Disclosed
from verifier import errors
from verifier.checking import check
from verifier.entries.kinds import RevocationEntry
from verifier.entries.revocation import revoke
from verifier.errors import Blame, CheckFailed

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

ORIGIN = "verifier.example/log"


@pytest.fixture
def case(world, people):
    query = world.query()
    return {
        "query": query,
        "consent": world.token(query),
        "answered": world.company.prove(query, people["ada"]),
        "registry": world.registry,
        "audience": ORIGIN,
        "asked_at": world.log.size,
        "now": world.now + 1,
    }


def test_what_is_logged_after_the_question_neither_helps_nor_hurts(case, world, people):
    newer = world.company.issue("ada/2", {"salary": "1"}, supersedes=people["ada"].id)
    index = world.register(newer)
    check(**case)
    for asked_at, old_is_current in ((index, True), (index + 1, False)):
        later = case | {"asked_at": asked_at}
        if old_is_current:
            check(**later)
        else:
            with pytest.raises(errors.CredentialSuperseded):
                check(**later)


def test_a_revoked_credential_is_refused_from_the_next_question_on(case, world, people):
    company = world.company
    revocation = revoke(
        provider=company.name,
        credential=people["ada"].id,
        reason="erroneous",
        issued_at=world.now,
        key=company.key,
    )
    world.publish(RevocationEntry(revocation.token))
    check(**case)
    with pytest.raises(errors.CredentialSuperseded):
        check(**case | {"asked_at": world.log.size})


def test_a_credential_of_another_provider_is_refused(case, world):
    other = type(world.company)(name="other-kyc", key=SigningKey(bytes(31) + b"\x09"))
    world.publish(other.entry())
    query = world.query(consent=other.consent("ada"), provider="other-kyc")
    with pytest.raises(errors.WrongProvider):
        check(**case | {"query": query, "consent": other.tokens[query.consent].token, "asked_at": world.log.size})
    check(**case)


WHOLE = ((0, 1_000_000_000),)
DISCLOSED = {
    "nothing": (),
    "another attribute": (Disclosed("debt", WHOLE, Decimal(0), None),),
    "one more": (Disclosed("salary", WHOLE, Decimal(0), None), Disclosed("debt", WHOLE, Decimal(0), None)),
    "nobody left": (Disclosed("salary", (), Decimal(0), None),),
    "below the schema": (Disclosed("salary", ((-1, 5),), Decimal(0), None),),
    "beyond the schema": (Disclosed("salary", ((0, 10**30),), Decimal(0), None),),
}


@pytest.mark.parametrize("name", DISCLOSED)
def test_what_was_disclosed_is_of_the_question(case, name):
    checked = check(**case)
    assert [each.name for each in checked.claim.answered.disclosed] == ["salary"]
    with pytest.raises(CheckFailed) as caught:
        check(**case | {"answered": replace(case["answered"], disclosed=DISCLOSED[name])})
    assert type(caught.value) is errors.DisclosedRefused
    assert caught.value.blame is Blame.PROVIDER
