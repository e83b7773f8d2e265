import os
import sqlite3
import stat
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
    assert journal == ("wal" if sqlite3.sqlite_version_info >= (3, 51, 3) else "delete")


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
