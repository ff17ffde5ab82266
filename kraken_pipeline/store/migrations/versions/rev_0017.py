"""What stood against an order's absence when a read found nothing of it."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; reads of before say nothing of it."""
    op.add_column("clean_reads", sa.Column("doubts", sa.Text(), nullable=True))
