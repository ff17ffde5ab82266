"""Of which version of a strategy the state is that it saved."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KEY = ("namespace", "strategy_id", "timeframe")
WITH_VERSIONS = (
    "SELECT s.namespace, s.strategy_id, s.timeframe, s.closed_at, d.strategy_version AS version,"
    " s.state FROM strategy_state s JOIN decisions d ON d.namespace = s.namespace"
    " AND d.strategy_id = s.strategy_id AND d.timeframe = s.timeframe"
    " AND d.closed_at = s.closed_at"
)


def upgrade() -> None:
    """Make the table anew: what is kept is of the version that decided the bar."""
    kept = [dict(row) for row in op.get_bind().execute(sa.text(WITH_VERSIONS)).mappings()]
    op.drop_table("strategy_state")
    made = op.create_table(
        "strategy_state",
        *(sa.Column(name, sa.Text(), nullable=False) for name in (*KEY, "closed_at")),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(*KEY, "version", name="pk_strategy_state"),
        sqlite_strict=True,
    )
    op.bulk_insert(made, kept)
