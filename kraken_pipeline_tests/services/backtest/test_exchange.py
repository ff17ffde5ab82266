from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.errors import FundsRefusedError, OrderRefusedError
from kraken_pipeline.domain.fees import FeeRates
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.order_terms import Trigger
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.reports import Placed
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services.backtest import FeeSchedule, FeeStep, FeeTier, FillModel
from kraken_pipeline.services.backtest.engine import TurnedClock
from kraken_pipeline.services.backtest.exchange import BarExchange
from kraken_pipeline.services.backtest.resting import Happened
from kraken_pipeline.services.backtest.tape import Tape
from kraken_pipeline.strategies.base import Bars
from kraken_pipeline.wiring.run_universes import listing_of
from kraken_pipeline_tests.builders import order
from kraken_pipeline_tests.services.backtest.runs import (
    BEGUN,
    EXACT_FILLS,
    HOUR,
    USD,
    asked,
    bars,
    flat,
    listed,
    scripted,
)

Open = Callable[..., BarExchange]


def exchange(
    panel: Bars,
    model: FillModel = EXACT_FILLS,
    at: datetime = BEGUN,
    fees: FeeSchedule | None = None,
) -> BarExchange:
    return BarExchange(
        Tape(panel),
        listing_of([listed()]),
        model,
        fees or asked(scripted({})).fees,
        {USD: Decimal(10_000), Asset("XBT"): Decimal(10)},
        TurnedClock(at),
    )


def wanted(**changed: Any) -> Order:  # noqa: ANN401 - `replace` checks them
    made = replace(
        order(),
        side=Side.BUY,
        order_type="limit",
        time_in_force="GTD",
        qty=Qty(Decimal(2)),
        limit_price=Price(Decimal(101)),
        post_only=False,
        expires_at=BEGUN + 10 * HOUR,
    )
    return replace(made, **changed)


def sent(opened: BarExchange, what: Order) -> str:
    placed = opened.add(what, deadline=BEGUN)
    assert isinstance(placed, Placed)
    return placed.kraken_order_id


def everything(opened: BarExchange) -> list[Happened]:
    happened = []
    while opened.next_at() is not None:
        told = opened.happen()
        happened += [told] if told else []
    return happened


def test_a_limit_that_crosses_trades_at_the_price_of_now() -> None:
    opened = exchange(flat(100.0, 100.0))
    sent(opened, wanted())

    [done] = everything(opened)
    assert done.trade is not None
    assert (done.report.status, done.trade.price, done.trade.qty) == (
        "closed",
        Decimal(100),
        Decimal(2),
    )


def test_a_taker_pays_spread_and_slippage_and_never_past_its_limit() -> None:
    model = replace(EXACT_FILLS, spread_bps=Decimal(40), slippage_bps=Decimal(20))
    opened = exchange(flat(100.0, 100.0), model)
    sent(opened, wanted())
    sent(opened, wanted(limit_price=Price(Decimal("100.3"))))

    prices = [each.trade.price for each in everything(opened) if each.trade]
    assert prices == [Decimal("100.4"), Decimal("100.3")]


def test_an_order_meets_the_market_only_after_its_latency() -> None:
    model = replace(EXACT_FILLS, latency=timedelta(hours=1))
    opened = exchange(flat(100.0, 90.0, 80.0), model)
    sent(opened, wanted())

    [done] = everything(opened)
    assert done.trade is not None
    assert (done.trade.price, done.trade.at) == (Decimal(90), BEGUN + HOUR)


def test_a_limit_below_the_market_waits_until_the_price_passes_it() -> None:
    opened = exchange(flat(100.0, 100.0, 90.0, 90.0))
    sent(opened, wanted(limit_price=Price(Decimal(95))))

    [done] = everything(opened)
    assert done.trade is not None
    assert (done.trade.price, done.trade.maker) == (Decimal(95), True)
    assert done.trade.at == BEGUN + 1.5 * HOUR


def test_what_nothing_comes_to_expires() -> None:
    opened = exchange(flat(100.0, 100.0, 100.0))
    sent(opened, wanted(limit_price=Price(Decimal(95)), expires_at=BEGUN + HOUR))

    [done] = everything(opened)
    assert (done.report.status, done.report.filled_qty) == ("expired", Decimal(0))


def test_a_large_order_fills_with_a_share_of_each_bars_volume() -> None:
    model = replace(EXACT_FILLS, volume_share=Decimal("0.1"))
    opened = exchange(flat(*[100.0] * 6, volume=10.0), model)
    sent(opened, wanted(order_type="market", time_in_force="GTC", qty=Qty(Decimal("2.5"))))

    assert [each.trade.qty for each in everything(opened) if each.trade] == [1, 1, Decimal("0.5")]


def test_what_must_be_done_at_once_is_closed_with_what_it_got() -> None:
    model = replace(EXACT_FILLS, volume_share=Decimal("0.1"))
    opened = exchange(flat(*[100.0] * 3, volume=10.0), model)
    sent(opened, wanted(time_in_force="IOC"))

    [done] = everything(opened)
    assert (done.report.status, done.report.filled_qty) == ("closed", Decimal(1))


