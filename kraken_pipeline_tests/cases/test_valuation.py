"""PF-11, PF-12: a price that is missing or wrong is no loss, no gain, no sale and no size."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from kraken_pipeline.domain.accounting.holdings import differing
from kraken_pipeline.domain.accounting.identity import result
from kraken_pipeline.domain.market import Side, Ticker
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.nav import Snapshot
from kraken_pipeline.domain.orders import State
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services.ports.exchange import Market
from kraken_pipeline.simulator.flows.play import play
from kraken_pipeline.simulator.params import Params
from kraken_pipeline.store.account_books import SqlAccountStore
from kraken_pipeline_tests.fakes import overriding
from kraken_pipeline_tests.services.paper import Paper


def _market(desk: Paper, told: Callable[[Ticker], Ticker | None]) -> Market:
    """Return the market with bitcoin's tickers as something makes them; None takes one away."""

    def tickers() -> dict[str, Ticker]:
        found = {
            name: told(each) if name.startswith("XBT") else each
            for name, each in desk.market.tickers().items()
        }
        return {name: each for name, each in found.items() if each is not None}

    return overriding(desk.market, tickers=tickers)


def _at(share: str) -> Callable[[Ticker], Ticker]:
    """Return what makes the prices of a ticker a share of what they are."""
    by = Decimal(share)
    return lambda each: replace(each, bid=Price(each.bid * by), ask=Price(each.ask * by))


WRONG: dict[str, Callable[[Ticker], Ticker | None]] = {
    "missing": lambda each: None,
    "zero": _at("0"),
    "negative": _at("-1"),
    "nan": _at("nan"),
    "100x": _at("100"),
    "a hundredth": _at("0.01"),
}


def _bought(desk: Paper, qty: str = "0.05") -> Snapshot:
    desk.planned(qty=qty)
    desk.submit()
    desk.settle()
    before = desk.book().snapshot
    desk.turn(minutes=1)
    return before


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_f_mon_5_a_price_that_is_none_freezes_everything_and_sells_kills_and_sizes_nothing(
    desk: Paper, wrong: Callable[[Ticker], Ticker | None]
) -> None:
    before = _bought(desk)
    market = _market(desk, wrong)

    after = desk.book(market=market).snapshot

    assert after.unpriced == ("XBT",)
    assert "XBT had" in after.frozen
    assert (after.equity, after.unit_price) == (before.equity, before.unit_price)
    assert after.drawdown_of_all_time == before.drawdown_of_all_time
    desk.wants("ETHUSD")
    codes = {each.code for each in desk.assess(market=market)["ETHUSD"].objections}
    assert "NAV_COVERAGE" in codes
    assert desk.stores.halts.latched() == ()
    assert desk.book().snapshot.frozen == ""


def _of_ether(share: str, market: Market) -> Market:
    """Return a market with ether at a share of its price."""
    return overriding(
        market,
        tickers=lambda: {
            name: _at(share)(each) if name.startswith("ETH") else each
            for name, each in market.tickers().items()
        },
    )


def test_f_mon_5_a_unit_stands_still_also_where_what_has_a_price_moves(desk: Paper) -> None:
    desk.planned("ETHUSD", qty="0.5", limit="3400")
    desk.submit()
    before = _bought(desk)

    after = desk.book(market=_of_ether("0.9", _market(desk, WRONG["missing"]))).snapshot
    thawed = desk.book(market=_of_ether("0.9", desk.market)).snapshot

    assert after.equity < before.equity
    assert (after.units, after.unit_price) == (before.units, before.unit_price)
    assert thawed.unit_price < before.unit_price


def test_f_mon_5_falls_stand_still_though_their_day_is_over(desk: Paper) -> None:
    _bought(desk)
    low = desk.book(market=_market(desk, _at("0.9"))).snapshot
    desk.turn(hours=25)

    after = desk.book(market=_market(desk, WRONG["missing"])).snapshot

    assert low.drawdown > Decimal("0.02")
    assert (after.drawdown, after.drawdown_of_day) == (low.drawdown, low.drawdown_of_day)


def test_f_mon_5_what_is_held_is_sold_by_its_qty_while_its_price_is_not_known(desk: Paper) -> None:
    _bought(desk)
    market = _market(desk, WRONG["missing"])
    desk.book(market=market)
    desk.wants("XBTUSD", side=Side.SELL)

    verdict = desk.assess(market=market)["XBTUSD"]

    assert (verdict.approved, verdict.qty) == (True, Decimal("0.05"))
    assert desk.submit() == {State.LIVE: 1}


def test_f_mon_5_a_price_that_goes_missing_after_the_books_were_kept_opens_nothing(
    desk: Paper,
) -> None:
    _bought(desk)
    desk.book()
    desk.wants("ETHUSD")

    verdict = desk.assess(market=_market(desk, WRONG["missing"]))["ETHUSD"]

    assert {each.code for each in verdict.objections} == {"NAV_COVERAGE"}


