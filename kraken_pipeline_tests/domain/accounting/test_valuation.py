"""What is held, valued; what cannot be believed is not, and what has no price is not zero."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.accounting.valuation import believable, valuations
from kraken_pipeline.domain.market import Pair, Ticker
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.nav import Quality, Snapshot, Valuation, coverage, freeze, total
from kraken_pipeline.domain.prices import NO_CHOICE, PriceTable
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline_tests.builders import NOW, pair, snapshot, ticker

USD, XBT, EUR, USDT, DEAD = (Asset(each) for each in ("USD", "XBT", "EUR", "USDT", "DEAD"))
PAIRS = {
    name: pair(name=name, base=Asset(base), quote=Asset(quote))
    for name, base, quote in (
        ("XBTUSD", "XBT", "USD"),
        ("XBTEUR", "XBT", "EUR"),
        ("EURUSD", "EUR", "USD"),
        ("XBTUSDT", "XBT", "USDT"),
        ("USDTUSD", "USDT", "USD"),
        ("DEADUSD", "DEAD", "USD"),
        ("ADAEUR", "ADA", "EUR"),
        ("ADAXBT", "ADA", "XBT"),
    )
}
MARKET = {"XBTUSD": "50000", "XBTEUR": "45000", "EURUSD": "1.1", "USDTUSD": "1", "XBTUSDT": "50100"}
HELD = {USD: Decimal(1000), XBT: Decimal(1)}
NAN = ticker(bid=Price(Decimal("NaN")), ask=Price(Decimal("NaN")))


def tickers(**changed: str) -> dict[str, Ticker]:
    told = {**MARKET, **changed}
    return {
        name: ticker(bid=Price(Decimal(price)), ask=Price(Decimal(price)))
        for name, price in told.items()
    }


def taken(
    market: dict[str, Ticker],
    *,
    held: dict[Asset, Decimal] = HELD,
    before: Snapshot | None = None,
    minutes: int = 0,
    chosen: dict[Asset, str] | None = None,
    pairs: dict[str, Pair] = PAIRS,
) -> Snapshot:
    now = NOW + timedelta(minutes=minutes)
    prices = PriceTable(USD, pairs, market, NO_CHOICE if chosen is None else chosen)
    valued = valuations(held, prices, before=before, now=now)
    return snapshot(at=now, equity=total(valued), valuations=valued)


def only(name: str, price: str) -> dict[str, Ticker]:
    """Return a market with one pair alone."""
    return {name: tickers(**{name: price})[name]}


def of(told: Snapshot, asset: Asset) -> Valuation:
    [found] = [each for each in told.valuations if each.asset == asset]
    return found


def test_what_the_market_says_is_fresh() -> None:
    told = taken(tickers())

    assert [each.quality for each in told.valuations] == [Quality.FRESH, Quality.FRESH]
    assert told.equity == 51_000
    assert told.coverage == 1
    assert told.frozen == ""


@pytest.mark.parametrize(
    "bad",
    [
        {},
        only("XBTUSD", "0"),
        only("XBTUSD", "-50000"),
        {"XBTUSD": NAN},
        only("XBTUSD", "5000000"),
        only("XBTUSD", "500"),
    ],
    ids=["missing", "zero", "negative", "nan", "100x", "a hundredth"],
)
def test_f_mon_5_what_is_no_price_leaves_the_last_good_one_and_freezes_with_a_reason(
    bad: dict[str, Ticker],
) -> None:
    before = taken(tickers())

    told = taken(bad, before=before, minutes=1)
    later = taken(bad, before=told, minutes=9)

    xbt = of(later, XBT)
    assert (xbt.quality, xbt.price, xbt.stale_since) == (Quality.STALE, Decimal(50_000), NOW)
    assert later.equity == before.equity
    assert later.unpriced == (XBT,)
    assert f"XBT had 50000 at {NOW}" in later.frozen


def test_u_fee_7_a_price_of_zero_is_no_total_loss() -> None:
    before = taken(tickers())

    assert taken(only("XBTUSD", "0"), before=before, minutes=1).equity == before.equity


def test_a_jump_that_another_way_confirms_is_believed() -> None:
    before = taken(tickers())

    told = taken(tickers(XBTUSD="25000", XBTEUR="23500"), before=before, minutes=1)

    assert of(told, XBT).quality is Quality.FRESH
    assert told.equity == 26_000


def test_a_jump_that_other_ways_contradict_is_not_believed_and_ends_as_it_began() -> None:
    before = taken(tickers())

    wild = taken(tickers(XBTUSD="5000000"), before=before, minutes=1)
    again = taken(tickers(), before=wild, minutes=2)

    assert of(wild, XBT).quality is Quality.STALE
    assert "XBTUSD says 5000000" in of(wild, XBT).source
    assert of(again, XBT).quality is Quality.FRESH


def test_what_shares_a_pair_confirms_nothing() -> None:
    euros = {EUR: Decimal(1)}
    market = {name: each for name, each in tickers().items() if name in {"XBTEUR", "XBTUSD"}}
    before = taken(market, held=euros)
    market["XBTUSD"] = tickers(XBTUSD="5000000")["XBTUSD"]

    assert of(taken(market, held=euros, before=before, minutes=1), EUR).quality is Quality.STALE


def test_what_shares_a_pair_with_a_chosen_way_confirms_nothing() -> None:
    held, chosen = {Asset("ADA"): Decimal(1)}, {Asset("ADA"): "ADAEUR"}
    market = tickers(ADAEUR="0.45", ADAXBT="0.00001")
    # a euro is priced by bitcoin, and so is the other way of ADA
    del market["EURUSD"], market["XBTUSDT"]
    before = taken(market, held=held, chosen=chosen)
    market["XBTUSD"] = tickers(XBTUSD="5000000")["XBTUSD"]

    told = taken(market, held=held, chosen=chosen, before=before, minutes=1)

    assert of(before, Asset("ADA")).source == "ADAEUR+XBTEUR+XBTUSD"
    assert of(told, Asset("ADA")).quality is Quality.STALE


def test_what_is_not_listed_any_more_keeps_its_weight_and_is_named() -> None:
    before = taken(tickers())

    gone = {name: each for name, each in PAIRS.items() if "XBT" not in name}
    told = taken(tickers(), before=before, minutes=1, pairs=gone)

    assert told.equity == before.equity
    assert "XBT had 50000" in told.frozen


def test_where_the_straight_way_is_dead_another_is_as_fresh() -> None:
    market = tickers()
    del market["XBTUSD"]

    told = of(taken(market, before=taken(tickers()), minutes=1), XBT)

    assert (told.quality, told.source) == (Quality.FRESH, "XBTUSDT+USDTUSD")


def test_f_mon_6_a_stablecoin_is_worth_what_it_is_traded_at() -> None:
    dollars = {USDT: Decimal(1000)}
    before = taken(tickers(), held=dollars)

    told = taken(tickers(USDTUSD="0.90"), held=dollars, before=before, minutes=1)

    assert (told.equity, told.frozen) == (Decimal(900), "")


def test_f_mon_6_what_is_priced_through_a_stablecoin_takes_its_price_too() -> None:
    market = {name: each for name, each in tickers(USDTUSD="0.90").items() if "USDT" in name}

    assert taken(market).equity == 1000 + 50_100 * Decimal("0.90")


def test_f_mon_7_what_nothing_trades_has_no_weight_and_no_value() -> None:
    told = taken(tickers(), held={**HELD, Asset("GIFT"): Decimal(7)})

    assert told.unpriced == ("GIFT",)
    assert (told.coverage, told.frozen, told.equity) == (Decimal(1), "", Decimal(51_000))


@pytest.mark.parametrize("asset", ["DEAD", "XBT.Q"])
def test_what_never_had_a_price_and_may_be_worth_something_covers_nothing(asset: str) -> None:
    told = taken(tickers(), held={**HELD, Asset(asset): Decimal(1)})

    assert told.coverage == 0
    assert f"{asset} never had one" in told.frozen


def test_up_to_a_hundredth_of_all_may_be_without_a_fresh_price() -> None:
    held = {USD: Decimal(100_000), DEAD: Decimal(1)}
    before = taken(tickers(DEADUSD="1000"), held=held)

    told = taken(tickers(), held=held, before=before, minutes=1)
    more = taken(tickers(), held={**held, DEAD: Decimal(2)}, before=before, minutes=1)

    assert told.equity == 101_000
    assert told.unpriced == (DEAD,)
    assert told.frozen == ""
    assert more.coverage < Decimal("0.99")
    assert more.frozen


def test_the_pair_that_a_person_chose_values_an_asset_also_where_another_trades() -> None:
    chosen = {XBT: "XBTUSDT"}
    market = tickers(USDTUSD="0.9")

    assert of(taken(market, chosen=chosen), XBT).price == 50_100 * Decimal("0.9")
    del market["XBTUSDT"]
    assert of(taken(market, chosen=chosen), XBT).quality is Quality.NONE


@pytest.mark.parametrize("wrong", ["NOSUCH", "EURUSD"])
def test_a_chosen_pair_that_is_none_of_the_asset_prices_nothing(wrong: str) -> None:
    told = taken(tickers(), chosen={XBT: wrong})

    assert of(told, XBT).quality is Quality.NONE
    assert f"{wrong}, as portfolio.valuation_pairs has it" in told.frozen


def believed(market: dict[str, Ticker], before: Snapshot) -> PriceTable:
    prices = PriceTable(USD, PAIRS, market)
    return believable(prices, before=before, now=NOW + timedelta(minutes=1))


def test_u_fee_7_a_jump_that_nothing_confirms_is_no_price_to_keep_and_another_way_is() -> None:
    before = taken(tickers())

    prices = believed(tickers(XBTUSD="0.01"), before)

    assert (prices.rate(XBT), prices.source(XBT)) == (Decimal(50_100), "XBTUSDT+USDTUSD")
    assert believed(only("XBTUSD", "0.01"), before).rate(XBT) is None


def test_u_fee_7_where_each_way_says_something_else_none_is_a_price_to_keep() -> None:
    before = taken(tickers())
    wild = tickers(XBTUSD="0.01", XBTEUR="9", XBTUSDT="800000")

    assert believed(wild, before).rate(XBT) is None
    assert believed(tickers(), before).rate(XBT) == 50_000


WAYS = st.sets(st.sampled_from(sorted(MARKET)))


@given(shown=WAYS, gone=WAYS, worth=st.integers(1, 10**6))
def test_taking_prices_away_never_thaws_and_never_makes_fresh(
    shown: set[str], gone: set[str], worth: int
) -> None:
    held = {USD: Decimal(worth), XBT: Decimal(1), EUR: Decimal(100), USDT: Decimal(100)}
    before = taken(tickers(), held=held)
    some = {name: each for name, each in tickers().items() if name in shown}
    fewer = {name: each for name, each in some.items() if name not in gone}

    more = taken(some, held=held, before=before, minutes=1)
    less = taken(fewer, held=held, before=before, minutes=1)

    assert set(more.unpriced) <= set(less.unpriced)
    assert less.frozen or not more.frozen


@given(
    prices=st.lists(st.decimals("1", "1000000", places=2), min_size=3, max_size=3),
    dead=st.sets(st.integers(0, 2)),
)
def test_an_asset_that_loses_its_price_never_thaws_what_was_frozen(
    prices: list[Decimal], dead: set[int]
) -> None:
    whole = tuple(
        Valuation(asset=Asset(f"A{n}"), qty=Decimal(1), price=price, source="")
        for n, price in enumerate(prices)
    )
    stale = tuple(
        replace(each, stale_since=NOW) if n in dead else each for n, each in enumerate(whole)
    )

    assert coverage(stale) <= coverage(whole)
    assert freeze(stale) or not freeze(whole)
