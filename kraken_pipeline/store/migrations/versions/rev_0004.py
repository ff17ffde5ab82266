"""Renamed assets with what was held of them, depths of books, and pairs that are only watched."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables, and to each version of the universe that it watched nobody."""
    op.create_table(
        "conversions",
        sa.Column("conversion_id", sa.Text(), nullable=False),
        sa.Column("book", sa.Text(), nullable=False),
        sa.Column("from_asset", sa.Text(), nullable=False),
        sa.Column("to_asset", sa.Text(), nullable=False),
        sa.Column("ratio", sa.Text(), nullable=False),
        sa.Column("effective_at", sa.Text(), nullable=False),
        sa.Column("from_pair", sa.Text(), nullable=False),
        sa.Column("to_pair", sa.Text(), nullable=False),
        sa.Column("qty", sa.Text(), nullable=False),
        sa.Column("to_qty", sa.Text(), nullable=False),
        sa.Column("cost", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("conversion_id", name="pk_conversions"),
        sqlite_strict=True,
    )
    for column in ("from_pair", "to_pair"):
        op.create_index(f"ix_conversions_{column}", "conversions", [column], unique=False)
    op.create_table(
        "depth_readings",
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("within_bps", sa.Integer(), nullable=False),
        sa.Column("bids", sa.Text(), nullable=False),
        sa.Column("asks", sa.Text(), nullable=False),
        sa.Column("read_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pair", name="pk_depth_readings"),
        sqlite_strict=True,
    )
    op.add_column("universes", sa.Column("watched", sa.Text(), nullable=False, server_default="[]"))
