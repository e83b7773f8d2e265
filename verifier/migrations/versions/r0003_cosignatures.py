"""What witnesses have signed beside the log's own signature."""

import sqlalchemy as sa
from alembic import op

revision = "verifier_0003"
down_revision = "verifier_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "log_cosignature",
        sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("witness", sa.String, primary_key=True),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("line", sa.String, nullable=False),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("log_cosignature")
