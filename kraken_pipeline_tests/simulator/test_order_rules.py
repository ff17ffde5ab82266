"""Which orders are read, and which are refused with what words."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from kraken_pipeline.simulator.order_rules import refuse_unsound
from kraken_pipeline.simulator.params import RefusedError
from kraken_pipeline_tests.simulator.bench import Bench

STOP = {"ordertype": "stop-loss", "price": "40000"}
TRAILING = {"ordertype": "trailing-stop", "price": "+2%"}
ICEBERG = {"ordertype": "iceberg", "price": "60000", "volume": "1.5", "displayvol": "0.1"}
WRONG = "EGeneral:Invalid arguments"
LIMIT = {"ordertype": "limit", "price": "60000"}


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({}, "sell 0.01000000 XBTUSD @ market"),
        (LIMIT, "sell 0.01000000 XBTUSD @ limit 60000.0"),
        (ICEBERG, "sell 1.50000000 XBTUSD @ limit 60000.0"),
        (STOP, "sell 0.01000000 XBTUSD @ stop loss 40000.0"),
        (
            STOP | {"ordertype": "stop-loss-limit", "price2": "39000"},
            "sell 0.01000000 XBTUSD @ stop loss 40000.0 -> limit 39000.0",
        ),
        (
            {"ordertype": "take-profit", "price": "#1%"},
            "sell 0.01000000 XBTUSD @ take profit 51449.4",
        ),
        (
            {"ordertype": "take-profit", "price": "#1%", "type": "buy"},
            "buy 0.01000000 XBTUSD @ take profit 50430.6",
        ),
        ({"ordertype": "stop-loss", "price": "#40"}, "sell 0.01000000 XBTUSD @ stop loss 50900.0"),
        (
            {"ordertype": "stop-loss", "price": "#40", "type": "buy"},
            "buy 0.01000000 XBTUSD @ stop loss 50980.0",
        ),
        (
            {"ordertype": "take-profit-limit", "price": "60000", "price2": "-1%"},
            "sell 0.01000000 XBTUSD @ take profit 60000.0 -> limit 50430.6",
        ),
        (TRAILING, "sell 0.01000000 XBTUSD @ trailing stop +2.0000%"),
        (
            {"ordertype": "trailing-stop", "price": "+50"},
            "sell 0.01000000 XBTUSD @ trailing stop +50.0",
        ),
        (
            {"ordertype": "trailing-stop-limit", "price": "+50", "price2": "-5"},
            "sell 0.01000000 XBTUSD @ trailing stop +50.0 -> limit -5.0",
        ),
        ({"ordertype": "limit", "price": "#1%"}, "sell 0.01000000 XBTUSD @ limit 51449.4"),
        (STOP | {"leverage": "1:1"}, "sell 0.01000000 XBTUSD @ stop loss 40000.0"),
        (STOP | {"trigger": "index"}, "sell 0.01000000 XBTUSD @ stop loss 40000.0"),
    ],
)
def test_every_type_is_read_and_said_in_kraken_s_words(
    bench: Bench, wanted: dict[str, object], words: str
) -> None:
    order = bench.add(**wanted)

    assert bench.words(order) == words


@pytest.mark.parametrize(
    ("close", "words"),
    [
        ({"ordertype": "limit", "price": "52000"}, "limit 52000.0"),
        ({"ordertype": "limit", "price": "+5%"}, "limit +5.0000%"),
        ({"ordertype": "stop-loss", "price": "52000"}, "stop loss 52000.0"),
        (
            {"ordertype": "stop-loss-limit", "price": "52000", "price2": "52001"},
            "stop loss 52000.0 -> limit 52001.0",
        ),
        ({"ordertype": "trailing-stop", "price": "+5%"}, "trailing stop +5.0000%"),
    ],
)
def test_a_conditional_close_is_read_from_forms_and_json_alike(
    bench: Bench, close: dict[str, object], words: str
) -> None:
    form = {f"close[{name}]": text for name, text in close.items()}
    answers = [
        bench.call("add_order", pair="XBTUSD", type="sell", volume="0.01", **LIMIT, **given)
        for given in (form, {"close": close})
    ]

    assert [each["descr"]["close"] for each in answers] == [f"close position @ {words}"] * 2


@pytest.mark.parametrize(
    ("wanted", "refusal"),
    [
        ({"ordertype": "settle-position"}, "EOrder:Unknown position"),
        ({"leverage": "2:1"}, "EOrder:Cannot open position"),
        ({"leverage": "2"}, "EOrder:Cannot open position"),
        ({"leverage": "77"}, "EOrder:Invalid leverage"),
        ({"reduce_only": "true"}, "EOrder:Reduce only:No position exists"),
        (STOP | {"price": ""}, "EGeneral:Invalid arguments:price"),
        (STOP | {"price": "0"}, "EGeneral:Invalid arguments:price"),
        (STOP | {"price": "-200%"}, "EGeneral:Invalid arguments:price"),
        (
            STOP | {"price": "40000.05"},
            "EOrder:Invalid price:XBT/USD price can only be specified up to 1 decimals.",
        ),
        (STOP | {"ordertype": "stop-loss-limit"}, "EGeneral:Invalid arguments:price2"),
        (STOP | {"trigger": "mark"}, "EGeneral:Invalid arguments:trigger"),
        (
            STOP | {"trigger": "index", "pair": "ETHXBT", "price": "0.01", "volume": "1"},
            "EGeneral:Invalid arguments:Index unavailable",
        ),
        (TRAILING | {"price": "40000"}, "EGeneral:Invalid arguments:price"),
        (TRAILING | {"price": "-2%"}, "EGeneral:Invalid arguments:price"),
        (TRAILING | {"price": "+0"}, "EGeneral:Invalid arguments:price"),
        (TRAILING | {"price": "#2%"}, "EGeneral:Invalid arguments:price"),
        (TRAILING | {"price": "+100%"}, "EGeneral:Invalid arguments:price"),
        (
            {"ordertype": "trailing-stop-limit", "price": "+2%", "price2": "40000"},
            "EGeneral:Invalid arguments:price2",
        ),
        (ICEBERG | {"displayvol": "0.09"}, "EGeneral:Invalid arguments:displayvol"),
        (ICEBERG | {"displayvol": "1.6"}, "EGeneral:Invalid arguments:displayvol"),
        (ICEBERG | {"displayvol": ""}, "EGeneral:Invalid arguments:displayvol"),
        (LIMIT | {"displayvol": "0.01"}, "EGeneral:Invalid arguments:displayvol"),
        (ICEBERG | {"oflags": "post"}, "EGeneral:Invalid arguments:oflags"),
        (
            LIMIT | {"oflags": "nompp"},
            "EGeneral:Invalid arguments:no_mpp order option is only available"
            " when ordertype = market",
        ),
        ({"stptype": "cancel_newest"}, "EGeneral:Invalid arguments:stptype"),
        ({"starttm": "1"}, "EGeneral:Invalid arguments:starttm"),
        ({"starttm": "+3000000"}, "EGeneral:Invalid arguments:starttm"),
        ({"starttm": "soon"}, "EGeneral:Invalid arguments:starttm"),
        ({"starttm": "+60", "expiretm": "+61"}, "EGeneral:Invalid arguments:expiretm"),
        ({"timeinforce": "GTC", "expiretm": "+60"}, "EGeneral:Invalid arguments:timeinforce"),
        (
            {"volume": "0.00005", "type": "buy", "ordertype": "limit", "price": "9999"},
            "EOrder:Cost minimum not met",
        ),
        (LIMIT | {"close": "x"}, "EGeneral:Invalid arguments:close"),
        (LIMIT | {"close[ordertype]": "market"}, "EGeneral:Invalid arguments:close[ordertype]"),
        (LIMIT | {"close[price]": "60000"}, "EGeneral:Invalid arguments:close[ordertype]"),
        (
            LIMIT | {"close[ordertype]": "limit", "close[price]": "x"},
            "EGeneral:Invalid arguments:close[price]",
        ),
        (
            LIMIT | {"close": {"ordertype": "stop-loss-limit", "price": "1000", "price2": ""}},
            "EGeneral:Invalid arguments:close[price2]",
        ),
        (STOP | {"type": "buy", "price": "60000", "volume": "3"}, "EOrder:Insufficient funds"),
        (STOP | {"volume": "6"}, "EOrder:Insufficient funds"),
    ],
)
def test_a_wrong_order_is_refused_in_kraken_s_words(
    bench: Bench, wanted: dict[str, object], refusal: str
) -> None:
    assert bench.refused(**wanted) == refusal
    assert bench.told == []


def test_an_order_that_may_not_rest_is_ended_with_its_reason(bench: Bench) -> None:
    now = bench.exchange.clock.now()
    bid = bench.exchange.book(bench.pair, now).bids[0]
    part = bench.add(ordertype="limit", price=bid.price, volume="5", timeinforce="IOC")
    whole = bench.add(ordertype="limit", price=bid.price, volume="4", timeinforce="FOK")

    assert (part.status, part.reason, part.executed) == ("closed", "Immediate or cancel", bid.qty)
    assert (whole.status, whole.reason, whole.executed) == ("canceled", "Fill or kill", Decimal(0))


def test_an_order_ends_at_its_time_and_not_before(bench: Bench) -> None:
    order = bench.add(**STOP, expiretm="+60")
    bench.turn(seconds=59)
    alive = bench.now(order).status
    bench.turn(seconds=1)

    assert (alive, bench.now(order).status) == ("open", "expired")


def test_the_smallest_cost_will_do_and_a_lot_less_will_not(bench: Bench) -> None:
    pair = replace(bench.pair, costmin=Decimal(300), ordermin=Decimal("0.001"))
    enough = bench.add(**LIMIT | {"price": "30000"}, type="buy")
    refuse_unsound(enough, pair, bench.last)

    with pytest.raises(RefusedError, match="Cost minimum not met"):
        refuse_unsound(replace(enough, volume=Decimal("0.00999999")), pair, bench.last)


def test_an_iceberg_shows_a_fifteenth_at_least(bench: Bench) -> None:
    bench.add(**ICEBERG)

    assert bench.refused(**ICEBERG | {"volume": "1.50000001"}) == f"{WRONG}:displayvol"


@pytest.mark.parametrize(
    ("seconds", "why"), [(0, "EService:Deadline elapsed"), (60.001, f"{WRONG}:deadline")]
)
def test_a_deadline_lies_ahead_and_at_most_a_minute(bench: Bench, seconds: float, why: str) -> None:
    def deadline(ahead: float) -> str:
        return (bench.exchange.clock.now() + timedelta(seconds=ahead)).isoformat()

    bench.add(**LIMIT, deadline=deadline(0.001))
    bench.add(**LIMIT, deadline=deadline(60))

    assert bench.refused(**LIMIT, deadline=deadline(seconds)) == why


def test_a_sell_does_not_count_its_volume_in_quote(bench: Bench) -> None:
    bench.add(type="buy", volume="50", oflags="viqc")

    assert bench.refused(type="sell", volume="50", oflags="viqc") == f"{WRONG}:viqc"
