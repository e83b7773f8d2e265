"""Registration: in the log and in the registry, or in neither; again is harmless."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event

from circuits.attributes import Schema
from circuits.jws import SigningKey
from verifier.entries.kinds import REGISTRY_KINDS, CredentialEntry, SchemaEntry, decode_logged
from verifier.errors import AlreadyRegistered, LogUnavailable, RegistryError
from verifier.fold.registry import Registry
from verifier.publishing import Published, publish, publish_all

NOW = 1_795_000_000


def test_again_is_harmless(world, people):
    size = world.log.size
    for entry, index in (
        (world.company.entry(), 0),
        (SchemaEntry(world.company.name, world.company.schema), 1),
        (CredentialEntry(people["ada"].token), 2),
    ):
        assert publish(entry, log=world.log, registry=world.registry, now=NOW) == Published(index, new=False)
    assert world.log.size == size


def test_one_refusal_does_not_hinder_the_others(world):
    good = [world.company.issue(f"n{i}", {"salary": "1"}) for i in range(3)]
    bad = world.company.issue("bad", {"salary": "1"}, key=SigningKey(bytes(32)))
    entries = [CredentialEntry(credential.token) for credential in (good[0], bad, good[1], good[1], good[2])]
    outcomes = publish_all(entries, log=world.log, registry=world.registry, now=NOW)
    assert [type(outcome) for outcome in outcomes] == [Published, RegistryError, Published, Published, Published]
    assert [outcomes[place].index for place in (0, 2, 3, 4)] == [5, 6, 6, 7]
    assert not outcomes[3].new
    assert len(world.registry) == 6
    with pytest.raises(RegistryError):
        publish(entries[1], log=world.log, registry=world.registry, now=NOW)


def test_the_same_from_many_at_once_is_logged_once(world):
    credential = world.company.issue("new", {"salary": "1"})
    with ThreadPoolExecutor(8) as pool:
        published = list(pool.map(lambda _i: world.register(credential), range(16)))
    assert set(published) == {5}
    assert world.log.size == 6


def test_what_another_process_has_just_logged_is_known(world, open_log):
    other = Registry()
    second = open_log(observer=other.recall)
    for logged in second.read(0, kinds=REGISTRY_KINDS):
        other.recall(logged)
    later = Schema.from_json({**world.company.schema.to_json(), "schema": "later"})
    world.publish(SchemaEntry(world.company.name, later))
    credential = world.company.issue("new", {"salary": "1"}, schema=later)
    published = publish(CredentialEntry(credential.token), log=second, registry=other, now=NOW)
    assert published == Published(second.size - 1, new=True)


def test_a_registry_folded_from_the_log_is_the_same(world, people):
    newer = world.company.issue("ada/2", {"salary": "1"}, supersedes=people["ada"].id)
    world.register(newer)
    world.ask("salary > 1", "ada")
    folded = Registry()
    for logged in world.log.read(0, kinds=REGISTRY_KINDS):
        folded.apply(logged.index, decode_logged(logged), logged.appended_at, trusted=True)
    for credential in (*people.values(), newer):
        assert folded.credential(credential.id) == world.registry.credential(credential.id)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_could_not_be_committed_is_not_registered(world, engine):
    credentials = [world.company.issue(f"n{i}", {"salary": "1"}) for i in range(40)]
    full = True

    @event.listens_for(engine, "begin")
    def cap(connection):
        connection.exec_driver_sql(f"PRAGMA max_page_count={1 if full else 1_073_741_823}")

    entries = [CredentialEntry(credential.token) for credential in credentials]
    with pytest.raises(LogUnavailable):
        publish_all(entries, log=world.log, registry=world.registry, now=NOW)
    stored = len(world.registry)
    assert world.log.size == stored + 2
    full = False
    outcomes = publish_all(entries, log=world.log, registry=world.registry, now=NOW)
    assert all(isinstance(outcome, Published) for outcome in outcomes)
    assert len(world.registry) == 43
    assert world.log.size == 45
    for credential in credentials:
        assert world.registry.credential(credential.id).credential == credential


def test_two_verifiers_on_one_database_share_one_registry(world, open_log, engine):
    other = Registry()

    def follow(logged):
        other.apply(logged.index, decode_logged(logged), logged.appended_at, trusted=True)

    log = open_log(over=engine, observer=follow)
    for logged in log.read(0):
        follow(logged)
    credential = world.company.issue("new", {"salary": "1"})
    index = world.register(credential)
    outcome = publish(CredentialEntry(credential.token), log=log, registry=other, now=NOW)
    assert outcome == Published(index, new=False)
    assert other.credential(credential.id).credential == credential


def test_known_says_where():
    known = AlreadyRegistered("the credential", 7)
    assert known.index == 7
    assert "entry 7" in str(known)
