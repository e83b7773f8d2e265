"""No answer without a consent that holds: which, whose, for what, until when, how often, and not after it ended."""

import os

import pytest

from circuits.consent import Allowed, Frequency
from circuits.encoding import b64u
from circuits.jws import SigningKey
from circuits.query import Reasons
from circuits.withdrawal import withdraw
from verifier import errors
from verifier.answered import Declined, Undetermined
from verifier.answering import LoggedAttestation, LoggedDeclined, LoggedUndetermined
from verifier.audit.export import export_lines
from verifier.audit.replay import replay
from verifier.checking import check
from verifier.entries.kinds import FOLDED_KINDS
from verifier.entries.withdrawal import WithdrawalEntry
from verifier.errors import Blame, RegistryError
from verifier.fold.registry import Registry

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ORIGIN = "verifier.example/log"


class Says:
    def __init__(self, response):
        self.response = response

    def fetch(self, _query):
        return self.response


def case_of(world, **changes):
    query = world.query(**changes)
    return {
        "query": query,
        "consent": world.token(query),
        "answered": world.company.fetch(query),
        "registry": world.registry,
        "audience": ORIGIN,
        "asked_at": world.log.size,
        "now": world.now + 1,
    }


def under(**changes):
    return lambda w: w.company.consent("ada", **changes)


def withdrawn(world, consent, **changes):
    settings = {
        "provider": consent.provider,
        "consent": consent.digest,
        "issued_at": world.now,
        "key": world.company.key,
    }
    return WithdrawalEntry(withdraw(**settings | changes).token)


UNFIT = {
    "other attributes": under(allowed=Allowed(attributes=("debt",))),
    "other thresholds": under(allowed=Allowed(thresholds={"salary": ("50000",)})),
    "not yet": under(issued_at=1_795_000_000 + 301),
    "no longer": under(expires_at=1_795_000_000),
    "another verifier": under(via="other.example/log"),
    "another key": lambda w: type(w.company)(key=SigningKey(bytes(31) + b"\x07")).consent("ada"),
    "before the key counted": under(issued_at=1_795_000_000 - 86_400 * 2),
}


@pytest.mark.parametrize("name", UNFIT)
def test_no_answer_counts_to_what_is_not_consented_to(world, name):
    check(**case_of(world, consent=world.company.consent("ada")))
    consent = UNFIT[name](world)
    world.company.tokens[b64u(consent.digest)] = consent
    world.company.handle("ada", "first-bank")
    with pytest.raises(errors.ConsentUnfit) as caught:
        check(**case_of(world, consent=consent))
    assert caught.value.blame is Blame.PROVIDER
    size = world.log.size
    for source in (None, Says(Undetermined("stale", None))):
        with pytest.raises(errors.ConsentUnfit):
            world.ask(consent=consent, source=source)
    assert world.log.size == size
    assert isinstance(world.ask(consent=consent, source=Says(Declined())), LoggedDeclined)
    assert replay(export_lines(world.log), trust=world.trust).failure is None


def test_reasons_take_a_consent_to_reasons(world):
    consent = world.company.consent("ada", reasons=Reasons.OUTCOME_ONLY)
    assert isinstance(world.ask(consent=consent), LoggedAttestation)
    with pytest.raises(errors.ConsentUnfit):
        world.ask(consent=consent, reasons=Reasons.FAILED_CLAUSES)


def test_a_consent_from_a_clock_that_is_ahead_counts(world):
    assert isinstance(world.ask(consent=world.company.consent("ada", issued_at=world.now + 300)), LoggedAttestation)


def test_a_consent_outlives_its_key(world):
    before = world.company.consent("ada")
    world.company.key = SigningKey(bytes(31) + b"\x07")
    world.now += 3_600
    world.publish(world.company.entry(valid_from=world.now))
    assert isinstance(world.ask(consent=before), LoggedAttestation)
    assert isinstance(world.ask(consent=world.company.consent("ada", issued_at=world.now)), LoggedAttestation)
    assert replay(export_lines(world.log), trust=world.trust).failure is None


def test_a_withdrawal_binds_from_the_next_question_on(world):
    consent = world.company.consent("ada")
    case = case_of(world)
    index = world.publish(withdrawn(world, consent))
    check(**case)
    check(**case | {"asked_at": index})
    with pytest.raises(errors.ConsentWithdrawn) as caught:
        check(**case | {"asked_at": index + 1})
    assert caught.value.blame is Blame.PROVIDER
    size = world.log.size
    with pytest.raises(errors.ConsentWithdrawn):
        world.ask()
    with pytest.raises(errors.ConsentWithdrawn):
        world.ask(source=Says(Undetermined("stale", None)))
    assert world.log.size == size
    assert isinstance(world.ask(consent=world.company.consent("ada", expires_at=world.now + 99)), LoggedAttestation)
    assert world.publish(withdrawn(world, consent, issued_at=world.now + 5)) == index
    assert replay(export_lines(world.log), trust=world.trust).failure is None


def test_only_its_provider_withdraws_a_consent(world):
    other = type(world.company)(name="other-kyc", key=SigningKey(bytes(31) + b"\x09"))
    world.publish(other.entry())
    consent = world.company.consent("ada")
    with pytest.raises(RegistryError):
        world.publish(withdrawn(world, consent, key=other.key))
    world.publish(withdrawn(world, consent, provider="other-kyc", key=other.key))  # of a consent that it never gave
    assert isinstance(world.ask(consent=consent), LoggedAttestation)


def test_a_frequency_is_kept_live_in_replay_and_after_a_start(world):
    consent = world.company.consent("ada", frequency=Frequency(2, 3_600))
    assert isinstance(world.ask(consent=consent), LoggedAttestation)
    assert isinstance(world.ask(consent=consent, source=Says(Undetermined("stale", None))), LoggedUndetermined)
    size = world.log.size
    with pytest.raises(errors.ConsentExhausted):
        world.ask(consent=consent)
    again = Registry()
    for logged in world.log.read(0, kinds=FOLDED_KINDS):
        again.recall(logged)
    with pytest.raises(errors.ConsentExhausted):
        check(**case_of(world, consent=consent) | {"registry": again})
    assert world.log.size == size
    world.now += 3_600
    assert isinstance(world.ask(consent=consent), LoggedAttestation)
    report = replay(export_lines(world.log), trust=world.trust)
    assert (report.failure, report.answers) == (None, 2)


def test_another_consent_beside_the_question_is_the_verifiers_fault(world):
    case = case_of(world)
    check(**case)
    with pytest.raises(errors.ConsentElsewhere) as caught:
        check(**case | {"consent": world.company.consent("bob").token})
    assert caught.value.blame is Blame.VERIFIER
    with pytest.raises(errors.ConsentElsewhere):
        check(**case | {"consent": os.urandom(8).hex()})
