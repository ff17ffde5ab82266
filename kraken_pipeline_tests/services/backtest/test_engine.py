import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_pipeline.domain.certificates import Certificate, Source, Span
from kraken_pipeline.domain.intents import Action, Outcome
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.order_terms import OrderTerms, Urgency
from kraken_pipeline.domain.orders import Fact, State
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe
from kraken_pipeline.services.backtest import FillModel, History, Result, Run
from kraken_pipeline.services.deciding.showing import Configured
from kraken_pipeline.strategies import STRATEGIES
from kraken_pipeline.strategies.base import Awake, Bars, Floats, Strategy
from kraken_pipeline_tests.builders import limits
from kraken_pipeline_tests.services.backtest.runs import (
    BEGUN,
    EXACT_FILLS,
    HOUR,
    Nothing,
    asked,
    flat,
    ran,
    rules,
    scripted,
)

IN, OUT = Action.ENTER, Action.EXIT
STEPS: Final = tuple(100.0 + each for each in range(12))
ROUND_TRIP: Final = scripted({2: IN, 5: OUT})


def test_a_decision_trades_at_the_next_bars_open_never_at_its_own_close() -> None:
    result = ran(flat(*STEPS), ROUND_TRIP)

    assert [(each.at, each.price) for each in result.fills] == [
        (BEGUN + 2 * HOUR, Decimal(102)),
        (BEGUN + 5 * HOUR, Decimal(105)),
    ]


def test_what_is_ordered_is_sized_by_risk() -> None:
    [buy, _] = ran(flat(*STEPS), ROUND_TRIP).fills

    # one percent of 10,000 may be lost at a stop that is a tenth away
    assert buy.cost == pytest.approx(Decimal(1000), rel=Decimal("0.01"))


def test_an_order_goes_through_the_facts_of_life() -> None:
    result = ran(flat(*STEPS), ROUND_TRIP)

    first = result.orders[0]
    facts = [each.event.fact for each in result.moves if each.local_id == first.local_id]
    assert facts == [Fact.SEND_STARTED, Fact.ACCEPTED, Fact.FILLED_SEEN]
    assert [each.state for each in result.orders] == [State.FILLED] * 2


def test_money_is_exact_to_the_last_digit() -> None:
    result = ran(flat(*STEPS), ROUND_TRIP)

    [trip] = result.trips
    assert result.final_cash == 10_000 + trip.profit
    assert result.final_equity == result.final_cash
    assert trip.profit == trip.proceeds - trip.cost - trip.fees


def test_the_curve_ends_with_what_there_is() -> None:
    result = ran(flat(*STEPS), scripted({2: IN}))

    assert result.equity[-1] == pytest.approx(float(result.final_equity))
    assert result.exposure[0] == 0
    assert result.exposure[-1] > 0


def test_a_denial_is_kept_with_its_code() -> None:
    narrow = replace(rules().bench, limits=limits(min_liquidity_24h=Decimal(10**9)))
    run = Run(asked(ROUND_TRIP), rules(bench=narrow), History({"1h": flat(*STEPS)}), Nothing())

    result = run.run()

    assert result.denials["LIQUIDITY"] == 1
    assert result.orders == ()


def test_a_fall_of_equity_stops_what_opens() -> None:
    fallen = flat(100.0, 100.0, 100.0, 50.0, 50.0, 50.0, 50.0, 50.0)
    strategy = scripted({2: IN, 5: OUT, 6: IN}, stop=0.02)
    narrow = replace(rules().switches, max_drawdown_pct=Decimal(10))
    run = Run(asked(strategy), rules(switches=narrow), History({"1h": fallen}), Nothing())

    result = run.run()

    assert [each.kind.value for each in result.halts] == ["KILL_DRAWDOWN"]
    assert result.denials["KILL_DRAWDOWN"] == 1
    assert len(result.trips) == 1


def test_a_limit_that_rests_fills_when_the_price_comes() -> None:
    passive = OrderTerms(urgency=Urgency.PASSIVE, post_only=True)
    model = replace(EXACT_FILLS, spread_bps=Decimal(20))
    prices = (100.0, 100.0, 100.0, 90.0, 90.0)

    [fill] = ran(flat(*prices), scripted({1: IN}, terms=passive), model=model).fills

    assert (fill.maker, fill.price) == (True, Decimal("99.9"))


def test_a_close_without_a_bar_is_skipped_as_in_life() -> None:
    holes = flat(*STEPS)
    holes.close[3] = np.nan

    result = ran(holes, ROUND_TRIP)

    skipped = [each for each in result.decisions if each.outcome is Outcome.SKIPPED]
    assert [each.closed_at for each in skipped] == [BEGUN + 4 * HOUR]


def test_only_the_stretch_is_decided() -> None:
    result = ran(flat(*STEPS), ROUND_TRIP, since=BEGUN + 5 * HOUR, until=BEGUN + 8 * HOUR)

    assert result.asked_closes == 4
    assert result.candles == 4
    assert len(result.at) == 3


def vigilant(strategy: Strategy) -> Strategy:
    """Return the strategy, awake at every other close, and at those at which it wishes."""

    def awake(frame: object, panels: object, parameters: object) -> Awake:
        flags = np.ones((12, 1), dtype=np.bool_)
        flags[::2] = False
        flags[[1, 4]] = True
        return Awake(enter=flags, leave=flags)

    return replace(strategy, awake=awake)


def test_sleeping_through_closes_that_cannot_matter_changes_nothing() -> None:
    asleep, awake = ran(flat(*STEPS), vigilant(ROUND_TRIP)), ran(flat(*STEPS), ROUND_TRIP)

    assert asleep.asked_closes < awake.asked_closes
    assert asleep.hash == awake.hash


