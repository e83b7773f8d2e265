"""The check of a database: sound as the service leaves it, and every planted fault named with its table and entry."""

import sqlite3
from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import Text, cast, delete, func, insert, select, text, update

from api.audit.fsck import check, reading
from api.database import DatabaseRefused
from verifier.errors import Blame
from verifier.log.leaves import salted_leaf
from verifier.log.merkle import Frontier, leaf_hash
from verifier.log.note import Checkpoint, NoteSigner
from verifier.models import API_KEYS, CHECKPOINTS, COSIGNATURES, COUNTS, ENTRIES, NONCES, QUERIES, TILES
from verifier.soundness.fsck import fsck
from verifier.soundness.seals import Sealer
from verifier.witnesses.cosigning import Cosigner, Quorum, WitnessedVerifier

OTHER = bytes(32)
ERASED = 12
"""An answer about somebody who was erased."""
SKEY = bytes(range(32))


@pytest.fixture
def found(recorded, database, engine, signer):
    """Change the database by SQL, check it, and list what is found."""

    def make(*statements):
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(statement)
        return check(database, trust=recorded.trust, sealer=Sealer.of(signer))

    return make


def of_entry(index):
    return update(ENTRIES).where(ENTRIES.c.index == index)


def of_record(index):
    return update(QUERIES).where(QUERIES.c.entry_index == index)


def test_a_sound_database(recorded, found):
    told = found()
    assert (told.faults, told.faults_count, told.replayed, told.sealed) == ((), 0, True, True)
    assert (told.entries, told.answers, told.records, told.origin) == (recorded.log.size, 3, 6, recorded.trust.origin)


def test_the_reference_engine_agrees(recorded, engine):
    with engine.connect() as connection:
        assert fsck(connection, trust=recorded.trust, engine="reference").answers == 3


