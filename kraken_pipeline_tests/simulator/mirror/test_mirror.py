"""Orders on a mirrored market: they fill as the other exchange trades, and by nothing else."""

import json
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from kraken_pipeline.simulator.clock import FixedClock
from kraken_pipeline.simulator.events import Event, OrderFilled
from kraken_pipeline.simulator.mirror.mirror import Mirror
from kraken_pipeline.simulator.mirror.upstream import Upstream
from kraken_pipeline.simulator.params import Params
from kraken_pipeline.simulator.rest import Served
from kraken_pipeline_tests.simulator.mirror.conftest import (
    OFTEN,
    PAIR,
    Glass,
    opened_glass,
    silence,
)


def test_a_market_order_walks_the_mirrored_book(glass: Glass) -> None:
    best, second = glass.asks()[:2]

    order = glass.order(type="buy", volume=best.qty + 100)

    assert order.status == "closed"
    paid = [glass.exchange.account.trades[each].price for each in order.trades]
    assert paid == [best.price, second.price]
    assert order.fee == sum(
        round(glass.exchange.account.trades[each].cost * Decimal("0.008"), 5)
        for each in order.trades
    )


def test_what_one_order_took_is_not_there_for_the_next(glass: Glass) -> None:
    theirs = glass.asks()[0]
    first = glass.order(type="buy", ordertype="market")

    left = glass.exchange.book(glass.pair, glass.clock.now()).asks[0]

    assert (left.price, left.qty) == (theirs.price, theirs.qty - first.executed)


def test_an_order_rests_until_their_trades_reach_it(glass: Glass) -> None:
    bid, _ = glass.best()
    order = glass.order(type="buy", ordertype="limit", price=bid)
    assert order.status == "open"

    for _ in range(600):
        glass.pass_time(minutes=1)
        if glass.bench.now(order).status == "closed":
            break

    filled = glass.bench.now(order)
    assert filled.executed == filled.volume
    fills = [glass.exchange.account.trades[each] for each in filled.trades]
    assert all(each.maker and each.price == bid for each in fills)


def test_an_order_far_from_their_trades_stays(glass: Glass) -> None:
    bid, _ = glass.best()
    order = glass.order(type="buy", ordertype="limit", price=bid / 2)

    for _ in range(5):
        glass.pass_time(minutes=10)

    assert glass.bench.now(order) == order


def test_a_stop_fires_at_their_last_price(glass: Glass) -> None:
    bid, _ = glass.best()
    order = glass.order(type="sell", ordertype="stop-loss", price=bid * Decimal("0.998"))

    for _ in range(60):
        glass.pass_time(minutes=20)
        if glass.bench.now(order).status != "open":
            break

    now = glass.bench.now(order)
    assert now.trigger is not None
    assert now.trigger.last is not None
    assert now.trigger.last <= now.trigger.price
    assert (now.status, now.executed) == ("closed", now.volume)


def test_a_trailing_stop_follows_their_prices(glass: Glass) -> None:
    order = glass.order(type="sell", ordertype="trailing-stop", price="+5%")
    assert order.trigger is not None
    begun = order.trigger.price

    peaks = []
    for _ in range(20):
        glass.pass_time(minutes=20)
        now = glass.bench.now(order)
        assert now.trigger is not None
        peaks.append(now.trigger.peak)
        if now.status != "open":
            break

    moved = [each for each in peaks if each is not None]
    assert moved == sorted(moved)
    assert len(set(moved)) > 1
    assert now.trigger is not None
    assert now.trigger.price > begun


def test_a_trade_from_before_an_order_fills_nothing_of_it(glass: Glass) -> None:
    glass.order(type="buy", ordertype="limit", price=glass.best()[0] / 2)
    glass.turn(minutes=30)
    theirs = glass.upstream.exchange
    theirs.advance()
    order = glass.order(type="buy", ordertype="limit", price=glass.best()[0])

    glass.mirror.look()
    glass.exchange.advance()

    assert glass.bench.now(order).executed == 0


def test_an_old_book_takes_no_order_and_fills_none(glass: Glass) -> None:
    resting = glass.order(type="buy", ordertype="limit", price=glass.best()[0])
    glass.turn(minutes=5)

    refusal = glass.bench.refused(pair=PAIR, type="buy", volume="100")

    assert refusal == "EService:Market in cancel_only mode"
    assert glass.bench.now(resting).status == "open"
    glass.bench.call("cancel_order", txid=resting.id)
    assert glass.bench.now(resting).status == "canceled"


def test_trades_that_come_late_are_met_in_their_order(glass: Glass) -> None:
    bid, _ = glass.best()
    order = glass.order(type="buy", ordertype="limit", price=bid)
    glass.turn(hours=10)
    glass.exchange.advance()
    assert glass.bench.now(order).executed == 0

    glass.pass_time(seconds=1)

    filled = glass.bench.now(order)
    fills = [glass.exchange.account.trades[each].at for each in filled.trades]
    assert filled.status == "closed"
    assert fills == sorted(fills)


