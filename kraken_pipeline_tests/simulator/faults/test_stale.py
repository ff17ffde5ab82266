"""Reads that lag what the exchange knows."""

import pytest

from kraken_pipeline.simulator.faults.faults import Strike
from kraken_pipeline.simulator.faults.kinds import Kind
from kraken_pipeline.simulator.faults.stale import Past
from kraken_pipeline.simulator.rest import Served
from kraken_pipeline_tests.simulator.conftest import Client


def lag(client: Client, kind: str, method: str, seconds: float) -> None:
    told = client.control("faults", kind=kind, method=method, seconds=seconds, times=None)
    assert "error" not in told


def test_a_stale_read_shows_the_account_as_it_was(client: Client) -> None:
    order = client.placed()
    lag(client, "stale_read", "OpenOrders", 60)

    before = client.did("OpenOrders")["open"]
    client.control("clock", advance_seconds=59)
    still = client.did("OpenOrders")["open"]
    client.control("clock", advance_seconds=2)

    assert (before, still) == ({}, {})
    assert list(client.did("OpenOrders")["open"]) == [order]


def test_other_reads_and_the_engine_do_not_lag(client: Client) -> None:
    lag(client, "stale_read", "OpenOrders", 60)
    order = client.placed()

    assert client.did("QueryOrders", txid=order)[order]["status"] == "open"
    assert client.did("CancelOrder", txid=order) == {"count": 1}
    assert client.did("OpenOrders")["open"] == {}


def test_balances_and_trades_lag_alike(client: Client) -> None:
    lag(client, "stale_read", "Balance", 30)
    lag(client, "stale_read", "TradesHistory", 30)
    client.placed(ordertype="market")

    behind = client.did("Balance"), client.did("TradesHistory")["count"]
    client.control("clock", advance_seconds=31)
    caught_up = client.did("Balance"), client.did("TradesHistory")["count"]

    assert behind == ({}, 0)  # so long ago that the account was not opened yet
    assert set(caught_up[0]) == {"ZUSD", "XXBT"}
    assert caught_up[1] > 0


def test_an_order_is_seen_late_while_older_ones_are_seen_as_they_are(client: Client) -> None:
    old = client.placed()
    client.control("clock", advance_seconds=40)
    new = client.placed(cl_ord_id="new-one")
    lag(client, "late_order", "OpenOrders", 30)
    lag(client, "late_order", "QueryOrders", 30)

    assert list(client.did("OpenOrders")["open"]) == [old]
    assert client.did("QueryOrders", txid=new) == {}
    client.control("clock", advance_seconds=31)
    assert set(client.did("OpenOrders")["open"]) == {old, new}


def test_an_amended_order_is_seen_as_it_was_for_a_moment(client: Client) -> None:
    order, other = client.placed(), client.placed()
    client.control("clock", advance_seconds=10)
    client.did("AmendOrder", txid=order, order_qty="0.02")
    lag(client, "stale_amend", "OpenOrders", 1)

    at_once = client.did("OpenOrders")["open"]
    client.control("clock", advance_seconds=2)

    assert {each: at_once[each]["vol"] for each in at_once} == dict.fromkeys(
        (order, other), "0.01000000"
    )
    assert client.did("OpenOrders")["open"][order]["vol"] == "0.02000000"


def test_what_is_only_looked_at_does_not_change(client: Client, served: Served) -> None:
    client.placed()
    seen = Past(served.exchange).seen(Strike(kind=Kind.STALE_READ, seconds=1))

    with pytest.raises(PermissionError):
        seen.set_timer(None)

    assert seen.account is not served.exchange.account
    assert len(served.exchange.account.open) == 1
