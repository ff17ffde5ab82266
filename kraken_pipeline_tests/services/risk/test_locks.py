"""Protections through the whole chain: what happened locks, what is locked is denied (RSK-7)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kraken_pipeline.domain.errors import StorageError
from kraken_pipeline.domain.locks import Lock, LockKind
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.protections import Protection
from kraken_pipeline.domain.timeframes import TIMEFRAMES, last_close
from kraken_pipeline.services.ports.bars import BarStore
from kraken_pipeline.services.risk.locks import Calm, LockDesk, judge, swings
from kraken_pipeline.store.lock_evidence import SqlLockEvidence
from kraken_pipeline.store.locks import SqlLockStore
from kraken_pipeline.strategies.base import Bars
from kraken_pipeline_tests.builders import NOW
from kraken_pipeline_tests.services.paper import Paper

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
FRAME = TIMEFRAMES["1h"]
CALM = Calm(frame=FRAME, bars=3)


def protection(kind: LockKind, **changes: object) -> Protection:
    told = Protection(kind=kind, by_pair=True, window=HOUR, lock=HOUR, count=1, threshold=ZERO)
    return replace(told, **changes)  # type: ignore[arg-type]  # `replace` checks names


def no_bars() -> BarStore:
    pytest.fail("bars were asked for")


def lock_desk(desk: Paper, *protections: Protection, **changes: Any) -> LockDesk:  # noqa: ANN401
    told = LockDesk(
        protections=protections,
        calm=None,
        locks=SqlLockStore(desk.stores.database),
        evidence=SqlLockEvidence(desk.stores.database),
        bars=no_bars,
        equity=lambda: Decimal(10_000),
        clock=desk.clock,
    )
    return replace(told, **changes)


def _trade(desk: Paper, side: Side) -> None:
    """Have a strategy buy XBTUSD, or sell it again, through the whole chain."""
    desk.wants("XBTUSD", side=side)
    assert desk.assess()["XBTUSD"].approved
    desk.submit()
    desk.settle()
    desk.book()


def _codes(desk: Paper, pair: str = "XBTUSD") -> list[str]:
    desk.wants(pair)
    return [each.code for each in desk.assess()[pair].objections]


def test_after_a_position_is_closed_its_pair_cools_and_others_do_not(desk: Paper) -> None:
    cooldown = lock_desk(desk, protection(LockKind.COOLDOWN))
    _trade(desk, Side.BUY)
    assert judge(cooldown) == ()
    _trade(desk, Side.SELL)

    [lock] = judge(cooldown)

    assert (lock.kind, lock.pair) == (LockKind.COOLDOWN, "XBTUSD")
    assert _codes(desk) == ["COOLDOWN"]
    assert _codes(desk, "ETHUSD") == []


def test_a_lock_ends_by_itself_and_its_cause_locks_no_more(desk: Paper) -> None:
    cooldown = lock_desk(desk, protection(LockKind.COOLDOWN, lock=MINUTE))
    _trade(desk, Side.BUY)
    _trade(desk, Side.SELL)
    assert len(judge(cooldown)) == 1

    desk.turn(minutes=2)
    desk.book()

    assert judge(cooldown) == ()
    assert _codes(desk) == []


def test_losses_in_a_row_lock_everything_and_let_what_is_held_be_sold(desk: Paper) -> None:
    streak = lock_desk(desk, protection(LockKind.LOSS_STREAK, by_pair=False, count=2))
    for side in (Side.BUY, Side.SELL) * 2:  # each loses its fees and the spread
        assert judge(streak) == ()
        _trade(desk, side)
    _trade(desk, Side.BUY)

    [lock] = judge(streak)

    assert lock.pair == ""
    assert _codes(desk, "ETHUSD") == ["LOSS_STREAK"]
    _trade(desk, Side.SELL)


def test_orders_that_the_exchange_ends_in_a_row_lock_their_pair(desk: Paper) -> None:
    """F-SUB-8: what the engine cancels right after its answer counts."""
    streak = lock_desk(desk, protection(LockKind.REJECT_STREAK, count=2))
    for _ in range(2):
        assert judge(streak) == ()
        desk.planned(limit="50250", post_only=True)
        desk.submit()
        desk.settle()

    [lock] = judge(streak)

    assert lock.reason == "rejects_in_a_row=2"
    assert _codes(desk) == ["REJECT_STREAK"]


def test_orders_that_fill_worse_than_modelled_lock(desk: Paper) -> None:
    guard = lock_desk(desk, protection(LockKind.SLIPPAGE_GUARD, threshold=Decimal(5)))
    # the decision saw a price ten basis points below the market's
    desk.wants("XBTUSD", decision_price=Decimal(49_950))
    desk.assess()
    desk.submit()
    desk.settle()
    desk.book()

    [lock] = judge(guard)

    assert lock.reason.startswith("slippage=10.")
    assert _codes(desk) == ["SLIPPAGE_GUARD"]


def test_who_starts_anew_finds_the_locks_and_adds_none_for_the_same_cause(desk: Paper) -> None:
    cooldown = lock_desk(desk, protection(LockKind.COOLDOWN))
    _trade(desk, Side.BUY)
    _trade(desk, Side.SELL)
    [lock] = judge(cooldown)

    anew = SqlLockStore(desk.stores.database)

    assert anew.in_force(desk.clock()) == (lock,)
    assert judge(replace(cooldown, locks=anew)) == ()


def test_what_a_person_cleared_stays_cleared_until_something_else_happens(desk: Paper) -> None:
    cooldown = lock_desk(desk, protection(LockKind.COOLDOWN))
    _trade(desk, Side.BUY)
    _trade(desk, Side.SELL)
    locks = SqlLockStore(desk.stores.database)
    locks.clear(judge(cooldown), reason="looked at it", at=desk.clock(), by="me")

    assert judge(cooldown) == ()
    assert _codes(desk) == []


def test_without_a_protection_nothing_is_looked_at(desk: Paper) -> None:
    assert judge(replace(lock_desk(desk), evidence=None)) == ()  # type: ignore[arg-type]  # unread


def panel(*closes: Sequence[float]) -> Bars:
    """Return bars of as many pairs as a row has closes; the last row is the newest."""
    matrix = np.array(closes)
    first = int(last_close(FRAME, NOW).timestamp()) - len(closes) * FRAME.seconds
    return Bars(
        frame=FRAME,
        pairs=("XBTUSD", "ETHUSD")[: matrix.shape[1]],
        opened_at=np.arange(len(closes)) * FRAME.seconds + first,
        open=matrix,
        high=matrix,
        low=matrix,
        close=matrix,
        volume=matrix,
    )


def times(bars: Bars) -> list[Decimal | None]:
    return [each.times for each in swings(bars, CALM, last_close(FRAME, NOW), newest=1)]


def test_a_move_is_told_in_times_of_the_mean_move_of_the_bars_before() -> None:
    assert times(panel([100], [101], [99.99], [100.9899], [105.029496])) == [Decimal(4)]


def test_a_pair_without_a_bar_did_not_move() -> None:
    gap = float("nan")

    assert times(panel([100, 1], [101, 1], [101, gap], [102, 1], [102, 1]))[1] == ZERO


def test_where_no_pair_has_the_newest_bar_no_move_can_be_told() -> None:
    gap = float("nan")

    assert times(panel([100, 1], [101, 1], [101, 1], [102, 1], [gap, gap])) == [None, None]


def test_what_has_no_bars_before_has_no_usual_move() -> None:
    assert times(panel([100], [101])) == [None]


def test_after_perfect_stillness_any_move_is_a_spike() -> None:
    assert times(panel([1], [1], [1], [1], [1])) == [ZERO]
    assert times(panel([1], [1], [1], [1], [1.1])) == [Decimal("Infinity")]


def test_a_spike_of_a_pair_that_is_wanted_locks_it(desk: Paper) -> None:
    asked: list[tuple[str, ...]] = []
    closed_at = last_close(FRAME, desk.clock())

    class Spiked:
        def read(self, frame: object, pairs: Sequence[str], **told: object) -> Bars:
            asked.append(tuple(pairs))
            first = int(closed_at.timestamp()) - 5 * FRAME.seconds
            bars = panel([100], [101], [100], [101], [110])
            return replace(bars, opened_at=np.arange(5) * FRAME.seconds + first)

    spike = protection(LockKind.VOLATILITY_SPIKE, threshold=Decimal(4))
    watched = lock_desk(desk, spike, calm=CALM, bars=Spiked)

    assert judge(watched) == ()  # nothing is wanted
    [lock] = judge(watched, ["XBTUSD"])

    assert asked == [("XBTUSD",)]
    assert lock.since == closed_at
    assert _codes(desk) == ["VOLATILITY"]


def test_bars_that_cannot_be_read_lock_what_is_wanted_and_stop_no_sale(desk: Paper) -> None:
    def fail(*given: object, **told: object) -> Bars:
        raise StorageError("no disk")

    bars: Any = SimpleNamespace(read=fail)
    spike = protection(LockKind.VOLATILITY_SPIKE, threshold=Decimal(4))
    watched = lock_desk(desk, spike, calm=CALM, bars=lambda: bars)
    _trade(desk, Side.BUY)

    [lock] = judge(watched, ["XBTUSD"])

    assert lock.reason.startswith("no disk")
    _trade(desk, Side.SELL)


def test_the_same_lock_comes_out_whoever_looks(desk: Paper) -> None:
    cooldown = lock_desk(desk, protection(LockKind.COOLDOWN))
    _trade(desk, Side.BUY)
    _trade(desk, Side.SELL)
    found: list[Lock] = []
    for _ in range(2):
        desk.turn(minutes=10)
        found += judge(cooldown)

    assert len(found) == 1
