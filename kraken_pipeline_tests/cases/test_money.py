"""INV-4, INV-5: whatever is traded, books and balances agree and profit is explained."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.lots import Fill
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.nav import Snapshot
from kraken_pipeline.simulator.flows.play import play
from kraken_pipeline.simulator.market import Market
from kraken_pipeline.simulator.params import Params
from kraken_pipeline.simulator.rest import Served
from kraken_pipeline_tests.services.paper import Paper, paper
from kraken_pipeline_tests.store.builders import LOOKUP

PAIRS = {"XBTUSD": Decimal(50_000), "ETHUSD": Decimal(2_500)}


@dataclass(frozen=True)
class Trade:
    """An order somewhere around the price: some fill at once, some in part, some never."""

    pair: str
    side: Side
    dollars: int
    off_bps: int
    """How far the limit is from the price, towards the market where above zero."""
    minutes: int
    """How long the market goes on afterwards."""
    is_ours: bool


TRADES = st.builds(
    Trade,
    pair=st.sampled_from(sorted(PAIRS)),
    side=st.sampled_from(Side),
    dollars=st.integers(20, 3_000),
    off_bps=st.integers(-150, 50),
    minutes=st.integers(0, 12),
    is_ours=st.booleans(),
)


@contextmanager
def _fresh(served: Served, foreseen: Market, empty_books: Path) -> Iterator[Paper]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(empty_books, folder / "store.db")
        with paper(served, foreseen, folder, f"sqlite:///{folder / 'store.db'}") as opened:
            opened.begin()
            yield opened


def _do(desk: Paper, trade: Trade) -> None:
    price = PAIRS[trade.pair]
    towards = 1 if trade.side is Side.BUY else -1
    limit = (price * (1 + Decimal(trade.off_bps) * towards / 10_000)).quantize(Decimal("0.1"))
    wanted = (trade.dollars / limit).quantize(Decimal("0.00000001"))
    least = Decimal("0.001") if trade.pair == "ETHUSD" else Decimal("0.00005")
    qty = max(wanted, least)
    if trade.side is Side.SELL:
        book = "trend@1h" if trade.is_ours else "manual"
        qty = min(qty, desk.held().get((book, trade.pair), Decimal(0)))
    if qty < least:
        return
    if trade.is_ours:
        desk.planned(trade.pair, str(qty), str(limit), side=trade.side)
        desk.submit()
        return
    fields = {"ordertype": "market", "type": trade.side.value, "pair": trade.pair}
    desk.call("AddOrder", {**fields, "volume": str(qty)})


def _residual(desk: Paper) -> Decimal:
    """Return by how much the ledger's dollars differ from the fills', all rounding there is."""
    fills = desk.stores.books.fills_after(None)
    told = sum(
        ((each.cost if each.side is Side.SELL else -each.cost) - each.fee for each in fills),
        Decimal(0),
    )
    rows = desk.exchange.account.ledger.values()
    written = sum(
        (each.amount - each.fee for each in rows if each.asset == "ZUSD" and each.type == "trade"),
        Decimal(0),
    )
    return written - told


def _gain(snapshot: Snapshot) -> Decimal:
    return snapshot.realised + snapshot.unrealised


def _agree(desk: Paper, snapshot: Snapshot) -> None:
    assert snapshot.drift == {}
    assert desk.balances_agree()
    held = desk.held()
    for pair, bucket in (("XBTUSD", "XXBT"), ("ETHUSD", "XETH")):
        in_books = sum((qty for (_, name), qty in held.items() if name == pair), Decimal(0))
        assert in_books == desk.exchange.account.balances.get(bucket, 0)
    # INV-5, to the last digit: 10,000 came from outside, the rest is profit and rounding
    assert snapshot.equity == 10_000 + _gain(snapshot) + _residual(desk)


@settings(
    max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(trades=st.lists(TRADES, min_size=2, max_size=7))
def test_p_1_and_p_2_books_and_profit_agree_after_every_cycle(
    served: Served, foreseen: Market, empty_books: Path, trades: list[Trade]
) -> None:
    with _fresh(served, foreseen, empty_books) as desk:
        for trade in trades:
            _do(desk, trade)
            desk.turn(minutes=trade.minutes)
            desk.settle()
            _agree(desk, desk.book().snapshot)
        desk.turn(hours=2)
        desk.settle()
        _agree(desk, desk.book().snapshot)

        assert desk.stores.orders.unmatched() == ()
        assert desk.stores.orders.reserving() == ()
        assert desk.stores.halts.latched() == ()


def test_f_mon_1_flows_are_no_profit_and_units_take_them_up(desk: Paper) -> None:
    desk.planned(qty="0.05")
    desk.submit()
    desk.settle()
    before = desk.book().snapshot
    dollars = desk.exchange.market.listing.asset("ZUSD")
    assert dollars is not None
    desk.exchange.deposit(dollars, Decimal(1_234))
    desk.turn(minutes=1)
    snapshot = desk.book().snapshot

    assert snapshot.equity == 11_234 + _gain(snapshot) + _residual(desk)
    assert snapshot.unit_price == before.unit_price


OUT_AND_IN: list[list[dict[str, str]]] = [
    [{"flow": "deposit", "asset": "USD", "amount": "500", "fee": "1.5"}],
    [{"flow": "withdrawal", "asset": "USD", "amount": "700", "fee": "4"}],
    [
        {"flow": "deposit", "asset": "XBT", "amount": "0.1", "refid": "FTTAKEN-back"},
        {"flow": "reversal", "asset": "XBT", "amount": "0.1", "refid": "FTTAKEN-back"},
    ],
    [
        {"flow": "withdrawal_failed", "asset": "USD", "amount": "250", "refid": "FTFAILED-back"},
        {"flow": "withdrawal_returned", "refid": "FTFAILED-back"},
    ],
]


@pytest.mark.parametrize("flows", OUT_AND_IN, ids=lambda flows: flows[-1]["flow"])
def test_f_mon_1_whatever_goes_in_and_out_while_it_trades_changes_units_and_no_unit_price(
    desk: Paper, flows: list[dict[str, str]]
) -> None:
    desk.planned(qty="0.05")
    desk.submit()
    desk.settle()
    before = desk.book().snapshot

    for told in flows:
        play(desk.exchange, Params(told))
        desk.turn(seconds=30)
        after = desk.book().snapshot

        assert after.unit_price == before.unit_price
        assert after.drawdown == before.drawdown
        assert after.drift == {}
        assert after.equity != before.equity or told is flows[-1]
        assert desk.balances_agree()

    assert (after.equity == before.equity) is (len(flows) == 2)
    assert desk.stores.halts.latched() == ()


def test_f_rsk_3_a_withdrawal_is_no_drawdown(desk: Paper) -> None:
    before = desk.book().snapshot
    taken = LedgerEntry(
        entry_id="LWITHD-RAWAL1-AAAAAA",
        refid="R",
        type="withdrawal",
        subtype="",
        asset="ZUSD",
        amount=Decimal(-4_000),
        fee=Decimal(4),
        balance=Decimal(5_996),
        at=desk.clock(),
    )
    desk.stores.books.book([], [taken], LOOKUP)
    desk.exchange.account.balances["ZUSD"] -= Decimal(4_004)
    desk.turn(minutes=1)

    after = desk.book().snapshot

    assert after.equity == 5_996
    assert after.unit_price == before.unit_price
    assert after.drawdown == 0
    assert after.drift == {}


@pytest.mark.parametrize("side", list(Side))
def test_a_fill_keeps_what_it_cost(desk: Paper, side: Side) -> None:
    desk.planned(qty="0.02")
    desk.submit()
    desk.settle()
    if side is Side.SELL:
        desk.book()
        desk.planned(qty="0.02", limit="49800", side=Side.SELL)
        desk.submit()
        desk.settle()
    desk.book()

    newest: Fill = desk.stores.books.fills_after(None)[-1]
    truth = list(desk.exchange.account.trades.values())[-1]
    assert newest.side is side
    assert (newest.cost, newest.fee, newest.qty) == (truth.cost, truth.fee, truth.qty)
