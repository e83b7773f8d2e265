"""Erasures that the verifier has to be told of."""

import sqlalchemy as sa
from alembic import op

revision = "prover_0003"
down_revision = "prover_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "prover_erasure",
        sa.Column("id", sa.LargeBinary, primary_key=True),
        sa.Column("requested_at", sa.BigInteger, nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("entry_index", sa.BigInteger),
    )


def downgrade() -> None:
    """Drop it again; whom the verifier was not told of, it is not told of."""
    op.drop_table("prover_erasure")
