"""Days of the unit price, and what was traded in them: a row each, never pruned."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from decimal import localcontext
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, insert, select

from kraken_pipeline.domain.lots import Fill
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.domain.nav_days import NavDay, TradeDay
from kraken_pipeline.store.prepared import Named, Prepared
from kraken_pipeline.store.schema.nav import nav_days, trade_days

_NEWEST: Final = Prepared(
    select(nav_days)
    .where(nav_days.c.day <= bindparam("until"))
    .order_by(nav_days.c.day.desc())
    .limit(1)
)
_SINCE: Final = Prepared(
    select(nav_days).where(nav_days.c.day >= bindparam("since")).order_by(nav_days.c.day)
)
_FORGET: Final = Prepared(delete(nav_days).where(nav_days.c.day == bindparam("of_day")))
_ADD: Final = Prepared(insert(nav_days))
_TRADES: Final = Prepared(
    select(trade_days).where(trade_days.c.day >= bindparam("since")).order_by(trade_days.c.day)
)
_TRADED: Final = Prepared(select(trade_days).where(trade_days.c.day == bindparam("of_day")))
_FORGET_TRADES: Final = Prepared(delete(trade_days).where(trade_days.c.day == bindparam("of_day")))
_ADD_TRADES: Final = Prepared(insert(trade_days))


def newest(connection: Connection, at: datetime) -> NavDay | None:
    """Return the day of an instant, or the newest before it that is kept."""
    row = _NEWEST.first(connection, {"until": at.date().isoformat()})
    return None if row is None else _day_of(row)


def since(connection: Connection, day: date) -> tuple[NavDay, ...]:
    """Return the kept days from that one on, oldest first."""
    rows = _SINCE.named(connection, {"since": day.isoformat()})
    return tuple(_day_of(row) for row in rows)


def keep(connection: Connection, day: NavDay) -> None:
    """Write a day over what was there of it."""
    _FORGET.run(connection, {"of_day": day.day.isoformat()})
    row = {name: getattr(day, name) for name in NavDay.__slots__}
    _ADD.run(connection, {**row, "day": day.day.isoformat()})


def trades_since(connection: Connection, day: date) -> tuple[TradeDay, ...]:
    """Return what was traded in each day from that one on, oldest first; quiet days have none."""
    rows = _TRADES.named(connection, {"since": day.isoformat()})
    return tuple(_trades_of(row) for row in rows)


def add_trades(connection: Connection, some: Sequence[Fill]) -> None:
    """Count fills that were not kept before into the days in which they were."""
    by_day: defaultdict[str, list[Fill]] = defaultdict(list)
    for each in some:
        by_day[each.at.date().isoformat()].append(each)
    for day, told in sorted(by_day.items()):
        row = _TRADED.first(connection, {"of_day": day})
        before = None if row is None else _trades_of(row)
        _FORGET_TRADES.run(connection, {"of_day": day})
        _ADD_TRADES.run(connection, {"day": day, **_with(before, told)})


def _with(before: TradeDay | None, told: Sequence[Fill]) -> dict[str, Any]:
    with localcontext(EXACT):
        traded = sum((each.cost * each.quote_rate for each in told), ZERO)
        fees = sum((each.fee * each.quote_rate for each in told), ZERO)
        if before is None:
            return {"fills": len(told), "traded": traded, "fees": fees}
        return {
            "fills": before.fills + len(told),
            "traded": before.traded + traded,
            "fees": before.fees + fees,
        }


def _day_of(row: Named) -> NavDay:
    told = {name: row[name] for name in NavDay.__slots__}
    return NavDay(**{**told, "day": date.fromisoformat(row["day"])})


def _trades_of(row: Named) -> TradeDay:
    told = {name: row[name] for name in TradeDay.__slots__}
    return TradeDay(**{**told, "day": date.fromisoformat(row["day"])})
