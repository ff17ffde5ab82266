"""History of several pages, read whole from a simulator that sometimes lies (F-RD-2 to F-RD-4)."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final

import pytest
import requests

from kraken_pipeline.domain.errors import UnreachableError
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.kraken.account import ReadOnlyAccount
from kraken_pipeline.kraken.http import PrivateLine, PublicLine
from kraken_pipeline.kraken.orders import Trader
from kraken_pipeline.kraken.public import PublicMarket
from kraken_pipeline.kraken.signing import Credential
from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline_tests.builders import order
from kraken_pipeline_tests.kraken.lines import SECRET, Counting

FILLS: Final = 60
"""In two instants, thirty in each; every one leaves two ledger entries."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """An account with three pages of ledger."""

    url: str
    market: PublicMarket
    account: ReadOnlyAccount
    trader: Trader

    def control(self, what: str, **told: object) -> None:
        requests.post(f"{self.url}/_sim/{what}", json=told, timeout=10).raise_for_status()

    def buy(self, number: int) -> None:
        wanted = order(order_type="market", qty=Decimal("0.0001"), cl_ord_id=f"buy-{number}")
        self.trader.add(wanted, deadline=self.market.server_time() + timedelta(seconds=10))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    told = Settings(folder=tmp_path_factory.mktemp("state"), secret=SECRET, clock="fixed")
    with simulated(told) as served:
        market = PublicMarket(PublicLine(served.url))
        credential = Credential(key="SIMULATOR", secret=SECRET)
        line = PrivateLine(served.url, credential=credential, nonces=Counting())
        account = ReadOnlyAccount(line, symbols=market.symbols)
        made = Desk(url=served.url, market=market, account=account, trader=Trader(line))
        for number in range(FILLS):
            if number % 30 == 0:
                made.control("clock", advance_seconds=60)
            made.buy(number)
        yield made
        market.close()
        line.close()


def ledger(desk: Desk) -> tuple[LedgerEntry, ...]:
    return desk.account.ledger(since=None)


def test_every_fill_and_every_entry_comes_once(desk: Desk) -> None:
    trades, entries = desk.account.trades(since=None), ledger(desk)

    assert len({each.kraken_order_id for each in trades}) == FILLS
    assert len({each.entry_id for each in entries}) == len(entries) >= 2 * FILLS
    assert {each.trade_id for each in trades} <= {each.refid for each in entries}


@pytest.mark.parametrize("kind", ["empty_page", "partial_page"])
@pytest.mark.parametrize("page", [0, 1, 2])
def test_a_page_that_lies_is_noticed_and_the_next_reading_is_whole(
    desk: Desk, page: int, kind: str
) -> None:
    whole = ledger(desk)
    desk.control("faults", kind=kind, method="Ledgers", after=page)

    with pytest.raises(UnreachableError, match="read again"):
        ledger(desk)
    assert ledger(desk) == whole


@pytest.mark.parametrize("seed", range(5))
def test_whatever_comes_of_a_reading_it_is_whole_or_nothing(desk: Desk, seed: int) -> None:
    whole = ledger(desk)
    rates = {"empty_page": 0.1, "partial_page": 0.2, "busy": 0.1}
    desk.control("faults", seed=seed, rates=rates, methods=["Ledgers"])
    came = []
    for _ in range(10):
        with suppress(UnreachableError):
            came.append(ledger(desk))
    requests.delete(f"{desk.url}/_sim/faults", timeout=10)

    assert came
    assert all(each == whole for each in came)
