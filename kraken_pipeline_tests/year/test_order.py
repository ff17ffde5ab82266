"""However the news of some days arrives, the books become the same."""

import random
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from kraken_pipeline.domain.accounting.lookup import Lookup
from kraken_pipeline.domain.accounting.lots import Method
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.lots import MANUAL, Fill, fill_of
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.prices import PriceTable
from kraken_pipeline.domain.reports import Listing
from kraken_pipeline.services.books.accounts import AccountDesk, book_moves
from kraken_pipeline.services.risk.world import economic_asset
from kraken_pipeline_tests.services.paper import stores_at
from kraken_pipeline_tests.year.books import BEGIN, USD, Year, lived

AT_ONCE = 60


@dataclass(frozen=True, kw_only=True)
class News:
    """All that the exchange tells of some days."""

    year: Year
    listing: Listing
    rows: Sequence[Fill | LedgerEntry]

    def booked(
        self, path: Path, method: Method, chunks: Sequence[Sequence[Fill | LedgerEntry]]
    ) -> Mapping[str, object]:
        """Return what the books are after so much at a time, from nothing on."""
        now = self.year.actor.clock.now()
        prices = PriceTable(USD, self.listing.pairs, {})
        lookup = Lookup(
            at=now,
            asset_of=lambda bucket: economic_asset(self.listing.symbols, bucket),
            worth_of=lambda asset, qty: None,
        )
        with stores_at(f"sqlite:///{path}") as stores:
            desk = AccountDesk(
                accounts=stores.accounts,
                base_currency=USD,
                method=method,
                aliases=(),
                closes=self.year.closes,
            )
            for some in chunks:
                fills = [each for each in some if isinstance(each, Fill)]
                entries = [each for each in some if isinstance(each, LedgerEntry)]
                stores.books.book(fills, entries, lookup)
                book_moves(desk, self.listing, prices, now)
            return {
                "books": stores.accounts.books(),
                "matches": [
                    stores.accounts.matches(each.asset) for each in stores.accounts.books()
                ],
                "moves": stores.accounts.moves_within(BEGIN - timedelta(days=1), now),
                "causes": stores.ledger.explained(None),
                "balances": stores.books.replayed_balances(),
            }


@pytest.mark.parametrize("method", [Method.WAC, Method.HIFO])
def test_news_in_any_order_and_told_again_makes_the_same_books(
    method: Method, tmp_path: Path, empty_books: Path
) -> None:
    """P-4 and P-5: pages that overlap, rows that come late, fills before their entries or after."""
    dice = random.Random(method.value)  # noqa: S311 - repeatable, not secret
    for name in ("ordered.db", "mixed.db"):
        shutil.copy(empty_books, tmp_path / name)
    with lived(tmp_path, 5, acts_a_day=20, tables=empty_books) as year:
        year.live(2)
        news = _news(year)
        mixed = dice.sample(news.rows, len(news.rows)) + dice.sample(news.rows, 50)
        chunks = [mixed[start : start + AT_ONCE] for start in range(0, len(mixed), AT_ONCE)]

        assert news.booked(tmp_path / "mixed.db", method, chunks) == news.booked(
            tmp_path / "ordered.db", method, [news.rows]
        )


def _news(year: Year) -> News:
    account = year.desk.account
    trades = account.trades(since=None)
    fills = [fill_of(each, quote_rate=ZERO + 1, book=MANUAL) for each in trades]
    entries = account.ledger(since=None)
    return News(year=year, listing=year.desk.market.listing(), rows=[*fills, *entries])
