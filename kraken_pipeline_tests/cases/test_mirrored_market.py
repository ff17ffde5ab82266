"""F-EVT-5: a market that has gone silent, as paper on another exchange's prices sees it."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import UnreachableError
from kraken_pipeline.kraken.account import ReadOnlyAccount
from kraken_pipeline.kraken.http import PrivateLine, PublicLine
from kraken_pipeline.kraken.nonce import Nonces
from kraken_pipeline.kraken.orders import Trader
from kraken_pipeline.kraken.public import PublicMarket
from kraken_pipeline.kraken.signing import Credential
from kraken_pipeline.simulator.auth import Key, secret_of
from kraken_pipeline.simulator.clock import FixedClock
from kraken_pipeline.simulator.journal import Journal
from kraken_pipeline.simulator.mirror.mirror import Mirror, opened_mirror
from kraken_pipeline.simulator.rest import Served, serving
from kraken_pipeline.simulator.service import Service
from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline_tests.services.paper import SECRET
from kraken_pipeline_tests.simulator.mirror.conftest import silence

START = datetime.fromisoformat("2026-10-01T00:00:00+00:00")


@dataclass(frozen=True, kw_only=True)
class Paper:
    """Our client on a mirror, and the exchange behind that."""

    theirs: Served
    mirror: Mirror
    clock: FixedClock
    market: PublicMarket
    account: ReadOnlyAccount
    trader: Trader

    def silence(self, seconds: int) -> None:
        """Let the exchange behind the mirror say nothing for so long."""
        silence(self.theirs)
        self.clock.turn(self.clock.now() + timedelta(seconds=seconds))


@contextlib.contextmanager
def mirrored(folder: Path) -> Iterator[Paper]:
    with contextlib.ExitStack() as stack:
        told = Settings(folder=folder / "theirs", secret=SECRET, clock="fixed", at=START)
        theirs = stack.enter_context(simulated(told))
        clock = FixedClock(START)
        mirror = opened_mirror(theirs.url, clock)
        stack.callback(mirror.close)
        journal = Journal(folder / "ours", mirror.market.identity)
        stack.callback(journal.close)
        exchange = mirror.exchange(journal)
        exchange.deposit(mirror.market.listing.assets["ZUSD"], Decimal(1000))
        key = Key(name="test", secret=secret_of(SECRET))
        served = stack.enter_context(serving(Service(exchange, key, mirror=mirror)))
        market = PublicMarket(PublicLine(served.url))
        stack.callback(market.close)
        line = PrivateLine(
            served.url,
            credential=Credential(key="test", secret=SECRET),
            nonces=Nonces(folder / "nonces", "test", clock=lambda: 1),
        )
        stack.callback(line.close)
        account = ReadOnlyAccount(line, symbols=market.symbols)
        yield Paper(
            theirs=theirs,
            mirror=mirror,
            clock=clock,
            market=market,
            account=account,
            trader=Trader(line),
        )


def test_f_evt_5_on_a_silent_market_there_is_no_price_to_open_on(tmp_path: Path) -> None:
    with mirrored(tmp_path) as paper:
        assert "XBTUSD" in paper.market.tickers()
        paper.silence(seconds=11)

        with pytest.raises(UnreachableError):
            paper.market.tickers()


def test_f_evt_5_on_a_silent_market_the_book_keeps_its_time_and_the_account_answers(
    tmp_path: Path,
) -> None:
    with mirrored(tmp_path) as paper:
        pair = paper.market.listing().pairs["XBTUSD"]
        before = paper.market.depth(pair)
        paper.silence(seconds=300)

        assert paper.market.depth(pair) == before
        assert paper.account.balances()["ZUSD"].total == 1000
        assert paper.trader.cancel_all() == 0
