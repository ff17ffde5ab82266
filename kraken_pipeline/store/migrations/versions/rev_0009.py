"""What a person says of an entry of ours that brought a bucket to the exchange's balance."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "adjustments",
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("replayed", sa.Text(), nullable=False),
        sa.Column("at_exchange", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["ledger_entries.entry_id"], name="fk_adjustments_entry_id"
        ),
        sa.PrimaryKeyConstraint("entry_id", name="pk_adjustments"),
        sqlite_strict=True,
    )
    op.create_index("ix_adjustments_bucket_at", "adjustments", ["bucket", "at"], unique=False)