FAULTS = {
    "kind of what was erased": (of_entry(ERASED).values(kind="declined"), "log_entry", ERASED),
    "time of what was erased": (of_entry(ERASED).values(appended_at=ENTRIES.c.appended_at + 1), "log_entry", ERASED),
    "erased by none": (of_entry(ERASED).values(erased_by=1 << 61), "log_entry", ERASED),
    "erased by another": (of_entry(ERASED).values(erased_by=6), "log_entry", ERASED),
    "leaf of what was erased": (of_entry(ERASED).values(leaf=OTHER), "log_entry", ERASED),
    "seal of what was erased": (of_entry(ERASED).values(seal=None), "log_entry", ERASED),
    "seal of what was not": (of_entry(6).values(seal=OTHER), "log_entry", 6),
    "kind": (of_entry(6).values(kind="declined"), "log_entry", 6),
    "time": (of_entry(6).values(appended_at=7), "log_entry", 6),
    "leaf": (of_entry(6).values(leaf=OTHER), "log_entry", 6),
    "leaf too short": (of_entry(6).values(leaf=OTHER[:31]), "log_entry", 6),
    "salt": (of_entry(6).values(salt=OTHER), "log_entry", 6),
    "salt erased": (of_entry(6).values(salt=None), "log_entry", 6),
    "body": (of_entry(6).values(body=b"{}"), "log_entry", 6),
    "body that is no text": (of_entry(6).values(body=b"\xff"), "log_entry", 6),
    "body erased": (of_entry(6).values(body=None), "log_entry", 6),
    "entry missing": (delete(ENTRIES).where(ENTRIES.c.index == 6), "log_entry", 6),
    "first entry missing": (delete(ENTRIES).where(ENTRIES.c.index == 0), "log_entry", 0),
    "entry too many": (
        insert(ENTRIES).values(index=99, kind="declined", appended_at=1, leaf=OTHER, salt=OTHER, body=b"{}"),
        "log_entry",
        99,
    ),
    "tile": (update(TILES).values(hashes=OTHER * 11), "log_tile", 0),
    "tile missing": (delete(TILES), "log_tile", 0),
    "tile too many": (insert(TILES).values(level=1, number=0, hashes=OTHER), "log_tile", None),
    "tile that is a text": (update(TILES).values(hashes=TILES.c.hashes + OTHER), "log_tile", 0),
    "checkpoint gone": (delete(CHECKPOINTS), "log_checkpoint", None),
    "two checkpoints": (insert(CHECKPOINTS).values(origin="other", size=0, note="x"), "log_checkpoint", None),
    "size beside the note": (update(CHECKPOINTS).values(size=3), "log_checkpoint", None),
    "origin beside the note": (update(CHECKPOINTS).values(origin="x"), "log_checkpoint", None),
    "note": (update(CHECKPOINTS).values(note="x"), "log_checkpoint", None),
    "record of nothing": (of_record(5).values(entry_index=77), "query_record", 77),
    "record of a schema": (of_record(5).values(entry_index=1), "query_record", 1),
    "state": (of_record(5).values(state="declined"), "query_record", 5),
    "party": (of_record(5).values(relying_party="b"), "query_record", 5),
    "asked at": (of_record(5).values(created_at=1), "query_record", 5),
    "response": (of_record(5).values(response=b"{}"), "query_record", 5),
    "response gone": (of_record(5).values(response=None), "query_record", 5),
    "record gone": (delete(QUERIES).where(QUERIES.c.entry_index == 5), "query_record", 5),
    "record twice": (
        insert(QUERIES).values(
            id="x", relying_party="b", request_digest=OTHER, state="declined", created_at=1, entry_index=5
        ),
        "query_record",
        5,
    ),
    "idempotency key": (of_record(5).values(idempotency_key="other"), "query_record", 5),
    "idempotency key gone": (of_record(5).values(idempotency_key=None), "query_record", 5),
    "request": (of_record(5).values(request_digest=OTHER), "query_record", 5),
    "how long it took": (
        of_record(5).values(response=func.replace(cast(QUERIES.c.response, Text), '"prover":2', '"prover":3')),
        "query_record",
        5,
    ),
    "record without a seal": (of_record(5).values(seal=None), "query_record", 5),
    "owner of a key": (update(API_KEYS).where(API_KEYS.c.owner == "first-bank").values(owner="b"), "api_key", None),
    "what a key may do": (update(API_KEYS).values(scopes="audit issue query"), "api_key", None),
    "a revoked key that works again": (
        update(API_KEYS).where(API_KEYS.c.owner == "auditor").values(revoked_at=None),
        "api_key",
        None,
    ),
    "key gone": (delete(API_KEYS).where(API_KEYS.c.owner == "first-bank"), "api_key", None),
    "keys gone, and their number": (delete(COUNTS), "api_key", None),
    "key too many": (
        insert(API_KEYS).values(id="0", digest=OTHER, owner="b", scopes="audit", created_at=1),
        "api_key",
        None,
    ),
    "number of keys": (update(COUNTS).values(rows=3), "row_count", None),
    "cosignature": (update(COSIGNATURES).values(size=3), "log_cosignature", None),
    "cosigned note": (update(COSIGNATURES).values(note="x"), "log_cosignature", None),
    "cosignature that is none": (update(COSIGNATURES).values(line="x"), "log_cosignature", None),
    "cosignature that is no text": (
        update(COSIGNATURES).values(line=text("CAST(x'f0' AS TEXT)")),
        "log_cosignature",
        None,
    ),
    "witness": (update(COSIGNATURES).values(witness="x"), "log_cosignature", None),
    "nonce": (update(NONCES).values(nonce="b"), "request_nonce", None),
    "response to a no": (update(QUERIES).where(QUERIES.c.state == "declined").values(response=b"x"), "query_record", 9),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_every_fault_is_named(found, name):
    statement, table, index = FAULTS[name]
    told = found(statement)
    assert (told.faults[0].table, told.faults[0].index) == (table, index)
    assert told.faults[0].blame is Blame.LOG


def test_one_fault_is_one_finding(found):
    told = found(of_entry(6).values(leaf=OTHER))
    assert [str(each) for each in told.faults] == [
        "log_entry, entry 6: its leaf is not that of its body (blame: log operator)"
    ]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_answer_is_not_believed_because_the_tables_agree(recorded, found, engine):
    """Rewritten everywhere, and signed with the log's own key: the proof tells."""
    with engine.connect().execution_options(reading=True) as connection:
        rows = connection.execute(select(ENTRIES.c.salt, ENTRIES.c.leaf, ENTRIES.c.body)).all()
    forged = bytes(rows[6].body).replace(b'"answer":"no"', b'"answer":"yes"', 1)
    leaf = salted_leaf(bytes(rows[6].salt), forged)
    leaves = [leaf_hash(leaf if index == 6 else bytes(row.leaf)) for index, row in enumerate(rows)]
    tree = Frontier()
    for each in leaves:
        tree.append(each)
    note = Checkpoint(recorded.trust.origin, tree.size, tree.root()).sign(NoteSigner(recorded.trust.origin, SKEY))
    told = found(
        of_entry(6).values(body=forged, leaf=leaf),
        update(TILES).values(hashes=b"".join(leaves)),
        update(CHECKPOINTS).values(note=note),
    )
    assert [(each.table, each.index, each.blame) for each in told.faults] == [
        ("log_entry", 6, Blame.PROVIDER),
        ("query_record", 6, Blame.LOG),
    ]


def test_pinned_witnesses_are_not_asked_for(recorded, database, signer):
    """They cosign what has been written: what a database holds last, nobody may have cosigned yet."""
    quorum = Quorum((Cosigner("witness.example/w2", bytes(31) + b"2").verifier,), 1)
    pins = replace(recorded.trust, log=WitnessedVerifier(signer.name, signer.verifier.public, quorum))
    assert check(database, trust=pins, sealer=Sealer.of(signer)).faults == ()


def test_a_foreign_log_is_not_ours(recorded, database):
    told = check(database, trust=replace(recorded.trust, log=NoteSigner(recorded.trust.origin, bytes(32)).verifier))
    assert [each.table for each in told.faults] == ["log_checkpoint", "log_cosignature"]
    assert not told.replayed
    assert told.entries == recorded.log.size


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_without_the_logs_key_seals_are_not_verified(recorded, database, found):
    assert found(of_record(5).values(idempotency_key="other")).faults_count == 1
    told = check(database, trust=recorded.trust)
    assert (told.faults, told.sealed) == ((), False)


def test_another_secret_sealed_nothing_here(recorded, database):
    told = check(database, trust=recorded.trust, sealer=Sealer(bytes(32)))
    tables = Counter(each.table for each in told.faults)
    assert tables == {"log_entry": 2, "query_record": 6, "api_key": 2, "request_nonce": 1, "row_count": 1}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_older_copy_is_told_by_a_checkpoint_that_was_kept(recorded, database, tmp_path, signer):
    with sqlite3.connect(database.removeprefix("sqlite:///")) as now, sqlite3.connect(tmp_path / "old") as old:
        now.backup(old)
    recorded.publish(recorded.company.entry(name="Acme"))
    kept, sealer = recorded.log.note, Sealer.of(signer)
    assert check(database, trust=recorded.trust, sealer=sealer, since=kept).faults == ()
    copy = f"sqlite:///{tmp_path / 'old'}"
    assert check(copy, trust=recorded.trust, sealer=sealer).faults == ()
    told = check(copy, trust=recorded.trust, sealer=sealer, since=kept)
    assert [each.what for each in told.faults] == ["the log shrank from 16 to 15 entries"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_nothing_is_written(recorded, database):
    with reading(database) as connection, pytest.raises(Exception, match="readonly"):
        connection.execute(delete(TILES))
    assert check(database, trust=recorded.trust).faults == ()


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all", "sqlite://", "nonsense", "mysql://x/y"])
def test_a_database_that_is_none(url):
    with pytest.raises(DatabaseRefused), reading(url):
        pass
