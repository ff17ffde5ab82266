"""What happens to orders while the market runs on."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from kraken_pipeline.simulator.engine import NOTHING, Side
from kraken_pipeline.simulator.events import OrderFilled, OrderTriggered, TriggerMoved
from kraken_pipeline.simulator.simulation import Settings
from kraken_pipeline_tests.simulator.bench import Bench, benched

TRIGGERED = {
    "stop-loss": {"ordertype": "stop-loss", "price": "#0.4%"},
    "stop-loss-limit": {"ordertype": "stop-loss-limit", "price": "#0.4%", "price2": "#3%"},
    "take-profit": {"ordertype": "take-profit", "price": "#0.4%"},
    "trailing-stop": {"ordertype": "trailing-stop", "price": "+0.6%"},
}


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize("kind", sorted(TRIGGERED))
def test_a_trigger_fires_when_the_market_reaches_it_and_the_order_trades(
    bench: Bench, kind: str, side: str
) -> None:
    order = bench.add(type=side, **TRIGGERED[kind])
    waiting = bench.now(order)
    bench.turn(days=20)

    done = bench.now(order)
    assert (waiting.status, waiting.waits, waiting.executed) == ("open", True, NOTHING)
    assert bench.kinds(order) == ["Opened", "Triggered", "Filled", "Ended"]
    assert (done.status, done.executed) == ("closed", done.volume)
    [fired] = [event for event in bench.told if isinstance(event, OrderTriggered)]
    assert done.trigger is not None
    beyond = fired.last - done.trigger.price
    assert beyond >= 0 if done.fires_above else beyond <= 0


@pytest.mark.parametrize("looks", [1, 37, 900])
def test_what_happens_does_not_depend_on_how_often_one_looks(
    settings: Settings, bench: Bench, looks: int
) -> None:
    with benched(replace(settings, folder=settings.folder / "other")) as other:
        for each in (bench, other):
            for wanted in TRIGGERED.values():
                each.add(**wanted)
        bench.turn(days=10)
        for _ in range(looks):
            other.turn(days=10 / looks)

        once = [(e.order_id, e.last) for e in bench.told if isinstance(e, OrderTriggered)]
        often = [(e.order_id, e.last) for e in other.told if isinstance(e, OrderTriggered)]
        assert len(once) == len(TRIGGERED)
        assert often == once
        fills = [[e.price for e in b.told if isinstance(e, OrderFilled)] for b in (bench, other)]
        assert fills[0] == fills[1]


def test_a_trailing_stop_follows_the_market_and_fires_behind_its_best_price(bench: Bench) -> None:
    order = bench.add(ordertype="trailing-stop", price="+400")
    bench.turn(days=2)

    moves = [event for event in bench.told if isinstance(event, TriggerMoved)]
    done = bench.now(order)
    assert moves
    assert all(move.stop == move.peak - 400 for move in moves)
    assert [move.peak for move in moves] == sorted(move.peak for move in moves)
    assert done.trigger is not None
    assert done.trigger.last is not None
    assert done.trigger.last <= moves[-1].stop < done.trigger.last + 20


def test_a_trailing_stop_limit_learns_its_limit_when_it_fires(bench: Bench) -> None:
    order = bench.add(ordertype="trailing-stop-limit", price="+0.5%", price2="-10")
    assert order.price is None
    bench.turn(days=2)

    done = bench.now(order)
    assert done.trigger is not None
    assert done.price == done.trigger.price - 10
    assert done.executed == done.volume


def test_a_limit_order_that_was_triggered_can_rest(bench: Bench) -> None:
    order = bench.add(ordertype="take-profit-limit", price="#0.4%", price2="#3%")
    bench.turn(hours=2)
    rests = bench.now(order)
    bench.turn(days=3)

    done = bench.now(order)
    assert (rests.status, rests.rests, rests.executed) == ("open", True, NOTHING)
    [fill] = [event for event in bench.told if isinstance(event, OrderFilled)]
    assert (fill.maker, fill.price) == (True, done.price)


def test_a_trigger_that_is_reached_already_fires_at_once(bench: Bench) -> None:
    order = bench.add(ordertype="stop-loss", price="+1%")

    assert order.status == "closed"
    assert bench.kinds(order) == ["Opened", "Triggered", "Filled", "Ended"]


def test_a_stop_that_can_not_be_paid_for_when_it_fires_is_canceled(settings: Settings) -> None:
    with benched(settings, deposits={"ZUSD": Decimal(515)}) as bench:
        order = bench.add(type="buy", ordertype="stop-loss", price="#0.1%")
        bench.exchange.set_pair_status(bench.pair, "cancel_only")
        bench.turn(hours=12)
        asleep = bench.now(order)
        bench.exchange.set_pair_status(bench.pair, None)
        bench.turn(minutes=5)

        done = bench.now(order)
        assert asleep.waits
        assert (done.status, done.reason) == ("canceled", "Insufficient funds")
        assert done.executed == 0


def test_a_scheduled_order_begins_at_its_time(bench: Bench) -> None:
    order = bench.add(starttm="+600")
    bench.turn(seconds=599)
    before = bench.now(order)
    bench.turn(seconds=2)

    done = bench.now(order)
    assert (before.status, done.status) == ("pending", "closed")
    assert bench.kinds(order) == ["Opened", "Started", "Filled", "Ended"]
    assert done.ended is not None
    assert done.starts is not None
    assert 0 <= (done.ended - done.starts).total_seconds() < 0.001


def test_a_scheduled_order_keeps_what_it_will_cost(bench: Bench) -> None:
    bench.add(type="buy", volume="1.5", starttm="+600")

    assert bench.refused(type="buy", volume="0.6") == "EOrder:Insufficient funds"


def test_a_scheduled_trailing_stop_follows_only_from_its_time_on(bench: Bench) -> None:
    bench.add(ordertype="trailing-stop", price="+5%", starttm="+7200")
    bench.turn(hours=1)
    assert not [event for event in bench.told if isinstance(event, TriggerMoved)]
    bench.turn(hours=1)

    [move] = [event for event in bench.told if isinstance(event, TriggerMoved)]
    assert move.peak == bench.last


def test_an_iceberg_shows_a_part_of_itself_and_fills_whole(bench: Bench) -> None:
    order = bench.add(
        ordertype="iceberg", volume="0.75", displayvol="0.05", price=str(bench.last + 100)
    )
    shown = [o for o in bench.exchange.book(bench.pair, bench.exchange.clock.now()).asks
             if o.owner != "house"]  # fmt: skip
    bench.turn(days=2)

    assert [each.qty for each in shown] == [Decimal("0.05")]
    assert bench.now(order).executed == Decimal("0.75")


def test_each_fill_brings_forth_one_closing_order(settings: Settings) -> None:
    with benched(settings, deposits={"ZUSD": Decimal(100_000)}) as bench:
        parent = bench.add(
            pair="XDGUSD", type="buy", volume="40000",
            close={"ordertype": "stop-loss-limit", "price": "-5%", "price2": "-6%"},
        )  # fmt: skip
        fills = [event for event in bench.told if isinstance(event, OrderFilled)]

        children = [o for o in bench.exchange.account.open.values() if o.refid == parent.id]
        assert len(fills) > 1
        assert [child.volume for child in children] == [fill.qty for fill in fills]
        assert {(child.side, child.ordertype) for child in children} == {
            (Side.SELL, "stop-loss-limit")
        }
        assert all(child.waits and child.close is None for child in children)


def test_a_closing_order_begins_with_its_fill_and_works(bench: Bench) -> None:
    parent = bench.add(
        type="buy", ordertype="limit", price="-0.3%",
        **{"close[ordertype]": "take-profit", "close[price]": "+0.2%"},
    )  # fmt: skip
    bench.turn(days=3)

    [child] = [o for o in bench.exchange.account.orders.values() if o.refid == parent.id]
    [fill] = [e for e in bench.told if isinstance(e, OrderFilled) and e.order_id == parent.id]
    assert 0 <= (child.opened - fill.at).total_seconds() < 0.001
    assert child.trigger is not None
    assert child.trigger.price > fill.price
    assert (child.status, child.executed) == ("closed", parent.volume)


def test_a_closing_order_that_can_not_be_paid_for_is_canceled(settings: Settings) -> None:
    with benched(settings, deposits={"ZUSD": Decimal(1000)}) as bench:
        parent = bench.add(
            type="buy", oflags="fcib",
            **{"close[ordertype]": "limit", "close[price]": "+5%"},
        )  # fmt: skip

        [child] = [o for o in bench.exchange.account.orders.values() if o.refid == parent.id]
        assert (child.status, child.reason) == ("canceled", "Insufficient funds")


@pytest.mark.parametrize(
    ("stp", "resting", "taking"),
    [
        ("cancel-newest", "open", "canceled"),
        ("cancel-oldest", "canceled", "closed"),
        ("cancel-both", "canceled", "canceled"),
    ],
)
def test_an_order_never_meets_its_own_account(
    bench: Bench, stp: str, resting: str, taking: str
) -> None:
    book = bench.exchange.book(bench.pair, bench.exchange.clock.now())
    rests = bench.add(ordertype="limit", price=str(book.asks[0].price - bench.pair.tick))
    takes = bench.add(type="buy", stptype=stp)

    assert (bench.now(rests).status, takes.status) == (resting, taking)
    reasons = {o.reason for o in (bench.now(rests), takes) if o.status == "canceled"}
    assert reasons == {"Self trade prevention"}
    assert not any(
        fill.order_id == rests.id for fill in bench.told if isinstance(fill, OrderFilled)
    )


def test_money_is_conserved_through_every_kind_of_order(bench: Bench) -> None:
    for wanted in TRIGGERED.values():
        for side in ("buy", "sell"):
            bench.add(
                type=side, **wanted,
                **{"close[ordertype]": "trailing-stop", "close[price]": "+1%"},
            )  # fmt: skip
    bench.turn(days=5)

    account = bench.exchange.account
    fills = list(account.trades.values())
    bought = sum(
        (f.qty * (1 if account.orders[f.order_id].side is Side.BUY else -1) for f in fills), NOTHING
    )
    assert len(fills) > 10
    assert account.balances["XXBT"] == 5 + bought
    assert min(account.balances.values()) > 0


def recorded_with_a_gap(folder: Path) -> None:
    """Write four hours of a falling price, nothing for two hours, and four hours of a risen one."""
    begin = 1_704_067_200
    before = [
        f"{begin + n * 3600},{100 - n},{101 - n},{98 - n},{99 - n},500,40\n" for n in range(4)
    ]
    after = [f"{begin + n * 3600},150,152,149,151,500,40\n" for n in range(6, 10)]
    folder.mkdir()
    (folder / "XMRUSD_60.before.csv").write_text("".join(before))
    (folder / "XMRUSD_60.after.csv").write_text("".join(after))


def test_orders_are_at_peace_where_nothing_is_recorded(settings: Settings, tmp_path: Path) -> None:
    recorded_with_a_gap(tmp_path / "recorded")
    begins = datetime(2024, 1, 1, 0, 30, tzinfo=UTC)
    with benched(
        settings, replay=tmp_path / "recorded", at=begins, deposits={"XMR": Decimal(10)}
    ) as bench:
        scheduled = bench.add(
            pair="XMRUSD", volume="1", starttm=str(int(begins.timestamp()) + 18000)
        )
        stop = bench.add(pair="XMRUSD", volume="1", ordertype="stop-loss", price="97.2")
        profit = bench.add(pair="XMRUSD", volume="1", ordertype="take-profit", price="120")
        bench.turn(hours=5.2)
        assert bench.now(stop).status == "closed"
        assert bench.now(scheduled).status == "pending"
        bench.turn(hours=2)

        assert [bench.now(order).status for order in (scheduled, profit)] == ["closed", "closed"]
        [trade] = bench.now(profit).trades
        assert bench.exchange.account.trades[trade].price > 140


def history(settings: Settings, seed: int, looks: int) -> tuple[object, object]:
    """Return when triggers fired and what traded in five days of orders that bring forth orders."""
    dice = random.Random(seed)  # noqa: S311 repeatable, not secret
    kinds = ["stop-loss", "take-profit", "trailing-stop", "trailing-stop-limit", "stop-loss-limit"]
    with benched(settings, seed=seed, folder=settings.folder / str(looks)) as bench:
        for _ in range(12):
            kind = dice.choice(kinds)
            sign = "+" if "trailing" in kind else "#"
            more = {"type": dice.choice(["buy", "sell"]), "starttm": dice.choice(["", "+3000"])}
            more["price"] = f"{sign}{dice.randint(2, 30) / 10}%"
            if dice.random() < 0.5:
                more |= {"close[ordertype]": "trailing-stop", "close[price]": "+0.7%"}
            bench.add(ordertype=kind, volume="0.002", price2="+0.1%", **more)
        for _ in range(looks):
            bench.turn(hours=120 / looks)
        fired = [e for e in bench.told if isinstance(e, OrderTriggered)]
        fills = bench.exchange.account.trades.values()
        return (
            sorted((e.at.replace(microsecond=0), e.last) for e in fired),
            sorted((f.at.replace(microsecond=0), f.price, f.qty) for f in fills),
        )


@pytest.mark.parametrize("seed", [3, 9])
def test_whole_chains_of_orders_do_not_depend_on_how_often_one_looks(
    settings: Settings, seed: int
) -> None:
    assert history(settings, seed, 1) == history(settings, seed, 977)


def test_an_order_keeps_the_fee_of_its_own_pair_whatever_another_pays(settings: Settings) -> None:
    with benched(settings, deposits={"ZUSD": Decimal(1000)}) as bench:
        price = (bench.last * Decimal("0.99")).quantize(bench.pair.tick)
        volume = str((990 / price).quantize(bench.pair.lot, rounding="ROUND_DOWN"))
        bench.add(type="buy", ordertype="limit", price=price, volume=volume)

        # a pegged pair pays a quarter of what the first order may have to
        pegged = {"pair": "USDTUSD", "type": "buy", "volume": "6"}
        assert bench.refused(**pegged) == "EOrder:Insufficient funds"


def test_the_limit_of_a_trailing_stop_is_counted_from_where_it_fires(bench: Bench) -> None:
    trailing = {"ordertype": "trailing-stop-limit", "price": "+0.3%", "price2": "+0.001"}
    order = bench.add(pair="WELLUSD", type="buy", volume="3000", **trailing)
    while bench.now(order).waits:
        bench.turn(minutes=1)

    fired = bench.now(order)
    assert fired.trigger is not None
    assert fired.trigger.last != fired.trigger.price
    assert fired.price == fired.trigger.price + Decimal("0.001")


def test_the_switch_fires_in_its_moment_however_late_anybody_looks(bench: Bench) -> None:
    begun = bench.exchange.clock.now()
    order = bench.add(ordertype="limit", price="60000")
    bench.call("cancel_all_orders_after", timeout="60")
    bench.turn(hours=5)

    ended = bench.now(order).ended
    assert ended is not None
    assert timedelta() <= ended - (begun + timedelta(seconds=60)) < timedelta(seconds=1)
