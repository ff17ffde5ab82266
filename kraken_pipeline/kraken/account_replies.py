"""Replies about the account beside its orders and balances, read into our words. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.account_reports import (
    Allocation,
    AmendReport,
    FeeSchedule,
    FeeTier,
    FundsMove,
    Worth,
)
from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.kraken.fields import EPOCH, LAST_SECOND, Record, record

NANOSECONDS_FROM: Final = 10**17
"""A time that counts from here on is in nanoseconds, below in milliseconds: Kraken gives both."""
NEXT: Final = "next_cursor"


def totals_from(reply: object) -> dict[str, Decimal]:
    """Read Balance: each bucket by Kraken's own id, with what orders hold.

    Raises:
        UnexpectedReplyError: a field is odd.
    """
    fields = record(reply, "Balance")
    return {asset: fields.amount(asset) for asset in fields.fields}


def worth_from(reply: object, asset: str) -> Worth:
    """Read TradeBalance.

    Raises:
        UnexpectedReplyError: a field is missing or odd.
    """
    fields = record(reply, "TradeBalance")
    return Worth(
        asset=asset,
        equivalent=fields.amount("eb"),
        trade_balance=fields.amount("tb"),
        margin_used=fields.amount("m"),
        equity=fields.amount("e"),
        free_margin=fields.amount("mf"),
    )


def amends_from(reply: object) -> tuple[AmendReport, ...]:
    """Read OrderAmends: what the order was at first and after each change, the oldest first.

    Raises:
        UnexpectedReplyError: a field is missing or odd.
    """
    fields = record(reply, "OrderAmends")
    rows = [
        record(each, f"OrderAmends.amends[{index}]")
        for index, each in enumerate(fields.items("amends"))
    ]
    return tuple(sorted(map(_amend, rows), key=lambda each: each.at))


def _amend(row: Record) -> AmendReport:
    return AmendReport(
        amend_id=row.name_in("amend_id"),
        kind=row.name_in("amend_type"),
        qty=row.qty("order_qty"),
        remaining_qty=_qty_or_none(row, "remaining_qty"),
        display_qty=_qty_or_none(row, "display_qty"),
        limit_price=_price_or_none(row, "limit_price"),
        trigger_price=_price_or_none(row, "trigger_price"),
        post_only=row.flag("post_only") if "post_only" in row.fields else None,
        reason=row.text_or_none("reason") or "",
        at=_counted_time(row, "timestamp"),
    )


def _qty_or_none(row: Record, name: str) -> Qty | None:
    return None if row.fields.get(name) is None else row.qty(name)


def _price_or_none(row: Record, name: str) -> Price | None:
    return None if row.fields.get(name) is None else row.price(name)


def _counted_time(row: Record, name: str) -> datetime:
    count = row.whole(name)
    micros = count // 1000 if count >= NANOSECONDS_FROM else count * 1000
    if micros >= LAST_SECOND * 1_000_000:
        raise UnexpectedReplyError(f"{row.where}: the field {name!r} is {count} and no time")
    return EPOCH + timedelta(microseconds=micros)


def moves_from(reply: object, method: str) -> tuple[tuple[FundsMove, ...], str | None]:
    """Read a page of DepositStatus or WithdrawStatus, and the cursor of the next one, if any.

    Without a cursor Kraken answers with the list alone, with one it stands in an object.

    Raises:
        UnexpectedReplyError: it is neither, or a field is missing or odd.
    """
    if isinstance(reply, list):
        return _moves(reply, method), None
    fields = record(reply, method)
    lists = [name for name in fields.fields if name != NEXT]
    if len(lists) != 1:
        raise UnexpectedReplyError(f"{method}: it holds {lists} and not one list")
    return _moves(fields.items(lists[0]), method), fields.text_or_none(NEXT) or None


def _moves(rows: list[object], method: str) -> tuple[FundsMove, ...]:
    return tuple(_move(record(each, f"{method}[{index}]")) for index, each in enumerate(rows))


def _move(row: Record) -> FundsMove:
    return FundsMove(
        refid=row.name_in("refid"),
        asset=row.name_in("asset"),
        method=row.text("method"),
        amount=row.unsigned("amount"),
        fee=None if row.fields.get("fee") is None else row.unsigned("fee"),
        status=row.name_in("status"),
        note=row.text_or_none("status-prop"),
        at=row.instant("time"),
    )


def allocations_from(reply: object) -> tuple[tuple[Allocation, ...], str | None]:
    """Read a page of Earn/Allocations, and the cursor of the next one, if any.

    Raises:
        UnexpectedReplyError: a field is missing or odd.
    """
    page = record(reply, "Earn/Allocations")
    return tuple(map(_allocation, _items(page))), page.text_or_none(NEXT) or None


def _allocation(row: Record) -> Allocation:
    return Allocation(
        strategy_id=row.name_in("strategy_id"),
        asset=row.name_in("native_asset"),
        qty=row.record("amount_allocated").record("total").unsigned("native"),
        rewarded=row.record("total_rewarded").unsigned("native"),
    )


def earn_locks_from(reply: object) -> tuple[dict[str, str], str | None]:
    """Read a page of Earn/Strategies: each strategy's kind of lock, and the next cursor, if any.

    Raises:
        UnexpectedReplyError: a field is missing or odd.
    """
    page = record(reply, "Earn/Strategies")
    locks = {row.name_in("id"): row.record("lock_type").name_in("type") for row in _items(page)}
    return locks, page.text_or_none(NEXT) or None


def _items(page: Record) -> list[Record]:
    return [
        record(each, f"{page.where}.items[{index}]")
        for index, each in enumerate(page.items("items"))
    ]


def fee_schedule_from(reply: object, pairs: Iterable[Pair]) -> FeeSchedule:
    """Read TradeVolume with its schedules.

    Raises:
        UnexpectedReplyError: a pair is not answered, or a field is missing or odd.
    """
    fields = record(reply, "TradeVolume")
    told = [
        record(each, f"TradeVolume.schedules[{index}]")
        for index, each in enumerate(fields.items("schedules"))
    ]
    tiers = {each.name_in("pair"): _tiers(each) for each in told}
    found = {}
    for pair in pairs:
        # asked by key, Kraken answers by key; the altname is taken too
        name = pair.key if pair.key in tiers else pair.name
        if name not in tiers:
            raise UnexpectedReplyError(f"TradeVolume: it has no schedule of {pair.name}")
        found[pair.name] = tiers[name]
    return FeeSchedule(
        currency=fields.name_in("currency"), volume=fields.unsigned("volume"), tiers=found
    )


def _tiers(schedule: Record) -> tuple[FeeTier, ...]:
    rows = [
        record(each, f"{schedule.where}.tiers[{index}]")
        for index, each in enumerate(schedule.items("tiers"))
    ]
    tiers = [
        FeeTier(
            maker_pct=row.amount("maker_fee"),
            taker_pct=row.amount("taker_fee"),
            from_volume=row.unsigned("min_spot_volume"),
            is_active=row.flag("active"),
        )
        for row in rows
    ]
    return tuple(sorted(tiers, key=lambda each: each.from_volume))
