import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from api.database import DatabaseRefused, open_engine


@pytest.fixture
def engine(database):
    engine = open_engine(database)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_engine(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'one.sqlite'}")
    yield engine
    engine.dispose()


def test_a_transaction_commits_or_leaves_nothing(engine):
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (a integer)"))
        connection.execute(text("INSERT INTO t VALUES (1)"))

    def fail_half_way():
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO t VALUES (2)"))
            connection.execute(text("INSERT INTO absent VALUES (2)"))

    with pytest.raises(DBAPIError):
        fail_half_way()
    with engine.connect().execution_options(reading=True) as connection:
        assert connection.execute(text("SELECT a FROM t")).scalars().all() == [1]


def test_sqlite_keeps_its_promises(sqlite_engine):
    with sqlite_engine.connect() as connection:
        journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    assert journal == "wal"


def test_a_writer_that_never_gives_back_its_turn_is_reported_and_not_waited_for(sqlite_engine, monkeypatch):
    monkeypatch.setattr("api.database.BUSY_MILLISECONDS", 50)
    with sqlite_engine.begin(), pytest.raises(OperationalError, match="locked"), sqlite_engine.begin():
        pass
    with sqlite_engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (a integer)"))


def test_another_engines_turn_that_is_never_given_back_is_reported_too(sqlite_engine, monkeypatch):
    monkeypatch.setattr("api.database.BUSY_MILLISECONDS", 50)
    other = open_engine(str(sqlite_engine.url))
    with sqlite_engine.begin(), pytest.raises(OperationalError, match="locked"), other.begin():
        pass
    with other.begin() as connection:
        connection.execute(text("CREATE TABLE t (a integer)"))
    other.dispose()


def test_a_turn_that_cannot_be_taken_is_an_unavailable_database_until_it_can(sqlite_engine):
    turn = Path(f"{sqlite_engine.url.database}-turn")
    with sqlite_engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (a integer)"))
    turn.rename(turn.with_suffix(".away"))
    with pytest.raises(OperationalError, match="unable to open"), sqlite_engine.begin():
        pass
    turn.with_suffix(".away").rename(turn)
    with sqlite_engine.begin() as connection:
        connection.execute(text("INSERT INTO t VALUES (1)"))


def test_processes_write_in_turns_and_lose_nothing(sqlite_engine):
    with sqlite_engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (a integer)"))
    script = (
        "import sys; from sqlalchemy import text; from api.database import open_engine\n"
        "engine = open_engine(sys.argv[1])\n"
        "for _ in range(50):\n"
        "    with engine.begin() as c:\n"
        "        seen = c.execute(text('SELECT count(*) FROM t')).scalar()\n"
        "        c.execute(text('INSERT INTO t VALUES (:a)'), {'a': seen})\n"
        "engine.dispose()\n"
    )
    command = [sys.executable, "-c", script, str(sqlite_engine.url)]
    writers = [subprocess.Popen(command) for _ in range(3)]  # noqa: S603  # our own interpreter and script
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    with sqlite_engine.connect().execution_options(reading=True) as connection:
        assert connection.execute(text("SELECT a FROM t ORDER BY a")).scalars().all() == list(range(150))
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_a_checkpointed_transaction_leaves_nothing_in_the_write_ahead_log(sqlite_engine):
    log = Path(f"{sqlite_engine.url.database}-wal")
    with sqlite_engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (a text)"))
        connection.execute(text("INSERT INTO t VALUES ('recognisable')"))
    assert b"recognisable" in log.read_bytes()
    with sqlite_engine.begin() as connection:
        connection.execute(text("DELETE FROM t"))
    with sqlite_engine.connect().execution_options(checkpointed=True) as connection:
        connection.execute(text("SELECT count(*) FROM t"))
    assert b"recognisable" not in log.read_bytes()
    assert b"recognisable" not in Path(str(sqlite_engine.url.database)).read_bytes()


def test_a_new_sqlite_file_is_its_owners_alone(sqlite_engine):
    path = sqlite_engine.url.database
    assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600


def test_two_writers_take_turns_and_a_reader_waits_for_neither_lock(sqlite_engine):
    with sqlite_engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (a integer)"))

    def write():
        for _ in range(20):
            with sqlite_engine.begin() as connection:
                seen = connection.execute(text("SELECT count(*) FROM t")).scalar()
                connection.execute(text("INSERT INTO t VALUES (:a)"), {"a": seen})

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with sqlite_engine.connect().execution_options(reading=True) as connection:
        assert connection.execute(text("SELECT a FROM t ORDER BY a")).scalars().all() == list(range(80))


def test_a_full_disk_fails_the_transaction_and_not_the_engine(sqlite_engine):
    with sqlite_engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (a blob)"))
    with sqlite_engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        connection.rollback()
        with pytest.raises(OperationalError, match="full"), connection.begin():
            connection.execute(text("INSERT INTO t VALUES (:a)"), {"a": os.urandom(100_000)})
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")
        connection.rollback()
        with connection.begin():
            connection.execute(text("INSERT INTO t VALUES (:a)"), {"a": b"fits"})
        assert connection.execute(text("SELECT a FROM t")).scalars().all() == [b"fits"]


def test_errors_never_show_parameters(engine):
    with pytest.raises(DBAPIError) as caught, engine.begin() as connection:
        connection.execute(text("SELECT * FROM absent WHERE a = :a"), {"a": "recognisable"})
    assert "recognisable" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?uri=true", "mysql://user:hunter2@h/d", "nonsense", ""]
)
def test_other_addresses_are_refused_without_repeating_them(url):
    with pytest.raises(DatabaseRefused) as caught:
        open_engine(url)
    assert "hunter2" not in str(caught.value)


def test_who_reads_is_in_the_way_of_an_empty_log_and_that_is_told(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'file.sqlite'}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE kept (it TEXT)"))
    for reads in (True, False):
        with engine.connect().execution_options(reading=True) as reader:
            if reads:
                reader.execute(text("SELECT * FROM kept")).all()
            with engine.begin() as connection:
                connection.execute(text("INSERT INTO kept VALUES ('planted')"))
            with engine.connect().execution_options(checkpointed=True) as connection:
                connection.execute(text("SELECT 1"))
                assert connection.info["checkpointed"] is not reads
    assert (tmp_path / "file.sqlite-wal").stat().st_size == 0
    engine.dispose()
