"""F-RD, U-RAT-4: reads that lie, come in pages, or cost too much, and what books make of them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from kraken_pipeline.domain.errors import UnreachableError
from kraken_pipeline.domain.orders import Event, Fact, Order, State
from kraken_pipeline.domain.reconciliations import Cause, Kind, Outcome
from kraken_pipeline.kraken.account import ReadOnlyAccount
from kraken_pipeline.kraken.limits import HEADROOM, TIERS, rest_cost
from kraken_pipeline.services.books.sync import SHORT
from kraken_pipeline.simulator.flows.play import play
from kraken_pipeline.simulator.params import Params
from kraken_pipeline_tests.fakes import Lossy, overriding
from kraken_pipeline_tests.services.paper import Paper

FILLS = 60
"""Of one second, as the clock stands: two pages of trades, three of ledger."""


def as_now(desk: Paper) -> ReadOnlyAccount:
    """Return the account as it is at this moment, whatever happens later."""
    opened, balances = desk.account.open_orders(), desk.account.balances()
    trades, ledger = desk.account.trades(since=None), desk.account.ledger(since=None)
    return overriding(
        desk.account,
        open_orders=lambda cl_ord_id=None: tuple(
            each for each in opened if cl_ord_id in {None, each.cl_ord_id}
        ),
        closed_orders=lambda since, cl_ord_id=None: (),
        orders=lambda ids: {
            each.kraken_order_id: each for each in opened if each.kraken_order_id in ids
        },
        balances=lambda: balances,
        trades=lambda since: trades,
        ledger=lambda since: ledger,
    )


def through(desk: Paper, call: Callable[..., object]) -> ReadOnlyAccount:
    """Return the account over a line whose calls go another way."""
    line = overriding(desk.line, call=call)
    return ReadOnlyAccount(line, symbols=desk.market.symbols)


def on_page(desk: Paper, method: str, page: int, then: Callable[[object], object]) -> Any:  # noqa: ANN401 - takes a line's place
    """Return a call that hands the reply of one page of a list to `then`."""
    seen: list[Mapping[str, str]] = []

    def call(asked: str, params: Mapping[str, str], **more: Any) -> object:  # noqa: ANN401 - as above
        reply = desk.line.call(asked, params, **more)
        if asked == method:
            seen.append(params)
            if len(seen) == page:
                return then(reply)
        return reply

    return call


def buy(desk: Paper, number: int = 1) -> None:
    for _ in range(number):
        fields = {"ordertype": "market", "type": "buy", "volume": "0.0001", "pair": "XBTUSD"}
        desk.call("AddOrder", fields)


def booked(desk: Paper) -> int:
    return len(desk.stores.books.fills_after(None))


def filled_at_once(desk: Paper) -> Order:
    """Send an order whose fill the stream tells, and return it."""
    order = desk.planned()
    desk.submit()
    order = desk.now_of(order)
    heard = Event(
        fact=Fact.FILLED_SEEN,
        at=desk.clock(),
        source="stream",
        filled_qty=order.qty,
        avg_fill_price=order.limit_price,
    )
    return desk.stores.orders.record(order, heard)


def test_f_rd_1_reads_that_are_a_minute_behind_the_stream_are_waited_for(desk: Paper) -> None:
    before = as_now(desk)
    order = filled_at_once(desk)
    unheard = desk.planned("ETHUSD", "0.1", "2512")
    desk.submit(gateway=Lossy(desk.trader))
    desk.turn(seconds=60)

    late = desk.reconcile(
        full=True,
        settling=desk.settle_desk(account=before),
        keep_books=lambda: desk.book(account=before),
    )

    assert {each.kind for each in late.found.findings} == {Kind.ORDER_UNKNOWN}
    assert desk.now_of(order).state is State.FILLED
    assert desk.now_of(unheard).state is State.UNKNOWN
    assert desk.stores.halts.latched() == ()
    assert desk.reconcile().found.outcome is Outcome.REPAIRED
    assert desk.now_of(unheard).state is State.FILLED
    assert desk.balances_agree()


def test_f_rd_2_rows_that_arrive_while_paging_are_neither_lost_nor_doubled(desk: Paper) -> None:
    buy(desk, FILLS)

    def more(reply: object) -> object:
        desk.turn(seconds=5)
        buy(desk)
        return reply

    account = through(desk, on_page(desk, "TradesHistory", 1, more))
    desk.book(account=account)

    assert booked(desk) == FILLS + 1
    assert desk.balances_agree()


@pytest.mark.parametrize(("method", "rows"), [("TradesHistory", "trades"), ("Ledgers", "ledger")])
def test_f_rd_3_a_middle_page_that_comes_back_empty_leaves_nothing_half_done(
    desk: Paper, method: str, rows: str
) -> None:
    """Also U-FEE-6: what was read of a list that broke off counts for nothing."""
    buy(desk, FILLS)

    def empty(reply: object) -> object:
        return {rows: {}, "count": FILLS}

    account = through(desk, on_page(desk, method, 2, empty))
    with pytest.raises(UnreachableError, match="read again"):
        desk.book(account=account)

    assert booked(desk) == 0
    assert desk.book().fills == FILLS
    assert desk.balances_agree()


def test_f_rd_4_sixty_fills_of_one_second_are_all_booked(desk: Paper) -> None:
    desk.reconcile()
    buy(desk, FILLS)

    made = desk.reconcile()

    assert made.booked is not None
    assert made.booked.fills == FILLS
    fills = desk.stores.books.fills_after(None)
    assert len({each.at.replace(microsecond=0) for each in fills}) == 1
    assert desk.balances_agree()


def test_f_rd_6_a_ledger_row_of_nothing_that_was_never_written_is_no_drift(desk: Paper) -> None:
    cash = desk.account.balances()["ZUSD"]
    buy(desk)

    def without_cash(since: object = None) -> object:
        return tuple(each for each in desk.account.ledger(since=None) if each.asset != "ZUSD")

    def coins_only() -> object:
        return {**desk.account.balances(), "ZUSD": cash}

    [opening] = [each for each in desk.account.ledger(since=None) if each.type == "deposit"]
    free = overriding(
        desk.account,
        ledger=lambda since=None: (opening, *without_cash()),  # type: ignore[misc]  # a tuple
        balances=coins_only,
    )
    kept = desk.book(account=free)

    assert kept.snapshot.drift == {}
    assert kept.fills == 1
    assert desk.held() == {("manual", "XBTUSD"): Decimal("0.0001")}


def cost_of(desk: Paper, cause: Cause, *, full: bool) -> int:
    """Return what one comparison costs of the key's counter."""
    asked: list[str] = []

    def call(method: str, params: Mapping[str, str], **more: Any) -> object:  # noqa: ANN401 - takes a line's place
        asked.append(method)
        return desk.line.call(method, params, **more)

    account = through(desk, call)
    desk.reconcile(
        cause,
        full=full,
        settling=desk.settle_desk(account=account),
        keep_books=lambda: desk.book(account=account),
    )
    return sum(map(rest_cost, asked))


