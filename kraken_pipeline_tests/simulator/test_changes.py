"""Amends and edits."""

from datetime import timedelta
from decimal import Decimal

import pytest

from kraken_pipeline_tests.simulator.bench import Bench

ASK = {"ordertype": "limit", "price": "60000"}
STOP = {"ordertype": "stop-loss", "price": "45000"}
STOP_LIMIT = {"ordertype": "stop-loss-limit", "price": "45000", "price2": "44000"}
TRAILING = {"ordertype": "trailing-stop", "price": "+1000"}
TRAILING_LIMIT = {"ordertype": "trailing-stop-limit", "price": "+1000", "price2": "-50"}
ICEBERG = {"ordertype": "iceberg", "price": "60000", "volume": "1", "displayvol": "0.1"}
SCHEDULED = {"ordertype": "market", "starttm": "+600"}


@pytest.mark.parametrize(
    ("placed", "amended", "words"),
    [
        (ASK, {"limit_price": "61000"}, "sell 0.01000000 XBTUSD @ limit 61000.0"),
        (ASK, {"limit_price": "+9%"}, "sell 0.01000000 XBTUSD @ limit 55524.6"),
        (ASK, {"order_qty": "0.02"}, "sell 0.02000000 XBTUSD @ limit 60000.0"),
        (STOP, {"trigger_price": "44000"}, "sell 0.01000000 XBTUSD @ stop loss 44000.0"),
        (STOP, {"trigger_price": "-10%"}, "sell 0.01000000 XBTUSD @ stop loss 45846.0"),
        (
            STOP_LIMIT,
            {"trigger_price": "44500", "limit_price": "43000"},
            "sell 0.01000000 XBTUSD @ stop loss 44500.0 -> limit 43000.0",
        ),
        (TRAILING, {"trigger_price": "+2%"}, "sell 0.01000000 XBTUSD @ trailing stop +2.0000%"),
        (
            TRAILING_LIMIT,
            {"limit_price": "-1%"},
            "sell 0.01000000 XBTUSD @ trailing stop +1000.0 -> limit -1.0000%",
        ),
        (ICEBERG, {"display_qty": "0.2"}, "sell 1.00000000 XBTUSD @ limit 60000.0"),
    ],
)
def test_an_amend_changes_what_it_names(
    bench: Bench, placed: dict[str, object], amended: dict[str, object], words: str
) -> None:
    order = bench.add(**placed)
    answer = bench.call("amend_order", txid=order.id, **amended)

    [event] = bench.exchange.account.amends[order.id]
    assert answer == {"amend_id": event.amend_id}
    assert bench.kinds(order) == ["Opened", "Amended"]
    assert bench.now(order).amended
    assert bench.words(order) == words


@pytest.mark.parametrize(
    ("placed", "amended", "refusal"),
    [
        (ASK, {}, "EGeneral:Invalid arguments"),
        (ASK, {"order_qty": "0"}, "EGeneral:Invalid arguments:order_qty"),
        (ASK, {"order_qty": "0.000000001"}, "EGeneral:Invalid arguments:order_qty"),
        (ASK, {"order_qty": "0.00001"}, "EGeneral:Invalid arguments:volume minimum not met"),
        (ASK, {"order_qty": "6"}, "EOrder:Insufficient funds"),
        (ASK, {"limit_price": "60000.05"}, "EOrder:Tick size check failed"),
        (ASK, {"limit_price": "-200%"}, "EGeneral:Invalid arguments:limit_price"),
        (ASK, {"trigger_price": "45000"}, "EGeneral:Invalid arguments:trigger_price"),
        (ASK, {"display_qty": "0.1"}, "EGeneral:Invalid arguments:display_qty"),
        (
            ASK,
            {"limit_price": "50000", "post_only": "true"},
            "EOrder:Post only order",
        ),
        (STOP, {"limit_price": "44000"}, "EOrder:Invalid limit price"),
        (STOP, {"post_only": "true"}, "EGeneral:Invalid arguments:post_only"),
        (SCHEDULED, {"limit_price": "44000"}, "EOrder:Invalid limit price"),
        (TRAILING, {"trigger_price": "45000"}, "EGeneral:Invalid arguments:trigger_price"),
        (TRAILING, {"trigger_price": "-1%"}, "EGeneral:Invalid arguments:trigger_price"),
        (TRAILING_LIMIT, {"limit_price": "44000"}, "EGeneral:Invalid arguments:limit_price"),
        (ICEBERG, {"display_qty": "0.06"}, "EGeneral:Invalid arguments:display_qty"),
        (
            ASK,
            {"order_qty": "0.02", "deadline": "2026-09-30T00:00:00Z"},
            "EService:Deadline elapsed",
        ),
    ],
)
def test_an_amend_that_does_not_suit_the_order_changes_nothing(
    bench: Bench, placed: dict[str, object], amended: dict[str, object], refusal: str
) -> None:
    order = bench.add(**placed)

    assert bench.refused("amend_order", txid=order.id, **amended) == refusal
    assert bench.now(order) == order


