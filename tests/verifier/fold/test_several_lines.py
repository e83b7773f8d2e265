"""An answer from several credentials binds each of their lines, and all of them or none."""

import copy
from dataclasses import replace

import pytest

from verifier.audit.export import export_lines
from verifier.audit.replay import replay
from verifier.checking import check
from verifier.entries.kinds import FOLDED_KINDS, decode_logged
from verifier.errors import Blame, CredentialElsewhere, EntryError, RegistryError
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


def test_to_mix_is_to_give_away(world, people, payslips, schemas):
    """Nothing says whose a credential is until it has answered; then it is that person's, under every question."""
    company = world.company
    assert world.ask(BOTH, "bob", schemas=schemas, source=From(company, payslips["ada"], people["bob"])).checked.answer
    for question, under in ((BOTH, schemas), ("monthly_pay > 4000", schemas[:1])):
        with pytest.raises(CredentialElsewhere):
            world.ask(question, "ada", schemas=under)
    with pytest.raises(CredentialElsewhere):
        world.ask(BOTH, "bob", schemas=schemas)  # from bob's own payslip, which says less
    assert world.ask('country == "US"', "ada").checked.answer
    assert clean(world)


@pytest.mark.parametrize("place", [0, 1])
def test_no_other_value_under_either_schema(world, people, payslips, schemas, place):
    values = ({"monthly_pay": "1"}, {"country": "CA"})[place]
    second = world.company.issue("zoe/second", values, schema=schemas[place])
    world.register(second)
    chosen = [payslips["ada"], people["ada"]]
    chosen[place] = second
    assert world.ask(BOTH, schemas=schemas).checked.answer
    with pytest.raises(CredentialElsewhere):
        world.ask(BOTH, schemas=schemas, source=From(world.company, *chosen))
    alone = ("monthly_pay < 2", 'country == "CA"')[place]
    with pytest.raises(CredentialElsewhere):
        world.ask(alone, schemas=schemas[place : place + 1], source=From(world.company, second))
    assert clean(world)


def test_lines_bound_one_by_one_and_together_are_the_same(world, people, payslips, schemas):
    world.ask("monthly_pay > 1", schemas=schemas[:1])
    world.ask('country == "US"')
    assert world.ask(BOTH, schemas=schemas).checked.answer
    with pytest.raises(CredentialElsewhere):
        world.ask(BOTH, "bob", schemas=schemas, source=From(world.company, payslips["ada"], people["bob"]))
    assert clean(world)


def lines_of(registry):
    return copy.deepcopy(
        (registry._lines._starts, registry._lines._newest, registry._lines._subject_of, registry._lines._line_of)
    )


def test_what_was_not_committed_binds_neither_line(world, people, payslips, schemas):
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
    world.ask(BOTH, "eve", schemas=schemas, source=From(world.company, payslips["bob"], people["eve"]))


def test_taking_an_answer_back_leaves_everything_as_it_was(world, schemas):
    """Also where both credentials are of one line, which no appraisal lets through."""
    entry = decode_logged(world.log.entry(world.ask(BOTH, schemas=schemas).index))
    fresh = Registry()
    for logged in world.log.read(0, kinds=("provider", "schema", "credential")):
        fresh.recall(logged)
    before = lines_of(fresh)
    for credentials in (entry.credentials, entry.credentials[:1] * 2):
        undo = fresh.enter(99, fresh.admit(replace(entry, credentials=credentials)), world.now)
        assert lines_of(fresh) != before
        undo()
        assert lines_of(fresh) == before


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


def test_a_restart_refuses_an_answer_with_a_credential_too_few(world, schemas):
    logged = world.log.entry(world.ask(BOTH, schemas=schemas).index)
    Registry().recall(logged)
    entry = decode_logged(logged)
    first, second = entry.credentials
    body = logged.body.replace(f'["{first}","{second}"]'.encode(), f'["{first}"]'.encode())
    assert body != logged.body
    with pytest.raises((EntryError, RegistryError)):
        Registry().recall(replace(logged, body=body))
    with pytest.raises(RegistryError):
        Registry().apply(logged.index, replace(entry, credentials=(first,)), world.now)


def test_it_is_decided_again_in_the_order_of_the_log(world, people, payslips, schemas):
    class Meanwhile:
        def fetch(self, query):
            told = world.company.prove(query, payslips["ada"], people["bob"])
            check(query, told, registry=world.registry, audience=ORIGIN, asked_at=world.log.size, now=world.now)
            world.ask(BOTH, "ada", schemas=schemas)
            return told

    before = world.log.size
    with pytest.raises(CredentialElsewhere):
        world.ask(BOTH, "bob", schemas=schemas, source=Meanwhile())
    assert world.log.size == before + 1
    assert clean(world)


def test_a_replay_finds_what_a_colluding_verifier_let_through(world, people, payslips, schemas):
    world.ask(BOTH, schemas=schemas)
    blind = Registry()  # knows of no answers
    for logged in world.log.read(0, kinds=("provider", "schema", "credential")):
        blind.apply(logged.index, decode_logged(logged), logged.appended_at)
    world.registry = blind
    lie = world.ask(BOTH, "bob", schemas=schemas, source=From(world.company, payslips["ada"], people["bob"]))
    report = replay(export_lines(world.log), trust=world.trust)
    assert (report.findings_count, report.failure.index) == (1, lie.index)
    assert (report.failure.blame, report.failure.code) == (Blame.PROVIDER, "credential-elsewhere")
