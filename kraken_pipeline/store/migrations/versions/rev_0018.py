"""By how much each bucket drifted when a snapshot was taken."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; snapshots of before say nothing of it."""
    op.add_column("nav_snapshots", sa.Column("drifted_by", sa.Text(), nullable=True))
