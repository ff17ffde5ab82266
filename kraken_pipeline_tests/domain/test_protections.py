"""Each protection on a case by hand, and what holds of all of them."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.locks import Lock, LockKind
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.protections import (
    Ending,
    Evidence,
    Protection,
    Slip,
    Swing,
    locks_due,
    reach,
)
from kraken_pipeline.domain.round_trips import RoundTrip
from kraken_pipeline_tests.builders import NOW, trip

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
EQUITY = Decimal(1000)


def told(kind: LockKind, **changes: object) -> Protection:
    usual = Protection(
        kind=kind, by_pair=False, window=4 * HOUR, lock=HOUR, count=2, threshold=ZERO
    )
    return replace(usual, **changes)  # type: ignore[arg-type]  # `replace` checks names


def trips(*profits: int, **changes: object) -> tuple[RoundTrip, ...]:
    """Return round trips of a cost of 100, a minute apart, the last of them now."""
    return tuple(
        trip(
            trade_id=f"T{at}",
            profit=Decimal(profit),
            at=NOW - (len(profits) - 1 - at) * MINUTE,
            **changes,
        )
        for at, profit in enumerate(profits)
    )


def due(protection: Protection, now: datetime = NOW, **seen: object) -> tuple[Lock, ...]:
    evidence = replace(Evidence(equity=EQUITY), **seen)  # type: ignore[arg-type]  # as above
    return locks_due([protection], evidence, now)


def test_a_cooldown_begins_when_a_position_is_closed_and_ends_after_its_time() -> None:
    cooldown = told(LockKind.COOLDOWN, by_pair=True, count=1)

    [lock] = due(cooldown, round_trips=trips(5))

    assert (lock.pair, lock.since, lock.until) == ("XBTUSD", NOW, NOW + HOUR)
    assert due(cooldown, NOW + HOUR - MINUTE, round_trips=trips(5)) == (lock,)
    assert due(cooldown, NOW + HOUR, round_trips=trips(5)) == ()


@pytest.mark.parametrize(
    ("seen", "locks"),
    [
        (trips(-1, -1, is_stopped=True), 1),
        (trips(-1, is_stopped=True), 0),
        (trips(-1, -1), 0),
        (trips(-1, 1, is_stopped=True), 0),  # stopped with a profit
        ((trips(-1, -1, is_stopped=True)[0], *trips(-1)), 0),
    ],
)
def test_stops_that_were_hit_often_lock(seen: Sequence[RoundTrip], locks: int) -> None:
    assert len(due(told(LockKind.STOP_LOSS_GUARD), round_trips=seen)) == locks


def test_after_the_last_stop_a_good_trade_neither_ends_nor_lengthens_the_lock() -> None:
    guard = told(LockKind.STOP_LOSS_GUARD)
    stopped = trips(-1, -1, is_stopped=True)
    good = trip(trade_id="T9", profit=Decimal(5), at=NOW + MINUTE)

    [lock] = due(guard, NOW + 2 * MINUTE, round_trips=(*stopped, good))

    assert lock.until == NOW + HOUR


def test_what_is_outside_the_window_of_the_last_event_does_not_count() -> None:
    guard = told(LockKind.STOP_LOSS_GUARD, window=MINUTE)

    assert due(guard, round_trips=trips(-1, -1, is_stopped=True)) == ()


@pytest.mark.parametrize(
    ("profits", "locks"),
    [
        ((-20, -31), 1),
        ((-20, -30), 0),  # 5 % of 1000 exactly
        ((40, -51), 1),  # from its peak, not from the start
        ((-60, 60), 1),  # it was down once, in the window
        ((-51,), 0),  # too few to judge
    ],
)
def test_a_fall_from_the_peak_of_the_window_locks_everything(
    profits: tuple[int, ...], locks: int
) -> None:
    drawdown = told(LockKind.MAX_DRAWDOWN, threshold=Decimal("0.05"))

    assert len(due(drawdown, round_trips=trips(*profits))) == locks


def test_where_equity_is_not_known_any_fall_is_too_much() -> None:
    drawdown = told(LockKind.MAX_DRAWDOWN, threshold=Decimal("0.05"))

    assert due(drawdown, round_trips=trips(1, -1), equity=ZERO)


@pytest.mark.parametrize(("profits", "locks"), [((1, -2), 1), ((-1, 1), 0), ((-5,), 0)])
def test_a_pair_that_brings_too_little_is_locked(profits: tuple[int, ...], locks: int) -> None:
    low = told(LockKind.LOW_PROFIT_PAIR, by_pair=True)
    other = replace(trip(), pair="ETHUSD", trade_id="E", profit=Decimal(-50))

    found = due(low, round_trips=(*trips(*profits), other))

    assert [each.pair for each in found] == ["XBTUSD"] * locks


@pytest.mark.parametrize(
    ("profits", "locks"), [((1, -1, -1), 1), ((-1, 0), 0), ((-1, 1, -1), 0), ((-1,), 0)]
)
def test_losses_in_a_row_lock(profits: tuple[int, ...], locks: int) -> None:
    assert len(due(told(LockKind.LOSS_STREAK), round_trips=trips(*profits))) == locks


@pytest.mark.parametrize(
    ("rejected", "locks"), [((False, True, True), 1), ((True, False, True), 0), ((True,), 0)]
)
def test_rejects_in_a_row_lock(rejected: tuple[bool, ...], locks: int) -> None:
    endings = tuple(
        Ending(local_id=f"O{at}", pair="XBTUSD", at=NOW + at * MINUTE, is_rejected=each)
        for at, each in enumerate(rejected)
    )

    assert len(due(told(LockKind.REJECT_STREAK), NOW + HOUR / 2, endings=endings)) == locks


@pytest.mark.parametrize(("bps", "locks"), [((10, 31), 1), ((10, 30), 0), ((90,), 0)])
def test_orders_that_fill_worse_than_modelled_lock(bps: tuple[int, ...], locks: int) -> None:
    slips = tuple(
        Slip(local_id=f"O{at}", pair="XBTUSD", at=NOW, bps=Decimal(each))
        for at, each in enumerate(bps)
    )

    assert len(due(told(LockKind.SLIPPAGE_GUARD, threshold=Decimal(20)), slips=slips)) == locks


@pytest.mark.parametrize(("times", "locks"), [("3", 0), ("3.1", 1), (None, 1)])
def test_a_spike_locks_its_pair_and_so_does_what_cannot_be_told(
    times: str | None, locks: int
) -> None:
    spike = told(LockKind.VOLATILITY_SPIKE, by_pair=True, threshold=Decimal(3))
    amount = None if times is None else Decimal(times)
    swing = Swing(pair="XBTUSD", at=NOW, times=amount, said="move=3%")

    assert len(due(spike, swings=(swing,))) == locks


def test_each_pair_is_locked_by_itself_or_all_of_them_together() -> None:
    seen = (*trips(-1, is_stopped=True), *trips(-1, is_stopped=True, pair="ETHUSD"))

    together = due(told(LockKind.STOP_LOSS_GUARD), round_trips=seen)
    by_pair = due(told(LockKind.STOP_LOSS_GUARD, by_pair=True), round_trips=seen)

    assert [each.pair for each in together] == [""]
    assert by_pair == ()


def test_what_a_clock_of_the_exchange_puts_a_little_ahead_has_happened() -> None:
    cooldown = told(LockKind.COOLDOWN, count=1)

    assert len(due(cooldown, NOW - MINUTE, round_trips=trips(1))) == 1


def test_two_protections_of_one_kind_lock_by_themselves() -> None:
    short = told(LockKind.COOLDOWN, count=1)
    long = replace(short, lock=2 * HOUR)

    found = locks_due([short, long], Evidence(round_trips=trips(1)), NOW)

    assert len({each.lock_id for each in found}) == 2


def test_evidence_reaches_as_far_back_as_the_longest_window_and_lock() -> None:
    assert reach([told(LockKind.COOLDOWN), told(LockKind.COOLDOWN, window=9 * HOUR)]) == 10 * HOUR
    assert reach([]) == timedelta()


EVENTS = st.builds(
    lambda profits, stops, pairs, gaps: Evidence(
        equity=EQUITY,
        round_trips=tuple(
            trip(
                trade_id=f"T{at}",
                profit=Decimal(profit),
                is_stopped=stop,
                pair=pair,
                at=NOW - gap * MINUTE,
            )
            for at, (profit, stop, pair, gap) in enumerate(
                zip(profits, stops, pairs, gaps, strict=True)
            )
        ),
    ),
    *(
        st.lists(each, min_size=8, max_size=8)
        for each in (
            st.integers(-60, 40),
            st.booleans(),
            st.sampled_from(["XBTUSD", "ETHUSD"]),
            st.integers(0, 300),
        )
    ),
)
BY_TRADES = [
    LockKind.COOLDOWN,
    LockKind.STOP_LOSS_GUARD,
    LockKind.MAX_DRAWDOWN,
    LockKind.LOW_PROFIT_PAIR,
    LockKind.LOSS_STREAK,
]
PROTECTIONS = st.builds(
    Protection,
    kind=st.sampled_from(BY_TRADES),
    by_pair=st.booleans(),
    window=st.integers(1, 300).map(lambda each: each * MINUTE),
    lock=st.integers(1, 300).map(lambda each: each * MINUTE),
    count=st.integers(1, 4),
    threshold=st.integers(-20, 20).map(lambda each: Decimal(each) / 100),
)


def ends(locks: Sequence[Lock]) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for each in locks:
        found[each.pair] = max(each.until, found.get(each.pair, each.until))
    return found


@given(PROTECTIONS, PROTECTIONS, EVENTS)
def test_a_protection_more_never_allows_more(
    one: Protection, other: Protection, seen: Evidence
) -> None:
    alone, both = locks_due([one], seen, NOW), locks_due([one, other], seen, NOW)

    assert set(alone) <= set(both)


@given(PROTECTIONS, EVENTS)
def test_a_longer_lock_and_a_smaller_count_never_allow_more(
    one: Protection, seen: Evidence
) -> None:
    before = ends(locks_due([one], seen, NOW))
    tighter = [replace(one, lock=2 * one.lock), replace(one, count=max(one.count - 1, 1))]

    for each in tighter:
        after = ends(locks_due([each], seen, NOW))
        assert all(after.get(pair, NOW) >= until for pair, until in before.items())


@given(PROTECTIONS, EVENTS, st.integers(0, 300))
def test_whoever_looks_later_finds_the_locks_that_hold_still(
    one: Protection, seen: Evidence, minutes: int
) -> None:
    later = NOW + minutes * MINUTE
    at_once = [each for each in locks_due([one], seen, NOW) if each.until > later]

    assert set(at_once) == set(locks_due([one], seen, later))


@given(PROTECTIONS, EVENTS)
def test_the_order_in_which_events_are_told_does_not_matter(
    one: Protection, seen: Evidence
) -> None:
    turned = replace(seen, round_trips=tuple(reversed(seen.round_trips)))

    assert locks_due([one], seen, NOW) == locks_due([one], turned, NOW)


def test_every_field_of_a_protection_makes_another_lock() -> None:
    base = told(LockKind.COOLDOWN, count=1)
    changed = [
        replace(base, by_pair=True),
        replace(base, window=HOUR),
        replace(base, lock=2 * HOUR),
        replace(base, count=2),
        replace(base, threshold=Decimal(1)),
    ]

    names = {due(each, round_trips=trips(1, 1))[0].lock_id for each in (base, *changed)}

    assert len(names) == len(fields(Protection))
