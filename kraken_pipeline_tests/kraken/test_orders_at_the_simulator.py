"""Every kind of order goes to the simulator, and what that shows of it is what the ticket says.

The simulator is another reading of Kraken's documents: where the two differ, one has misread.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.errors import OrderRefusedError
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty, round_down
from kraken_pipeline.domain.reports import OrderReport, Placed
from kraken_pipeline.kraken.account import ReadOnlyAccount
from kraken_pipeline.kraken.http import PrivateLine, PublicLine
from kraken_pipeline.kraken.keys import key_info, websockets_token
from kraken_pipeline.kraken.orders import Trader, Validator
from kraken_pipeline.kraken.public import PublicMarket
from kraken_pipeline.kraken.signing import Credential
from kraken_pipeline.kraken.terms import (
    RULES,
    Close,
    FeeCurrency,
    OrderType,
    PriceKind,
    PriceTerm,
    Reference,
    TimeInForce,
)
from kraken_pipeline.kraken.tickets import Ticket
from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline_tests.kraken.lines import SECRET, Counting

TICK: Final = Decimal("0.1")
SHARES: Final = st.integers(5, 30).map(lambda percent: Decimal(percent) / 100)
"""How far from the market, so that nothing fills and nothing fires."""
UNTOUCHED: Final = {
    (OrderType.STOP_LOSS, Side.BUY): 1,
    (OrderType.STOP_LOSS, Side.SELL): -1,
    (OrderType.TAKE_PROFIT, Side.BUY): -1,
    (OrderType.TAKE_PROFIT, Side.SELL): 1,
}
"""On which side of the market a trigger waits."""
FAMILY: Final = {
    OrderType.STOP_LOSS_LIMIT: OrderType.STOP_LOSS,
    OrderType.TAKE_PROFIT_LIMIT: OrderType.TAKE_PROFIT,
}
RESTING: Final = sorted(set(OrderType) - {OrderType.MARKET})
numbers = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A client of a simulator whose clock stands until it is turned."""

    url: str
    market: PublicMarket
    account: ReadOnlyAccount
    line: PrivateLine
    last: Decimal

    def turn(self) -> None:
        """Let enough time pass for the counter of a young order that was canceled."""
        requests.post(f"{self.url}/_sim/clock", json={"advance_seconds": 30}, timeout=10)

    @property
    def now(self) -> datetime:
        return self.market.server_time()

    @property
    def trader(self) -> Trader:
        return Trader(self.line)

    @property
    def deadline(self) -> datetime:
        return self.now + timedelta(seconds=10)

    def shown(self, placed: Placed) -> OrderReport:
        return self.account.orders([placed.kraken_order_id])[placed.kraken_order_id]

    def price(self, share: Decimal) -> Decimal:
        """Return a price that is so far above the market, or below it, on the tick."""
        return round_down(self.last * (1 + share), TICK)


@pytest.fixture(scope="module")
def whole_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder: Path = tmp_path_factory.mktemp("state")
    told = Settings(
        folder=folder,
        secret=SECRET,
        clock="fixed",
        deposits={"ZUSD": Decimal(1_000_000), "XXBT": Decimal(100)},
    )
    with simulated(told) as served:
        market = PublicMarket(PublicLine(served.url))
        credential = Credential(key="SIMULATOR", secret=SECRET)
        line = PrivateLine(served.url, credential=credential, nonces=Counting())
        yield Desk(
            url=served.url,
            market=market,
            account=ReadOnlyAccount(line, symbols=market.symbols),
            line=line,
            last=market.tickers()["XBTUSD"].last,
        )
        market.close()
        line.close()


@pytest.fixture
def desk(whole_desk: Desk) -> Desk:
    whole_desk.turn()
    return whole_desk


@st.composite
def prices(
    draw: st.DrawFn, desk: Desk, order_type: OrderType, side: Side
) -> tuple[PriceTerm | None, PriceTerm | None]:
    """Return limit and trigger of an order that neither fills nor fires."""
    rule = RULES[order_type]
    share = draw(SHARES)
    below = -1 if side is Side.BUY else 1
    if rule.trails:
        distance = PriceTerm(amount=Decimal(draw(st.integers(5, 20))), kind=PriceKind.PERCENT)
        offset = PriceTerm(amount=Decimal(draw(st.integers(1, 90))) * below, kind=PriceKind.QUOTE)
        return offset if rule.limit else None, distance
    if not rule.trigger:
        return PriceTerm.at(desk.price(share * below)), None
    away = share * UNTOUCHED[FAMILY.get(order_type, order_type), side]
    trigger = PriceTerm.at(desk.price(away))
    return PriceTerm.at(desk.price(away + Decimal("0.01"))) if rule.limit else None, trigger


