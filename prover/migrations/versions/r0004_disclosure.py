"""Consents as signed tokens, what relying parties know, inquiries, and subjects' tokens.

Consents of before allowed a no's reasons and nothing else, and no token says so: they have to be granted anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "prover_0004"
down_revision = "prover_0003"
branch_labels = None
depends_on = None

_SUBJECT = "prover_subject.id"


def upgrade() -> None:
    """Make the tables."""
    op.drop_table("prover_consent")
    op.create_table(
        "prover_consent",
        sa.Column("id", sa.LargeBinary, primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("subject_id", sa.LargeBinary, sa.ForeignKey(_SUBJECT), nullable=False, index=True),
        sa.Column("party", sa.LargeBinary, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("granted_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
        sa.Column("entry_index", sa.BigInteger),
    )
    op.create_table(
        "prover_knowledge",
        sa.Column("subject_id", sa.LargeBinary, sa.ForeignKey(_SUBJECT), primary_key=True),
        sa.Column("party", sa.LargeBinary, primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "prover_inquiry",
        # SQLite counts only INTEGER primary keys by itself.
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("subject_id", sa.LargeBinary, sa.ForeignKey(_SUBJECT), nullable=False, index=True),
        sa.Column("query", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("request", sa.LargeBinary, nullable=False, index=True),
        sa.Column("consent_id", sa.LargeBinary, sa.ForeignKey("prover_consent.id"), nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("issued_at", sa.BigInteger, nullable=False),
        sa.Column("counted", sa.Boolean, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_index("prover_inquiry_often", "prover_inquiry", ["consent_id", "asked_at"])
    op.create_table(
        "prover_subject_token",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("subject_id", sa.LargeBinary, sa.ForeignKey(_SUBJECT), nullable=False, index=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
    )


def downgrade() -> None:
    """Drop them again, with all they hold; consents are those of before, and none."""
    for table in ("prover_subject_token", "prover_inquiry", "prover_knowledge", "prover_consent"):
        op.drop_table(table)
    op.create_table(
        "prover_consent",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("subject_id", sa.LargeBinary, sa.ForeignKey(_SUBJECT), nullable=False, index=True),
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