def test_a_trigger_that_fired_can_not_be_moved(bench: Bench) -> None:
    order = bench.add(ordertype="take-profit-limit", price="-1%", price2="60000")

    assert not order.waits
    assert (
        bench.refused("amend_order", txid=order.id, trigger_price="70000")
        == "EGeneral:Invalid arguments:trigger_price"
    )
    bench.call("amend_order", txid=order.id, limit_price="61000")
    assert bench.now(order).price == 61_000


def test_an_amend_past_the_market_fires_the_trigger_at_once(bench: Bench) -> None:
    order = bench.add(**STOP)
    bench.call("amend_order", txid=order.id, trigger_price="+1%")

    assert bench.kinds(order) == ["Opened", "Amended", "Triggered", "Filled", "Ended"]
    assert bench.now(order).status == "closed"


def test_an_amend_below_what_has_traded_ends_the_order(bench: Bench) -> None:
    order = bench.half_filled()
    half = order.executed
    bench.call("amend_order", txid=order.id, order_qty=str(half // 2))

    done = bench.now(order)
    assert (done.status, done.executed) == ("closed", half)


def test_the_amends_of_an_order_can_be_read(bench: Bench) -> None:
    order = bench.add(**ASK, oflags="post")
    bench.turn(seconds=20)
    bench.call("amend_order", txid=order.id, limit_price="61000", order_qty="0.02")

    rows = bench.call("order_amends", order_id=order.id)
    assert rows["count"] == 2
    original, user = rows["amends"]
    shared = {"post_only": True}
    assert original == shared | {
        "amend_id": original["amend_id"],
        "amend_type": "original",
        "order_qty": "0.01000000",
        "remaining_qty": "0.01000000",
        "limit_price": "60000.0",
        "timestamp": 1790812800000,
    }
    assert user == shared | {
        "amend_id": user["amend_id"],
        "amend_type": "user",
        "order_qty": "0.02000000",
        "remaining_qty": "0.02000000",
        "limit_price": "61000.0",
        "reason": "User requested",
        "timestamp": 1790812820000,
    }


def test_only_issued_orders_have_amends(bench: Bench) -> None:
    refusal = bench.refused("order_amends", order_id="OAAAAA-BBBBB-CCCCCC")

    assert refusal == "EOrder:Invalid order"
    assert bench.refused("order_amends") == "EGeneral:Invalid arguments:order_id"


def test_an_edit_puts_another_order_in_the_place_of_one(bench: Bench) -> None:
    before = bench.add(**ASK, userref="7")
    answer = bench.call(
        "edit_order", txid=before.id, pair="XBTUSD", volume="0.02", price="61000", oflags="post"
    )

    after = bench.order(answer["txid"])
    assert answer == {
        "status": "ok",
        "txid": after.id,
        "originaltxid": before.id,
        "newuserref": 7,
        "olduserref": 7,
        "volume": "0.02000000",
        "price": "61000",
        "orders_cancelled": 1,
        "descr": {"order": "sell 0.02000000 XBTUSD @ limit 61000.0"},
    }
    gone = bench.now(before)
    assert (gone.status, gone.reason) == ("canceled", "Order replaced")
    assert (after.volume, after.price) == (Decimal("0.02"), Decimal(61_000))
    assert after.oflags == ("post", "fciq")


@pytest.mark.parametrize(
    ("placed", "prices", "words"),
    [
        (STOP, {"price": "44000"}, "stop loss 44000.0"),
        (STOP_LIMIT, {"price2": "43000"}, "stop loss 45000.0 -> limit 43000.0"),
        (TRAILING, {"price": "+5%"}, "trailing stop +5.0000%"),
        (TRAILING_LIMIT, {"price": "+5%"}, "trailing stop +5.0000% -> limit -50.0"),
        (ICEBERG, {"displayvol": "0.5", "volume": "1"}, "limit 60000.0"),
    ],
)
def test_an_order_that_waits_can_be_edited(
    bench: Bench, placed: dict[str, object], prices: dict[str, object], words: str
) -> None:
    before = bench.add(**placed)
    answer = bench.call("edit_order", txid=before.id, pair="XBT/USD", **prices)

    assert answer["descr"]["order"].endswith(f"XBTUSD @ {words}")


def test_what_has_traded_is_taken_off_an_edit(bench: Bench) -> None:
    before = bench.half_filled()
    answer = bench.call("edit_order", txid=before.id, pair="WELLUSD", volume=str(before.volume))

    assert Decimal(answer["volume"]) == before.volume - before.executed


def test_an_edit_may_use_what_the_old_order_kept(bench: Bench) -> None:
    before = bench.add(ordertype="limit", price="60000", volume="5")
    bench.call("edit_order", txid=before.id, pair="XBTUSD", price="61000")

    assert bench.refused("add_order", **ASK) == "EOrder:Insufficient funds"


def test_validating_an_edit_changes_nothing(bench: Bench) -> None:
    order = bench.add(**ASK)
    answer = bench.call("edit_order", txid=order.id, pair="XBTUSD", price="61000", validate="true")

    assert "txid" not in answer
    assert answer["descr"] == {"order": "sell 0.01000000 XBTUSD @ limit 61000.0"}
    assert bench.now(order) == order


@pytest.mark.parametrize(
    ("placed", "edited", "refusal"),
    [
        (ASK, {"pair": "NOPE"}, "EQuery:Unknown asset pair"),
        (ASK, {"pair": ""}, "EGeneral:Invalid arguments:pair"),
        (ASK, {"pair": "ETHUSD"}, "EGeneral:Invalid arguments:pair"),
        (ASK, {"volume": "0.00001"}, "EGeneral:Invalid arguments:volume minimum not met"),
        (ASK, {"volume": "0"}, "EGeneral:Invalid arguments:volume"),
        (ASK, {"volume": "6"}, "EOrder:Insufficient funds"),
        (ASK, {"oflags": "fcib"}, "EGeneral:Invalid arguments:oflags"),
        (STOP, {"oflags": "post"}, "EGeneral:Invalid arguments:oflags"),
        (ASK, {"displayvol": "0.01"}, "EGeneral:Invalid arguments:displayvol"),
        (
            ASK,
            {"price": "60000.05"},
            "EOrder:Invalid price:XBT/USD price can only be specified up to 1 decimals.",
        ),
        (ASK | {"cl_ord_id": "mine"}, {}, "EGeneral:Invalid arguments:cl_ord_id"),
        (
            ASK | {"close[ordertype]": "limit", "close[price]": "50000"},
            {},
            "EGeneral:Invalid arguments:close",
        ),
        (
            {"ordertype": "take-profit-limit", "price": "-1%", "price2": "60000"},
            {},
            "EGeneral:Invalid arguments:ordertype",
        ),
    ],
)
def test_an_edit_that_can_not_be_leaves_the_order_alone(
    bench: Bench, placed: dict[str, object], edited: dict[str, object], refusal: str
) -> None:
    order = bench.add(**placed)
    wanted = {"txid": order.id, "pair": "XBTUSD"} | edited

    assert bench.refused("edit_order", **wanted) == refusal
    assert bench.now(order) == order


def test_an_amend_to_what_has_traded_ends_the_order(bench: Bench) -> None:
    order = bench.half_filled()
    bench.call("amend_order", txid=order.id, order_qty=order.executed)

    assert bench.now(order).status == "closed"


def test_an_edit_past_its_deadline_changes_nothing(bench: Bench) -> None:
    order = bench.add(ordertype="limit", price="60000")
    late = (bench.exchange.clock.now() - timedelta(seconds=1)).isoformat()
    edit = {"txid": order.id, "pair": "XBTUSD", "price": "61000", "deadline": late}

    assert bench.refused("edit_order", **edit) == "EService:Deadline elapsed"
    assert bench.now(order) == order
