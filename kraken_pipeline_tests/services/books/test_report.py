from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from kraken_pipeline.domain.nav import Snapshot, Valuation
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.services.books.portfolio import Day, Flow
from kraken_pipeline.services.books.report import (
    MOST_NAMED,
    _of_account,
    _of_days,
    _of_flows,
    _preferred,
)

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ONE, NONE = Decimal(1), Decimal(0)


def snapshot(*valuations: Valuation) -> Snapshot:
    return Snapshot(
        at=NOON,
        equity=ONE,
        cash=ONE,
        valuations=valuations,
        positions=(),
        realised=NONE,
        unrealised=NONE,
        fees=NONE,
        units=ONE,
        unit_price=ONE,
        drawdown=NONE,
        drawdown_of_day=NONE,
        drawdown_of_all_time=NONE,
    )


def usd(**more: object) -> Valuation:
    whole = {"asset": Asset("USD"), "qty": ONE, "price": ONE, "source": "itself", **more}
    return Valuation(**whole)  # type: ignore[arg-type]  # as a test names them


def test_of_books_that_are_right_nothing_is_noted() -> None:
    assert list(_of_account(snapshot(usd()), {})) == []


def test_what_has_no_price_or_an_old_one_is_noted_and_that_prices_stand_still() -> None:
    lost = usd(asset=Asset("LUNA"), price=None)
    old = usd(asset=Asset("ETH"), stale_since=NOON - timedelta(hours=1))

    frozen, unpriced, stale = _of_account(snapshot(usd(), lost, old), {})

    assert "stand still" in frozen
    assert unpriced == "1 LUNA never had a price and count for nothing"
    assert stale == "the price of ETH is of 2026-01-31 11:00 UTC"


def test_drift_and_books_that_differ_are_noted() -> None:
    read = replace(snapshot(usd()), drift={"XXBT": "2 is not 1"})

    noted = list(_of_account(read, {Asset("ETH"): "3 is not 4"}))

    assert [each.split(":")[1] for each in noted] == [" 2 is not 1", " 3 is not 4"]


def test_days_without_a_reading_are_noted() -> None:
    def day(number: int) -> Day:
        shares = dict.fromkeys(("exposed", "gained", "fallen", "deepest", "flows"), NONE)
        amounts = dict.fromkeys(("equity", "exposure", "unit_price"), ONE)
        return Day(day=date(2026, 1, number), **amounts, **shares)

    assert list(_of_days([day(1), day(2)], [])) == []
    assert list(_of_days([day(1), day(5)], [])) == [
        "3 days without a reading are not in the curves"
    ]


def test_candles_of_an_hour_come_first_and_the_shortest_last() -> None:
    ranked = sorted(TIMEFRAMES.values(), key=_preferred)

    assert [each.name for each in ranked] == ["1h", "4h", "1d", "15m", "5m", "1m"]


def flow(cause: str, value: Decimal | None) -> Flow:
    words = dict.fromkeys(("basis", "priced_by", "event_id"), "")
    known = {"at": NOON, "asset": Asset("ETH"), "qty": ONE, "fee": NONE, "cost": None}
    return Flow(cause=cause, value=value, **known, **words)  # type: ignore[arg-type]  # as above


def test_flows_that_nobody_explains_or_prices_are_named_and_the_oldest_counted() -> None:
    assert list(_of_flows([flow("flow", ONE)])) == []
    assert list(_of_flows([flow("unknown", None), flow("flow", None)])) == [
        "nobody can explain 1 ETH of 2026-01-31",
        "nobody knows the worth of 1 ETH of 2026-01-31",
    ]

    many = list(_of_flows([flow("unknown", None)] * (MOST_NAMED + 3)))

    assert len(many) == MOST_NAMED + 1
    assert "3 earlier flows" in many[-1]