def test_the_same_comes_of_the_same() -> None:
    assert ran(flat(*STEPS), ROUND_TRIP).hash == ran(flat(*STEPS), ROUND_TRIP).hash


def test_other_bars_come_to_another_hash() -> None:
    later = flat(*STEPS[:-1], 500.0)

    assert ran(flat(*STEPS), ROUND_TRIP).hash != ran(later, ROUND_TRIP).hash


def test_the_order_of_hashes_in_a_process_changes_nothing() -> None:
    told = {
        subprocess.run(
            [sys.executable, "-c", HASHED],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert told == {ran(flat(*STEPS), ROUND_TRIP).hash}


HASHED: Final = """
from kraken_pipeline_tests.services.backtest.test_engine import ROUND_TRIP, STEPS, flat, ran
print(ran(flat(*STEPS), ROUND_TRIP).hash, end="")
"""


@settings(max_examples=25)
@given(
    prices=st.lists(st.floats(50, 150).map(lambda each: round(each, 2)), min_size=12, max_size=12),
    cut=st.integers(3, 11),
)
def test_no_decision_is_changed_by_what_comes_after_it(prices: list[float], cut: int) -> None:
    strategy = scripted({1: IN, 3: OUT, 5: IN, 8: OUT, 9: IN})
    until = BEGUN + cut * HOUR

    whole = ran(flat(*prices), strategy)
    short = ran(flat(*prices[:cut], 7.0), strategy, until=until)

    def said(of: Result) -> list[tuple[str, list[tuple[str, str]]]]:
        return [
            (each.decision_id, [(wish.intent_id, wish.reason) for wish in each.intents])
            for each in of.decisions
            if each.closed_at < until
        ]

    assert said(whole) == said(short)
    assert [each for each in whole.fills if each.at < until - HOUR] == [
        each for each in short.fills if each.at < until - HOUR
    ]


def test_a_bought_price_is_on_the_tick() -> None:
    model = replace(EXACT_FILLS, spread_bps=Decimal(7), latency=timedelta(seconds=7))

    [buy, _] = ran(flat(*STEPS), ROUND_TRIP, model=model).fills

    assert buy.price == Price(round(buy.price, 2))


class Proven:
    """Certificates that every trade of all hours was read."""

    def of(self, frame: Timeframe) -> dict[str, Certificate]:
        first, until = int(BEGUN.timestamp()), int((BEGUN + 1000 * HOUR).timestamp())
        span = Span(first=first, until=until, source=Source.TRADES, origin="", fetched_at=BEGUN)
        return {"XBTUSD": Certificate(pair="XBTUSD", timeframe=frame.name, spans=(span,))}


def silent_hours(seed: int, rows: int = 600) -> Bars:
    """Return hours on a random walk, of which some are silent."""
    chance = np.random.default_rng(seed)
    panel = flat(*100 * np.exp(np.cumsum(chance.normal(0, 0.01, rows))))
    is_silent = chance.random(rows) < 0.02
    for each in (panel.open, panel.high, panel.low, panel.close, panel.volume):
        each[is_silent] = np.nan
    return panel


def longer(hours: Bars, name: str) -> Bars:
    """Return longer bars of the same hours."""
    frame = TIMEFRAMES[name]
    size = frame.seconds // hours.frame.seconds
    rows = len(hours.opened_at) // size

    def pieces(values: Floats) -> Floats:
        return values[: rows * size].reshape(rows, size)

    def first(values: Floats) -> Floats:
        return np.array([row[~np.isnan(row)][0] for row in pieces(values)])[:, None]

    def last(values: Floats) -> Floats:
        return np.array([row[~np.isnan(row)][-1] for row in pieces(values)])[:, None]

    return replace(
        hours,
        frame=frame,
        opened_at=hours.opened_at[: rows * size : size],
        open=first(hours.open),
        high=np.nanmax(pieces(hours.high), axis=1)[:, None],
        low=np.nanmin(pieces(hours.low), axis=1)[:, None],
        close=last(hours.close),
        volume=np.nansum(pieces(hours.volume), axis=1)[:, None],
    )


LIVELY: Final[dict[str, dict[str, object]]] = {
    "trend_core": {"profile": "aggressive", "daily_filter": False},
    "vol_breakout": {"lookback": 5, "max_range_bps": 600, "breakout_atr_multiple": 0.1},
    "majors_mean_rev": {"pairs": ["XBTUSD"], "lookback": 10, "only_mean_reverting": False},
    "rs_rotation": {"lookback": 10, "drift_pct": 1},
    "dca_overlay": {"weights": {"XBTUSD": 1}},
}


@pytest.mark.parametrize("name", list(LIVELY))
def test_who_is_asked_only_when_awake_wishes_for_the_same_as_who_is_always_asked(name: str) -> None:
    hours = silent_hours(seed=3)
    panels = {"1h": hours, "4h": longer(hours, "4h")}
    parameters = STRATEGIES[name].parameters(LIVELY[name])

    def wishes(strategy: Strategy) -> list[str]:
        frame = "1h" if "1h" in strategy.timeframes else "4h"
        configured = Configured(
            strategy_id="s",
            strategy=strategy,
            timeframes=(frame,),
            parameters=parameters,
            userref=None,
        )
        since, until = BEGUN + 210 * HOUR, BEGUN + 590 * HOUR
        run = asked(strategy, since=since, until=until, strategies=(configured,), model=FillModel())
        made = Run(run, rules(), History(panels), Proven()).run().decisions
        return [each.intent_id for decision in made for each in decision.intents]

    woken = wishes(STRATEGIES[name])

    assert len(woken) > 4
    assert woken == wishes(replace(STRATEGIES[name], awake=None))
