"""What a log remembers of consents: for as long as it can count, and no longer."""

import pytest

from circuits.consent import Frequency
from verifier import errors
from verifier.errors import AlreadyRegistered
from verifier.fold.consents import Consents

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_uses_are_forgotten_when_they_cannot_count(world):
    consent = world.company.consent("ada", frequency=Frequency(1, 60))
    uses = Consents()
    undo = uses.use(consent.provider, consent.token, 0)
    undo()
    uses.require_seldom(consent.provider, consent.digest, Frequency(1, 600), 0)
    for at in range(0, 3 * 10**6, 10**4):
        uses.use(consent.provider, consent.token, at)
    assert len(uses._uses[next(iter(uses._uses))][1]) == 1
    with pytest.raises(errors.ConsentExhausted):
        uses.require_seldom(consent.provider, consent.digest, Frequency(1, 600), 3 * 10**6 - 10**4)
    uses.withdraw(3, "acme-kyc", bytes(32))
    with pytest.raises(AlreadyRegistered):
        uses.withdraw(4, "acme-kyc", bytes(32))
    assert uses.withdrawn_index("acme-kyc", bytes(32)) == 3
    assert uses.withdrawn_index("other-kyc", bytes(32)) is None
