"""What is asked for from the middle of a life on is the part of the whole that it says."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from kraken_pipeline.domain.accounting.lots import Method
from kraken_pipeline.domain.accounting.periods import Days, Period
from kraken_pipeline.domain.accounting.profit import View
from kraken_pipeline.services.books import portfolio
from kraken_pipeline.services.books.portfolio import PortfolioDesk
from kraken_pipeline_tests.year.books import BEGIN, USD, lived

DAYS = 4


def test_profit_since_a_day_is_that_of_the_days_from_it_on(
    tmp_path: Path, empty_books: Path
) -> None:
    with lived(tmp_path, 3, acts_a_day=10, tables=empty_books) as year:
        year.live(DAYS)
        stores = year.desk.stores
        desk = PortfolioDesk(
            books=stores.books,
            accounts=stores.accounts,
            base_currency=USD,
            method=Method.WAC,
            bases={},
        )
        later = Days(first=(BEGIN + timedelta(days=2)).date())

        for view in View:
            days = portfolio.pnl(desk, Days(), Period.DAY, method=None, view=view)
            [whole] = portfolio.pnl(desk, later, Period.MONTH, method=None, view=view)

            told = [each for each in days if each.first >= later.first]
            assert len(told) < len(days)
            assert {each.residual for each in (*days, whole)} == {Decimal(0)}
            assert whole.equity == told[-1].equity
            for name in ("profit", "realised", "unrealised", "income", "fees", "flows"):
                assert getattr(whole, name) == sum(getattr(each, name) for each in told), name
        assert portfolio.curve(desk, later)[0].day == later.first
