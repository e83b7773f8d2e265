"""The log on both databases: dense numbers, group commit, failures by real means, and recovery by itself."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, event, func, insert, literal_column, select, text, update

from api.database import open_engine
from verifier.errors import LogCorrupt, LogRefused, LogUnavailable, MerkleError
from verifier.log import merkle
from verifier.log.note import Checkpoint, NoteSigner
from verifier.log.writer import Draft, Log
from verifier.models import CHECKPOINTS, ENTRIES, NONCES, TILES

ORIGIN = "verifier.example/log"
SIGNER = NoteSigner(ORIGIN, bytes(range(32)))


def require_whole(log):
    """The auditor's view: entries rebuild the signed root."""
    frontier = merkle.Frontier()
    for number, entry in enumerate(log.read(0)):
        assert entry.index == number
        frontier.append(entry.leaf_hash)
    checkpoint = Checkpoint.open(log.note, SIGNER.verifier)
    assert (frontier.size, frontier.root()) == (checkpoint.size, checkpoint.root)


def test_an_empty_log_is_signed(log):
    assert Checkpoint.open(log.note, SIGNER.verifier) == Checkpoint(ORIGIN, 0, merkle.EMPTY_ROOT)
    assert list(log.read(0)) == []


def test_append_read_prove_and_reopen(log, open_log, draft):
    futures = [log.append(draft(b"body %d" % i)) for i in range(600)]
    assert [future.result(20) for future in futures] == list(range(600))
    require_whole(log)
    assert [entry.body for entry in log.read(598)] == [b"body 598", b"body 599"]
    assert [entry.index for entry in log.read(10, 3)] == [10, 11, 12]
    assert log.entry(5).body == b"body 5"
    old = log.checkpoint()
    log.append(draft(b"one more")).result(20)
    new = log.checkpoint()
    merkle.verify_consistency(old.size, new.size, log.consistency(old.size, new.size), old.root, new.root)
    for index in (0, 255, 256, 599, 600):
        path = log.inclusion(index, new.size)
        merkle.verify_inclusion(log.entry(index).leaf_hash, index, new.size, path, new.root)
    path = log.inclusion(300, old.size)
    merkle.verify_inclusion(log.entry(300).leaf_hash, 300, old.size, path, old.root)
    assert len(log.tile(0, 1)) == 256 * 32
    assert len(log.tile(0, 2)) == (601 - 512) * 32
    assert len(log.tile(1, 0)) == 2 * 32
    log.close()
    again = open_log()
    assert again.note == log.note
    assert again.append(draft()).result(20) == 601
    require_whole(again)


def test_positions_outside_the_log(log, draft):
    log.append(draft()).result(20)
    for call in (
        lambda: log.entry(1),
        lambda: log.entry(-1),
        lambda: log.inclusion(0, 2),
        lambda: log.inclusion(1, 1),
        lambda: log.consistency(1, 2),
        lambda: log.consistency(1, 0),
    ):
        with pytest.raises(MerkleError):
            call()


def test_sixteen_threads_append_densely(log, draft):
    def work(worker):
        return [log.append(draft(b"%d/%d" % (worker, i))).result(30) for i in range(25)]

    with ThreadPoolExecutor(16) as pool:
        indices = [index for worker in pool.map(work, range(16)) for index in worker]
    assert sorted(indices) == list(range(400))
    require_whole(log)


def test_two_logs_on_one_database_never_fork(engine, open_log, draft):
    seen = []
    one, two = open_log(), open_log(over=engine, observer=seen.append)
    with ThreadPoolExecutor(8) as pool:
        futures = list(pool.map(lambda i: (one, two)[i % 2].append(draft(b"%d" % i)), range(200)))
        indices = [future.result(30) for future in futures]
    assert sorted(indices) == list(range(200))
    mine = set(indices[1::2])
    two.append(draft()).result(20)
    assert [entry.index for entry in seen] == [index for index in range(200) if index not in mine]
    require_whole(two)


def test_what_another_process_appended_is_known_when_it_is_asked_for(engine, open_log, draft):
    seen = []
    one, two = open_log(), open_log(over=engine, observer=seen.append)
    for size in (1, 2):
        one.append(draft()).result(20)
        assert two.size == size - 1
        assert [log.caught_up() for log in (one, two)] == [size, size]
        assert [entry.index for entry in seen] == list(range(size))
    assert two.append(draft()).result(20) == two.caught_up() - 1
    require_whole(two)
    two.close()
    assert two.caught_up() == 3
    one.append(draft()).result(20)
    with pytest.raises(LogUnavailable):
        two.caught_up()


def test_a_build_knows_its_number_and_its_rows_commit_with_it(engine, log):
    def build(index):
        row = insert(NONCES), {"key_id": "k", "nonce": str(index), "expires_at": 1}
        return Draft("answer", b"entry %d" % index, 1, rows=(row,))

    assert [log.append(build).result(20) for _ in range(3)] == [0, 1, 2]
    with engine.connect() as connection:
        assert connection.scalars(select(NONCES.c.nonce).order_by(NONCES.c.nonce)).all() == ["0", "1", "2"]
    assert log.entry(2).body == b"entry 2"


