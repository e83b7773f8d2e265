"""The check of a database: sound as the service leaves it, and every planted fault named with its table and entry."""

import pytest
from sqlalchemy import delete, insert, select, update

from api.audit.fsck import check, reading
from api.database import DatabaseRefused
from verifier.errors import Blame
from verifier.fsck import fsck
from verifier.leaves import salted_leaf
from verifier.merkle import Frontier, leaf_hash
from verifier.models import CHECKPOINTS, ENTRIES, QUERIES, TILES
from verifier.note import Checkpoint, NoteSigner

OTHER = bytes(32)
SKEY = bytes(range(32))


@pytest.fixture
def found(recorded, database, engine):
    """Change the database by SQL, check it, and list what is found."""

    def make(*statements):
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(statement)
        return check(database, trust=recorded.trust)

    return make


def of_entry(index):
    return update(ENTRIES).where(ENTRIES.c.index == index)


def test_a_sound_database(recorded, found):
    told = found()
    assert (told.faults, told.faults_count, told.replayed) == ((), 0, True)
    assert (told.entries, told.answers, told.records, told.origin) == (recorded.log.size, 3, 5, recorded.trust.origin)


def test_the_reference_engine_agrees(recorded, engine):
    with engine.connect() as connection:
        assert fsck(connection, trust=recorded.trust, engine="reference").answers == 3


FAULTS = {
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
    "record of nothing": (update(QUERIES).where(QUERIES.c.entry_index == 5).values(entry_index=77), "query_record", 77),
    "record of a schema": (update(QUERIES).where(QUERIES.c.entry_index == 5).values(entry_index=1), "query_record", 1),
    "state": (update(QUERIES).where(QUERIES.c.entry_index == 5).values(state="declined"), "query_record", 5),
    "party": (update(QUERIES).where(QUERIES.c.entry_index == 5).values(relying_party="b"), "query_record", 5),
    "asked at": (update(QUERIES).where(QUERIES.c.entry_index == 5).values(created_at=1), "query_record", 5),
    "response": (update(QUERIES).where(QUERIES.c.entry_index == 5).values(response=b"{}"), "query_record", 5),
    "response gone": (update(QUERIES).where(QUERIES.c.entry_index == 5).values(response=None), "query_record", 5),
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


def test_a_foreign_log_is_not_ours(recorded, database):
    other = NoteSigner(recorded.trust.origin, bytes(32)).verifier
    told = check(database, trust=type(recorded.trust)(other, recorded.trust.attestations))
    assert (told.faults[0].table, told.replayed, told.faults_count) == ("log_checkpoint", False, 1)
    assert told.entries == recorded.log.size


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_nothing_is_written(recorded, database):
    with reading(database) as connection, pytest.raises(Exception, match="readonly"):
        connection.execute(delete(TILES))
    assert check(database, trust=recorded.trust).faults == ()


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all", "sqlite://", "nonsense", "mysql://x/y"])
def test_a_database_that_is_none(url):
    with pytest.raises(DatabaseRefused), reading(url):
        pass
