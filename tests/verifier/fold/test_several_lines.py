"""An answer from several credentials is from one person's."""

import copy

import pytest

from verifier.audit.export import export_lines
from verifier.audit.replay import replay
from verifier.entries.kinds import FOLDED_KINDS, decode_logged
from verifier.errors import Blame, CredentialElsewhere
from verifier.fold.registry import Registry

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ORIGIN = "verifier.example/log"
BOTH = 'monthly_pay > 4000 && country == "US"'


class From:
    """A prover that answers from credentials of its own choice."""

    def __init__(self, company, *credentials):
        self.company, self.credentials = company, credentials

    def fetch(self, query):
        return self.company.prove(query, *self.credentials)


def clean(world):
    return replay(export_lines(world.log), trust=world.trust).failure is None


def test_one_that_speaks_about_someone_else_is_refused(world, people, payslips, schemas):
    world.ask(BOTH, "ada", schemas=schemas)
    size = world.log.size
    for mixed in ((payslips["ada"], people["bob"]), (payslips["bob"], people["ada"])):
        with pytest.raises(CredentialElsewhere) as caught:
            world.ask(BOTH, "bob", schemas=schemas, source=From(world.company, *mixed))
        assert caught.value.blame is Blame.PROVIDER
    assert world.log.size == size
    assert not world.ask(BOTH, "bob", schemas=schemas).checked.answer
    assert clean(world)


def test_nobodys_credentials_are_mixed(world, people, payslips, schemas):
    """Whose a credential is stands in it, before anybody has asked."""
    company = world.company
    for mixed in ((payslips["ada"], people["bob"]), (payslips["bob"], people["ada"])):
        with pytest.raises(CredentialElsewhere):
            world.ask(BOTH, "eve", schemas=schemas, source=From(company, *mixed))
    assert world.ask(BOTH, "ada", schemas=schemas).checked.answer
    assert clean(world)


def test_bound_by_one_schema_and_by_several_is_the_same(world, people, payslips, schemas):
    world.ask("monthly_pay > 1", schemas=schemas[:1])
    assert world.ask(BOTH, schemas=schemas).checked.answer
    pair = (payslips["bob"], people["bob"])
    with pytest.raises(CredentialElsewhere):
        world.ask(BOTH, schemas=schemas, source=From(world.company, *pair))
    assert clean(world)


def lines_of(registry):
    return copy.deepcopy(vars(registry._lines))


def test_what_was_not_committed_binds_nobody(world, schemas):
    def broken(_logged):
        raise OSError

    before = lines_of(world.registry)
    logged = world.ask(BOTH, schemas=schemas)
    after = lines_of(world.registry)
    assert after != before
    undo = world.registry.enter(
        logged.index + 1, world.registry.admit(decode_logged(world.log.entry(logged.index))), world.now
    )
    undo()
    assert lines_of(world.registry) == after
    with pytest.raises(OSError):  # noqa: PT011 - the test's own
        world.ask(BOTH, "bob", schemas=schemas, record=broken)
    assert lines_of(world.registry) == after
    assert not world.ask(BOTH, "bob", schemas=schemas).checked.answer


def test_a_restart_binds_what_the_log_had_bound(world, people, payslips, schemas):
    world.ask(BOTH, schemas=schemas)
    world.ask(BOTH, "bob", schemas=schemas)
    world.ask('country == "US"', "eve")
    world.register(world.company.issue("bob/2", {"country": "CA"}, supersedes=people["bob"].id))
    world.ask(BOTH, "bob", schemas=schemas)
    applied, recalled = Registry(), Registry()
    for logged in world.log.read(0, kinds=FOLDED_KINDS):
        applied.apply(logged.index, decode_logged(logged), logged.appended_at)
        recalled.recall(logged)
    assert lines_of(recalled) == lines_of(applied) == lines_of(world.registry)
    held = [recalled.credential(each.id) for each in (payslips["ada"], people["ada"])]
    recalled.require_lines(world.query(BOTH, schemas=schemas), held)
    with pytest.raises(CredentialElsewhere):
        recalled.require_lines(world.query(BOTH, "bob", schemas=schemas), held)


def test_a_replay_finds_what_a_colluding_verifier_let_through(world, people, payslips, schemas):
    world.ask(BOTH, schemas=schemas)
    blind = Registry()  # knows of no answers
    for logged in world.log.read(0, kinds=("provider", "schema", "credential")):
        blind.apply(logged.index, decode_logged(logged), logged.appended_at)
    world.registry = blind
    lie = world.ask(BOTH, "bob", schemas=schemas, source=From(world.company, payslips["ada"], people["ada"]))
    report = replay(export_lines(world.log), trust=world.trust)
    assert (report.findings_count, report.failure.index) == (1, lie.index)
    assert (report.failure.blame, report.failure.code) == (Blame.PROVIDER, "credential-elsewhere")
