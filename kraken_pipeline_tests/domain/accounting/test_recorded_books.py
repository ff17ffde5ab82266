"""Recorded ledgers, booked: what each asset's account is after them."""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from kraken_pipeline.domain.accounting.booking import Terms, moves_of
from kraken_pipeline.domain.accounting.explain import explain
from kraken_pipeline.domain.accounting.fold import AssetBook, folded
from kraken_pipeline.domain.accounting.lookup import Lookup
from kraken_pipeline.domain.accounting.lots import Method
from kraken_pipeline.domain.accounting.price_points import PricePoint, PriceSource
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.timeframes import EPOCH
from kraken_pipeline.kraken.fields import record
from kraken_pipeline.kraken.replies import entry_from

NAMES = {"XXBT": "XBT", "XETH": "ETH", "XLTC": "LTC", "XICN": "ICN", "ZUSD": "USD"}


def _asset(bucket: str) -> Asset:
    return Asset(NAMES.get(bucket, bucket))


def _booked(path: Path, prices: Mapping[str, str]) -> Mapping[str, AssetBook]:
    result = json.loads(path.read_text(), parse_float=Decimal)["result"]
    rows = record(result.get("ledger", result), path.name).records()
    known = Lookup(at=EPOCH, asset_of=_asset, worth_of=lambda asset, qty: None)
    points = {
        Asset(name): PricePoint(
            asset=Asset(name),
            at=EPOCH,
            price=Decimal(price),
            source=PriceSource.BAR,
            detail="a test",
        )
        for name, price in prices.items()
    }
    terms = Terms(
        base_currency=Asset("USD"),
        asset_of=_asset,
        price=lambda asset, at: points.get(asset),
        stated={},
        renamed=frozenset(),
    )
    told = explain([entry_from(key, each) for key, each in rows], {}, known)
    books, _ = folded(moves_of(told, terms), Method.FIFO, Asset("USD"))
    return {each.asset: each for each in books}


def test_a_ledger_of_2014_ends_with_the_balances_that_it_says(recorded: Path) -> None:
    books = _booked(recorded / "rest" / "xchangeold_ledgerinfo.json", {"XBT": "800"})

    held = {name: each.qty for name, each in books.items()}
    assert {name: held[name] for name in ("XBT", "LTC", "ETH")} == {
        "XBT": Decimal("0.1"), "LTC": 0, "ETH": Decimal("0.5"),
    }  # fmt: skip
    assert books["XBT"].flows == 480
    assert books["XBT"].realised == 0
    # 400 dollars' worth of coins came, of which the exchange kept its fee
    [fee] = {each.fees for each in books.values() if each.fees}
    assert fee == Decimal("0.800109241847858280")
    assert books["ICN"].qty == -350
    # nothing says what litecoins, tezos and ether were worth as they went and came
    assert {name for name, each in books.items() if each.unpriced} == {"LTC", "XTZ", "ETH", "ICN"}


def test_a_ledger_of_2025_is_booked_to_its_last_unit(recorded: Path) -> None:
    prices = {"USDT": "0.9998", "ETH": "4300"}

    books = _booked(recorded / "rest" / "xchange2025_ledgers.json", prices)

    assert books["USDT"].qty == Decimal("99.99829000")
    assert books["USDT"].flows == Decimal("99.98")
    assert books["USDT"].fees == Decimal("0.00171") * Decimal("0.9998")
    # one side of the trade only: nobody can say what it cost
    assert books["ETH"].qty == Decimal("0.002")
    assert books["ETH"].unpriced == 1
