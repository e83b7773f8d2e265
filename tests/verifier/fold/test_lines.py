"""One person, one line of credentials: a provider cannot pick its answers from several values."""

from dataclasses import replace

import pytest

from verifier.audit.export import export_lines
from verifier.audit.replay import replay
from verifier.checking import check
from verifier.entries.kinds import FOLDED_KINDS, RevocationEntry, decode_logged
from verifier.entries.revocation import revoke
from verifier.errors import Blame, CredentialElsewhere, EntryError, RegistryError
from verifier.fold.registry import Registry

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ORIGIN = "verifier.example/log"


class From:
    """A prover that answers from a credential of its own choice."""

    def __init__(self, company, credential):
        self.company, self.credential = company, credential

    def fetch(self, query):
        return self.company.prove(query, self.credential)


@pytest.fixture
def second(world):
    """Another credential about ada, with another salary, that succeeds nothing."""
    credential = world.company.issue("ada/second", {"salary": "5"})
    world.register(credential)
    return credential


def clean(world):
    return replay(export_lines(world.log), trust=world.trust).failure is None


def test_two_lenders_cannot_be_told_two_values(world, people, second):
    first = world.ask(source=From(world.company, people["ada"]))
    assert first.checked.answer
    size = world.log.size
    for _ in range(2):
        with pytest.raises(CredentialElsewhere) as caught:
            world.ask(source=From(world.company, second), relying_party="second-bank")
    assert caught.value.blame is Blame.PROVIDER
    assert world.log.size == size
    assert world.ask(source=From(world.company, people["ada"])).checked.answer
    assert clean(world)


def test_whichever_answers_first_is_the_one(world, people, second):
    assert not world.ask(source=From(world.company, second)).checked.answer
    with pytest.raises(CredentialElsewhere):
        world.ask(source=From(world.company, people["ada"]))
    assert clean(world)


def test_a_credential_speaks_about_one_person(world, people):
    world.ask("salary > 100000", "ada")
    with pytest.raises(CredentialElsewhere):
        world.ask("salary > 100000", "bob", source=From(world.company, people["ada"]))
    assert not world.ask("salary > 100000", "bob").checked.answer
    newer = world.company.issue("ada/2", {"salary": "5"}, supersedes=people["ada"].id)
    world.register(newer)
    with pytest.raises(CredentialElsewhere):
        world.ask("salary > 4", "eve", source=From(world.company, newer))
    assert clean(world)


def test_a_successor_carries_on(world, people):
    assert world.ask().checked.answer
    previous = people["ada"]
    for number in range(3):
        newer = world.company.issue(f"ada/{number}", {"salary": str(number)}, supersedes=previous.id)
        world.register(newer)
        assert not world.ask().checked.answer
        previous = newer
    assert clean(world)


def test_a_line_does_not_fork(world, people):
    company, ada = world.company, people["ada"]
    world.register(company.issue("ada/low", {"salary": "5"}, supersedes=ada.id))
    size = len(world.registry)
    with pytest.raises(RegistryError, match="forks"):
        world.register(company.issue("ada/high", {"salary": "500000"}, supersedes=ada.id))
    assert len(world.registry) == size


def test_a_revoked_credential_may_be_succeeded_once(world, people):
    company, bob = world.company, people["bob"]
    word = revoke(provider=company.name, credential=bob.id, reason="erroneous", issued_at=world.now, key=company.key)
    end = world.publish(RevocationEntry(word.token))
    newer = company.issue("bob/2", {"salary": "7"}, supersedes=bob.id)
    world.register(newer)
    assert world.registry.credential(bob.id).ended_index == end
    with pytest.raises(RegistryError, match="forks"):
        world.register(company.issue("bob/3", {"salary": "8"}, supersedes=bob.id))
    assert clean(world)


def test_a_line_begun_after_the_last_question_may_take_over_for_good(world, people):
    """A person was erased and imported again: nothing links the two but the reference."""
    world.ask()
    again = world.company.issue("ada/again", {"salary": "5"})
    world.register(again)
    assert not world.ask(source=From(world.company, again)).checked.answer
    with pytest.raises(CredentialElsewhere):
        world.ask(source=From(world.company, people["ada"]))
    assert clean(world)


def test_two_subjects_who_share_a_reference_with_two_providers_are_two(world, people):
    """The binding is to provider and reference: lines.py hashes both, framed."""
    query = world.query()
    registered = world.registry.credential(people["ada"].id)
    world.ask()
    world.registry.require_lines(query, [registered])
    with pytest.raises(CredentialElsewhere):
        world.registry.require_lines(world.query(subject="ada "), [registered])
    with pytest.raises(CredentialElsewhere):
        world.registry.require_lines(world.query(provider="other-kyc"), [registered])


def test_it_is_decided_again_in_the_order_of_the_log(world, people, second):
    """Both answers pass their check before either is logged: the later one is taken back, and forgotten."""

    class Meanwhile:
        def fetch(self, query):
            told = world.company.prove(query, second)
            check(
                query, told, registry=world.registry, audience=ORIGIN, asked_at=world.log.size, now=world.now
            )  # so far nothing speaks against it
            world.ask(source=From(world.company, people["ada"]))
            return told

    with pytest.raises(CredentialElsewhere):
        world.ask(source=Meanwhile())
    assert world.ask(source=From(world.company, people["ada"])).checked.answer
    assert clean(world)


def test_what_was_not_committed_binds_nobody(world, people, second):
    def broken(_logged):
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - the test's own
        world.ask(record=broken, source=From(world.company, people["ada"]))
    assert not world.ask(source=From(world.company, second)).checked.answer


def test_a_restarted_service_remembers(world, people, second):
    world.ask(source=From(world.company, people["ada"]))
    restarted = Registry()
    for logged in world.log.read(0, kinds=FOLDED_KINDS):
        restarted.recall(logged)
    query = world.query()
    restarted.require_lines(query, [restarted.credential(people["ada"].id)])
    with pytest.raises(CredentialElsewhere):
        restarted.require_lines(query, [restarted.credential(second.id)])


def test_a_replay_finds_what_a_colluding_verifier_let_through(world, people, second):
    assert world.ask(source=From(world.company, people["ada"])).checked.answer
    blind = Registry()  # knows of no answers
    for logged in world.log.read(0, kinds=("provider", "schema", "credential")):
        blind.apply(logged.index, decode_logged(logged), logged.appended_at)
    world.registry = blind
    lie = world.ask(source=From(world.company, second))
    assert not lie.checked.answer
    report = replay(export_lines(world.log), trust=world.trust)
    assert (report.findings_count, report.failure.index) == (1, lie.index)
    assert (report.failure.blame, report.failure.code) == (Blame.PROVIDER, "credential-elsewhere")


@pytest.mark.parametrize("body", [b"{}", b"[]", b"nonsense", b'{"query":{},"credentials":5,"asked_at":1}'])
def test_a_restart_refuses_an_answer_that_is_none(world, body):
    logged = next(world.log.read(0, kinds=("provider",)))
    Registry().recall(logged)
    with pytest.raises((EntryError, RegistryError)):
        Registry().recall(replace(logged, kind="answer", body=body))
