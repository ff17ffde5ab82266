"""What the mirrored exchange lists, its book and its trades: as it really answered."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kraken_pipeline.simulator.engine import Side
from kraken_pipeline.simulator.listing import Listing, Pair
from kraken_pipeline.simulator.mirror.depths import depth_of
from kraken_pipeline.simulator.mirror.listing import listing_of, statuses_of
from kraken_pipeline.simulator.mirror.tape import page_of

Json = Any  # as many shapes as there are methods
AT = datetime(2026, 9, 19, tzinfo=UTC)


def result(recorded: Path, name: str) -> Json:
    return json.loads((recorded / "rest" / name).read_text(encoding="utf-8"))["result"]


def assets_of(pairs: Json) -> Json:
    """Return rows for all assets of some pairs."""
    ids = {row[side]: row for row in pairs.values() for side in ("base", "quote")}
    return {
        key: {"altname": _altname(key, row), "decimals": 10, "display_decimals": 5}
        for key, row in ids.items()
    }


def tether(recorded: Path) -> Pair:
    """Return the pair whose book and trades are recorded."""
    rows = result(recorded, "live2026-08_assetpairs_XBTUSDT.json")
    [pair] = listing_of(assets_of(rows), rows).pairs
    return pair


def _altname(key: str, row: Json) -> str:
    base, quote = row["wsname"].split("/")
    return str(base if key == row["base"] else quote)


@pytest.fixture
def pairs(recorded: Path) -> Json:
    return result(recorded, "live2026-09-19_assetpairs_subset.json")


@pytest.fixture
def listing(pairs: Json) -> Listing:
    return listing_of(assets_of(pairs), pairs)


def test_the_real_listing_is_read(listing: Listing, pairs: Json) -> None:
    pair = listing.pair("XBTUSD")
    assert pair is not None

    assert len(listing.pairs) == len(pairs)
    assert pair.key == "XXBTZUSD"
    assert str(pair.tick) == pairs["XXBTZUSD"]["tick_size"]
    assert pair.ordermin == Decimal(pairs["XXBTZUSD"]["ordermin"])
    assert statuses_of(pairs)["XXBTZUSD"] == "online"


def test_what_is_odd_is_left_out_and_the_rest_is_read(pairs: Json) -> None:
    odd = dict(pairs)
    odd["XXBTZUSD"] = pairs["XXBTZUSD"] | {"tick_size": "0.5"}
    odd["XETHZUSD"] = pairs["XETHZUSD"] | {"ordermin": "a little"}
    odd["NEW"] = "no row"

    listing = listing_of(assets_of(pairs), odd)

    assert len(listing.pairs) == len(pairs) - 2
    assert listing.pair("XBTUSD") is None


@pytest.mark.parametrize("nothing", [None, [], {}, {"XXBTZUSD": {}}])
def test_a_listing_without_a_pair_is_none(nothing: Json) -> None:
    with pytest.raises(ValueError, match="lists no pair"):
        listing_of({}, nothing)


def test_a_real_book_is_read(recorded: Path) -> None:
    told = result(recorded, "nautilus_http_order_book.json")
    pair = tether(recorded)
    [book] = told.values()

    depth = depth_of(told, pair, AT)

    assert depth is not None
    best = next(depth.ladder(Side.SELL))
    assert [best.price, best.qty] == [Decimal(each) for each in book["asks"][0][:2]]
    assert len(list(depth.ladder(Side.BUY))) == len(book["bids"])


def test_real_trades_are_read(recorded: Path) -> None:
    told = result(recorded, "nautilus_http_trades.json")
    pair = tether(recorded)

    page = page_of(told, pair)

    assert page is not None
    trades, last = page
    assert len(trades) == 1000
    assert last == told["last"]
    assert [each.at for each in trades] == sorted(each.at for each in trades)
    assert trades[0].price == Decimal(told["XBTUSDT"][0][0])


@pytest.mark.parametrize("odd", [None, {}, {"X": {}}, {"X": {"asks": [["1"]], "bids": []}}])
def test_what_is_no_book_is_none(listing: Listing, odd: Json) -> None:
    assert depth_of(odd, listing.pairs[0], AT) is None


def test_how_much_stands_beyond_what_is_told_is_not_known(listing: Listing) -> None:
    pair = replace(listing.pairs[0], pair_decimals=0)
    rows = [[str(1000 - step), "2", 0] for step in range(500)]
    depth = depth_of({"X": {"bids": rows, "asks": [["1001", "3", 0]]}}, pair, AT)
    assert depth is not None

    assert depth.ahead(Side.BUY, Decimal(1000)) == 2
    assert depth.ahead(Side.BUY, Decimal(1001)) == 0
    assert depth.ahead(Side.BUY, Decimal(400)) is None
    assert depth.ahead(Side.SELL, Decimal(5000)) == 0
