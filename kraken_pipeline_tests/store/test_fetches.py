from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.errors import ConflictError
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.market_reports import PublicTrade
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.tail_pages import TailPage
from kraken_pipeline.domain.trade_bars import TradeBar
from kraken_pipeline.domain.trade_reading import Reading
from kraken_pipeline.store.fetches import PageFile, ReadingFiles

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
TRADE = PublicTrade(
    trade_id=None,
    price=Price(Decimal("0.00001234")),
    qty=Qty(Decimal("1234567.5")),
    taker_side=Side.SELL,
    is_limit=False,
    at=NOW,
)
BAR = TradeBar(
    opened_at=60,
    open=Price(Decimal("1.5")),
    high=Price(Decimal("1.6")),
    low=Price(Decimal("1.4")),
    close=Price(Decimal("1.55")),
    volume=Decimal("0.00000001"),
    trades=3,
)
READING = Reading(done=0, cursor=1_740_000_000_123_456_789, held=(TRADE,), pending=(BAR,))
PAGE = TailPage(
    candles=Candles(
        pair="XBTUSD",
        timeframe="1m",
        opened_at=(60, 120),
        open=("1", "2"),
        high=("1", "2"),
        low=("1", "2"),
        close=("1", "2"),
        volume=("0", "0.5"),
        trades=(0, 7),
    ),
    made_of="",
    at=NOW,
)


def test_how_far_a_reading_came_is_read_back_exactly(tmp_path: Path) -> None:
    readings = ReadingFiles(tmp_path)
    with readings.turn("XBTUSD"):
        readings.keep("XBTUSD", READING)

    assert ReadingFiles(tmp_path).kept("XBTUSD") == READING
    assert ReadingFiles(tmp_path).kept("ETHUSD") is None


def test_pages_are_read_back_in_their_order_until_they_are_stored(tmp_path: Path) -> None:
    pages = PageFile(tmp_path)
    with pages.turn():
        pages.note([PAGE])
        pages.note([PAGE, PAGE])

        assert PageFile(tmp_path).noted() == (PAGE,) * 3
        pages.clear()
        assert PageFile(tmp_path).noted() == ()


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_a_page_that_is_torn_is_none(tmp_path: Path, cut: int) -> None:
    """F-STO-1: it is fetched again."""
    pages = PageFile(tmp_path)
    with pages.turn():
        pages.note([PAGE, PAGE])
    [file] = (tmp_path / "fetching").glob("*.jsonl")
    file.write_bytes(file.read_bytes()[:-cut])

    assert pages.noted() == (PAGE,)


def test_one_at_a_time_and_pair_by_pair(tmp_path: Path) -> None:
    readings, pages = ReadingFiles(tmp_path), PageFile(tmp_path)
    with readings.turn("XBTUSD"), pages.turn():
        with pytest.raises(ConflictError, match="XBTUSD"), readings.turn("XBTUSD"):
            pass
        with pytest.raises(ConflictError, match="pages"), PageFile(tmp_path).turn():
            pass
        with readings.turn("ETHUSD"):
            pass
    with readings.turn("XBTUSD"), pages.turn():
        pass