@st.composite
def resting(draw: st.DrawFn, desk: Desk) -> Ticket:
    order_type, side = draw(st.sampled_from(RESTING)), draw(st.sampled_from(Side))
    rule = RULES[order_type]
    limit, trigger = draw(prices(desk, order_type, side))
    time_in_force = draw(st.sampled_from([TimeInForce.GTC, TimeInForce.GTD]))
    is_named = draw(st.booleans())
    number = next(numbers)
    closes = draw(st.booleans()) and not rule.trails and order_type is not OrderType.ICEBERG
    stop = PriceTerm.at(desk.price(Decimal("-0.4") if side is Side.BUY else Decimal("0.4")))
    qty = Decimal(draw(st.integers(10_000, 10_000_000))).scaleb(-8)
    return Ticket(
        pair="XBTUSD",
        side=side,
        order_type=order_type,
        qty=Qty(qty),
        display_qty=Qty(round_down(qty / 2, Decimal("1E-8"))) if rule.display else None,
        limit=limit,
        trigger=trigger,
        reference=Reference.LAST if trigger else None,
        time_in_force=time_in_force,
        expires_at=desk.now + timedelta(hours=1) if time_in_force is TimeInForce.GTD else None,
        post_only=rule.post_only and draw(st.booleans()),
        fee_currency=draw(st.sampled_from(FeeCurrency)),
        close=Close(order_type=OrderType.STOP_LOSS, trigger=stop) if closes else None,
        cl_ord_id=f"own-{number}" if is_named else None,
        userref=None if is_named else number,
    )


@settings(max_examples=120)
@given(data=st.data())
def test_what_the_simulator_shows_of_an_order_is_what_its_ticket_says(
    whole_desk: Desk, data: st.DataObject
) -> None:
    desk = whole_desk
    desk.turn()
    ticket = data.draw(resting(desk))
    Validator(desk.line).check(ticket, deadline=desk.deadline)
    placed = desk.trader.place(ticket, deadline=desk.deadline)
    report = desk.shown(placed)
    desk.trader.cancel(placed.kraken_order_id)

    assert report.status == "open"
    assert (report.pair, report.side, report.qty) == ("XBTUSD", ticket.side, ticket.qty)
    assert report.order_type == ticket.order_type.value
    assert (report.cl_ord_id, report.userref) == (ticket.cl_ord_id, ticket.userref)
    assert report.expires_at == ticket.expires_at
    assert report.limit_price == fixed(ticket.limit)
    assert report.trigger_price == fixed(ticket.trigger)
    assert report.flags == flags(ticket)
    assert bool(report.close_description) is (ticket.close is not None)
    assert desk.shown(placed).status == "canceled"


def fixed(term: PriceTerm | None) -> Decimal | None:
    return None if term is None or term.is_distance else term.amount


def flags(ticket: Ticket) -> frozenset[str]:
    fee = "fcib" if ticket.fee_currency is FeeCurrency.BASE else "fciq"
    return frozenset({fee, "post"}) if ticket.post_only else frozenset({fee})


def limit(desk: Desk, number: int, **changes: Decimal) -> Ticket:
    return Ticket(
        pair="XBTUSD",
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        qty=Qty(changes.get("qty", Decimal("0.001"))),
        limit=PriceTerm.at(desk.price(Decimal("-0.5"))),
        time_in_force=TimeInForce.GTC,
        cl_ord_id=f"batch-{number}",
    )


def test_a_buy_in_cash_spends_it(desk: Desk) -> None:
    ticket = Ticket(
        pair="XBTUSD",
        side=Side.BUY,
        order_type=OrderType.MARKET,
        cash=Decimal(100),
        cl_ord_id="in-cash",
    )

    placed = desk.trader.place(ticket, deadline=desk.deadline)

    report = desk.shown(placed)
    assert (report.status, report.flags) == ("closed", frozenset({"fciq", "viqc"}))
    assert report.cost is not None
    assert Decimal("99.99") < report.cost <= 100