def test_an_order_that_expired_before_a_late_trade_does_not_fill(
    upstream: Served, tmp_path: Path
) -> None:
    with opened_glass(upstream, tmp_path / "mirror") as glass:
        bid, _ = glass.best()
        short = glass.order(type="buy", ordertype="limit", price=bid, expiretm="+5")
        lasting = glass.order(type="buy", ordertype="limit", price=bid)
    turn_on(upstream, hours=10)

    with opened_glass(upstream, tmp_path / "mirror") as again:
        assert again.bench.now(short).status == "expired"
        assert again.bench.now(lasting).status == "closed"


def test_a_restart_keeps_the_account_and_meets_what_it_missed(
    upstream: Served, tmp_path: Path
) -> None:
    with opened_glass(upstream, tmp_path / "mirror") as glass:
        bought = glass.order(type="buy", volume="1000")
        order = glass.order(type="buy", ordertype="limit", price=glass.best()[0])
        glass.pass_time(seconds=1)
        stopped = glass.clock.now()
        before = dict(glass.exchange.account.balances)
    turn_on(upstream, hours=10)

    with opened_glass(upstream, tmp_path / "mirror") as again:
        filled = again.bench.now(order)
        fill = again.exchange.account.trades[filled.trades[0]]
        asked = Params({"pair": PAIR, "since": order.opened.timestamp()})
        page = json.loads(again.mirror.public["Trades"](again.exchange, asked))

    assert bought.status == "closed"
    assert again.bench.order(bought.id) == bought
    assert filled.status == "closed"
    assert stopped < fill.at < again.clock.now()
    assert min(abs(fill.at.timestamp() - row[2]) for row in page[PAIR]) < 0.001
    assert again.exchange.account.balances["WELL"] == before["WELL"] + filled.executed


def test_a_restart_meets_no_trade_twice(upstream: Served, tmp_path: Path) -> None:
    with opened_glass(upstream, tmp_path / "mirror") as glass:
        order = glass.order(type="buy", ordertype="limit", price=glass.best()[0], volume="90000")
        while not glass.bench.now(order).executed:
            glass.pass_time(minutes=1)
        before = glass.bench.now(order)

    with opened_glass(upstream, tmp_path / "mirror") as again:
        again.mirror.look()
        again.exchange.advance()

        assert again.bench.now(order) == before


def test_killed_between_a_fill_and_what_comes_of_it_no_trade_is_met_twice(
    upstream: Served, tmp_path: Path
) -> None:
    def killed(events: Sequence[Event]) -> None:
        if any(isinstance(event, OrderFilled) for event in events):
            raise KeyboardInterrupt

    with opened_glass(upstream, tmp_path / "mirror") as glass:
        bid, _ = glass.best()
        order = glass.order(type="buy", ordertype="limit", price=bid, volume="90000")
        glass.exchange.watchers.append(killed)
        glass.pass_time(seconds=1)
        glass.turn(hours=10)
        glass.mirror.look()
        with pytest.raises(KeyboardInterrupt):
            glass.exchange.advance()

    with opened_glass(upstream, tmp_path / "mirror") as again:
        [fill] = again.exchange.account.trades.values()

        assert again.bench.now(order).executed == fill.qty


def test_nothing_trades_on_a_pair_that_is_closed_here(glass: Glass) -> None:
    order = glass.order(type="buy", ordertype="limit", price=glass.best()[0])
    glass.exchange.set_pair_status(glass.pair, "cancel_only")

    for _ in range(20):
        glass.pass_time(minutes=10)

    assert glass.bench.now(order).executed == 0


def test_statuses_follow_those_of_the_mirrored_exchange(glass: Glass) -> None:
    glass.upstream.exchange.set_pair_status(glass.pair, "post_only")
    glass.upstream.exchange.set_system("cancel_only")

    glass.pass_time(minutes=11)

    assert glass.exchange.status(glass.pair, glass.clock.now()) == "post_only"
    assert glass.exchange.account.system == "cancel_only"


def test_their_silence_is_told_and_survived(glass: Glass) -> None:
    order = glass.order(type="buy", ordertype="limit", price=glass.best()[0])
    silence(glass.upstream)
    glass.pass_time(minutes=1)

    state = glass.mirror.state()
    assert "does not answer" in str(state["failure"])
    assert state["age_seconds"] == 60
    assert glass.bench.now(order).status == "open"


def test_without_an_answer_nothing_begins(upstream: Served) -> None:
    silence(upstream)

    with pytest.raises(ValueError, match=r"can't be mirrored.*does not answer.*own market"):
        Mirror(Upstream(upstream.url, per_second=OFTEN), upstream.exchange.clock)


def turn_on(upstream: Served, **span: float) -> None:
    """Let time pass for the mirrored exchange alone."""
    clock = upstream.exchange.clock
    assert isinstance(clock, FixedClock)
    clock.turn(clock.now() + timedelta(**span))
