"""A seal on entries that were erased: what stands beside their leaf nothing else says any more."""

import sqlalchemy as sa
from alembic import op

revision = "verifier_0005"
down_revision = "verifier_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("log_entry", sa.Column("seal", sa.LargeBinary))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("log_entry", "seal")
