"""The account's own books against the simulator: what it cost and gained, to the last digit."""

from collections.abc import Mapping
from decimal import Decimal, localcontext
from functools import partial
from typing import Any

import pytest

from kraken_pipeline.domain.accounting.fold import AssetBook
from kraken_pipeline.domain.accounting.identity import Result, result
from kraken_pipeline.domain.accounting.lots import Method
from kraken_pipeline.domain.accounting.moves import Basis
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.domain.renames import Alias
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services.books.accounts import book_moves
from kraken_pipeline.services.books.book import Booked
from kraken_pipeline.simulator.flows.play import play
from kraken_pipeline.simulator.params import Params
from kraken_pipeline_tests.services.paper import Paper

USD, XBT = Asset("USD"), Asset("XBT")


def _trade(
    desk: Paper, side: str, volume: str, *, pair: str = "XBTUSD", flag: str = "fciq"
) -> None:
    told = {"pair": pair, "type": side, "ordertype": "market", "volume": volume}
    desk.call("AddOrder", {**told, "oflags": flag})
    desk.turn(seconds=1)


def _played(desk: Paper, **told: object) -> None:
    play(desk.exchange, Params(told))
    desk.turn(seconds=1)


def _books(desk: Paper) -> Mapping[Asset, AssetBook]:
    return {each.asset: each for each in desk.stores.accounts.books()}


def _agrees(desk: Paper, **changes: Any) -> tuple[Booked, Result]:  # noqa: ANN401 - any part of the desk may be another
    """Keep the books, and check them against the exchange and against what they say themselves."""
    booked = desk.book(**changes)
    books = _books(desk)
    prices = {each.asset: each.price for each in booked.snapshot.valuations}
    told = result(books.values(), prices.get, USD)
    held = {each.asset: each.qty for each in booked.snapshot.valuations}
    assert {name: each.qty for name, each in books.items() if each.qty} == held
    with localcontext(EXACT):
        assert told.equity == booked.snapshot.equity
        assert told.residual == 0
        assert sum((each.swapped for each in books.values()), ZERO) == 0
    assert booked.short == {}
    return booked, told


@pytest.mark.parametrize("method", list(Method))
def test_f_mon_3_fees_in_base_quote_and_credits_are_what_the_ledger_says(
    desk: Paper, method: Method
) -> None:
    """F-MON-3, P-2: also where the tier changes in between."""
    _trade(desk, "buy", "0.01234567", flag="fcib")
    _trade(desk, "buy", "0.15", flag="fciq")
    trade = next(iter(desk.exchange.account.trades))
    _played(desk, flow="fee_credits", amount="100")
    _played(desk, flow="fee_credits", fee="12.34", refid=trade)
    _trade(desk, "sell", "0.1", flag="fciq")
    _trade(desk, "sell", "0.01", flag="fcib")

    _, told = _agrees(desk, book_moves=partial(book_moves, desk.account_desk(method=method)))

    rows = desk.exchange.account.ledger.values()
    in_dollars = sum((row.fee for row in rows if row.asset == "ZUSD"), ZERO)
    assert told.fees > in_dollars > 0
    assert told.incomplete == ()
    assert _books(desk)[Asset("KFEE")].qty == Decimal("87.66")
    assert _books(desk)[Asset("KFEE")].fees == 0


def test_f_mon_4_coins_that_came_by_deposit_are_sold_at_their_price_on_arrival(
    desk: Paper,
) -> None:
    """F-MON-4, PF-8: the basis is flagged as an estimate, and no profit comes of nothing."""
    _played(desk, flow="deposit", asset="XBT", amount="0.1")
    before, first = _agrees(desk)
    [lot] = _books(desk)[XBT].lots
    _trade(desk, "sell", "0.1")
    after, last = _agrees(desk)

    assert lot.basis is Basis.MARKET
    assert first.realised == first.unrealised == 0
    assert first.flows == before.snapshot.equity
    with localcontext(EXACT):
        gained = after.snapshot.equity - before.snapshot.equity
        assert gained == last.realised - last.fees
    assert last.unrealised == 0


