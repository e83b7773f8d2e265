"""A person is erased whole, at their provider's word; the log, and what it says of everybody else, stays."""

import threading
from dataclasses import replace

import pytest
from sqlalchemy import select

from circuits.erasure import sign_erasure
from circuits.jws import SigningKey
from verifier.answered import Declined, Undetermined
from verifier.audit.export import export_lines
from verifier.audit.replay import replay
from verifier.entries.kinds import FOLDED_KINDS, CredentialEntry, RevocationEntry, SchemaEntry
from verifier.entries.revocation import revoke
from verifier.erasing import erase
from verifier.errors import BodyErased, CredentialErased, LogUnavailable, RegistryError
from verifier.fold.registry import Registry
from verifier.log.leaves import LoggedEntry, Tombstone
from verifier.models import QUERIES

from .conftest import NOW, SEALER, Company, Says, record_of


def word(company, *credentials, key=None):
    return sign_erasure(
        provider=company.name,
        credentials=[each.id for each in credentials],
        issued_at=NOW,
        key=key or company.key,
    ).token


def do_erase(world, engine, *credentials, subject="ada", token=None):
    return erase(
        token or word(world.company, *credentials),
        handles=[world.company.handle(subject, "first-bank")],
        engine=engine,
        log=world.log,
        registry=world.registry,
        sealer=SEALER,
        now=world.now,
    )


def gone(world):
    return [each.index for each in world.log.read(0) if isinstance(each, Tombstone)]


def folded(log):
    registry = Registry()
    for logged in log.read(0, kinds=FOLDED_KINDS):
        registry.recall(logged)
    return registry


def state(registry):
    lines = registry._lines
    return (
        registry._tokens._rows,
        registry._erased,
        registry._erasures,
        *(getattr(lines, name) for name in lines.__dict__),
    )


def replayed(world):
    return replay(export_lines(world.log), trust=world.trust)


@pytest.fixture
def asked(world, people, company):
    """Ada's salary changed and somebody revoked the newer credential; she and bob were asked about."""
    record_of(world, "salary > 100000", "ada")
    record_of(world, "salary > 100000", "bob")
    newer = company.issue("ada/2", {"salary": "130000", "date_of_birth": "1990-02-28"}, supersedes=people["ada"].id)
    world.register(newer)
    record_of(world, "salary > 120000", "ada")
    signed = revoke(provider=company.name, credential=newer.id, reason="erroneous", issued_at=NOW, key=company.key)
    world.publish(RevocationEntry(signed.token))
    record_of(world, source=Says(Undetermined("stale", None)))
    record_of(world, source=Says(Declined()))
    record_of(world, "salary > 1", "bob")
    return people["ada"], newer


def test_a_person_goes_whole_and_the_rest_stays(asked, world, engine):
    root = world.log.checkpoint().root
    assert replayed(world).failure is None
    told = do_erase(world, engine, *asked)
    assert told.indices == (world.log.size - 1,)
    assert told.counts == {"answer": 2, "credential": 2, "declined": 1, "revocation": 1, "undetermined": 1}
    assert gone(world) == [2, 5, 7, 8, 9, 10, 11]
    report = replayed(world)
    assert report.findings == ()
    assert (report.erased, report.answers, report.erased_on) == (7, 2, {"2026-11-18": 7})
    assert world.log.checkpoint().root != root
    assert state(folded(world.log)) == state(world.registry)
    record_of(world, "salary > 50000", "bob")
    assert replayed(world).failure is None


def test_records_of_the_questions_say_that_there_was_one(asked, world, engine):
    do_erase(world, engine, *asked)
    with engine.connect().execution_options(reading=True) as connection:
        rows = connection.execute(select(QUERIES).order_by(QUERIES.c.entry_index)).mappings().all()
    states = [(row["entry_index"], row["state"], row["response"] is None) for row in rows]
    assert states == [
        (5, "erased", True),
        (6, "answered", False),
        (8, "erased", True),
        (10, "erased", True),
        (11, "erased", True),
        (12, "answered", False),
    ]
    for row in rows:
        SEALER.verify("query_record", dict(row))


