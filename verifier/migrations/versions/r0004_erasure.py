"""Which entry says that another one's body was erased."""

import sqlalchemy as sa
from alembic import op

revision = "verifier_0004"
down_revision = "verifier_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("log_entry", sa.Column("erased_by", sa.BigInteger))


def downgrade() -> None:
    """Drop it; what was erased stays so."""
    op.drop_column("log_entry", "erased_by")
