"""What is free before an assessment, with every order that needs some of it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from kraken_pipeline.domain.allocation import NO_LIMIT
from kraken_pipeline.domain.fees import FeeRates
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Qty
from kraken_pipeline.domain.nav import Valuation
from kraken_pipeline.domain.orders import State
from kraken_pipeline.domain.prices import PriceTable
from kraken_pipeline.domain.reports import Balance
from kraken_pipeline.domain.symbols import Asset, SymbolTable
from kraken_pipeline.domain.universe import Universe
from kraken_pipeline.services.risk.quotes import Quoted
from kraken_pipeline.services.risk.world import World, economic_asset
from kraken_pipeline_tests.builders import NOW, order, pair

USD, XBT = Asset("USD"), Asset("XBT")
COST = Decimal("0.002") * 50_250
FEE = Decimal("0.01")


def world(usd: str = "1000", held: str = "0", xbt: str = "1", xbt_held: str = "0") -> World:
    pairs = {"XBTUSD": pair()}
    return World(
        now=NOW,
        universe=Universe(version="U", at=NOW, members=(), leaving=(), notional_24h={}, reasons={}),
        pairs=pairs,
        tickers={},
        quoted=Quoted(quotes={}, doubts={}, ages={}),
        depths={},
        prices=PriceTable(USD, pairs, {}),
        valuations={},
        balances={
            USD: Balance(total=Decimal(usd), held=Decimal(held)),
            XBT: Balance(total=Decimal(xbt), held=Decimal(xbt_held)),
        },
        fees={"XBTUSD": FeeRates(maker_pct=Decimal("0.2"), taker_pct=Decimal(1))},
        system_status="online",
        snapshot=None,
        qty_caps={},
        habits={},
        day_began={},
        allocation=NO_LIMIT,
        foreign=(),
    )


def test_cash_is_free_but_for_what_the_exchange_holds_and_the_fee_on_that() -> None:
    assert world(held="400").free_cash(USD, []) == 600 - 400 * FEE


@pytest.mark.parametrize("state", [State.PLANNED, State.SENDING, State.UNKNOWN])
def test_an_order_that_the_exchange_may_not_hold_for_needs_all_its_cost_and_fee(
    state: State,
) -> None:
    assert world().free_cash(USD, [order(state=state)]) == 1000 - COST * (1 + FEE)


@pytest.mark.parametrize("state", [State.LIVE, State.CANCELING])
def test_an_order_that_the_exchange_holds_for_needs_its_fee_besides(state: State) -> None:
    held = str(COST)

    assert world(held=held).free_cash(USD, [order(state=state)]) == 1000 - COST - COST * FEE


def test_what_filled_needs_nothing_more() -> None:
    half = order(state=State.LIVE, filled_qty=Qty(Decimal("0.001")))

    assert world().free_cash(USD, [half]) == 1000 - COST / 2 * FEE


def test_sells_and_other_quotes_need_no_cash() -> None:
    assert world().free_cash(USD, [order(side=Side.SELL), order(pair="XBTEUR")]) == 1000


def test_an_asset_that_is_not_held_is_not_free() -> None:
    assert world().free_cash(Asset("EUR"), []) == 0
    assert world().free_qty(Asset("ETH"), []) == 0


def test_coins_are_free_but_for_what_is_held_or_about_to_be_sold() -> None:
    selling = [
        order(side=Side.SELL, state=State.LIVE),
        order(side=Side.SELL, state=State.UNKNOWN),
    ]

    assert world(xbt_held="0.002").free_qty(XBT, selling) == 1 - 2 * Decimal("0.002")


def test_a_fee_that_is_not_known_is_the_highest_that_is() -> None:
    assert world().fee_share("XBTUSD") == FEE
    assert world().fee_share("ETHUSD") == FEE


def test_a_bucket_that_is_not_listed_stands_for_itself() -> None:
    symbols = SymbolTable(assets={"XXBT": "XBT"}, pairs=[])

    assert economic_asset(symbols, "XXBT") == economic_asset(symbols, "XBT.F") == XBT
    assert economic_asset(symbols, "AIRDROP") == "AIRDROP"


def test_what_is_held_is_worth_its_last_good_price_and_has_no_rate_to_trade_at() -> None:
    stale = Valuation(
        asset=XBT, qty=Decimal(1), price=Decimal(50_000), source="no pair", stale_since=NOW
    )
    held = replace(world(), valuations={XBT: stale})

    assert held.worth(XBT, Decimal(2)) == 100_000
    assert held.rate(XBT) is None
    assert held.rate(USD) == 1
    assert world().worth(XBT, Decimal(2)) == 0
