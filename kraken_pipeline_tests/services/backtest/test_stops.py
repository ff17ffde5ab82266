from dataclasses import replace
from decimal import Decimal

import pytest

from kraken_pipeline.domain.intents import Action
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.order_terms import Close, OrderTerms, Purpose
from kraken_pipeline.domain.orders import State
from kraken_pipeline.domain.protection import StopStyle
from kraken_pipeline.services.backtest import History, Result, Run
from kraken_pipeline.strategies.base import Bars, Strategy
from kraken_pipeline_tests.services.backtest.runs import (
    BEGUN,
    EXACT_FILLS,
    HOUR,
    Nothing,
    asked,
    flat,
    rules,
    scripted,
)

IN, OUT = Action.ENTER, Action.EXIT
STOP = StopStyle(order_type="stop-loss", max_slippage_bps=50)


def protected(
    panel: Bars, strategy: Strategy, style: StopStyle = STOP, **changed: object
) -> Result:
    return Run(
        asked(strategy, **changed), rules(stops=style), History({"1h": panel}), Nothing()
    ).run()


def test_what_falls_to_its_stop_is_sold_there() -> None:
    result = protected(flat(*[100.0] * 4, 80.0, 80.0), scripted({2: IN}))

    [trip] = result.trips
    assert result.fills[-1].price == Decimal("90.01")
    assert trip.why_closed == "stop at 90.01"
    assert BEGUN + 3.4 * HOUR < trip.closed_at < BEGUN + 3.5 * HOUR
    assert [each.purpose for each in result.orders] == [Purpose.OPEN, Purpose.PROTECT]


def test_a_stop_gives_way_to_the_strategys_own_sale() -> None:
    result = protected(flat(*[100.0] * 12), scripted({2: IN, 5: OUT}))

    states = {each.purpose: each.state for each in result.orders}
    assert states == {
        Purpose.OPEN: State.FILLED,
        Purpose.PROTECT: State.CANCELED,
        Purpose.CLOSE: State.FILLED,
    }
    assert result.trips[0].why_closed == "bar 5"


def test_a_stop_grows_with_what_fills() -> None:
    thin = replace(EXACT_FILLS, volume_share=Decimal("0.1"))

    result = protected(flat(*[100.0] * 30, volume=40.0), scripted({2: IN}), model=thin)

    stop = result.orders[-1]
    bought = sum(each.qty for each in result.fills)
    assert (stop.purpose, stop.state, stop.qty) == (Purpose.PROTECT, State.LIVE, bought)
    assert len(result.fills) > 1


def test_a_trailing_stop_sells_below_the_best_price() -> None:
    trailing = StopStyle(order_type="trailing-stop", max_slippage_bps=50)

    result = protected(flat(*[100.0] * 4, 200.0, 200.0, 100.0), scripted({2: IN}), trailing)

    assert result.fills[-1].price == 180


def test_without_stops_none_is_placed() -> None:
    strategy = scripted({2: IN})
    result = Run(asked(strategy), rules(), History({"1h": flat(*[100.0] * 6)}), Nothing()).run()

    assert [each.purpose for each in result.orders] == [Purpose.OPEN]


@pytest.mark.parametrize(
    ("close", "prices", "sold"),
    [
        (Close(order_type="stop-loss", trigger_price=Price(Decimal(90))), [80.0] * 3, 90),
        (Close(order_type="take-profit", trigger_price=Price(Decimal(110))), [120.0] * 3, 110),
        (Close(order_type="limit", limit_price=Price(Decimal(110))), [120.0] * 3, 110),
    ],
)
def test_a_conditional_close_follows_each_fill_and_sells_it(
    close: Close, prices: list[float], sold: int
) -> None:
    thin = replace(EXACT_FILLS, volume_share=Decimal("0.1"))
    strategy = scripted({2: IN}, terms=OrderTerms(close=close))
    panel = flat(*[100.0] * 10, *prices, *prices, volume=200.0)
    result = Run(asked(strategy, model=thin), rules(), History({"1h": panel}), Nothing()).run()

    entry, *children = result.orders
    bought = [each.qty for each in result.fills if each.side is Side.BUY]
    left = [each for each in result.fills if each.side is Side.SELL]
    assert [each.qty for each in children] == bought
    assert {each.parent_id for each in children} == {entry.local_id}
    assert sum(each.qty for each in left) == sum(bought)
    assert left[0].price == sold
    assert [each.qty for each in result.positions] == [0]
    [trip] = result.trips
    assert f"at {sold}" in trip.why_closed


def test_a_conditional_close_gives_way_to_what_its_strategy_sells() -> None:
    close = Close(order_type="stop-loss", trigger_price=Price(Decimal(90)))
    strategy = scripted({2: IN, 5: OUT}, terms=OrderTerms(close=close))

    result = Run(asked(strategy), rules(), History({"1h": flat(*[100.0] * 9)}), Nothing()).run()

    entry, child, sale = result.orders
    assert (child.purpose, child.state) == (Purpose.PROTECT, State.CANCELED)
    assert (sale.purpose, sale.state, sale.qty) == (Purpose.CLOSE, State.FILLED, entry.qty)
