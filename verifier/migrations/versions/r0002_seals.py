"""Seals on the rows outside the log, and the sealed number of API keys."""

import sqlalchemy as sa
from alembic import op

revision = "verifier_0002"
down_revision = "verifier_0001"
branch_labels = None
depends_on = None
_SEALED = ("query_record", "api_key", "request_nonce")


def upgrade() -> None:
    """Add the columns and the table; rows that are there already are not vouched for by sealing them now."""
    for table in _SEALED:
        op.add_column(table, sa.Column("seal", sa.LargeBinary))
    op.create_table(
        "row_count",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("seal", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("row_count")
    for table in _SEALED:
        op.drop_column(table, "seal")
