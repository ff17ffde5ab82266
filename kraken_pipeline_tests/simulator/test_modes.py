"""What may be done while the exchange, or a pair, is not as usual."""

from dataclasses import replace

import pytest

from kraken_pipeline.simulator.events import SystemSet
from kraken_pipeline.simulator.simulation import Settings
from kraken_pipeline_tests.simulator.bench import Bench, benched

MARKET = {"ordertype": "market"}
LIMIT = {"ordertype": "limit", "price": "60000"}
POST = LIMIT | {"oflags": "post"}
STOP = {"ordertype": "stop-loss", "price": "40000"}


@pytest.mark.parametrize(
    ("mode", "refused", "taken"),
    [
        ("online", [], [MARKET, LIMIT, POST, STOP]),
        ("post_only", [MARKET, LIMIT, STOP], [POST]),
        ("limit_only", [MARKET, STOP], [LIMIT, POST]),
        ("cancel_only", [MARKET, LIMIT, POST, STOP], []),
        ("reduce_only", [MARKET, LIMIT, POST, STOP], []),
    ],
)
def test_a_pair_takes_what_its_status_allows(
    bench: Bench, mode: str, refused: list[dict[str, object]], taken: list[dict[str, object]]
) -> None:
    bench.exchange.set_pair_status(bench.pair, mode)

    for order in refused:
        assert bench.refused(**order) == f"EService:Market in {mode} mode"
    for order in taken:
        bench.add(**order)
    assert bench.refused(pair="ETHUSD", **LIMIT) != f"EService:Market in {mode} mode"


@pytest.mark.parametrize("mode", ["post_only", "cancel_only"])
def test_the_whole_exchange_takes_what_its_status_allows(bench: Bench, mode: str) -> None:
    order = bench.add(**LIMIT)
    bench.exchange.set_system(mode)

    assert bench.refused(**LIMIT) == f"EService:Market in {mode} mode"
    for change in ("amend_order", "edit_order"):
        wanted = {"txid": order.id, "pair": "XBTUSD", "order_qty": "0.02"}
        assert bench.refused(change, **wanted) == f"EService:Market in {mode} mode"
    assert bench.call("cancel_order", txid=order.id) == {"count": 1}


def test_the_stricter_of_both_counts(bench: Bench) -> None:
    bench.exchange.set_system("post_only")
    bench.exchange.set_pair_status(bench.pair, "cancel_only")

    assert bench.refused(**POST) == "EService:Market in cancel_only mode"


@pytest.mark.parametrize(
    "method",
    [
        "add_order",
        "add_order_batch",
        "amend_order",
        "edit_order",
        "cancel_order",
        "cancel_order_batch",
        "cancel_all",
        "cancel_all_orders_after",
    ],
)
def test_under_maintenance_the_engine_does_nothing(bench: Bench, method: str) -> None:
    order = bench.add(**LIMIT)
    bench.exchange.set_system("maintenance")

    assert bench.refused(method, txid=order.id, timeout=0) == "EService:Unavailable"
    assert bench.now(order) == order


@pytest.mark.parametrize("mode", ["maintenance", "cancel_only", "post_only"])
def test_nothing_trades_while_there_is_no_matching(bench: Bench, mode: str) -> None:
    resting = bench.add(ordertype="limit", price="+0.2%")
    stop = bench.add(ordertype="take-profit", price="+0.2%")
    bench.exchange.set_system(mode)
    bench.turn(days=1)
    assert bench.exchange.account.trades == {}
    bench.exchange.set_system("online")
    bench.turn(days=1)

    assert [bench.now(order).status for order in (resting, stop)] == ["closed", "closed"]


def test_a_timer_that_ran_out_under_maintenance_cancels_when_it_ends(bench: Bench) -> None:
    order = bench.add(**LIMIT)
    short = bench.add(**LIMIT, expiretm="+60")
    bench.call("cancel_all_orders_after", timeout=120)
    bench.exchange.set_system("maintenance")
    bench.turn(hours=1)
    assert bench.now(order).status == "open"
    bench.exchange.set_system("cancel_only")

    done = bench.now(order)
    assert (done.status, done.reason) == ("canceled", "User requested")
    assert done.ended is not None
    assert (done.ended - order.opened).total_seconds() > 3599
    assert bench.now(short).status == "expired"


def test_a_scheduled_order_waits_for_the_market_to_trade_again(bench: Bench) -> None:
    order = bench.add(**MARKET, starttm="+60")
    bench.exchange.set_system("cancel_only")
    bench.turn(minutes=5)
    assert bench.now(order).status == "pending"
    bench.exchange.set_system("online")

    assert bench.now(order).status == "closed"


def test_a_status_is_kept_over_a_restart_and_watchers_are_told(settings: Settings) -> None:
    with benched(settings) as bench:
        bench.exchange.set_system("post_only")
        bench.exchange.set_pair_status(bench.pair, "cancel_only")
        [told] = [event for event in bench.told if isinstance(event, SystemSet)]
        assert told.status == "post_only"

    with benched(replace(settings)) as bench:
        assert bench.exchange.account.system == "post_only"
        assert bench.exchange.status(bench.pair, bench.exchange.clock.now()) == "cancel_only"
        bench.exchange.set_pair_status(bench.pair, None)
        assert bench.exchange.status(bench.pair, bench.exchange.clock.now()) == "online"


def test_a_status_that_is_none_is_refused(bench: Bench) -> None:
    with pytest.raises(ValueError, match="give one of cancel_only, maintenance"):
        bench.exchange.set_system("sleepy")
    with pytest.raises(ValueError, match="'maintenance' is none of a pair"):
        bench.exchange.set_pair_status(bench.pair, "maintenance")