def test_a_build_that_raises_takes_no_number(log, draft):
    def build(_index):
        raise KeyError("no")

    futures = [log.append(draft()), log.append(build), log.append(draft())]
    assert [futures[0].result(20), futures[2].result(20)] == [0, 1]
    with pytest.raises(KeyError):
        futures[1].result(20)
    require_whole(log)


def test_rows_that_contradict_stored_ones_fail_alone(log, draft):
    row = insert(NONCES), {"key_id": "k", "nonce": "n", "expires_at": 1}
    undone = []
    futures = [log.append(draft(rows=(row,), undo=lambda place=place: undone.append(place))) for place in range(3)] + [
        log.append(draft())
    ]
    outcomes = [future.exception(20) for future in futures]
    assert [type(outcome) for outcome in outcomes] == [type(None), LogRefused, LogRefused, type(None)]
    assert log.size == 2
    assert undone.count(1) >= 1
    assert undone.count(2) >= 1
    require_whole(log)


def test_cancelled_and_closed(log, draft):
    started, go = threading.Event(), threading.Event()

    def slow(_index):
        started.set()
        go.wait(20)
        return Draft("answer", b"slow", 1)

    first = log.append(slow)
    started.wait(20)
    second, third = log.append(draft()), log.append(draft(b"kept"))
    assert second.cancel()
    go.set()
    assert first.result(20) == 0
    assert third.result(20) == 1
    log.close()
    log.close()
    with pytest.raises(LogUnavailable):
        log.append(draft())


def test_closing_commits_what_waits(log, open_log, draft):
    futures = [log.append(draft()) for _ in range(1_000)]
    log.close()
    assert [future.result(0) for future in futures] == list(range(1_000))
    require_whole(open_log())


ONLY_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ONLY_POSTGRESQL = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@ONLY_SQLITE
def test_a_full_disk_is_unavailable_and_then_recovers(engine, log, draft):
    full = False

    @event.listens_for(engine, "begin")
    def cap(connection):
        connection.exec_driver_sql(f"PRAGMA max_page_count={1 if full else 1_073_741_823}")

    assert log.append(draft()).result(20) == 0
    full = True
    undone = []
    futures = [log.append(draft(os.urandom(50_000), undo=lambda: undone.append(1))) for _ in range(5)]
    assert {type(future.exception(20)) for future in futures} == {LogUnavailable}
    assert undone == [1] * 5
    assert log.size == 1
    full = False
    assert log.append(draft(os.urandom(50_000))).result(20) == 1
    require_whole(log)


@ONLY_SQLITE
def test_a_locked_or_vanished_table_is_unavailable_and_then_recovers(engine, log, draft):
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE log_tile RENAME TO away"))
    assert isinstance(log.append(draft()).exception(20), LogUnavailable)
    with pytest.raises(LogUnavailable):
        log.tile(0, 0)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO log_tile"))
    assert log.append(draft()).result(20) == 0
    require_whole(log)


@ONLY_POSTGRESQL
def test_a_lost_connection_is_unavailable_and_then_recovers(engine, log, draft):
    def build(_index):
        with engine.connect() as other:
            other.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        return Draft("answer", b"never", 1)

    assert log.append(draft()).result(20) == 0
    assert isinstance(log.append(build).exception(20), LogUnavailable)
    assert log.append(draft()).result(20) == 1
    require_whole(log)


KILLED = """
import os, sys
from api.database import open_engine
from verifier.log.writer import Draft, Log
from verifier.log.note import NoteSigner
log = Log(open_engine(sys.argv[1]), NoteSigner("verifier.example/log", bytes(range(32))), entropy=os.urandom)
while True:
    futures = [log.append(lambda index: Draft("answer", b"entry %d" % index, 1)) for _ in range(7)]
    for future in futures:
        print(future.result(), flush=True)
"""


