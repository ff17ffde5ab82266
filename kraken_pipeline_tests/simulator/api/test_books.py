"""The book over HTTP: by price, by steps of prices, by order."""

from decimal import Decimal

import pytest

from kraken_pipeline_tests.simulator.conftest import Client


def test_steps_of_prices_hold_all_that_stands_between(client: Client) -> None:
    fine = client.public("GroupedBook", pair="BTC/USD", depth=1000)["result"]
    coarse = client.public("GroupedBook", pair="BTC/USD", depth=1000, grouping=100)["result"]

    assert (fine["pair"], fine["grouping"], coarse["grouping"]) == ("BTC/USD", 1, 100)
    for side in ("bids", "asks"):
        assert sum(Decimal(level["qty"]) for level in fine[side]) == sum(
            Decimal(level["qty"]) for level in coarse[side]
        )
        assert all(Decimal(level["price"]) % 10 == 0 for level in coarse[side])
    assert Decimal(coarse["asks"][0]["price"]) >= Decimal(fine["asks"][0]["price"])
    assert Decimal(coarse["bids"][0]["price"]) <= Decimal(fine["bids"][0]["price"])


def test_every_order_is_seen_and_ones_own_by_its_id(client: Client) -> None:
    txid = client.placed()

    book = client.did("Level3", pair="XBTUSD", depth=0)

    [own] = [row for row in book["bids"] if row["order_id"] == txid]
    assert (own["price"], own["qty"]) == ("30000.00000", "0.01000000")
    prices = [Decimal(row["price"]) for row in book["asks"]]
    assert prices == sorted(prices)


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ({"pair": "XBTUSD", "depth": 11}, "EGeneral:Invalid arguments:depth"),
        ({"pair": "XBTUSD", "grouping": 3}, "EGeneral:Invalid arguments:grouping"),
        ({"pair": "NOPE"}, "EQuery:Unknown asset pair"),
    ],
)
def test_steps_and_depths_are_those_of_the_exchange(
    client: Client, query: dict[str, object], refusal: str
) -> None:
    assert client.public("GroupedBook", **query) == {"error": [refusal]}
