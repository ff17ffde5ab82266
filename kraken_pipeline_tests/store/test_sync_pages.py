from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.reports import TradeReport
from kraken_pipeline.domain.sync_marks import SyncMark
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.sync_pages import LEDGER, TRADES, SqlPageStore
from kraken_pipeline_tests.store.builders import NOW, entry

MARK = SyncMark(since=None, end="L9", skip=49, counted=120, is_whole=False, kept_at=NOW)
TRADE = TradeReport(
    trade_id="T1",
    kraken_order_id="O1",
    pair="XBTUSD",
    side=Side.SELL,
    price=Price(Decimal("0.000000000012")),
    qty=Qty(Decimal(7)),
    cost=Decimal("123456789012345.12345"),
    fee=Decimal("0.1"),
    maker=True,
    at=NOW + timedelta(microseconds=1),
)


@pytest.fixture
def ledger(database: Database) -> SqlPageStore[LedgerEntry]:
    return SqlPageStore(database, LEDGER)


@pytest.fixture
def trades(database: Database) -> SqlPageStore[TradeReport]:
    return SqlPageStore(database, TRADES)


def test_rows_are_read_as_they_were_kept_the_oldest_first(
    ledger: SqlPageStore[LedgerEntry], trades: SqlPageStore[TradeReport]
) -> None:
    told = [entry("L2", amount=Decimal("-0.0000000001")), entry("L1", minutes=1)]
    ledger.keep(MARK, told[::-1])
    trades.keep(MARK, [TRADE])

    assert ledger.oldest(5) == tuple(told)
    assert ledger.oldest(1) == (told[0],)
    assert trades.oldest(5) == (TRADE,)


def test_a_mark_is_read_as_it_was_set_last(ledger: SqlPageStore[LedgerEntry]) -> None:
    further = replace(MARK, skip=98, since=NOW, is_whole=True)
    ledger.keep(MARK, [entry("L1")])
    before = ledger.mark()
    ledger.keep(further, [entry("L2"), entry("L1")])

    assert (before, ledger.mark()) == (MARK, further)
    assert (ledger.count(), ledger.known([entry("L1"), entry("L3")])) == (2, 1)


def test_what_is_booked_is_kept_no_more(ledger: SqlPageStore[LedgerEntry]) -> None:
    ledger.keep(MARK, [entry("L1"), entry("L2")])
    ledger.drop([entry("L1")])

    assert ledger.oldest(5) == (entry("L2"),)
    assert ledger.mark() == MARK


def test_forgetting_one_list_leaves_the_other(
    ledger: SqlPageStore[LedgerEntry], trades: SqlPageStore[TradeReport]
) -> None:
    ledger.keep(MARK, [entry("L1")])
    trades.keep(MARK, [TRADE])
    ledger.forget()

    assert (ledger.mark(), ledger.count()) == (None, 0)
    assert (trades.mark(), trades.count()) == (MARK, 1)
