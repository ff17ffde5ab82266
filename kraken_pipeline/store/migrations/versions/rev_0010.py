"""What an intent wants done with the position, and how much is to be held then."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; until now a buy entered, and a sell left altogether."""
    action = sa.Column("action", sa.Text(), nullable=False, server_default="enter")
    op.add_column("intents", action)
    op.execute("UPDATE intents SET action = 'exit' WHERE side = 'sell'")
    op.add_column("intents", sa.Column("target", sa.Text(), nullable=True))
    op.add_column("intents", sa.Column("target_unit", sa.Text(), nullable=True))
