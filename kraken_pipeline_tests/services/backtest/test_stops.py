from dataclasses import replace
from decimal import Decimal

import pytest

from kraken_pipeline.domain.errors import OrderRefusedError
from kraken_pipeline.domain.intents import Action
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.order_terms import Close, Purpose
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
from kraken_pipeline_tests.services.backtest.test_exchange import exchange, wanted

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


def test_a_conditional_close_is_refused_and_not_forgotten() -> None:
    close = Close(order_type="stop-loss", trigger_price=Price(Decimal(90)))

    with pytest.raises(OrderRefusedError, match="no conditional close"):
        exchange(flat(100.0, 100.0)).add(wanted(close=close), deadline=BEGUN)
