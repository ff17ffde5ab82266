"""How often orders may be touched and how many may be open, as callers meet it."""

import json
from datetime import timedelta

import pytest

from kraken_pipeline.simulator.engine_limits import TIERS
from kraken_pipeline_tests.simulator.bench import Bench

RATE = "EOrder:Rate limit exceeded"
ASK = {"pair": "XBTUSD", "type": "sell", "ordertype": "limit", "volume": "0.001", "price": "60000"}


def counter(bench: Bench) -> float:
    return float(bench.exchange.rate_counter(bench.pair, bench.exchange.clock.now()))


def test_an_order_more_than_the_threshold_is_refused_until_it_decays(bench: Bench) -> None:
    for _ in range(bench.exchange.rate_limit):
        bench.add()

    assert bench.refused() == RATE
    assert counter(bench) == 60
    bench.turn(seconds=1)
    bench.add()


def test_other_pairs_have_counters_of_their_own(bench: Bench) -> None:
    for _ in range(60):
        bench.add()

    assert bench.refused(pair="ETHUSD", volume="1") == "EOrder:Insufficient funds"


def test_a_wrong_order_counts_and_a_check_does_not(bench: Bench) -> None:
    bench.refused(volume="0")
    bench.call("add_order", **ASK, validate="true")

    assert counter(bench) == 1


@pytest.mark.parametrize(
    ("method", "more", "cost"),
    [
        ("amend_order", {"order_qty": "0.002"}, 1 + 2),
        ("edit_order", {"pair": "XBTUSD", "volume": "0.002"}, 1 + 5),
        ("cancel_order", {}, 6),
        ("cancel_all", {}, 6),
    ],
)
def test_touching_an_order_of_seven_seconds_costs_by_its_age(
    bench: Bench, method: str, more: dict[str, object], cost: int
) -> None:
    order = bench.add(**ASK)
    bench.turn(seconds=7)
    bench.call(method, txid=order.id, **more)

    assert counter(bench) == cost


def test_a_failed_amend_costs_its_fixed_part(bench: Bench) -> None:
    order = bench.add(**ASK)
    bench.refused("amend_order", txid=order.id, trigger_price="1")

    assert counter(bench) == 2


def test_an_amend_makes_an_order_young_again(bench: Bench) -> None:
    order = bench.add(**ASK)
    bench.turn(seconds=400)
    bench.call("amend_order", txid=order.id, order_qty="0.002")
    bench.turn(seconds=1)
    bench.call("cancel_order", txid=order.id)

    assert counter(bench) == 8


def test_a_cancel_that_would_push_the_counter_over_is_refused_but_not_a_batch_of_them(
    bench: Bench,
) -> None:
    ids = [bench.add(**ASK).id for _ in range(55)]

    assert bench.refused("cancel_order", txid=ids[0]) == RATE
    assert bench.call("cancel_order_batch", orders=ids[:10]) == {"count": 10}
    assert counter(bench) == 55 + 80
    assert bench.refused("cancel_order_batch", orders=ids[10:12]) == RATE
    assert bench.call("cancel_all") == {"count": 45}


def test_a_batch_of_orders_costs_half(bench: Bench) -> None:
    batch = [{name: text for name, text in ASK.items() if name != "pair"}] * 15
    bench.call("add_order_batch", pair="XBTUSD", orders=batch)

    assert counter(bench) == 7.5


def test_only_so_many_orders_may_be_open_on_a_pair(bench: Bench) -> None:
    for _ in range(60):
        bench.add(**ASK)
        bench.turn(seconds=1)

    assert bench.refused(**ASK) == "EOrder:Orders limit exceeded"
    bench.call("cancel_all")
    bench.turn(minutes=10)
    bench.add(**ASK)


def test_only_so_many_orders_may_be_scheduled(bench: Bench) -> None:
    for _ in range(TIERS["starter"].scheduled):
        bench.add(starttm="+600")

    assert bench.refused(starttm="+600") == "EOrder:Scheduled orders limit exceeded"
    bench.add(**ASK)


def test_an_account_of_a_higher_level_may_do_more(bench: Bench) -> None:
    bench.exchange.counters.tier = TIERS["pro"]
    for _ in range(61):
        bench.add(**ASK)

    assert bench.exchange.rate_limit == 180


def test_what_is_read_of_a_batch_is_read_for_all_before_anything_is_placed(bench: Bench) -> None:
    good = {"type": "sell", "ordertype": "stop-loss", "volume": "0.001", "price": "40000"}
    closing = good | {"close": {"ordertype": "limit", "price": "#1%"}}
    answer = bench.call("add_order_batch", pair="XBTUSD", orders=[good, closing])

    texts = [each["descr"] for each in answer["orders"]]
    assert texts == [
        {"order": "sell 0.00100000 XBTUSD @ stop loss 40000.0"},
        {
            "order": "sell 0.00100000 XBTUSD @ stop loss 40000.0",
            "close": "close position @ limit #1.0000%",
        },
    ]
    wrong = [good, good | {"price": "x"}]
    assert bench.refused("add_order_batch", pair="XBTUSD", orders=wrong) == (
        "EGeneral:Invalid arguments:price"
    )
    assert len(bench.exchange.account.open) == 2
    assert json.dumps(answer)


@pytest.mark.parametrize("orders", [None, "x", [], [{}], [{}] * 16, ["x", "y"]])
def test_a_batch_has_two_to_fifteen_orders(bench: Bench, orders: object) -> None:
    assert (
        bench.refused("add_order_batch", pair="XBTUSD", orders=orders)
        == "EGeneral:Invalid arguments:orders"
    )


def test_a_batch_past_its_deadline_is_refused_whole(bench: Bench) -> None:
    batch = [{name: text for name, text in ASK.items() if name != "pair"}] * 2
    late = (bench.exchange.clock.now() - timedelta(seconds=1)).isoformat()

    why = bench.refused("add_order_batch", pair="XBTUSD", orders=batch, deadline=late)

    assert why == "EService:Deadline elapsed"
    assert bench.exchange.account.orders == {}


def test_the_switch_is_set_for_less_than_a_day(bench: Bench) -> None:
    bench.call("cancel_all_orders_after", timeout="86399")

    why = bench.refused("cancel_all_orders_after", timeout="86400")
    assert why == "EGeneral:Invalid arguments:timeout"


def test_fifty_orders_at_most_are_canceled_in_a_batch(bench: Bench) -> None:
    ids = [bench.add(**ASK).id for _ in range(51)]

    why = bench.refused("cancel_order_batch", orders=ids)
    assert why == "EGeneral:Invalid arguments:orders"
    assert bench.call("cancel_order_batch", orders=ids[:50]) == {"count": 50}


def test_a_starters_counter_loses_one_in_a_second(bench: Bench) -> None:
    for _ in range(20):
        bench.add(**ASK)
    bench.turn(seconds=10)

    assert counter(bench) == 10
