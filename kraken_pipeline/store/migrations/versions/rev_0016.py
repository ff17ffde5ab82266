"""What lies in Earn vaults, which no balance tells of."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    for name, key, other in (
        ("vault_looks", "at", "refused"),
        ("vault_holdings", "asset", "qty"),
    ):
        op.create_table(
            name,
            sa.Column(key, sa.Text(), nullable=False),
            sa.Column(other, sa.Text(), nullable=False),
            sa.PrimaryKeyConstraint(key, name=f"pk_{name}"),
            sqlite_strict=True,
        )
