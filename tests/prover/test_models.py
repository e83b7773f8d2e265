import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import insert, inspect, select, text

from api.database import is_migrated, migrate, open_engine
from prover.models import (
    CONSENTS,
    ERASURES,
    INQUIRIES,
    KNOWLEDGE,
    METADATA,
    SUBJECTS,
    TOKENS,
    Consent,
    IssuedCredential,
    Subject,
)


@pytest.fixture
def engine(database):
    engine = open_engine(database)
    yield engine
    engine.dispose()


def test_migrating_twice_and_by_two_at_once_is_migrating_once(engine):
    assert not is_migrated(engine, "prover")
    threads = [threading.Thread(target=migrate, args=(engine, "prover")) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert is_migrated(engine, "prover")
    migrate(engine, "prover")
    assert set(inspect(engine).get_table_names()) == {*METADATA.tables, "prover_revision"}


def test_the_migrations_make_what_the_models_say(engine):
    migrate(engine, "prover")
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_name": lambda name, kind, _: kind != "table" or name in METADATA.tables}
        )
        assert compare_metadata(context, METADATA) == []


def test_a_vault_of_the_revision_before_keeps_what_it_holds(engine):
    migrate(engine, "prover")
    with engine.begin() as connection:
        connection.execute(insert(SUBJECTS).values(id=b"0123456789abcdef", created_at=1, erased_at=2))
        for table in (INQUIRIES, KNOWLEDGE, TOKENS, CONSENTS, ERASURES):
            table.drop(connection)
        connection.execute(text("UPDATE prover_revision SET version_num = 'prover_0001'"))
    assert not is_migrated(engine, "prover")
    migrate(engine, "prover")
    assert is_migrated(engine, "prover")
    with engine.connect() as connection:
        assert connection.scalars(select(SUBJECTS.c.created_at)).all() == [1]
        assert connection.scalars(select(CONSENTS.c.id)).all() == []
        assert connection.scalars(select(ERASURES.c.id)).all() == []
        assert connection.scalars(select(INQUIRIES.c.id)).all() == []


def test_no_row_shows_its_columns():
    row = Subject(id=b"0123456789abcdef", lookup=b"recognisable", created_at=1)
    assert "recognisable" not in f"{row!r} {row}"
    credential = IssuedCredential(id="recognisable", token="recognisable")
    assert "recognisable" not in f"{credential!r} {credential}"
    consent = Consent(subject_id=b"recognisable", sealed=b"recognisable")
    assert "recognisable" not in f"{consent!r} {consent}"
