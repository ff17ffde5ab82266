"""What the exchange said of real accounts, booked: what is told is kept, what is not is named."""

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest

from kraken_pipeline.domain.errors import UnreachableError
from kraken_pipeline.kraken.account import ReadOnlyAccount
from kraken_pipeline.kraken.http import PrivateLine
from kraken_pipeline.services.books.book import Booked
from kraken_pipeline_tests.services.paper import Paper, stores_at
from kraken_pipeline_tests.year.books import lived

BALANCES = "xchange2025_balanceex"


@dataclass(frozen=True)
class Told:
    """A line that answers with what was recorded; a list of which nothing was is empty."""

    folder: Path
    files: Mapping[str, str]

    def call(self, method: str, params: Mapping[str, str], **_: object) -> object:
        """Answer a call."""
        if method not in self.files:
            return {"ledger": {}, "trades": {}, "count": 0}
        text = (self.folder / "rest" / f"{self.files[method]}.json").read_text()
        return json.loads(text, parse_float=Decimal)["result"]


@pytest.fixture
def desk(tmp_path: Path, empty_books: Path) -> Iterator[Paper]:
    """Return a desk that nothing is known of, on a market that lists what was recorded."""
    books = tmp_path / "recorded.db"
    shutil.copy(empty_books, books)
    with (
        lived(tmp_path, 1, acts_a_day=1, tables=empty_books) as year,
        stores_at(f"sqlite:///{books}") as stores,
    ):
        yield replace(year.desk, stores=stores)


def _book(desk: Paper, recorded: Path, files: Mapping[str, str]) -> Booked:
    line = cast("PrivateLine", Told(recorded, files))
    account = ReadOnlyAccount(line, symbols=desk.market.symbols)
    usual = desk.book_desk()
    return desk.book(
        account=account,
        long_ledger=replace(usual.long_ledger, pages=account.ledger_page),
        long_trades=replace(usual.long_trades, pages=account.trades_page),
    )


def test_recorded_trades_and_balances_are_booked_and_what_no_entry_tells_of_is_named(
    desk: Paper, recorded: Path
) -> None:
    trades = "nautilus_http_trades_history"

    booked = _book(desk, recorded, {"TradesHistory": trades, "BalanceEx": BALANCES})

    assert booked.fills == 2
    assert desk.held() == {("manual", "XBTUSDT"): Decimal("0.5"), ("manual", "ETHUSDT"): 0}
    [bought] = [each for each in booked.snapshot.positions if each.pair == "XBTUSDT"]
    assert bought.qty == Decimal("0.5")
    assert booked.snapshot.drift == {
        bucket: f"ledger says 0, balance is {balance}"
        for bucket, balance in {
            "AMBRx.T": "1.00000",
            "USDT": "60.90852000",
            "USDT.M": "1.82794255",
            "XETH": "0.0053613200",
            "XXBT": "0.0001339400",
        }.items()
    }
    assert booked.has_grave_drift


@pytest.mark.parametrize(
    ("method", "name", "counted"),
    [
        ("TradesHistory", "kasync_trades_history_json", 396),
        ("Ledgers", "xchange2025_ledgers", 153),
    ],
)
def test_a_recorded_list_that_lacks_rows_which_it_counts_is_not_booked(
    desk: Paper, recorded: Path, method: str, name: str, counted: int
) -> None:
    """PF-1: what was recorded of these two lists is only their beginning."""
    with pytest.raises(UnreachableError, match=f"of {counted} rows"):
        _book(desk, recorded, {"BalanceEx": BALANCES, method: name})

    assert desk.stores.books.fills_after(None) == ()
    assert desk.stores.books.replayed_balances() == {}
