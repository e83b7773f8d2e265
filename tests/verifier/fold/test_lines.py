"""One person, one line of credentials: a provider cannot pick its answers from several values."""

from dataclasses import replace

import pytest

from circuits.encoding import b64u
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
    """A credential of somebody whom nobody was asked about."""
    credential = world.company.issue("zoe", {"salary": "5"})
    world.register(credential)
    return credential


def clean(world):
    return replay(export_lines(world.log), trust=world.trust).failure is None


@pytest.mark.parametrize("supersedes", [None, "bob", "nobody"])
def test_a_second_credential_of_a_person_succeeds_the_first_or_is_none(world, people, supersedes):
    """Otherwise a provider could tell each lender the value that suits it."""
    size = world.log.size
    before = {None: None, "bob": people["bob"].id, "nobody": b64u(bytes(16))}[supersedes]
    with pytest.raises(RegistryError):
        world.register(world.company.issue("ada/second", {"salary": "5"}, supersedes=before))
    assert world.log.size == size
    assert world.registry.ended_index(people["bob"].id) is None
    world.register(world.company.issue("ada/second", {"salary": "5"}, supersedes=people["ada"].id))
    assert clean(world)


def test_nobody_succeeds_somebody_else(world, people):
    with pytest.raises(RegistryError, match="somebody else"):
        world.register(world.company.issue("zoe", {"salary": "5"}, supersedes=people["bob"].id))
    assert world.registry.ended_index(people["bob"].id) is None


def test_a_person_has_a_line_under_each_schema(world, people, payslips, company, schemas):
    """A credential under a new schema may take the place of one under another, of the same person only."""
    newer = company.issue("ada/pay/2", {"monthly_pay": "1"}, schema=schemas[0], supersedes=payslips["ada"].id)
    world.register(newer)
    with pytest.raises(RegistryError, match="forks"):
        world.register(company.issue("ada/pay/3", {"monthly_pay": "2"}, schema=schemas[0], supersedes=people["ada"].id))
    zoe = company.issue("zoe", {"salary": "5"})
    world.register(zoe)
    world.register(company.issue("zoe/pay", {"monthly_pay": "5"}, schema=schemas[0], supersedes=zoe.id))
    assert clean(world)


def test_a_handle_is_one_persons(world, people, second):
    assert world.ask(source=From(world.company, people["ada"])).checked.answer
    size = world.log.size
    for _ in range(2):
        with pytest.raises(CredentialElsewhere) as caught:
            world.ask(source=From(world.company, second))
    assert caught.value.blame is Blame.PROVIDER
    assert world.log.size == size
    assert world.ask(source=From(world.company, people["ada"])).checked.answer
    assert clean(world)


def test_a_person_has_one_handle_for_a_relying_party(world, people):
    """Of two handles only the first counts; that of another relying party is another one."""
    company = world.company
    world.ask(source=From(company, people["ada"]))
    with pytest.raises(CredentialElsewhere):
        world.ask(consent=company.consent("zoe"), source=From(company, people["ada"]))
    world.ask(relying_party="second-bank", source=From(company, people["ada"]))
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


def test_it_is_decided_again_in_the_order_of_the_log(world, people, second):
    """Both answers pass their check before either is logged: the later one is taken back, and forgotten."""

    class Meanwhile:
        def fetch(self, query):
            told = world.company.prove(query, second)
            check(
                query,
                told,
                consent=world.token(query),
                registry=world.registry,
                audience=ORIGIN,
                asked_at=world.log.size,
                now=world.now,
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


@pytest.mark.parametrize("body", [b"{}", b"[]", b"nonsense", b'{"query":{},"credentials":5,"consent":1}'])
def test_a_restart_refuses_an_answer_that_is_none(world, body):
    logged = next(world.log.read(0, kinds=("provider",)))
    Registry().recall(logged)
    with pytest.raises((EntryError, RegistryError)):
        Registry().recall(replace(logged, kind="answer", body=body))
