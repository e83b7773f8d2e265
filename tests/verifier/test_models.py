"""The tables as migrated are the tables as declared, and no other room's are among them."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from prover.models import METADATA as PROVERS
from verifier.models import METADATA, LogEntry


def test_migrations_make_what_models_declare(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "verifier_revision"})
        assert compare_metadata(context, METADATA) == []


def test_rooms_share_no_table():
    assert not set(METADATA.tables) & set(PROVERS.tables)


def test_rows_are_not_shown():
    entry = LogEntry(index=1, kind="answer", appended_at=1, leaf=b"", salt=b"", body=b"ada")
    assert "ada" not in f"{entry!r} {entry}"