def test_u_fee_1_whatever_currency_a_fee_is_taken_in_it_is_reckoned_once(desk: Paper) -> None:
    """U-FEE-1: the ledger decides, not the flag that was sent."""
    _trade(desk, "buy", "0.02", flag="fcib")
    _agrees(desk)
    in_base = _books(desk)[XBT]
    _trade(desk, "buy", "0.02", flag="fciq")
    _agrees(desk)
    books = _books(desk)

    assert in_base.fees > 0
    assert in_base.qty < Decimal("0.02")
    assert books[XBT].fees == in_base.fees
    assert books[USD].fees > 0
    assert books[XBT].qty == in_base.qty + Decimal("0.02")


def test_u_fee_4b_a_cost_with_more_decimals_than_the_ledger_leaves_a_residual_and_no_drift(
    desk: Paper,
) -> None:
    """U-FEE-4b, PF-2: money is the ledger's; what the trade says beyond it is kept beside."""
    for number in range(1, 6):
        _trade(desk, "buy", f"0.0123456{number}")
    _agrees(desk)
    trades = list(desk.exchange.account.trades)
    residuals = desk.stores.ledger.residuals(trades)

    rows = desk.exchange.account.ledger.values()
    paid = sum((-row.amount for row in rows if row.asset == "ZUSD" and row.type == "trade"), ZERO)
    assert _books(desk)[XBT].cost == paid
    fills = desk.stores.books.fills_after(None)
    with localcontext(EXACT):
        beyond = sum((residuals[name].quote for name in residuals), ZERO)
        assert paid - sum((each.cost for each in fills), ZERO) == beyond
    assert any(each.quote for each in residuals.values())


def test_f_mon_8_a_conversion_into_a_renamed_asset_keeps_its_cost(desk: Paper) -> None:
    """F-MON-8: basis carried, nothing realised."""
    _trade(desk, "buy", "0.02")
    _agrees(desk)
    before = _books(desk)[XBT]
    _played(
        desk, flow="conversion", source="XBT", amount=str(before.qty), target="NEW", received="20"
    )
    alias = Alias(old=XBT, new=Asset("NEW"), since=desk.clock())
    desk.book(book_moves=partial(book_moves, desk.account_desk(aliases=(alias,))))
    after = _books(desk)

    assert after[XBT].qty == 0
    assert after[XBT].lots == ()
    assert after[Asset("NEW")].qty == 20
    assert after[Asset("NEW")].cost == before.cost
    assert after[XBT].realised == after[Asset("NEW")].realised == 0


def test_whatever_may_happen_to_an_account_adds_up(desk: Paper) -> None:
    """P-1, P-2 over every shape: what no price can be found for is said to be incomplete."""
    _trade(desk, "buy", "0.02")
    for told in SHAPES:
        _played(desk, **told)
        booked = desk.book()
        books = _books(desk)
        prices = {each.asset: each.price for each in booked.snapshot.valuations}
        found = result(books.values(), prices.get, USD)

        assert found.residual == 0
        for name, book in books.items():
            assert book.explained == (book.qty if name == USD else book.cost)


SHAPES: tuple[dict[str, object], ...] = (
    {"flow": "deposit", "asset": "USD", "amount": "500", "fee": "1.5"},
    {"flow": "deposit", "asset": "XBT", "amount": "0.2"},
    {"flow": "withdrawal", "asset": "XBT", "amount": "0.1", "fee": "0.0001"},
    {"flow": "withdrawal_failed", "asset": "USD", "amount": "30", "fee": "4", "refid": "FTBACK"},
    {"flow": "withdrawal_returned", "refid": "FTBACK"},
    {"flow": "spend_receive", "spend": "USD", "amount": "90", "fee": "1", "receive": "ETH",
     "received": "0.03"},
    {"flow": "spend_receive", "spend": "ETH", "amount": "0.01", "receive": "XBT",
     "received": "0.0005"},
    {"flow": "dust_sweep", "spend": {"ETH": "0.001", "XBT": "0.00001"}, "receive": "USD",
     "received": "3"},
    {"flow": "staking_leg", "leg": "leave", "asset": "ETH", "amount": "0.01", "refid": "FTLEGS"},
    {"flow": "staking_leg", "leg": "arrive", "asset": "ETH.S", "amount": "0.01",
     "refid": "FTLEGS"},
    {"flow": "reward", "asset": "ETH.S", "amount": "0.003"},
    {"flow": "airdrop", "asset": "MOONLAMBO", "amount": "1234.5"},
    {"flow": "rollover", "asset": "USD", "fee": "0.0017"},
    {"flow": "adjustment", "asset": "ETH", "amount": "-0.0025"},
)  # fmt: skip
