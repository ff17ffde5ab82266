"""What protections keep from being opened, and until when."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "protection_locks",
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("lock_id", "kind", "pair", "since", "until", "reason")
        ),
        *(
            sa.Column(name, sa.Text(), nullable=True)
            for name in ("cleared_at", "cleared_by", "cleared_reason")
        ),
        sa.PrimaryKeyConstraint("lock_id", name="pk_protection_locks"),
        sqlite_strict=True,
    )
    op.create_index("ix_protection_locks_until", "protection_locks", ["until"], unique=False)