def test_a_killed_writer_loses_nothing_it_acknowledged(engine, open_log, draft):
    told = []
    for _ in range(3):
        command = [sys.executable, "-c", KILLED, engine.url.render_as_string(hide_password=False)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
            told += [int(process.stdout.readline()) for _ in range(40)]
            process.send_signal(signal.SIGKILL)
            told += [int(line) for line in process.stdout if line.endswith("\n")]
    log = open_log()
    assert len(set(told)) == len(told)
    assert max(told) < log.size
    for index in told:
        assert log.entry(index).body == b"entry %d" % index
    assert log.append(draft()).result(20) == log.size - 1
    require_whole(log)


def flip(column, row, place):
    def change(connection):
        value = bytes(connection.scalar(select(column).where(row)))
        place_ = place % len(value)
        mutant = value[:place_] + bytes([value[place_] ^ 4]) + value[place_ + 1 :]
        connection.execute(update(column.table).where(row).values({column.key: mutant}))

    return change


def renote(connection, change):
    note = connection.scalar(select(CHECKPOINTS.c.note))
    connection.execute(update(CHECKPOINTS).values(note=change(note)))


LAST = ENTRIES.c.index == 299
TAMPERED = {
    "tile": flip(TILES.c.hashes, (TILES.c.level == 0) & (TILES.c.number == 1), 5),
    "full tile's root": flip(TILES.c.hashes, TILES.c.level == 1, 0),
    "leaf": flip(ENTRIES.c.leaf, LAST, 0),
    "salt": flip(ENTRIES.c.salt, LAST, -1),
    "body": flip(ENTRIES.c.body, LAST, 0),
    "newest entry missing": lambda c: c.execute(delete(ENTRIES).where(LAST)),
    "entry missing": lambda c: c.execute(delete(ENTRIES).where(ENTRIES.c.index == 280)),
    "entry too many": lambda c: c.execute(insert(ENTRIES), {"index": 300, "kind": "x", "appended_at": 1, "leaf": b""}),
    "tile missing": lambda c: c.execute(delete(TILES).where(TILES.c.number == 1)),
    "tile too long": lambda c: c.execute(update(TILES).values(hashes=bytes(257 * 32))),
    "checkpoint missing": lambda c: c.execute(delete(CHECKPOINTS)),
    "checkpoint edited": lambda c: renote(c, lambda note: note.replace("\n300\n", "\n299\n")),
    "checkpoint of another log": lambda c: renote(
        c, lambda _note: Checkpoint("x", 300, bytes(32)).sign(NoteSigner("x", bytes(32)))
    ),
    "checkpoint of another key": lambda c: renote(
        c,
        lambda note: Checkpoint.from_bytes(note.partition("\n\n")[0].encode() + b"\n").sign(
            NoteSigner(ORIGIN, bytes(32))
        ),
    ),
    "text for a body": lambda c: c.execute(
        text("update log_entry set body = replace(body, 'body', 'bodi') where \"index\" = 299")
    ),
    "text for a salt": lambda c: c.execute(text("update log_entry set salt = 'salt' where \"index\" = 299")),
    "older checkpoint": lambda c: renote(c, lambda _note: Checkpoint(ORIGIN, 0, merkle.EMPTY_ROOT).sign(SIGNER)),
    "two logs": lambda c: c.execute(insert(CHECKPOINTS), {"origin": "x", "size": 0, "note": ""}),
}


@ONLY_SQLITE
@pytest.mark.parametrize("name", TAMPERED)
def test_a_contradicting_database_is_refused_at_start(engine, open_log, draft, name):
    log = open_log()
    for future in [log.append(draft(b"body %d" % i)) for i in range(300)]:
        future.result(20)
    log.close()
    open_log().close()
    with engine.begin() as connection:
        TAMPERED[name](connection)
    with pytest.raises(LogCorrupt, match="299" if name.startswith("text for") else None):
        open_log()


@ONLY_SQLITE
def test_a_database_that_went_back_is_refused_while_running(engine, log, draft):
    for _ in range(3):
        log.append(draft()).result(20)
    with engine.begin() as connection:
        for table in (ENTRIES, TILES, CHECKPOINTS):
            connection.execute(delete(table))
    assert isinstance(log.append(draft()).exception(20), LogUnavailable)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(ENTRIES)) == 0


@ONLY_SQLITE
@pytest.mark.parametrize("column", [ENTRIES.c.body, ENTRIES.c.salt], ids=str)
def test_reading_text_where_bytes_were(engine, log, draft, column):
    for _ in range(5):
        log.append(draft()).result(20)
    assert len(list(log.read(0))) == 5
    with engine.begin() as connection:
        connection.execute(update(ENTRIES).where(ENTRIES.c.index == 3).values({column: literal_column("'text'")}))
    with pytest.raises(LogCorrupt):
        list(log.read(0))


def test_reading_a_log_with_a_hole(engine, log, draft):
    for _ in range(5):
        log.append(draft()).result(20)
    assert len(list(log.read(0))) == 5
    with engine.begin() as connection:
        connection.execute(update(ENTRIES).where(ENTRIES.c.index == 3).values(body=None))
    with pytest.raises(LogCorrupt):
        list(log.read(0))
    with engine.begin() as connection:
        connection.execute(delete(ENTRIES).where(ENTRIES.c.index == 3))
    with pytest.raises(LogCorrupt):
        list(log.read(0))


def test_a_database_that_cannot_be_read(tmp_path):
    (tmp_path / "noise").write_bytes(os.urandom(8192))
    with pytest.raises(LogUnavailable):
        Log(open_engine(f"sqlite:///{tmp_path / 'noise'}"), SIGNER, entropy=os.urandom)
