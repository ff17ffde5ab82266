"""F-RSK, F-MON, F-EXC-2: caps hold, exits go, and nothing opens on what is not known."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from kraken_pipeline.domain.halts import HaltKind, Scope, ScopeKind
from kraken_pipeline.domain.market import Side, Ticker
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.order_terms import OrderTerms
from kraken_pipeline.domain.orders import State
from kraken_pipeline.services.risk.acknowledge import BoundsDesk, acknowledge, unacknowledged
from kraken_pipeline.store.bounds import SqlBoundsStore
from kraken_pipeline_tests.fakes import Lossy, overriding
from kraken_pipeline_tests.services.candles import DEEP_DIP
from kraken_pipeline_tests.services.paper import WIDE, Paper

PAIRS = ("XBTUSD", "ETHUSD")
CAPPED = replace(
    WIDE,
    max_risk_per_trade_pct=Decimal("0.15"),
    max_gross_exposure_pct=Decimal(40),
    max_per_asset_pct=Decimal(25),
    max_per_strategy_pct=Decimal(15),
    max_pair_notional=Decimal(2_300),
    max_total_notional=Decimal(3_900),
)


def test_f_rsk_2_caps_hold_when_every_resting_buy_fills_in_one_second(desk: Paper) -> None:
    desk.turn_to(DEEP_DIP - 2)
    desk.book()
    for pair, number in product(PAIRS, range(5)):
        confidence = Decimal("0.2") * (number + 1)
        terms = OrderTerms(post_only=True)
        desk.wants(pair, strategy=f"s{number}", confidence=confidence, terms=terms)
    desk.assess(limits=CAPPED)
    desk.submit(max_at_exchange=99)
    resting = desk.exchange.account.open
    assert len(resting) >= 5

    desk.turn_to(DEEP_DIP)
    desk.settle()
    snapshot = desk.book().snapshot

    assert resting == {}
    spent = {name: Decimal(0) for name in ("all", *PAIRS, *(f"s{each}" for each in range(5)))}
    for fill in desk.stores.books.fills_after(None):
        cost = fill.cost + fill.fee
        for name in ("all", fill.pair, fill.book.partition("@")[0]):
            spent[name] += cost
    assert Decimal(3_000) < spent["all"] <= 3_900
    assert all(spent[pair] <= 2_300 for pair in PAIRS)
    assert all(spent[f"s{each}"] <= 1_500 for each in range(5))
    assert snapshot.drift == {}
    assert desk.stores.halts.latched() == ()


Changes = dict[str, Any]  # fields of a desk, whatever their type


def _no_snapshot(desk: Paper) -> Changes:
    return {"books": overriding(desk.stores.books, latest_snapshot=lambda: None)}


def _written_over(column: str, text: str) -> Callable[[Paper], Changes]:
    def write(desk: Paper) -> Changes:
        with desk.stores.database.writing() as connection:
            connection.exec_driver_sql(f"UPDATE nav_snapshots SET {column} = ?", (text,))  # noqa: S608 - our names
        return {}

    return write


def _no_price(desk: Paper) -> Changes:
    def tickers() -> object:
        return {name: each for name, each in desk.market.tickers().items() if name != "XBTUSD"}

    return {"market": overriding(desk.market, tickers=tickers)}


@pytest.mark.parametrize(
    "broken",
    [
        _no_snapshot,
        _written_over("equity", "a lot"),
        _written_over("valuations", "[{"),
        _written_over("positions", '[{"pair":"XBTUSD"}]'),
        _no_price,
    ],
)
def test_f_rsk_6_where_risk_cannot_be_reckoned_nothing_opens_and_an_exit_goes_by_its_qty(
    desk: Paper, broken: Callable[[Paper], Changes]
) -> None:
    desk.planned(qty="0.01234")
    desk.submit()
    desk.settle()
    desk.book()
    changes = broken(desk)
    desk.wants("XBTUSD", strategy="other")
    desk.wants("XBTUSD", side=Side.SELL)

    desk.assess(**changes)

    assert desk.submit() == {State.LIVE: 1}
    [_, sold] = desk.exchange.account.orders.values()
    assert (sold.side.value, sold.volume) == ("sell", Decimal("0.01234"))


def test_f_rsk_5_a_cap_that_was_raised_opens_nothing_until_a_person_agrees(desk: Paper) -> None:
    desk.planned(qty="0.01")
    desk.submit()
    desk.settle()
    desk.book()

    def bounds(percent: int) -> BoundsDesk:
        return BoundsDesk(
            store=SqlBoundsStore(desk.stores.database),
            bounds={"risk.max_gross_exposure_pct": Decimal(percent)},
            config_hash="c",
            is_live=lambda: True,
            clock=desk.clock,
        )

    unacknowledged(bounds(10))
    raised = replace(WIDE, max_gross_exposure_pct=Decimal(50))
    desk.wants("ETHUSD")
    desk.wants("XBTUSD", side=Side.SELL)
    refused = desk.assess(limits=raised, unacknowledged=unacknowledged(bounds(50)))
    acknowledge(bounds(50), reason="more money", by="me")
    desk.wants("ETHUSD")
    agreed = desk.assess(limits=raised, unacknowledged=unacknowledged(bounds(50)))

    assert [each.code for each in refused["ETHUSD"].objections] == ["CONFIG_LOOSER"]
    assert refused["XBTUSD"].approved
    assert agreed["ETHUSD"].approved


def test_f_mon_9_the_exit_of_one_strategy_leaves_the_share_of_one_that_is_halted(
    desk: Paper,
) -> None:
    for strategy, qty in (("trend", "0.01"), ("other", "0.02")):
        desk.planned(qty=qty, strategy_id=strategy)
        desk.submit()
        desk.settle()
    desk.book()
    scope = Scope(kind=ScopeKind.STRATEGY, name="other")
    desk.stores.halts.latch(
        HaltKind.OPERATOR, reason="a test", at=desk.clock(), by="me", scope=scope
    )
    desk.wants("XBTUSD", side=Side.SELL)
    desk.wants("XBTUSD", strategy="other")

    desk.assess()

    assert desk.submit() == {State.LIVE: 1}
    desk.settle()
    desk.book()
    assert desk.held() == {
        ("trend@1h", "XBTUSD"): Decimal(0),
        ("other@1h", "XBTUSD"): Decimal("0.02"),
    }


@pytest.mark.parametrize(
    ("mode", "goes"),
    [
        ("cancel_only", {"limit": False, "post": False}),
        ("post_only", {"limit": False, "post": True}),
        ("limit_only", {"limit": True, "post": True}),
        ("reduce_only", {"limit": True, "post": True}),
    ],
)
@pytest.mark.parametrize("kind", ["limit", "post"])
def test_f_exc_2_an_exit_is_sent_in_the_modes_that_take_it(
    desk: Paper, mode: str, goes: dict[str, bool], kind: str
) -> None:
    desk.planned(qty="0.01")
    desk.submit()
    desk.settle()
    desk.book()
    pair = desk.exchange.market.listing.pair("XBTUSD")
    assert pair is not None
    desk.exchange.set_pair_status(pair, mode)
    terms = OrderTerms(post_only=True) if kind == "post" else None
    desk.wants("XBTUSD", side=Side.SELL, terms=terms)
    gateway = Lossy(desk.trader, times=0)

    desk.assess()
    desk.submit(gateway=gateway)

    assert len(gateway.asked) == goes[kind]


@pytest.mark.parametrize("bid", ["0", "-1"])
def test_f_mon_5_a_price_that_can_be_none_values_nothing_opens_nothing_and_kills_nothing(
    desk: Paper, bid: str
) -> None:
    desk.planned(qty="0.05")
    desk.submit()
    desk.settle()
    before = desk.book().snapshot
    desk.turn(minutes=1)

    def tickers() -> dict[str, Ticker]:
        told = desk.market.tickers()
        return {
            name: replace(each, bid=Price(Decimal(bid))) if name.startswith("XBT") else each
            for name, each in told.items()
        }

    wrong = overriding(desk.market, tickers=tickers)
    after = desk.book(market=wrong).snapshot
    desk.wants("XBTUSD", strategy="other")
    verdict = desk.assess(market=wrong)["XBTUSD"]

    assert after.unpriced == ("XBT",)
    assert (after.unit_price, after.drawdown) == (before.unit_price, before.drawdown)
    assert {"DATA_CONTENT", "NAV_COVERAGE"} <= {each.code for each in verdict.objections}
    assert desk.stores.halts.latched() == ()
