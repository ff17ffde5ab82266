"""Drawdowns of the day and of all time, and a row a day that outlives its snapshots."""

from collections.abc import Iterable, Iterator
from decimal import Decimal, localcontext
from itertools import groupby

import sqlalchemy as sa
from alembic import op

from kraken_pipeline.domain.money import EXACT, ZERO, plain

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

PRICES = ("first_unit_price", "highest_unit_price", "lowest_unit_price", "last_unit_price")
Row = tuple[str, ...]


def upgrade() -> None:
    """Add them, and the days that the kept snapshots and fills still tell of."""
    for name in ("drawdown_of_day", "drawdown_of_all_time"):
        op.add_column("nav_snapshots", sa.Column(name, sa.Text(), nullable=True))
    amounts = (*PRICES, "peak_unit_price", "equity", "exposure", "flows", "last_at")
    days = op.create_table(
        "nav_days",
        sa.Column("day", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in amounts),
        sa.PrimaryKeyConstraint("day", name="pk_nav_days"),
        sqlite_strict=True,
    )
    trades = op.create_table(
        "trade_days",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("fills", sa.Integer(), nullable=False),
        sa.Column("traded", sa.Text(), nullable=False),
        sa.Column("fees", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_trade_days"),
        sqlite_strict=True,
    )
    kept = _read("SELECT at, unit_price, equity, cash FROM nav_snapshots ORDER BY at")
    op.bulk_insert(days, list(_days(kept)))
    fills = _read("SELECT at, cost, fee, quote_rate FROM fills ORDER BY at")
    op.bulk_insert(trades, list(_trades(fills)))


def _read(wanted: str) -> list[Row]:
    return [tuple(row) for row in op.get_bind().execute(sa.text(wanted))]


def _day(row: Row) -> str:
    return row[0][:10]


def _days(kept: Iterable[Row]) -> Iterator[dict[str, str]]:
    """Return each day of the snapshots; what flowed in it was not kept then."""
    peak = ZERO
    for day, rows in groupby(kept, key=_day):
        told = list(rows)
        prices = [Decimal(each[1]) for each in told]
        peak = max(peak, *prices)
        at, _, equity, cash = told[-1]
        found = (prices[0], max(prices), min(prices), prices[-1])
        with localcontext(EXACT):
            exposure = Decimal(equity) - Decimal(cash)
        yield {
            "day": day,
            **{name: plain(price) for name, price in zip(PRICES, found, strict=True)},
            "peak_unit_price": plain(peak),
            "equity": equity,
            "exposure": plain(exposure),
            "flows": "0",
            "last_at": at,
        }


def _trades(fills: Iterable[Row]) -> Iterator[dict[str, str | int]]:
    for day, rows in groupby(fills, key=_day):
        told = [tuple(Decimal(each) for each in row[1:]) for row in rows]
        with localcontext(EXACT):
            traded = sum((cost * rate for cost, _, rate in told), ZERO)
            fees = sum((fee * rate for _, fee, rate in told), ZERO)
        yield {"day": day, "fills": len(told), "traded": plain(traded), "fees": plain(fees)}
