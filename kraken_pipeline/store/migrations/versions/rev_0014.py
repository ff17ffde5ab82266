"""Orders of a book and a pair, and those with a conditional close, found without the others."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the indexes."""
    op.create_index(
        "ix_execution_orders_place",
        "execution_orders",
        ["strategy_id", "timeframe", "pair", "created_at"],
        unique=False,
    )
    op.create_index(
        "ix_execution_orders_closing",
        "execution_orders",
        ["updated_at"],
        unique=False,
        sqlite_where=sa.text("close IS NOT NULL"),
        postgresql_where=sa.text("close IS NOT NULL"),
    )