def test_u_rat_4_comparing_each_minute_costs_a_fraction_of_what_the_counter_regains(
    desk: Paper,
) -> None:
    tier = TIERS["starter"]
    for _ in range(20):
        desk.planned(limit="49500", expires_at=desk.clock() + timedelta(hours=2))
        desk.planned("ETHUSD", "0.1", "2475", expires_at=desk.clock() + timedelta(hours=2))
    for _ in range(3):
        desk.submit(max_at_exchange=99)
    desk.reconcile()

    each_minute = cost_of(desk, Cause.MINUTE, full=False)
    in_full = cost_of(desk, Cause.HOURLY, full=True)

    assert each_minute <= 60 * tier.rest_decay / 5
    assert in_full <= HEADROOM


def test_f_rd_3_a_long_history_that_breaks_off_goes_on_where_it_was(desk: Paper) -> None:
    """Also U-FEE-6: nothing of it is booked before all of it is read."""
    desk.turn(days=2)
    rows = [{"type": "deposit", "asset": "USD", "amount": "1"}] * (SHORT + 30)
    play(desk.exchange, Params({"flow": "rows", "rows": rows}))
    desk.turn(seconds=1)
    asked: list[str] = []

    def call(method: str, params: Mapping[str, str], **more: Any) -> object:  # noqa: ANN401 - as above
        if method == "Ledgers":
            asked.append(params["ofs"])
            if len(asked) == 12:
                raise UnreachableError("cut")
        return desk.line.call(method, params, **more)

    pages = through(desk, call).ledger_page
    listed = replace(desk.book_desk().long_ledger, pages=pages)
    with pytest.raises(UnreachableError, match="cut"):
        desk.book(long_ledger=listed)
    assert len(desk.stores.ledger.explained(None)) == 1
    made = desk.book(long_ledger=listed)

    assert len(asked) == 1 + -(-(SHORT + 31) // 49)
    assert made.entries == 0
    assert made.snapshot.drift == {}
    assert desk.balances_agree()
    assert made.snapshot.equity == 10_000 + SHORT + 30