@pytest.mark.parametrize("kind", [PriceKind.QUOTE, PriceKind.PERCENT])
def test_a_distance_is_resolved_by_the_exchange(desk: Desk, kind: PriceKind) -> None:
    term = PriceTerm(amount=Decimal(-25), kind=kind)
    ticket = Ticket(
        pair="XBTUSD",
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        qty=Qty(Decimal("0.001")),
        limit=term,
        time_in_force=TimeInForce.GTC,
        cl_ord_id=f"away-{kind}",
    )

    placed = desk.trader.place(ticket, deadline=desk.deadline)
    at = desk.shown(placed).limit_price
    desk.trader.cancel(placed.kraken_order_id)

    last = desk.market.tickers()["XBTUSD"].last
    away = Decimal(25) if kind is PriceKind.QUOTE else last / 4
    assert at is not None
    assert abs(at - (last - away)) <= TICK


def test_a_batch_is_placed_together_and_canceled_together(desk: Desk) -> None:
    poor = limit(desk, 2, qty=Decimal(90))
    outcomes = desk.trader.place_batch(
        [limit(desk, 1), poor, limit(desk, 3)], deadline=desk.deadline
    )

    placed = [each for each in outcomes if isinstance(each, Placed)]
    assert isinstance(outcomes[1], OrderRefusedError)
    assert [desk.shown(each).cl_ord_id for each in placed] == ["batch-1", "batch-3"]
    assert desk.trader.cancel_many([placed[0].kraken_order_id], cl_ord_ids=["batch-3"]) == 2
    assert {desk.shown(each).status for each in placed} == {"canceled"}


def test_an_amendment_keeps_the_order_and_is_told_of(desk: Desk) -> None:
    placed = desk.trader.place(limit(desk, 4), deadline=desk.deadline)
    change = Amendment(qty=Qty(Decimal("0.002")), limit_price=Price(desk.price(Decimal("-0.6"))))

    amended = desk.trader.amend(placed.kraken_order_id, change, deadline=desk.deadline)
    report = desk.shown(placed)
    told = desk.account.amends(placed.kraken_order_id)
    desk.trader.cancel(placed.kraken_order_id)

    assert (report.qty, report.limit_price) == (change.qty, change.limit_price)
    assert [each.qty for each in told] == [Decimal("0.001"), Decimal("0.002")]
    assert told[1].amend_id == amended.amend_id


def test_everything_open_is_canceled_at_once(desk: Desk) -> None:
    desk.trader.place_batch([limit(desk, 5), limit(desk, 6)], deadline=desk.deadline)

    assert desk.trader.cancel_all() == 2
    assert desk.account.open_orders() == ()


def test_every_read_of_the_account_is_answered(desk: Desk) -> None:
    bought = Ticket(
        pair="XBTUSD",
        side=Side.BUY,
        order_type=OrderType.MARKET,
        qty=Qty(Decimal("0.001")),
        cl_ord_id="bought",
    )
    placed = desk.trader.place(bought, deadline=desk.deadline)
    account, pair = desk.account, desk.market.listing().pairs["XBTUSD"]
    [trade, *_] = [
        each
        for each in account.trades(since=None)
        if each.kraken_order_id == placed.kraken_order_id
    ]
    entries = account.ledger(since=None)

    assert account.trades_by_id([trade.trade_id]) == (trade,)
    assert account.entries_by_id([each.entry_id for each in entries][:3])
    assert account.totals()["ZUSD"] == account.balances()["ZUSD"].total
    assert account.worth().equivalent > 0
    assert account.fee_schedule([pair]).tiers["XBTUSD"][0].is_active
    assert all(each.asset for each in account.deposits())
    assert account.withdrawals() == ()
    assert "modify-trades" in key_info(desk.line).permissions
    assert websockets_token(desk.line).lasts == timedelta(minutes=15)


def test_every_read_of_the_market_is_answered(desk: Desk) -> None:
    pair = desk.market.listing().pairs["XBTUSD"]
    depth = desk.market.depth(pair, count=10)
    page = desk.market.trades(pair, count=5)
    more = desk.market.trades(pair, cursor=page.cursor, count=5)

    assert depth.bids[0].price < depth.asks[0].price
    assert desk.market.grouped_book(pair, levels=10, grouping=10).bids
    assert page.trades[-1].at <= more.trades[0].at
    assert all(each.bid < each.ask for each in desk.market.spreads(pair))
    assert desk.market.status().status == "online"
    assert desk.market.listing().left_out == {}
