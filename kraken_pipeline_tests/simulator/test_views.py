"""What a key sees whose history is bounded."""

import pytest

from kraken_pipeline_tests.simulator.conftest import Client

MORNING, NOON = "2026-10-01T06:00:00Z", "2026-10-01T12:00:00Z"


@pytest.fixture
def traded(client: Client) -> Client:
    """Return an account that bought at midnight and at nine."""
    for _ in range(2):
        client.placed(ordertype="market")
        client.control("clock", advance_seconds=9 * 3600)
    client.placed()
    return client


def counts(client: Client) -> list[int]:
    return [client.did(each)["count"] for each in ("ClosedOrders", "TradesHistory", "Ledgers")]


@pytest.mark.parametrize(
    ("window", "orders"),
    [
        ({}, 2),
        ({"query_from": MORNING}, 1),
        ({"query_to": MORNING}, 1),
        ({"query_from": MORNING, "query_to": NOON}, 1),
        ({"query_from": NOON}, 0),
    ],
)
def test_history_outside_of_the_window_is_not_there(
    traded: Client, window: dict[str, object], orders: int
) -> None:
    whole = counts(traded)
    traded.control("keys", name="SIMULATOR", **window)

    seen = counts(traded)

    assert seen[0] == orders
    assert (seen == whole) == (window == {})
    assert len(traded.did("OpenOrders")["open"]) == 1


def test_a_row_outside_of_the_window_is_not_found_by_its_id(traded: Client) -> None:
    trade, *_ = traded.did("TradesHistory")["trades"]
    entry, *_ = traded.did("Ledgers")["ledger"]
    traded.control("keys", name="SIMULATOR", query_from=NOON)

    assert trade not in str(traded.call("QueryTrades", txid=trade))
    assert entry not in str(traded.call("QueryLedgers", id=entry))


def test_a_guard_may_cancel_and_nothing_else(client: Client) -> None:
    order = client.placed()
    client.control("keys", name="SIMULATOR", permissions=["close-trades", "query-open-trades"])

    assert client.order()["error"] == ["EGeneral:Permission denied"]
    assert client.refused("Balance") == "EGeneral:Permission denied"
    assert client.did("CancelOrder", txid=order) == {"count": 1}
    assert client.did("CancelAllOrdersAfter", timeout="60")["triggerTime"] != "0"
