from dataclasses import replace
from decimal import Decimal

import pytest

from kraken_pipeline.domain.errors import ConflictError
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.order_terms import Purpose, Trigger
from kraken_pipeline.domain.orders import Event, Fact, Order, State
from kraken_pipeline.domain.protection import Protection
from kraken_pipeline.domain.reductions import Reduction, reduction_of
from kraken_pipeline.store import assessments as assessments_module
from kraken_pipeline.store import protections as protections_module
from kraken_pipeline.store.audit import verify
from kraken_pipeline.store.books import SqlBookStore
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.orders import SqlOrderStore
from kraken_pipeline.store.prepared import Prepared
from kraken_pipeline.store.protections import SqlProtectionStore
from kraken_pipeline_tests.store.builders import (
    LOOKUP,
    MINUTE,
    NOW,
    event,
    fill,
    live,
    look_for,
    written_off,
)

PLACE = ("trend@1h", "XBTUSD")
MISSING = Protection(
    book=PLACE[0],
    pair=PLACE[1],
    missing_since=NOW,
    failures=2,
    last_error="cancel_only",
    updated_at=NOW,
)


@pytest.fixture
def protections(database: Database) -> SqlProtectionStore:
    return SqlProtectionStore(database)


@pytest.fixture
def entry(database: Database) -> Order:
    """Return a buy of 0.1 that is filled by 0.06; nothing of it is booked."""
    order = live(database)
    told = event(
        Fact.FILL_SEEN, filled_qty=Qty(Decimal("0.06")), avg_fill_price=Price(Decimal(60_000))
    )
    return SqlOrderStore(database).record(order, told)


def _stop(entry: Order, qty: str = "0.06", attempt: int = 1) -> Order:
    what = Reduction(
        purpose=Purpose.PROTECT,
        role="protect",
        qty=Qty(Decimal(qty)),
        order_type="stop-loss",
        time_in_force="GTC",
        limit_price=Price(Decimal(58_000)),
        trigger=Trigger(price=Price(Decimal(58_500))),
    )
    return reduction_of(entry, what, attempt=attempt, now=NOW + MINUTE)


def test_what_is_held_counts_fills_that_are_not_booked_yet_once(
    database: Database, protections: SqlProtectionStore, entry: Order
) -> None:
    unbooked = protections.holdings()
    told = fill(
        "T1", kraken_order_id=str(entry.kraken_order_id), qty=Qty(Decimal("0.02")), book=PLACE[0]
    )
    SqlBookStore(database).book([told], [], LOOKUP)

    assert unbooked == {PLACE: Decimal("0.06")}
    assert protections.holdings() == unbooked


def test_f_sub_20_what_a_person_wrote_off_of_its_sales_is_not_held_until_it_was_looked_for(
    database: Database, protections: SqlProtectionStore, entry: Order
) -> None:
    told = fill(
        "T1", kraken_order_id=str(entry.kraken_order_id), qty=Qty(Decimal("0.06")), book=PLACE[0]
    )
    SqlBookStore(database).book([told], [], LOOKUP)

    sale = written_off(database, side=Side.SELL, qty=Qty(Decimal("0.05")))

    assert protections.holdings() == {PLACE: Decimal("0.01")}
    with pytest.raises(ConflictError, match=r"holds 0\.01 "):
        protections.plan(_stop(entry), by="protect", why="a test")
    look_for(database, sale)
    assert protections.holdings() == {PLACE: Decimal("0.06")}


@pytest.mark.parametrize(
    "statement",
    [
        protections_module._UNSETTLED,
        protections_module._ENTRY,
        protections_module._LAST_STOP,
        protections_module._CLOSING,
        assessments_module._NEWEST_BUY,
    ],
)
def test_no_look_at_what_is_held_goes_through_every_past_order(
    database: Database, statement: Prepared
) -> None:
    with database.reading() as connection:
        if connection.dialect.name != "sqlite":
            pytest.skip("PostgreSQL decides by what it counted in the table")
        sql = str(statement.wanted.compile(connection, compile_kwargs={"render_postcompile": True}))
        values = (None,) * sql.count("?")
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()

    assert all("SCAN" not in step for *_, step in plan), plan


