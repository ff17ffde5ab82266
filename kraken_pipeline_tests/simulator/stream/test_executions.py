"""Executions and balances: the sequences in which Kraken tells them."""

from decimal import Decimal
from itertools import pairwise

import pytest

from kraken_pipeline.simulator.rest import Served
from kraken_pipeline_tests.simulator.conftest import Client
from kraken_pipeline_tests.simulator.stream.conftest import LIMIT, Json, Line, connected, rows


def told(line: Line) -> list[Json]:
    return rows(line.settled(), "executions")


def steps(told: list[Json]) -> list[tuple[str, str]]:
    return [(row["exec_type"], row["order_status"]) for row in told]


@pytest.fixture
def listening(line: Line) -> Line:
    line.listen("executions")
    return line


BEGUN = [("pending_new", "pending_new"), ("new", "new")]
TRADED = ("trade", "partially_filled")
MARKET: dict[str, object] = {"order_type": "market", "limit_price": None}


def test_a_limit_order_is_told_in_full_and_then_as_new(listening: Line) -> None:
    answer = listening.order(cl_ord_id="mine")

    first, second = told(listening)
    assert steps([first, second]) == BEGUN
    assert first["order_id"] == answer["result"]["order_id"]
    assert (first["limit_price"], first["order_qty"]) == (Decimal(30000), Decimal("0.01"))
    assert list(second) == ["timestamp", "order_status", "exec_type", "cl_ord_id", "order_id"]


def test_an_acknowledgement_comes_before_what_it_acknowledges(listening: Line) -> None:
    wanted = LIMIT | {"order_type": "market", "token": listening.token}
    frames = listening.asked("add_order", **wanted)

    assert rows(frames, "executions") == []
    assert len(told(listening)) == 4


def test_the_trade_that_completes_an_order_still_says_partially_filled(listening: Line) -> None:
    listening.order(**MARKET)

    seen = told(listening)
    assert steps(seen) == [*BEGUN, TRADED, ("filled", "filled")]
    trade, filled = seen[2:]
    assert trade["cum_qty"] == filled["cum_qty"] == Decimal("0.01")
    assert (trade["liquidity_ind"], trade["fees"][0]["asset"]) == ("t", "USD")


def test_a_large_order_adds_its_fills_up(listening: Line, client: Client) -> None:
    client.control("limits", limits="none")
    listening.order(**MARKET, order_qty=0.15)
    first, *trades, last = [row for row in told(listening) if row["exec_type"] != "new"]

    assert [row["cum_qty"] for row in trades][-1] == last["cum_qty"] == Decimal("0.15")
    assert sum(row["last_qty"] for row in trades) == last["cum_qty"]
    assert sum(row["cost"] for row in trades) == last["cum_cost"]
    assert first["cum_cost"] == 0


def test_a_canceled_order_says_why(listening: Line) -> None:
    answer = listening.order()
    listening.trade("cancel_order", order_id=[answer["result"]["order_id"]])

    *_, last = told(listening)
    assert steps([last]) == [("canceled", "canceled")]
    assert last["reason"] == last["cancel_reason"] == "User requested"
    assert last["cum_qty"] == 0


def test_a_post_only_order_that_would_trade_never_is_new(listening: Line) -> None:
    listening.order(limit_price=60000, post_only=True)

    seen = told(listening)
    assert steps(seen) == [BEGUN[0], ("canceled", "canceled")]
    assert seen[1]["reason"] == "Post only order"


def test_an_amended_order_says_what_it_is_now(listening: Line) -> None:
    answer = listening.order()
    listening.trade(
        "amend_order",
        order_id=answer["result"]["order_id"],
        order_qty=0.02,
        limit_price=30001,
    )

    *_, last = told(listening)
    assert steps([last]) == [("amended", "new")]
    assert (last["order_qty"], last["limit_price"]) == (Decimal("0.02"), Decimal(30001))
    assert last["amended"] is True


def test_an_edited_order_is_replaced(listening: Line) -> None:
    answer = listening.order()
    old = answer["result"]["order_id"]
    edited = listening.trade("edit_order", order_id=old, symbol="BTC/USD", limit_price=30001)

    assert edited["result"]["original_order_id"] == old
    seen = told(listening)[2:]
    assert steps(seen) == [("canceled", "canceled"), *BEGUN]
    assert seen[0]["reason"] == "Order replaced"
    assert seen[1]["order_id"] == edited["result"]["order_id"] != old


def test_a_stop_says_when_it_is_triggered(listening: Line, client: Client) -> None:
    listening.order(**MARKET)
    told(listening)
    listening.order(order_type="stop-loss", side="sell", limit_price=None, order_qty=0.01,
                    triggers={"price": 50930, "reference": "last"})  # fmt: skip
    waiting = told(listening)
    assert steps(waiting) == BEGUN
    assert waiting[0]["triggers"]["status"] == "untriggered"

    client.control("clock", advance_seconds=7200)
    seen = told(listening)
    assert steps(seen) == [("status", "new"), TRADED, ("filled", "filled")]
    assert seen[0]["triggers"]["status"] == "triggered"


def test_an_order_that_expires_says_so(listening: Line, client: Client) -> None:
    listening.order(time_in_force="gtd", expire_time="2026-10-01T00:01:00Z")
    client.control("clock", advance_seconds=61)

    assert steps(told(listening))[-1] == ("expired", "expired")


