"""The account's own books: what each event did to each asset, lots, and what came of them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables, and have every event that is explained already wait to be booked."""
    op.create_table(
        "unbooked_events",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_unbooked_events"),
        sqlite_strict=True,
    )
    op.create_index("ix_unbooked_events_at", "unbooked_events", ["at"], unique=False)
    op.create_table(
        "account_moves",
        sa.Column("move_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("qty", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("fee", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("cost", sa.Text(), nullable=True),
        sa.Column("tax_fee", sa.Text(), nullable=False),
        sa.Column("price_source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("move_id", name="pk_account_moves"),
        sqlite_strict=True,
    )
    op.create_index("ix_account_moves_asset_at", "account_moves", ["asset", "at"], unique=False)
    op.create_index("ix_account_moves_at", "account_moves", ["at"], unique=False)
    op.create_index("ix_account_moves_basis", "account_moves", ["basis"], unique=False)
    op.create_index("ix_account_moves_event_id", "account_moves", ["event_id"], unique=False)
    op.create_table(
        "price_points",
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("price", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("asset", "at", name="pk_price_points"),
        sqlite_strict=True,
    )
    op.create_table(
        "stated_costs",
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("cost", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["ledger_entries.entry_id"], name="fk_stated_costs_entry_id"
        ),
        sa.PrimaryKeyConstraint("entry_id", name="pk_stated_costs"),
        sqlite_strict=True,
    )
    op.create_table(
        "asset_books",
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("qty", sa.Text(), nullable=False),
        sa.Column("realised", sa.Text(), nullable=False),
        sa.Column("taxed", sa.Text(), nullable=False),
        sa.Column("income", sa.Text(), nullable=False),
        sa.Column("flows", sa.Text(), nullable=False),
        sa.Column("adjusted", sa.Text(), nullable=False),
        sa.Column("unexplained", sa.Text(), nullable=False),
        sa.Column("fees", sa.Text(), nullable=False),
        sa.Column("tax_fees", sa.Text(), nullable=False),
        sa.Column("stated", sa.Text(), nullable=False),
        sa.Column("uncosted", sa.Text(), nullable=False),
        sa.Column("swapped", sa.Text(), nullable=False),
        sa.Column("unpriced", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("asset", name="pk_asset_books"),
        sqlite_strict=True,
    )
    op.create_table(
        "lots",
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("lot_id", sa.Text(), nullable=False),
        sa.Column("acquired_at", sa.Text(), nullable=False),
        sa.Column("qty", sa.Text(), nullable=False),
        sa.Column("cost", sa.Text(), nullable=True),
        sa.Column("fee", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("asset", "lot_id", name="pk_lots"),
        sqlite_strict=True,
    )
    op.create_table(
        "lot_matches",
        sa.Column("move_id", sa.Text(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("lot_id", sa.Text(), nullable=False),
        sa.Column("acquired_at", sa.Text(), nullable=True),
        sa.Column("disposed_at", sa.Text(), nullable=False),
        sa.Column("qty", sa.Text(), nullable=False),
        sa.Column("cost", sa.Text(), nullable=True),
        sa.Column("acquisition_fee", sa.Text(), nullable=False),
        sa.Column("proceeds", sa.Text(), nullable=True),
        sa.Column("disposal_fee", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("move_id", "part", name="pk_lot_matches"),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_lot_matches_asset_disposed_at", "lot_matches", ["asset", "disposed_at"], unique=False
    )
    op.execute(
        "INSERT INTO unbooked_events (event_id, at)"
        " SELECT c.event_id, MIN(e.at) FROM entry_causes c"
        " JOIN ledger_entries e ON e.entry_id = c.entry_id GROUP BY c.event_id"
    )
