"""What a simulator knows after it was stopped."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from kraken_pipeline.simulator.journal import Journal, StateError
from kraken_pipeline.simulator.simulation import Settings, opened, simulated
from kraken_pipeline_tests.simulator.conftest import Client

ASKED = ("Balance", "BalanceEx", "OpenOrders", "ClosedOrders", "TradesHistory", "Ledgers")


def test_a_restart_keeps_everything(settings: Settings) -> None:
    with simulated(settings) as served, requests.Session() as session:
        client = Client(served.url, session)
        client.placed(ordertype="market")
        client.placed(cl_ord_id="resting")
        client.control("clock", advance_seconds=4000.5)
        before = [client.did(method, trades=True) for method in ASKED]
        ticker = client.public("Ticker")

    with simulated(settings) as served, requests.Session() as session:
        again = Client(served.url, session, client.nonces)
        assert again.public("Ticker") == ticker
        assert [again.did(method, trades=True) for method in ASKED] == before
        assert again.order(cl_ord_id="resting")["error"] != []


def test_a_used_nonce_stays_used(settings: Settings) -> None:
    with simulated(settings) as served, requests.Session() as session:
        Client(served.url, session).did("Balance")

    with simulated(settings) as served, requests.Session() as session:
        assert Client(served.url, session).refused("Balance") == "EAPI:Invalid nonce"


def test_the_market_goes_on_while_a_simulator_is_down(settings: Settings) -> None:
    start = datetime(2026, 10, 1, tzinfo=UTC)
    with simulated(settings) as served, requests.Session() as session:
        client = Client(served.url, session)
        txid = client.placed(expiretm="+60")

    with opened(replace(settings, clock="real")) as service:
        assert service.exchange.clock.now() > start
        service.exchange.advance()
        order = service.exchange.account.orders[txid]
        assert order.status == "expired"
        assert order.ended is not None
        assert order.ended.timestamp() == start.timestamp() + 60


def test_a_half_written_line_never_happened(settings: Settings) -> None:
    with opened(settings) as service:
        events = service.exchange.account.events
    with (settings.folder / "events.jsonl").open("a") as journal:
        journal.write('[["TimerSet",{"at"')

    for _ in range(2):
        with opened(settings) as service:
            assert service.exchange.account.events == events
            service.exchange.set_timer(None)
            events += 1


def test_a_damaged_journal_is_named_with_its_line(settings: Settings) -> None:
    with opened(settings):
        pass
    journal = settings.folder / "events.jsonl"
    journal.write_text("[[]]\n" + journal.read_text())

    with pytest.raises(StateError, match="damaged in line 1"), opened(settings):
        pass


def test_a_folder_serves_one_simulator(settings: Settings) -> None:
    with (
        opened(settings),
        pytest.raises(StateError, match="another simulator runs"),
        opened(settings),
    ):
        pass


def test_a_folder_belongs_to_its_market(settings: Settings) -> None:
    with opened(settings):
        pass

    with pytest.raises(StateError, match="was made with market"), opened(replace(settings, seed=2)):
        pass


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StateError, match="can't be used"):
        Journal(tmp_path / "file" / "state", {"seed": 1})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    with pytest.raises(StateError, match="can't be used"):
        Journal(tmp_path / "state", {"seed": 1})