def test_what_lies_in_another_book_by_mistake_is_not_held_twice(
    database: Database, protections: SqlProtectionStore, entry: Order
) -> None:
    told = fill(
        "T1", kraken_order_id=str(entry.kraken_order_id), qty=Qty(Decimal("0.06")), book="manual"
    )
    SqlBookStore(database).book([told], [], LOOKUP)

    assert protections.holdings()[PLACE] == Decimal("0.06")


def test_the_entry_of_a_holding_is_its_newest_buy_that_filled(
    protections: SqlProtectionStore, entry: Order
) -> None:
    assert protections.entry(*PLACE) == entry
    assert protections.entry("trend@4h", "XBTUSD") is None


def test_a_stop_is_planned_as_an_order_of_its_entry(
    database: Database, protections: SqlProtectionStore, entry: Order
) -> None:
    stop = _stop(entry)
    protections.plan(stop, by="protect", why="a test")

    assert SqlOrderStore(database).order(stop.local_id) == stop
    assert (stop.intent_id, stop.plan_id, stop.parent_id) == (
        entry.intent_id,
        entry.plan_id,
        entry.local_id,
    )
    assert stop.cl_ord_id != entry.cl_ord_id
    assert protections.next_attempt(entry.intent_id, Purpose.PROTECT) == 2
    assert verify(database).faults == ()


def test_a_second_stop_of_a_place_is_refused(protections: SqlProtectionStore, entry: Order) -> None:
    protections.plan(_stop(entry, "0.02"), by="protect", why="a test")

    with pytest.raises(ConflictError, match="there already"):
        protections.plan(_stop(entry, "0.01", attempt=2), by="protect", why="a test")


def test_no_more_is_planned_than_what_is_held_and_not_for_sale(
    protections: SqlProtectionStore, entry: Order
) -> None:
    sale = replace(_stop(entry, "0.05"), purpose=Purpose.CLOSE, trigger=None, order_type="limit")
    protections.plan(sale, by="protect", why="a test")

    with pytest.raises(ConflictError, match=r"holds 0.06 and sells 0.05"):
        protections.plan(_stop(entry, "0.02"), by="protect", why="a test")


def test_an_attempt_is_planned_once(
    database: Database, protections: SqlProtectionStore, entry: Order
) -> None:
    stop = _stop(entry)
    protections.plan(stop, by="protect", why="a test")
    SqlOrderStore(database).record(stop, event(Fact.WITHDRAWN))

    with pytest.raises(ConflictError, match="attempt 1 was made already"):
        protections.plan(stop, by="protect", why="a test")


def test_nothing_that_buys_is_planned_here(protections: SqlProtectionStore, entry: Order) -> None:
    with pytest.raises(ConflictError):
        protections.plan(replace(_stop(entry), side=Side.BUY), by="protect", why="a test")


@pytest.mark.parametrize("qty", ["0", "-0.005"])
def test_nothing_is_planned_that_sells_nothing(
    protections: SqlProtectionStore, entry: Order, qty: str
) -> None:
    with pytest.raises(ConflictError):
        protections.plan(_stop(entry, qty), by="protect", why="a test")


def test_what_the_exchange_made_is_adopted_once(
    database: Database, protections: SqlProtectionStore, entry: Order
) -> None:
    child = replace(_stop(entry), state=State.LIVE, kraken_order_id="OCHILD")

    assert protections.adopt(child, why="a test")
    assert not protections.adopt(replace(child, local_id="O2", attempt=2), why="a test")
    assert SqlOrderStore(database).order(child.local_id).state is State.LIVE
    assert verify(database).faults == ()


def test_the_stop_that_was_planned_last_tells_why_it_came_to_nothing(
    database: Database, protections: SqlProtectionStore, entry: Order
) -> None:
    assert protections.last_stop(*PLACE) is None
    stop = _stop(entry)
    protections.plan(stop, by="protect", why="a test")
    refused = Event(fact=Fact.REFUSED, at=NOW, source="reply", detail="EOrder:No")
    SqlOrderStore(database).record(stop, refused)

    last = protections.last_stop(*PLACE)

    assert last is not None
    assert (last.local_id, last.state) == (stop.local_id, State.REJECTED)
    assert last.last_error == "EOrder:No"


def test_what_is_noted_of_a_stop_is_kept_and_forgotten(protections: SqlProtectionStore) -> None:
    protections.note(MISSING, why="missing")
    protections.note(replace(MISSING, failures=3))
    kept = protections.protections()
    protections.forget(*PLACE)

    assert kept == (replace(MISSING, failures=3),)
    assert protections.protections() == ()