def test_f_rsk_3_what_falls_while_money_is_taken_out_counts_and_what_is_taken_does_not(
    desk: Paper,
) -> None:
    before = _bought(desk, qty="0.1")
    play(desk.exchange, Params({"flow": "withdrawal", "asset": "USD", "amount": "4000"}))
    desk.turn(seconds=1)

    after = desk.book(market=_market(desk, _at("0.9"))).snapshot

    lost = before.equity - 4_000 - after.equity
    assert lost > 400
    fell = (before.unit_price - after.unit_price) / before.unit_price
    assert abs(fell - lost / before.equity) < Decimal("1e-20")
    assert Decimal("0.04") < after.drawdown < Decimal("0.06")


def test_f_mon_2_nothing_dips_while_a_move_is_on_its_way_and_what_comes_first_counts_once(
    desk: Paper,
) -> None:
    before = _bought(desk)
    leg = {"flow": "staking_leg", "amount": "0.02"}

    for told in ({"leg": "leave", "asset": "XBT"}, {"leg": "arrive", "asset": "XBT.S"}):
        play(desk.exchange, Params({**leg, **told}))
        desk.turn(seconds=1)
        after = desk.book().snapshot

        assert (after.equity, after.unit_price) == (before.equity, before.unit_price)
        assert after.drift == {}
        assert desk.stores.halts.latched() == ()


def test_f_mon_7_an_airdrop_of_what_nobody_trades_is_shown_and_stops_nothing_else(
    desk: Paper,
) -> None:
    before = _bought(desk)
    told = {"type": "transfer", "subtype": "", "asset": "GIFT", "amount": "7", "refid": "R-GIFT"}
    play(desk.exchange, Params({"flow": "rows", "rows": [told]}))
    desk.turn(seconds=1)

    after = desk.book().snapshot
    desk.wants("ETHUSD")

    assert after.unpriced == ("GIFT",)
    assert (after.coverage, after.frozen, after.drift) == (Decimal(1), "", {})
    assert (after.equity, after.unit_price) == (before.equity, before.unit_price)
    assert desk.assess()["ETHUSD"].approved


def test_u_fee_7_a_price_of_nothing_is_kept_for_no_trade_and_the_trade_waits_for_a_real_one(
    desk: Paper,
) -> None:
    for asset, amount in (("XBT", "1"), ("EUR", "9000")):
        play(desk.exchange, Params({"flow": "deposit", "asset": asset, "amount": amount}))
    desk.book()
    desk.turn(minutes=1)
    fields = {"ordertype": "market", "type": "sell", "volume": "0.1", "pair": "XBTEUR"}
    desk.call("AddOrder", fields)

    # what a euro is worth is known here by bitcoin alone
    wild = overriding(
        desk.market,
        tickers=lambda: {
            name: _at("0.0001")(each) if name == "XBTUSD" else each
            for name, each in desk.market.tickers().items()
        },
    )
    desk.book(market=wild)
    unpriced = desk.stores.books.fills_after(None)
    desk.book()

    assert unpriced == ()
    [fill] = desk.stores.books.fills_after(None)
    assert Decimal("1.1") < fill.quote_rate < Decimal("1.13")


def test_the_books_of_the_account_hold_what_it_has_whatever_came(desk: Paper) -> None:
    _bought(desk)
    for told in (
        {"flow": "reward", "asset": "XBT.F", "amount": "0.001"},
        {"flow": "staking_leg", "leg": "leave", "asset": "XBT", "amount": "0.02"},
        {"flow": "fee_credits", "amount": "100"},
        {"flow": "airdrop", "asset": "GIFT", "amount": "7"},
        {"flow": "withdrawal", "asset": "USD", "amount": "700", "fee": "4"},
        {"flow": "conversion", "source": "USD", "target": "ETH", "amount": "99", "received": "1"},
    ):
        play(desk.exchange, Params(told))
        desk.turn(seconds=1)

        snapshot = desk.book().snapshot

        books = SqlAccountStore(desk.stores.database).books()
        assert differing(books, snapshot.valuations) == {}
        prices = {each.asset: each.price for each in snapshot.valuations}
        assert result(books, prices.get, Asset("USD")).residual == 0


def test_the_pair_that_the_configuration_names_values_an_asset(desk: Paper) -> None:
    _bought(desk)

    usual = desk.book().snapshot
    chosen = desk.book(valuation_pairs={"BTC": "BTC/EUR"}).snapshot

    assert [each.source for each in usual.valuations if each.asset == "XBT"] == ["XBTUSD"]
    assert chosen.unpriced == ("XBT",)
    assert chosen.equity == usual.equity