def test_a_scheduled_order_is_new_when_its_time_comes(listening: Line, client: Client) -> None:
    listening.order(effective_time="2026-10-01T00:01:00Z")
    assert steps(told(listening)) == BEGUN[:1]

    client.control("clock", advance_seconds=61)
    assert steps(told(listening)) == BEGUN[1:]


def test_an_iceberg_shows_its_next_part(listening: Line, client: Client) -> None:
    listening.order(symbol="TBTC/USD", order_type="iceberg", order_qty=0.01, display_qty=0.001,
                    limit_price=57400)  # fmt: skip
    client.control("clock", advance_seconds=86400)

    kinds = {row["exec_type"] for row in told(listening)}
    assert {"trade", "iceberg_refill", "filled"} <= kinds


def test_frames_are_numbered_from_one_without_a_gap(line: Line) -> None:
    line.send({"method": "subscribe",
               "params": {"channel": "executions", "token": line.token}})  # fmt: skip
    for _ in range(3):
        line.order()
    line.settled()

    frames = [text for text in line.texts if '"channel":"executions","type"' in text]
    numbers = [int(text.rpartition(":")[2].rstrip("}")) for text in frames]
    assert numbers == [1, 2, 3, 4, 5, 6, 7]


def test_without_order_status_only_beginnings_ends_and_trades_are_told(line: Line) -> None:
    line.listen("executions", order_status=False)
    line.order(**MARKET)
    answer = line.order(cl_ord_id="x")
    line.trade("amend_order", cl_ord_id="x", limit_price=30001)
    line.trade("cancel_order", cl_ord_id=["x"])

    kinds = [row["exec_type"] for row in told(line)]
    assert answer["success"]
    assert kinds == ["new", "trade", "filled", "new", "canceled"]


def test_the_rate_counter_is_told_to_those_who_ask(line: Line) -> None:
    line.listen("executions", ratecounter=True)
    line.order()
    line.order()

    assert [row["ratecounter"] for row in told(line)] == [1, 1, 2, 2]


def test_a_snapshot_has_the_open_orders_and_the_last_fills(line: Line) -> None:
    line.order(**MARKET)
    line.order(cl_ord_id="rests")
    frames = line.listen("executions", snap_trades=True)

    [answer] = [frame for frame in frames if "result" in frame]
    assert answer["result"]["maxratecount"] == 60
    resting, trade = rows(frames, "executions", "snapshot")
    assert (resting["cl_ord_id"], resting["exec_type"], resting["order_status"]) == (
        "rests", "new", "new",
    )  # fmt: skip
    assert (trade["exec_type"], trade["order_status"]) == ("trade", "filled")


def test_everyone_who_listens_is_told_whoever_acts_and_however(
    served: Served, client: Client, line: Line
) -> None:
    with connected(served, line.token) as other:
        for each in (line, other):
            each.listen("executions")
        client.placed(cl_ord_id="by-rest")

        for each in (line, other):
            assert [row["cl_ord_id"] for row in told(each)] == ["by-rest", "by-rest"]


def test_a_trade_moves_two_balances_and_both_rows_name_it(line: Line) -> None:
    begun = line.listen("balances")
    [usd] = rows(begun, "balances", "snapshot")
    assert (usd["asset"], usd["balance"]) == ("USD", Decimal(10000))
    assert usd["wallets"] == [{"type": "spot", "id": "main", "balance": Decimal(10000)}]

    line.listen("executions")
    line.order(**MARKET)
    frames = line.settled()
    base, quote = rows(frames, "balances")
    [trade] = [row for row in rows(frames, "executions") if row["exec_type"] == "trade"]
    assert base["ref_id"] == quote["ref_id"] == trade["exec_id"]
    assert (base["asset"], base["amount"], base["balance"]) == ("BTC", *[Decimal("0.01")] * 2)
    assert quote["balance"] == usd["balance"] + quote["amount"] - quote["fee"]


def test_balances_agree_with_rest_after_many_trades(client: Client, line: Line) -> None:
    line.listen("balances")
    for side in ("buy", "buy", "sell"):
        line.order(**MARKET, side=side)
    last = {row["asset"]: row["balance"] for row in rows(line.settled(), "balances")}

    theirs = client.did("Balance")
    assert last == {"BTC": Decimal(theirs["XXBT"]), "USD": Decimal(theirs["ZUSD"])}


def test_what_the_dead_mans_switch_cancels_is_told(listening: Line, client: Client) -> None:
    listening.order()
    answer = listening.trade("cancel_all_orders_after", timeout=60)
    assert answer["result"] == {
        "currentTime": "2026-10-01T00:00:00Z",
        "triggerTime": "2026-10-01T00:01:00Z",
    }
    client.control("clock", advance_seconds=61)

    assert steps(told(listening))[-1] == ("canceled", "canceled")


def test_times_never_go_back(listening: Line, client: Client) -> None:
    listening.order(limit_price=50935)
    listening.order(**MARKET)
    client.control("clock", advance_seconds=3600)

    times = [row["timestamp"] for row in told(listening)]
    assert all(before <= after for before, after in pairwise(times))
