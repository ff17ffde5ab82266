"""What is left to a strategy, through a whole assessment, and how the market is measured."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kraken_pipeline.domain.allocation import (
    NO_LIMIT,
    ONE,
    Allocation,
    AllocationRules,
    Dynamic,
    Share,
    Throttle,
)
from kraken_pipeline.domain.errors import StorageError
from kraken_pipeline.domain.intents import Action, Namespace, Target, Unit
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.market_mood import Mood
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.timeframes import TIMEFRAMES, last_close
from kraken_pipeline.services.ports.bars import BarStore
from kraken_pipeline.services.risk.allocate import AllocateDesk, Measured, allocate, reading_of
from kraken_pipeline.services.risk.assess import assess, look
from kraken_pipeline.services.risk.world import World
from kraken_pipeline.store.lock_evidence import SqlLockEvidence
from kraken_pipeline.strategies.base import Bars, Floats
from kraken_pipeline_tests.builders import NOW
from kraken_pipeline_tests.services.paper import Paper

FRAME = TIMEFRAMES["4h"]
HALF = Allocation(shares={"trend": Share(factor=Decimal("0.5"), why="weight=0.5")})
MEASURED = Measured(
    frame=FRAME, quote="USD", momentum_bars=2, basket_bars=2, volatility_bars=2, drawdown_bars=3
)


def _half(world: World) -> Allocation:
    return HALF


def test_a_buy_is_of_the_part_that_an_allocation_leaves(desk: Paper) -> None:
    desk.wants("XBTUSD")

    verdict = desk.assess(allocate=_half)["XBTUSD"]

    assert verdict.approved
    assert verdict.clamped_by == ("ALLOCATION",)
    assert verdict.notional <= 2_500 < verdict.notional + Decimal("0.001")  # half of 5,000


def test_of_a_target_the_part_is_of_all_that_is_to_be_held(desk: Paper) -> None:
    target = Target(unit=Unit.NOTIONAL, amount=Decimal(3_000))
    for _ in range(2):
        desk.wants("XBTUSD", action=Action.INCREASE, target=target)
        verdict = desk.assess(allocate=_half)["XBTUSD"]
        desk.submit()
        desk.settle()
        desk.book()

    # at the second asking the half is held, but for what the limit was above the price
    assert verdict.notional < 20
    [held] = [each for each in desk.held().values() if each]
    assert held * 50_000 < 1_500


def test_what_leaves_nothing_denies_a_buy_and_lets_a_sale_go(desk: Paper) -> None:
    nothing = Allocation(shares={"trend": Share(factor=ZERO, why="market=0")})
    desk.planned()
    desk.submit()
    desk.settle()
    desk.book()
    desk.wants("XBTUSD", side=Side.SELL)
    desk.wants("ETHUSD")

    verdicts = desk.assess(allocate=lambda world: nothing)

    assert verdicts["XBTUSD"].approved
    [found] = verdicts["ETHUSD"].objections
    assert (found.code, found.figures) == ("ALLOCATION", "after=10.00, max=0.00")


def test_what_an_allocation_took_is_kept_with_the_plan(desk: Paper) -> None:
    desk.wants("XBTUSD")

    plan = assess(desk.risk_desk(allocate=_half), namespace=Namespace.TRADE, run_id="run")

    assert plan is not None
    assert plan.allocation == {"trend": "factor=0.5: weight=0.5"}


def test_the_share_of_its_strategy_counts_in_the_turn_of_a_buy(desk: Paper) -> None:
    desk.wants("XBTUSD", strategy="trend", confidence=Decimal("0.9"))
    desk.wants("ETHUSD", strategy="other", confidence=Decimal("0.5"))

    plan = assess(desk.risk_desk(allocate=_half), namespace=Namespace.TRADE, run_id="run")

    assert plan is not None
    assert [each.pair for each in plan.verdicts] == ["ETHUSD", "XBTUSD"]


def no_bars() -> BarStore:
    pytest.fail("bars were asked for")


def allocate_desk(
    desk: Paper, *, dynamic: Dynamic | None = None, throttle: Throttle | None = None
) -> AllocateDesk:
    return AllocateDesk(
        rules=AllocationRules(
            weights={"trend": ONE, "other": ONE},
            parts={},
            dynamic=dynamic,
            throttle=throttle,
            risk_pct=ONE,
        ),
        measured=None,
        trips=SqlLockEvidence(desk.stores.database),
        positions=desk.stores.books.positions,
        bars=no_bars,
    )


class Falling:
    """A store of bars in which the market fell."""

    def __init__(self, desk: Paper) -> None:
        self._at = last_close(FRAME, desk.clock())

    def read(self, *given: object, **told: object) -> Bars:
        shift = int((last_close(FRAME, NOW) - self._at).total_seconds())
        bars = panel(CLOSES)
        return replace(bars, opened_at=bars.opened_at - shift)


def _world(desk: Paper) -> World:
    return look(desk.risk_desk(), ["XBTUSD"])


def test_where_nothing_is_configured_nothing_is_read(desk: Paper) -> None:
    plain = replace(allocate_desk(desk), trips=None, positions=None)  # type: ignore[arg-type]

    assert allocate(plain, _world(desk)) is NO_LIMIT


def test_a_strategy_that_lost_gets_less_than_it_wants(desk: Paper) -> None:
    dynamic = Dynamic(lookback=timedelta(hours=72), min_pct=ZERO, max_pct=Decimal(100))
    told = allocate_desk(desk, dynamic=dynamic)
    assert allocate(told, _world(desk)).of("trend").factor == ONE

    for side in (Side.BUY, Side.SELL):
        desk.wants("XBTUSD", side=side)
        desk.assess()
        desk.submit()
        desk.settle()
        desk.book()

    found = allocate(told, _world(desk))
    assert ZERO < found.of("trend").factor < ONE
    assert found.of("other").factor == ONE
    assert "profit=-" in found.of("trend").why


def test_what_would_be_lost_with_what_is_held_counts_and_a_profit_does_not(desk: Paper) -> None:
    dynamic = Dynamic(lookback=timedelta(hours=72), min_pct=ZERO, max_pct=Decimal(100))
    told = allocate_desk(desk, dynamic=dynamic)
    desk.planned(qty="0.1")
    desk.submit()
    desk.settle()
    desk.book()
    held = desk.stores.books.positions()

    def at_cost(cost: int) -> tuple[Decimal, Decimal]:
        positions = [replace(each, cost=Decimal(cost)) for each in held]
        found = allocate(replace(told, positions=lambda: positions), _world(desk))
        return found.of("trend").factor, found.of("other").factor

    # a profit that counted would take of the other's weight
    assert at_cost(4_990) == at_cost(1_000) == (ONE, ONE)
    assert at_cost(5_500)[0] < ONE


def panel(closes: Floats, *, late: int = 0) -> Bars:
    closed_at = int(last_close(FRAME, NOW).timestamp())
    opened_at = np.arange(len(closes)) * FRAME.seconds + closed_at - len(closes) * FRAME.seconds
    return Bars(
        frame=FRAME,
        pairs=("ETHUSD", "XBTUSD"),
        opened_at=opened_at - late * FRAME.seconds,
        open=closes,
        high=closes,
        low=closes,
        close=closes,
        volume=closes,
    )


CLOSES = np.array([[10.0, 100.0], [10.0, 110.0], [10.0, 99.0]])


def test_the_market_is_measured_by_the_benchmark_and_the_whole_universe() -> None:
    read = reading_of(panel(CLOSES), MEASURED, last_close(FRAME, NOW))

    assert read.benchmark_momentum == Decimal("-0.01")
    assert read.basket_momentum == Decimal("-0.005")
    assert read.volatility == Decimal("0.1")
    assert read.drawdown == Decimal("0.1")


def test_a_pair_without_bars_is_left_out_of_the_basket() -> None:
    closes = CLOSES.copy()
    closes[0, 0] = np.nan

    read = reading_of(panel(closes), MEASURED, last_close(FRAME, NOW))

    assert read.basket_momentum == read.benchmark_momentum == Decimal("-0.01")


@pytest.mark.parametrize(
    "bars", [panel(CLOSES[:2]), panel(CLOSES[:0]), panel(CLOSES, late=1)], ids=["few", "no", "old"]
)
def test_without_the_bars_up_to_the_newest_close_nothing_is_known(bars: Bars) -> None:
    read = reading_of(bars, MEASURED, last_close(FRAME, NOW))

    assert (read.benchmark_momentum, read.basket_momentum, read.drawdown) == (None, None, None)


def test_without_the_benchmark_its_measures_are_not_known() -> None:
    other = replace(MEASURED, quote="EUR")

    read = reading_of(panel(CLOSES), other, last_close(FRAME, NOW))

    assert (read.benchmark_momentum, read.volatility, read.drawdown) == (None, None, None)
    assert read.basket_momentum is not None


def _throttled(desk: Paper, bars: Any) -> Share:  # noqa: ANN401 - whatever can be read
    left = {**dict.fromkeys(Mood, ONE), Mood.UNKNOWN: ZERO, Mood.RISK_OFF: Decimal("0.25")}
    told = allocate_desk(desk, throttle=Throttle(multipliers=left))
    told = replace(told, measured=MEASURED, bars=lambda: bars)
    return allocate(told, _world(desk)).of("trend")


def test_bars_that_cannot_be_read_are_a_market_that_nobody_knows(desk: Paper) -> None:
    def fail(*given: object, **told: object) -> Bars:
        raise StorageError("no disk")

    assert _throttled(desk, SimpleNamespace(read=fail)).factor == ZERO


@pytest.mark.parametrize(("late", "factor"), [(1, "0.25"), (2, "0")])
def test_the_bar_before_will_do_until_the_newest_is_stored(
    desk: Paper, late: int, factor: str
) -> None:
    bars = panel(CLOSES, late=late)
    shift = int((last_close(FRAME, NOW) - last_close(FRAME, desk.clock())).total_seconds())
    bars = replace(bars, opened_at=bars.opened_at - shift)

    assert _throttled(desk, SimpleNamespace(read=lambda *a, **k: bars)).factor == Decimal(factor)


def test_a_falling_market_takes_its_part_and_says_why(desk: Paper) -> None:
    falling: Any = Falling(desk)
    throttle = Throttle(multipliers={**dict.fromkeys(Mood, ONE), Mood.RISK_OFF: Decimal("0.25")})
    told = replace(allocate_desk(desk, throttle=throttle), measured=MEASURED, bars=lambda: falling)

    share = allocate(told, _world(desk)).of("trend")

    assert share.factor == Decimal("0.25")
    assert share.why.startswith("market=0.25 (risk_off: benchmark=-1.00%, basket=-0.50%")
