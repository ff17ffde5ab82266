from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.market_reports import PublicTrade
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.timeframes import EPOCH, TIMEFRAMES, Timeframe, timeframe
from kraken_pipeline.domain.trade_bars import bars_of, candles_of, joined, mismatches

MINUTE = timeframe("1m")
FIVE = timeframe("5m")
FRAMES = list(TIMEFRAMES.values())


def trade(seconds: float, price: str = "10", qty: str = "1") -> PublicTrade:
    return PublicTrade(
        trade_id=None,
        price=Price(Decimal(price)),
        qty=Qty(Decimal(qty)),
        taker_side=Side.BUY,
        is_limit=False,
        at=EPOCH + timedelta(seconds=seconds),
    )


STEPS = st.tuples(
    st.integers(0, 200_000),
    st.decimals("0.00000001", "99999999", places=8),
    st.decimals("0.00000001", "99999999", places=8),
)


@st.composite
def flows(draw: st.DrawFn) -> list[PublicTrade]:
    at, found = 0.0, []
    for gap, price, qty in draw(st.lists(STEPS, max_size=30)):
        at += gap / 10
        found.append(trade(at, str(price), str(qty)))
    return found


def test_a_bar_opens_at_its_first_trade_and_closes_at_its_last() -> None:
    flow = [trade(61, "10", "0.1"), trade(70, "12"), trade(80, "9"), trade(119.999999, "11", "0.2")]

    [bar] = bars_of(flow, MINUTE)

    assert (bar.opened_at, bar.trades) == (60, 4)
    assert [bar.open, bar.high, bar.low, bar.close] == [Decimal(each) for each in (10, 12, 9, 11)]
    assert bar.volume == Decimal("2.3")


def test_a_trade_at_the_full_minute_is_of_the_bar_that_opens_then() -> None:
    assert [each.opened_at for each in bars_of([trade(59.999999), trade(60)], MINUTE)] == [0, 60]


def test_a_bar_in_which_nothing_traded_is_absent() -> None:
    assert [each.opened_at for each in bars_of([trade(0), trade(180)], MINUTE)] == [0, 180]


def test_trades_out_of_order_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="a trade at 60 follows one at 120"):
        bars_of([trade(120), trade(60)], MINUTE)


@given(flow=flows(), cut=st.integers(0, 30), frame=st.sampled_from(FRAMES))
def test_bars_of_joined_pages_are_joined_bars_p_14(
    flow: list[PublicTrade], cut: int, frame: Timeframe
) -> None:
    pages = bars_of(flow[:cut], frame) + bars_of(flow[cut:], frame)

    assert joined(pages, frame) == bars_of(flow, frame)


@given(flow=flows(), frames=st.tuples(st.sampled_from(FRAMES), st.sampled_from(FRAMES)))
def test_long_bars_from_short_ones_are_long_bars_from_trades_p_14(
    flow: list[PublicTrade], frames: tuple[Timeframe, Timeframe]
) -> None:
    short, long = sorted(frames, key=FRAMES.index)

    assert joined(bars_of(flow, short), long) == bars_of(flow, long)


@given(flow=flows())
def test_no_volume_is_lost_or_made(flow: list[PublicTrade]) -> None:
    for frame in FRAMES:
        bars = bars_of(flow, frame)

        assert sum(each.volume for each in bars) == sum(each.qty for each in flow)
        assert sum(each.trades for each in bars) == len(flow)


@given(flow=flows())
def test_bars_agree_with_candles_of_themselves(flow: list[PublicTrade]) -> None:
    bars = bars_of(flow, FIVE)

    assert mismatches(bars, candles_of(bars, "XBTUSD", FIVE), first=0, until=10**9) == ()


FLOW = [trade(0, "10", "1"), trade(60, "11", "2"), trade(180, "12", "3")]


def test_each_field_that_differs_is_returned() -> None:
    bars = bars_of(FLOW, MINUTE)
    theirs = candles_of([replace(bars[0], volume=Decimal("1.5")), *bars[1:]], "XBTUSD", MINUTE)

    [found] = mismatches(bars, theirs, first=0, until=240)

    assert (found.opened_at, found.field) == (0, "volume")
    assert (found.ours, found.theirs) == ("1", "1.5")


def test_a_bar_that_only_one_of_them_has_is_returned() -> None:
    bars = bars_of(FLOW, MINUTE)
    theirs = candles_of(bars[1:], "XBTUSD", MINUTE)

    found = mismatches(bars, theirs, first=0, until=240)

    assert {(each.opened_at, each.theirs) for each in found} == {(0, "")}
    assert len(found) == 6


def test_a_candle_that_tells_of_no_trade_stands_for_none() -> None:
    bars = bars_of(FLOW, MINUTE)
    filled = replace(bars[1], opened_at=120, volume=Decimal(0), trades=0)
    theirs = candles_of([*bars[:2], filled, bars[2]], "XBTUSD", MINUTE)

    assert mismatches(bars, theirs, first=0, until=240) == ()


def test_what_is_not_whole_at_the_edges_is_left_aside() -> None:
    bars = bars_of(FLOW, MINUTE)
    theirs = candles_of(bars_of([trade(0, "7"), *FLOW[1:2], trade(180, "7")], MINUTE), "X", MINUTE)

    assert mismatches(bars, theirs, first=60, until=180) == ()
