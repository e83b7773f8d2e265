"""Consents: which subjects let which relying parties be told more than an outcome."""

import sqlalchemy as sa
from alembic import op

revision = "prover_0002"
down_revision = "prover_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "prover_consent",
        # SQLite counts only INTEGER primary keys by itself.
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("subject_id", sa.LargeBinary, sa.ForeignKey("prover_subject.id"), nullable=False, index=True),
        sa.Column("party", sa.LargeBinary, nullable=False),
        sa.Column("sealed_party", sa.LargeBinary, nullable=False),
        sa.Column("reasons", sa.String, nullable=False),
        sa.Column("granted_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
    )
    op.create_index(
        "prover_consent_standing",
        "prover_consent",
        ["subject_id", "party", "reasons"],
        unique=True,
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )


def downgrade() -> None:
    """Drop it again, with all it holds."""
    op.drop_table("prover_consent")
