"""What bore on all intents of a plan."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; plans of before say nothing of it."""
    op.add_column("plans", sa.Column("notes", sa.Text(), nullable=True))
