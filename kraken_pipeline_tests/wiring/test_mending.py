"""Bars that REST is asked for beside the stream."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.errors import UnexpectedReplyError, UnreachableError
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe
from kraken_pipeline.services.bars.history import HistoryDesk
from kraken_pipeline.store.bar_archive import HistoryBarStore
from kraken_pipeline.store.certificates import CertificateFiles
from kraken_pipeline.wiring.mending import Mender
from kraken_pipeline_tests.fakes import overriding
from kraken_pipeline_tests.services.candles import START
from kraken_pipeline_tests.services.fixtures import desk, empty_books, foreseen, served
from kraken_pipeline_tests.services.paper import Paper

__all__ = ["desk", "empty_books", "foreseen", "served"]

HOUR: Timeframe = TIMEFRAMES["1h"]


class Exchange:
    """Tells candles, unless it is down; notes what it was asked for."""

    def __init__(self, desk: Paper, folder: Path) -> None:
        self.paper = desk
        self.is_down = False
        self.gone = ""
        self.ahead = timedelta(0)
        """How far the close that it tells as the last one lies ahead of its clock."""
        self.asked: list[datetime | None] = []
        self.bars = HistoryBarStore(folder)
        self.pair = desk.market.listing().pairs["XBTUSD"]
        market = overriding(desk.market, candles=self.candles)
        history = HistoryDesk(
            market=market,
            bars=self.bars,
            certificates=CertificateFiles(folder),
            progress=lambda *_: None,
        )
        self.mender = Mender(history, desk.clock)

    def candles(self, pair: Pair, frame: Timeframe, since: datetime | None) -> Candles:
        self.asked.append(since)
        if self.is_down:
            raise UnreachableError("the exchange is down")
        if pair.name == self.gone:
            raise UnexpectedReplyError("EQuery:Unknown asset pair")
        told = self.paper.market.candles(pair, frame, since)
        late = int(self.ahead.total_seconds())
        return replace(told, opened_at=tuple(each + late for each in told.opened_at))

    def done(self) -> None:
        self.mender._worker.submit(lambda: None).result()

    def stored(self, *, hours: int, pair: Pair | None = None) -> None:
        """Store the bars that closed up to so many hours before the start."""
        page = self.paper.market.candles(
            pair or self.pair, HOUR, START - timedelta(hours=hours + 3)
        )
        rows = slice(0, 3)
        columns = ("opened_at", "open", "high", "low", "close", "volume", "trades")
        some: dict[str, Any] = {each: getattr(page, each)[rows] for each in columns}
        self.bars.append(HOUR, [replace(page, **some)])


@pytest.fixture
def exchange(desk: Paper, tmp_path: Path) -> Iterator[Exchange]:
    made = Exchange(desk, tmp_path / "bars")
    yield made
    made.mender.close()


def test_a_revision_that_rest_does_not_tell_is_asked_for_until_it_does(exchange: Exchange) -> None:
    """U-HIS-3: a late trade is not forgotten as REST was away when it came."""
    exchange.stored(hours=0)
    exchange.is_down = True
    exchange.mender.retell(HOUR, exchange.pair, START - HOUR.length)
    exchange.done()
    exchange.is_down = False

    exchange.mender.remind()
    exchange.done()
    exchange.mender.remind()
    exchange.done()

    assert exchange.asked == [START - HOUR.length] * 2


def test_many_revisions_of_a_pair_are_one_question_from_the_oldest_on(exchange: Exchange) -> None:
    exchange.stored(hours=0)
    exchange.is_down = True
    for hours in (1, 3, 2):
        exchange.mender.retell(HOUR, exchange.pair, START - timedelta(hours=hours))
    exchange.done()
    exchange.asked.clear()
    exchange.is_down = False

    exchange.mender.remind()
    exchange.done()

    assert exchange.asked == [START - timedelta(hours=3)]


def test_a_revision_leaves_no_hole_where_bars_before_it_lack(exchange: Exchange) -> None:
    exchange.stored(hours=5)

    exchange.mender.retell(HOUR, exchange.pair, START - HOUR.length)
    exchange.done()

    assert exchange.asked == [START - timedelta(hours=5)]
    assert len(exchange.bars.stretches(HOUR, ["XBTUSD"])["XBTUSD"]) == 1
    assert exchange.bars.newest(HOUR) == {"XBTUSD": START - HOUR.length}


def test_a_bar_that_runs_is_not_stored_whatever_the_exchange_marked(exchange: Exchange) -> None:
    """HIS-5: closed is what is over on the exchange's clock."""
    exchange.stored(hours=1)
    exchange.ahead = HOUR.length

    exchange.mender.retell(HOUR, exchange.pair, START - 2 * HOUR.length)
    exchange.done()

    assert exchange.bars.newest(HOUR) == {"XBTUSD": START - HOUR.length}


def test_a_bar_of_which_nothing_is_stored_is_left_to_who_fetches_history(
    exchange: Exchange,
) -> None:
    exchange.mender.retell(HOUR, exchange.pair, START - HOUR.length)
    exchange.done()

    assert exchange.bars.newest(HOUR) == {}
    assert exchange.asked == []


def test_bars_that_rest_did_not_tell_are_asked_for_with_the_next_reminder(
    exchange: Exchange,
) -> None:
    """A bar of a day must not lack until the next day closes."""
    exchange.stored(hours=5)
    exchange.is_down = True
    exchange.mender.mend(HOUR, [exchange.pair])
    exchange.is_down = False

    exchange.mender.remind()
    exchange.done()
    exchange.mender.remind()
    exchange.done()

    assert exchange.bars.newest(HOUR) == {"XBTUSD": START - HOUR.length}
    assert len(exchange.asked) == 2


def test_a_pair_that_is_gone_does_not_keep_others_from_being_told(exchange: Exchange) -> None:
    """U-MKT-1: it was delisted, and its bars are refused from then on."""
    other = exchange.paper.market.listing().pairs["ETHUSD"]
    for each in (exchange.pair, other):
        exchange.stored(hours=0, pair=each)
    exchange.gone = exchange.pair.name

    for each in (exchange.pair, other):
        exchange.mender.retell(HOUR, each, START - HOUR.length)
    exchange.done()

    assert [name for _, name in exchange.mender._owed] == [exchange.pair.name]
