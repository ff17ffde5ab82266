"""Every refresh of the universe, with what each filter said of each pair."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, and in it what is known of the refreshes that were: the first and the last."""
    op.create_table(
        "universe_refreshes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("config_hash", sa.Text(), nullable=False),
        sa.Column("rules_hash", sa.Text(), nullable=False),
        sa.Column("source_hash", sa.Text(), nullable=False),
        sa.Column("judged", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_universe_refreshes"),
        sqlite_strict=True,
    )
    op.create_index("ix_universe_refreshes_at", "universe_refreshes", ["at"], unique=False)
    op.create_index(
        "ix_universe_refreshes_version", "universe_refreshes", ["version"], unique=False
    )
    op.execute(
        "INSERT INTO universe_refreshes (at, version, config_hash, rules_hash, source_hash)"
        " SELECT at, version, config_hash, '', '' FROM ("
        " SELECT first_seen_at AS at, version, config_hash FROM universes"
        " UNION SELECT last_seen_at, version, config_hash FROM universes"
        ") AS seen ORDER BY at"
    )
