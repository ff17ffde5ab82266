"""How far a long list of the exchange's was read, and what of it waits to be booked."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "sync_marks",
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("since", sa.Text(), nullable=True),
        sa.Column("end", sa.Text(), nullable=False),
        sa.Column("skip", sa.Integer(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("is_whole", sa.Integer(), nullable=False),
        sa.Column("kept_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("list", name="pk_sync_marks"),
        sqlite_strict=True,
    )
    op.create_table(
        "staged_rows",
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("row_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("row", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("list", "row_id", name="pk_staged_rows"),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_staged_rows_list_at_row_id", "staged_rows", ["list", "at", "row_id"], unique=False
    )
