"""What is listed, over HTTP."""

import pytest

from kraken_pipeline_tests.simulator.conftest import Client


def test_info_tells_a_part_of_each_pair(client: Client) -> None:
    def parts(info: str) -> set[str]:
        row = client.public("AssetPairs", pair="XBTUSD", info=info)["result"]["XXBTZUSD"]
        return set(row)

    assert parts("leverage") == {"leverage_buy", "leverage_sell"}
    assert parts("margin") == {"margin_call", "margin_stop"}
    assert parts("fees") == {"fees", "fees_maker", "fee_volume_currency"}


def test_a_pair_is_answered_under_the_name_that_it_was_asked_for_with_a_slash(
    client: Client,
) -> None:
    assert list(client.public("AssetPairs", pair="BTC/USD,ETHUSD")["result"]) == [
        "BTC/USD",
        "XETHZUSD",
    ]


def test_with_the_newer_names_base_and_quote_are_newer_too(client: Client) -> None:
    [(key, row)] = client.public("AssetPairs", pair="XBTUSD", assetVersion=1)["result"].items()

    assert (key, row["base"], row["quote"], row["wsname"]) == ("BTC/USD", "BTC", "USD", "XBT/USD")


@pytest.mark.parametrize("method", ["AssetPairs", "Assets", "Ticker"])
def test_there_are_no_tokenized_assets(client: Client, method: str) -> None:
    asked = {"AssetPairs": "aclass_base", "Assets": "aclass", "Ticker": "asset_class"}[method]

    assert client.public(method, **{asked: "tokenized_asset"})["result"] == {}


def test_collateral_has_a_value_and_other_assets_none(client: Client) -> None:
    rows = client.public("Assets", asset="XBT,ADA")["result"]

    assert (rows["XXBT"]["collateral_value"], rows["XXBT"]["margin_rate"]) == (0.99, "0.01")
    assert "collateral_value" not in rows["ADA"]


@pytest.mark.parametrize("country", ["US", "US:TX", "GB"])
def test_pairs_can_be_asked_for_a_country(client: Client, country: str) -> None:
    assert "XXBTZUSD" in client.public("AssetPairs", country_code=country)["result"]


def test_only_the_international_venue_is_simulated(client: Client) -> None:
    def pairs(venue: str) -> int:
        return len(client.public("AssetPairs", pair="XBTUSD", execution_venue=venue)["result"])

    assert pairs("bitnomial_exchange") == 0
    assert pairs("international") == pairs("international,bitnomial_exchange") == 1


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ({"info": "all"}, "EGeneral:Invalid arguments:info"),
        ({"country_code": "Texas"}, "EGeneral:Invalid arguments:country_code"),
        ({"execution_venue": "nyse"}, "EGeneral:Invalid arguments:execution_venue"),
        ({"aclass_base": "stock"}, "EGeneral:Invalid arguments:aclass_base"),
        ({"pair": "XBTUSD,NOPE"}, "EQuery:Unknown asset pair"),
    ],
)
def test_wrong_questions_are_refused(
    client: Client, query: dict[str, object], refusal: str
) -> None:
    assert client.public("AssetPairs", **query) == {"error": [refusal]}
