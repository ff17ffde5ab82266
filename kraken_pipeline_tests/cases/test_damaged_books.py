"""P-22: from any damaged books two comparisons are enough, and a third finds nothing to do."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kraken_pipeline.domain.fate import READ_SPACING, Read
from kraken_pipeline.domain.orders import FATE_OPEN, Order, State
from kraken_pipeline.domain.reconciliations import Kind, Outcome
from kraken_pipeline.services.books.reconcile import Pass
from kraken_pipeline.simulator.market import Market
from kraken_pipeline.simulator.rest import Served
from kraken_pipeline_tests.fakes import Crash, Interrupted, Lossy
from kraken_pipeline_tests.services.paper import Paper, paper, stores_at

PRICES = {"XBTUSD": ("0.002", "49500", "50250"), "ETHUSD": ("0.04", "2475", "2512")}
"""Qty, a limit at which a buy rests, and one at which it fills at once."""
QUIET = timedelta(minutes=3)
"""After the last order; past every deadline and window, and before the market's first dip."""


@dataclass(frozen=True)
class Life:
    """What becomes of one order, and how much of that our books hear."""

    pair: str
    fate: str
    """At the exchange: rests, fills, is canceled there by somebody else, or never arrives."""
    heard: str
    """The reply, nothing of it, or not even that, as the sender died."""
    seen: bool
    """Whether a comparison and the books followed before the next order."""


LIVES = st.builds(
    Life,
    pair=st.sampled_from(sorted(PRICES)),
    fate=st.sampled_from(["rests", "fills", "canceled", "never"]),
    heard=st.sampled_from(["reply", "lost", "died"]),
    seen=st.booleans(),
)


def died(order: Order) -> None:
    raise Crash


def send(desk: Paper, life: Life) -> None:
    """Send one order that lives that life."""
    qty, low, high = PRICES[life.pair]
    order = desk.planned(life.pair, qty, high if life.fate == "fills" else low)
    arrives = life.fate != "never"
    gateway = Lossy(desk.trader, arrives=arrives, times=int(life.heard != "reply" or not arrives))
    if life.heard == "died":
        # where the pair has an order of open fate it is not sent, and nobody dies
        with suppress(Crash):
            desk.submit(gateway=Interrupted(gateway, **{"after" if arrives else "before": died}))
        desk.turn(seconds=31)  # until the dead sender's lease is over
    else:
        desk.submit(gateway=gateway)
    if life.fate == "canceled":
        cancel_there(desk, order)
    if life.seen:
        desk.reconcile()


def cancel_there(desk: Paper, order: Order) -> None:
    """Cancel an order as a person does at the exchange."""
    for each in desk.exchange.account.open.values():
        if each.cl_ord_id == order.cl_ord_id:
            desk.call("CancelOrder", {"txid": each.id})
            return


def copied(desk: Paper, to: Path) -> Path:
    """Copy the books as they are now."""
    name = desk.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(name)) as now, closing(sqlite3.connect(to)) as copy:
        now.backup(copy)
    return to


@contextmanager
def set_back(desk: Paper, books: Path) -> Iterator[Paper]:
    """Open other books of the same account."""
    url = f"sqlite:///{books}"
    with stores_at(url) as stores:
        yield replace(desk, stores=stores, url=url)


def as_read_before(desk: Paper) -> None:
    """Let the reads that found nothing have been made, so that absence can be proven at once."""
    for order in desk.stores.orders.reserving():
        for number in range(3 * (order.state in FATE_OPEN)):
            at = desk.clock() - (3 - number) * READ_SPACING
            desk.stores.orders.note_clean_read(order.local_id, Read(at=at), spacing=READ_SPACING)


def remembered(desk: Paper) -> dict[str, list[tuple[object, ...]]]:
    """Return all that the books say of orders, money, strangers and halts."""
    kept = {
        "execution_orders": "*",
        "fills": "*",
        "ledger_entries": "*",
        "strategy_positions": "*",
        "halts": "*",
        "foreign_orders": "kraken_order_id, status, gone_at",
    }
    with closing(sqlite3.connect(desk.url.removeprefix("sqlite:///"))) as books:
        return {
            table: sorted(map(tuple, books.execute(f"SELECT {columns} FROM {table}")), key=repr)  # noqa: S608 - our names
            for table, columns in kept.items()
        }


def look(desk: Paper) -> Pass:
    desk.turn(seconds=1)
    return desk.reconcile()


def agrees_with_the_exchange(desk: Paper) -> bool:
    """Tell whether each order with an id stands as it does there."""
    there = {"open": {State.LIVE}, "canceled": {State.CANCELED}, "closed": {State.FILLED}}
    return all(
        order.state in there[desk.exchange.account.orders[str(order.kraken_order_id)].status]
        for order in desk.stores.orders.with_exchange_ids(list(desk.exchange.account.orders))
    )


@given(
    lives=st.lists(LIVES, min_size=1, max_size=2),
    back_to=st.none() | st.integers(0, 1),
)
@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_p_22_two_comparisons_mend_any_damage_and_a_third_does_nothing(
    lives: list[Life],
    back_to: int | None,
    served: Served,
    foreseen: Market,
    empty_books: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """F-STO-3: books that were put back from before an order are among the damages."""
    folder = tmp_path_factory.mktemp("damaged")
    books = folder / "store.db"
    shutil.copy(empty_books, books)
    with paper(served, foreseen, folder, f"sqlite:///{books}") as desk:
        desk.begin()
        for number, life in enumerate(lives):
            if number == back_to:
                books = copied(desk, folder / "older.db")
            send(desk, life)
        with set_back(desk, books) as damaged:
            damaged.turn(seconds=QUIET.total_seconds())
            as_read_before(damaged)

            look(damaged)
            look(damaged)
            mended = remembered(damaged)
            third = look(damaged)

            assert remembered(damaged) == mended
            assert {each.kind for each in third.found.findings} <= {Kind.CONTRADICTION}
            assert third.found.outcome is Outcome.CLEAN or damaged.stores.halts.latched()
            assert damaged.balances_agree()
            assert agrees_with_the_exchange(damaged) or damaged.stores.halts.latched()
