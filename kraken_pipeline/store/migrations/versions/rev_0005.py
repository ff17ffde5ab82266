"""Why each ledger entry is there, and what the ledger leaves of each trade."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; the next pass over the books explains what they hold."""
    op.create_table(
        "entry_causes",
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("lacks", sa.Text(), nullable=False),
        sa.Column("explained_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["ledger_entries.entry_id"], name="fk_entry_causes_entry_id"
        ),
        sa.PrimaryKeyConstraint("entry_id", name="pk_entry_causes"),
        sqlite_strict=True,
    )
    op.create_index("ix_entry_causes_event_id", "entry_causes", ["event_id"], unique=False)
    op.create_index("ix_entry_causes_cause_lacks", "entry_causes", ["cause", "lacks"], unique=False)
    op.create_table(
        "fill_residuals",
        sa.Column("trade_id", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("fee", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["trade_id"], ["fills.trade_id"], name="fk_fill_residuals_trade_id"
        ),
        sa.PrimaryKeyConstraint("trade_id", name="pk_fill_residuals"),
        sqlite_strict=True,
    )
    op.create_index("ix_ledger_entries_refid", "ledger_entries", ["refid"], unique=False)