def test_again_is_harmless_and_takes_what_has_come_since(asked, world, engine):
    first = do_erase(world, engine, *asked)
    size = world.log.size
    assert do_erase(world, engine, *asked) == first
    assert world.log.size == size
    record_of(world, source=Says(Declined()))
    second = do_erase(world, engine, *asked)
    assert second.indices == (*first.indices, size + 1)
    assert second.counts["declined"] == 2
    assert replayed(world).failure is None
    assert state(folded(world.log)) == state(world.registry)


def test_many_entries_take_several_erasures(asked, world, engine, monkeypatch):
    monkeypatch.setattr("verifier.erasing.MOST_ENTRIES", 3)
    told = do_erase(world, engine, *asked)
    assert len(told.indices) == 3
    assert sum(told.counts.values()) == 7
    assert replayed(world).failure is None
    assert state(folded(world.log)) == state(world.registry)


def test_an_erased_entry_has_no_body_and_keeps_its_inclusion(asked, world, engine):
    index, size = 5, world.log.size
    before = world.log.entry(index)
    path = world.log.inclusion(index, size)
    do_erase(world, engine, *asked)
    with pytest.raises(BodyErased):
        world.log.entry(index)
    (left,) = world.log.read(index, 1)
    assert left.leaf_hash == before.leaf_hash
    assert world.log.inclusion(index, size) == path
    assert isinstance(world.log.entry(6), LoggedEntry)


def test_an_erased_credential_does_not_come_back(asked, world, engine):
    do_erase(world, engine, *asked)
    for credential in asked:
        with pytest.raises(RegistryError, match="erased"):
            world.publish(CredentialEntry(credential.token))


def test_one_under_way_is_refused_when_it_arrives(world, people, engine):
    late = people["ada"]
    on_its_way = world.company.issue("ada/9", {"salary": "1"}, supersedes=late.id)
    do_erase(world, engine, late, on_its_way)
    with pytest.raises(RegistryError, match="erased"):
        world.register(on_its_way)


def test_a_line_may_begin_anew(asked, world, company, engine):
    do_erase(world, engine, *asked)
    again = company.issue("ada/again", {"salary": "140000"})
    world.register(again)
    record_of(world, "salary > 135000", "ada")
    assert replayed(world).failure is None
    do_erase(world, engine, again)
    assert replayed(world).failure is None
    assert state(folded(world.log)) == state(world.registry)


