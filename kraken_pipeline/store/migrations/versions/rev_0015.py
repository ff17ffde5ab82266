"""Strategies that went wrong too often, kept out until a person lets them decide again."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "quarantines",
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("quarantine_id", "strategy_id", "since", "reason")
        ),
        *(
            sa.Column(name, sa.Text(), nullable=True)
            for name in ("released_at", "released_by", "released_reason")
        ),
        sa.PrimaryKeyConstraint("quarantine_id", name="pk_quarantines"),
        sqlite_strict=True,
    )
    op.create_index("ix_quarantines_strategy_id", "quarantines", ["strategy_id"], unique=False)
