"""The vault: subjects, their sealed credentials, the schemas they follow, and what waits to be registered."""

import sqlalchemy as sa
from alembic import op

revision = "prover_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "prover_vault_key",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "prover_subject",
        sa.Column("id", sa.LargeBinary, primary_key=True),
        sa.Column("lookup", sa.LargeBinary, unique=True),
        sa.Column("sealed_reference", sa.LargeBinary),
        sa.Column("wrapped_key", sa.LargeBinary),
        sa.Column("disputed_at", sa.BigInteger),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("erased_at", sa.BigInteger),
        sa.CheckConstraint(
            "(lookup IS NULL) = (wrapped_key IS NULL) AND (lookup IS NULL) = (sealed_reference IS NULL)",
            name="prover_subject_whole_or_erased",
        ),
    )
    op.create_table(
        "prover_schema",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("entry_index", sa.BigInteger),
    )
    op.create_table(
        "prover_credential",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("subject_id", sa.LargeBinary, sa.ForeignKey("prover_subject.id"), nullable=False, index=True),
        sa.Column("schema_digest", sa.LargeBinary, sa.ForeignKey("prover_schema.digest"), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary),
        sa.Column("token", sa.String, nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("as_of", sa.String, nullable=False),
        sa.Column("issued_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("superseded_at", sa.BigInteger),
        sa.Column("entry_index", sa.BigInteger),
    )
    op.create_index(
        "prover_credential_current",
        "prover_credential",
        ["subject_id", "schema_digest"],
        unique=True,
        sqlite_where=sa.text("superseded_at IS NULL"),
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_table(
        "prover_outbox",
        # SQLite counts only INTEGER primary keys by itself.
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("credential_id", sa.String, sa.ForeignKey("prover_credential.id"), unique=True, nullable=False),
    )


def downgrade() -> None:
    """Drop them again, with all they hold."""
    for table in ("prover_outbox", "prover_credential", "prover_schema", "prover_subject", "prover_vault_key"):
        op.drop_table(table)
