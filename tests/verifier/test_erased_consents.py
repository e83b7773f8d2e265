"""With a person go the uses of their consents, and what was told: nobody is accused over what can no longer be seen."""

import pytest

from circuits.consent import Frequency
from circuits.encoding import b64u
from circuits.erasure import sign_erasure
from circuits.withdrawal import withdraw
from verifier.answered import Declined, Undetermined
from verifier.audit.export import export_lines
from verifier.audit.replay import replay
from verifier.entries.kinds import FOLDED_KINDS, AnswerEntry, UndeterminedEntry, encode
from verifier.entries.withdrawal import WithdrawalEntry
from verifier.erasing import erase
from verifier.errors import Blame, ConsentExhausted, ConsentWithdrawn
from verifier.fold.registry import Registry
from verifier.log.leaves import Tombstone
from verifier.log.writer import Draft

from .conftest import NOW, SEALER, Says

STALE = Undetermined("stale", None)


@pytest.fixture(params=["sqlite"])
def database(tmp_path):
    """What a replay is given comes from no database: one of them is enough."""
    return f"sqlite:///{tmp_path / 'database.sqlite'}"


def erase_ada(world, engine):
    settings = {"provider": world.company.name, "issued_at": NOW, "key": world.company.key}
    token = sign_erasure(credentials=[world.company.subjects["ada"].id], **settings).token
    handles = [world.company.handle("ada", party) for party in ("first-bank", "second-bank")]
    rooms = {"engine": engine, "log": world.log, "registry": world.registry, "sealer": SEALER}
    return erase(token, handles=handles, now=world.now, **rooms)


def replayed(world):
    report = replay(export_lines(world.log), trust=world.trust)
    return [(each.index, each.blame, each.code) for each in report.findings], report.erased


def plant(world, entry):
    """Log an outcome as it is, past every rule."""
    return world.log.append(lambda _index: Draft(entry.kind, encode(entry, world.now), world.now)).result(10)


def withdraw_consent(world, consent):
    said = {"provider": consent.provider, "consent": consent.digest, "issued_at": world.now, "key": world.company.key}
    return world.publish(WithdrawalEntry(withdraw(**said).token))


def test_uses_of_a_consent_go_with_its_person_and_those_of_others_stay(world, engine):
    seldom = {name: world.company.consent(name, frequency=Frequency(2, 3_600)) for name in ("ada", "bob")}
    for consent in seldom.values():
        for source in (None, Says(STALE)):
            world.ask("salary > 100000", consent=consent, source=source)
    erase_ada(world, engine)
    assert replayed(world) == ([], 3)
    again = Registry()
    for logged in world.log.read(0, kinds=FOLDED_KINDS):
        again.recall(logged)
    for registry in (world.registry, again):  # as it ran, and as it starts anew
        bob = seldom["bob"]
        with pytest.raises(ConsentExhausted):
            registry.consents.require_seldom(bob.provider, bob.digest, bob.frequency, world.now)
    query = world.query(consent=seldom["bob"])
    index = plant(world, UndeterminedEntry(query, world.log.size, "stale", None, seldom["bob"].token))
    assert replayed(world) == ([(index, Blame.PROVIDER, "consent-exhausted")], 3)


def test_what_was_told_of_an_erased_person_overruns_nobody(world, engine):
    for amount in (100_000, 140_000, 130_000):
        world.ask(f"salary > {amount}", "ada")
    erase_ada(world, engine)
    # Whoever comes back is somebody else, with handles of their own; to what was told before, nothing is added.
    world.register(world.company.issue("ada-again", {"salary": "129000"}))
    told = [world.ask(f"salary > {amount}", "ada-again").index for amount in (125_000, 140_000)]
    assert replayed(world) == ([], 4)
    over = world.ask("salary > 130000", "ada-again").index
    assert told[-1] < over
    assert replayed(world) == ([(over, Blame.PROVIDER, "overrun")], 4)


def test_withdrawals_stay_for_everybody_to_see(world, engine):
    """Else a provider could name somebody erased, and go on answering under a consent that was taken back."""
    consent = world.company.consent("ada", purpose="tenancy")
    world.ask("salary > 100000", consent=consent)
    index = withdraw_consent(world, consent)
    erase_ada(world, engine)
    (logged,) = world.log.read(index, 1)
    assert not isinstance(logged, Tombstone)
    assert b64u(consent.digest) not in logged.body.decode()  # it stands there inside the signed word
    assert replayed(world) == ([], 2)
    with pytest.raises(ConsentWithdrawn):
        world.ask(consent=consent, source=Says(STALE))
    query = world.query(consent=consent)
    guilty = plant(world, UndeterminedEntry(query, world.log.size, "stale", None, consent.token))
    assert replayed(world) == ([(guilty, Blame.PROVIDER, "consent-withdrawn")], 2)


def test_an_answer_about_who_was_erased_should_have_gone_too(world, engine):
    query = world.query("salary > 100000", "ada")
    told = world.company.fetch(query)
    asked_at = world.log.size
    erase_ada(world, engine)
    assert replayed(world) == ([], 1)
    late = AnswerEntry(
        query, asked_at, told.credentials, told.answer, told.proof, "a.b.c", world.token(query), told.disclosed
    )
    index = plant(world, late)
    assert replayed(world) == ([(index, Blame.VERIFIER, "credential-erased")], 1)


def test_who_kept_a_consent_and_asks_again_is_declined_and_that_is_erased_on_asking(world, engine):
    first = erase_ada(world, engine)
    world.ask("salary > 100000", "ada", source=Says(Declined()))
    assert replayed(world) == ([], 1)
    again = erase_ada(world, engine)
    assert (first.counts, again.counts) == ({"credential": 1}, {"credential": 1, "declined": 1})
    assert len(again.indices) == 2
    assert replayed(world) == ([], 2)