REFUSED = {
    "half a line": (lambda world, _ada, newer: word(world.company, newer), "ada", "name all of them"),
    "the other half": (lambda world, ada, _newer: word(world.company, ada), "ada", "name all of them"),
    "somebody else's": (lambda world, ada, newer: word(world.company, ada, newer), "bob", "not one person's"),
    "two people at once": (
        lambda world, ada, newer: word(world.company, ada, newer, world.company.subjects["bob"]),
        "ada",
        "not one person's",
    ),
    "another key": (
        lambda world, ada, newer: word(world.company, ada, newer, key=SigningKey(bytes(31) + b"\x09")),
        "ada",
        "Signature",
    ),
    "a provider that is not registered": (
        lambda _world, ada, newer: word(Company("other-kyc"), ada, newer),
        "ada",
        "no such provider",
    ),
    "a credential in its place": (lambda _world, ada, _newer: ada.token, "ada", "type"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses(name, asked, world, engine):
    make, subject, reason = REFUSED[name]
    size = world.log.size
    with pytest.raises(RegistryError, match=reason):
        do_erase(world, engine, token=make(world, *asked), subject=subject)
    assert world.log.size == size
    assert gone(world) == []
    do_erase(world, engine, *asked)


def test_refuses_another_providers_people(asked, world, engine):
    rival = Company("rival-kyc", SigningKey(bytes(31) + b"\x07"), subjects={})
    world.publish(rival.entry())
    world.publish(SchemaEntry(rival.name, rival.schema))
    theirs = rival.issue("carol", {"salary": "1"})
    world.register(theirs)
    for mine in (asked, (theirs, *asked)):
        with pytest.raises(RegistryError, match="another provider's"):
            do_erase(world, engine, token=word(rival, *mine))
    assert gone(world) == []
    assert do_erase(world, engine, token=word(rival, theirs), subject="carol").counts == {"credential": 1}
    assert gone(world) == [world.log.size - 2]


def test_tells_another_provider_nothing_of_what_was_erased(asked, world, engine):
    rival = Company("rival-kyc", SigningKey(bytes(31) + b"\x07"), subjects={})
    world.publish(rival.entry())
    own = do_erase(world, engine, *asked)
    size = world.log.size
    with pytest.raises(RegistryError, match="another provider's"):  # as before it was erased
        do_erase(world, engine, token=word(rival, *asked))
    assert world.log.size == size
    assert do_erase(world, engine, *asked) == own


def test_what_was_erased_at_several_words_is_told_together(asked, world, company, engine):
    first = do_erase(world, engine, *asked)
    again = company.issue("ada/again", {"salary": "140000"})
    world.register(again)
    second = do_erase(world, engine, again)
    assert do_erase(world, engine, *asked, again).indices == (*first.indices, *second.indices)


def test_all_schemas_of_a_person_are_one_person(world, pairs, schemas, engine):
    world.ask("monthly_pay > 4000 && age(date_of_birth) >= 18", "ada", schemas=schemas)
    with pytest.raises(RegistryError, match="name all"):
        do_erase(world, engine, pairs["ada"][0])
    do_erase(world, engine, *pairs["ada"])
    assert replayed(world).failure is None


@pytest.mark.parametrize("response", ["answer", "stale"])
def test_what_is_under_way_is_not_logged_afterwards(response, world, people, engine):
    bob, company = people["bob"], world.company

    class Slow:
        def fetch(self, query):
            found = company.fetch(query) if response == "answer" else Undetermined("stale", None)
            do_erase(world, engine, bob, subject="bob")
            return found

    with pytest.raises(CredentialErased):
        world.ask("salary > 2", "bob", source=Slow())
    assert [each.kind for each in world.log.read(5)] == ["erasure"]
    assert replayed(world).failure is None


def test_an_answer_that_was_checked_before_and_is_logged_after_is_refused(world, people, engine, monkeypatch):
    checked, go_on = threading.Event(), threading.Event()
    real = world.log.append

    def held(build):
        checked.set()
        go_on.wait(10)
        return real(build)

    raised = []

    def ask():
        try:
            world.ask("salary > 2", "bob")
        except CredentialErased as error:
            raised.append(error)

    with monkeypatch.context() as patch:
        patch.setattr(world.log, "append", held)
        asking = threading.Thread(target=ask)
        asking.start()
        checked.wait(10)
    do_erase(world, engine, people["bob"], subject="bob")
    go_on.set()
    asking.join()
    assert len(raised) == 1
    assert [each.kind for each in world.log.read(5)] == ["erasure"]


def test_another_process_forgets_as_well(asked, world, open_log, engine):
    other = folded(world.log)
    second = open_log(observer=other.recall)
    do_erase(world, engine, *asked)
    second.caught_up()
    assert state(other) == state(world.registry)
    beside = replace(world, log=second, registry=other)
    size = world.log.size
    assert do_erase(beside, engine, *asked).indices == (size - 1,)
    assert second.size == size


def test_what_another_process_has_just_logged_is_erased_too(world, people, open_log, engine):
    other = folded(world.log)
    second = replace(world, log=open_log(observer=other.recall), registry=other)
    second.ask("salary > 5", "ada")
    told = do_erase(world, engine, people["ada"])
    assert told.counts == {"answer": 1, "credential": 1}


def test_a_commit_that_fails_erases_nothing(asked, world, engine, monkeypatch):
    before = state(folded(world.log))

    def broken(*_arguments):
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr("verifier.log.store.write", broken)
        with pytest.raises(LogUnavailable):
            do_erase(world, engine, *asked)
    assert gone(world) == []
    assert state(world.registry) == before
    do_erase(world, engine, *asked)
    assert state(folded(world.log)) == state(world.registry)