def test_a_post_only_order_that_would_take_is_canceled() -> None:
    opened = exchange(flat(100.0, 100.0))
    sent(opened, wanted(post_only=True))

    [done] = everything(opened)
    assert (done.report.status, done.report.reason) == ("canceled", "Post only order")


def test_a_stop_fires_at_its_price_and_sells_there() -> None:
    opened = exchange(flat(100.0, 100.0, 80.0, 80.0))
    stop = Trigger(price=Price(Decimal(90)))
    sent(opened, wanted(side=Side.SELL, order_type="stop-loss", time_in_force="GTC", trigger=stop))

    [done] = everything(opened)
    assert done.trade is not None
    assert (done.trade.price, done.trade.at) == (Decimal(90), BEGUN + 1.5 * HOUR)


def test_a_stop_that_the_market_jumps_over_sells_at_the_open() -> None:
    opened = exchange(bars((100, 100, 100, 100, 9), (80, 80, 80, 80, 9)))
    stop = Trigger(price=Price(Decimal(90)))
    sent(opened, wanted(side=Side.SELL, order_type="stop-loss", time_in_force="GTC", trigger=stop))

    [done] = everything(opened)
    assert done.trade is not None
    assert done.trade.price == 80


def test_a_trailing_stop_follows_the_price() -> None:
    opened = exchange(flat(100.0, 120.0, 120.0, 100.0))
    trail = Trigger(trail_pct=Decimal(10))
    sent(
        opened,
        wanted(side=Side.SELL, order_type="trailing-stop", time_in_force="GTC", trigger=trail),
    )

    [done] = everything(opened)
    assert done.trade is not None
    assert done.trade.price == 108


def test_a_fill_moves_the_balances_by_cost_and_fee() -> None:
    opened = exchange(flat(100.0, 100.0))
    sent(opened, wanted())

    everything(opened)

    totals = {name: each.total for name, each in opened.balances().items()}
    assert totals == {"USD": Decimal(10_000) - 200 - Decimal("0.4"), "XBT": 12}


def test_who_traded_much_pays_less_from_the_next_fill_on() -> None:
    cheap = FeeRates(maker_pct=Decimal(0), taker_pct=Decimal("0.1"))
    dear = FeeRates(maker_pct=Decimal(0), taker_pct=Decimal("0.5"))
    step = FeeStep(since=BEGUN, rates=dear, tiers=(FeeTier(volume=Decimal(150), rates=cheap),))
    opened = exchange(flat(100.0, 100.0), fees=FeeSchedule(steps=(step,)))
    for _ in range(2):
        sent(opened, wanted())

    assert [each.trade.fee for each in everything(opened) if each.trade] == [
        Decimal(1),
        Decimal("0.2"),
    ]


def test_open_orders_hold_what_they_may_need() -> None:
    opened = exchange(flat(100.0, 100.0))
    sent(opened, wanted(limit_price=Price(Decimal(95))))

    assert opened.balances()["USD"].held == 190


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"qty": Qty(Decimal("0.00001"))}, "volume minimum"),
        ({"limit_price": Price(Decimal("100.001"))}, "Tick size"),
        ({"qty": Qty(Decimal("0.00006")), "limit_price": Price(Decimal(1))}, "Cost minimum"),
        ({"pair": "NOUSD"}, "Unknown asset pair"),
    ],
)
def test_an_order_that_breaks_a_rule_is_refused(changed: dict[str, Any], said: str) -> None:
    opened = exchange(flat(100.0, 100.0))

    with pytest.raises(OrderRefusedError, match=said):
        opened.add(wanted(**changed), deadline=BEGUN)


def test_an_order_that_nobody_can_pay_is_refused() -> None:
    opened = exchange(flat(100.0, 100.0))

    with pytest.raises(FundsRefusedError, match="Insufficient funds"):
        opened.add(wanted(qty=Qty(Decimal(100))), deadline=BEGUN)


def test_of_a_batch_each_is_answered_by_itself() -> None:
    opened = exchange(flat(100.0, 100.0))

    answers = opened.add_batch([wanted(), wanted(qty=Qty(Decimal(100)))], deadline=BEGUN)

    assert [type(each) for each in answers] == [Placed, FundsRefusedError]


def test_a_canceled_order_fills_no_more() -> None:
    opened = exchange(flat(100.0, 90.0))
    name = sent(opened, wanted(limit_price=Price(Decimal(95))))

    opened.cancel(name)

    assert everything(opened) == []
    with pytest.raises(OrderRefusedError, match="Unknown order"):
        opened.cancel(name)


def test_an_order_is_changed_where_it_rests() -> None:
    opened = exchange(flat(100.0, 90.0))
    name = sent(opened, wanted(limit_price=Price(Decimal(80))))

    opened.amend(name, Amendment(limit_price=Price(Decimal(95))), deadline=BEGUN)

    [done] = everything(opened)
    assert done.trade is not None
    assert done.trade.price == 95


def test_the_ticker_is_that_of_now_and_stands_around_the_price() -> None:
    opened = exchange(flat(100.0, 100.0), replace(EXACT_FILLS, spread_bps=Decimal(10)))

    ticker = opened.tickers()["XBTUSD"]

    assert (ticker.bid, ticker.last, ticker.ask) == (
        Decimal("99.95"),
        Decimal(100),
        Decimal("100.05"),
    )
