from dataclasses import replace
from decimal import Decimal

from sqlalchemy import select

from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO, Qty
from kraken_pipeline.domain.reconciliations import ForeignOrder
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.foreign import SqlForeignStore
from kraken_pipeline.store.schema.orders import foreign_orders
from kraken_pipeline.store.schema.shared import journal
from kraken_pipeline_tests.store.builders import MINUTE, NOW


def foreign(name: str = "K1", *, minutes: int = 0) -> ForeignOrder:
    return ForeignOrder(
        kraken_order_id=name,
        pair="XBTUSD",
        side=Side.SELL,
        order_type="limit",
        status="open",
        qty=Qty(Decimal("0.1")),
        filled_qty=Qty(ZERO),
        limit_price=Decimal(60_000),
        description="sell 0.1 XBTUSD @ limit 60000.0",
        first_seen_at=NOW + minutes * MINUTE,
        last_seen_at=NOW + minutes * MINUTE,
    )


def test_an_order_is_new_once_and_stays_as_first_seen(database: Database) -> None:
    store = SqlForeignStore(database)
    later = replace(foreign(minutes=5), filled_qty=Qty(Decimal("0.04")))

    assert store.see([foreign()], gone=(), at=NOW) == (foreign(),)
    assert store.see([later], gone=(), at=NOW + 5 * MINUTE) == ()

    assert store.open() == (replace(later, first_seen_at=NOW),)


def test_an_order_that_is_gone_is_open_no_more_and_its_row_stays(database: Database) -> None:
    store = SqlForeignStore(database)
    store.see([foreign("K1"), foreign("K2")], gone=(), at=NOW)

    store.see([], gone=["K1"], at=NOW + MINUTE)

    assert [each.kraken_order_id for each in store.open()] == ["K2"]
    with database.reading() as connection:
        columns = foreign_orders.c
        rows = connection.execute(select(columns.kraken_order_id, columns.gone_at)).all()
    assert sorted(tuple(each) for each in rows) == [("K1", NOW + MINUTE), ("K2", None)]


def test_an_order_that_was_taken_for_gone_is_open_again_when_it_is_seen(database: Database) -> None:
    store = SqlForeignStore(database)
    store.see([foreign()], gone=(), at=NOW)
    store.see([], gone=["K1"], at=NOW + MINUTE)

    assert store.see([foreign(minutes=2)], gone=(), at=NOW + 2 * MINUTE) == ()

    assert [each.gone_at for each in store.open()] == [None]


def test_coming_and_going_are_in_the_journal_and_staying_is_not(database: Database) -> None:
    store = SqlForeignStore(database)
    store.see([foreign()], gone=(), at=NOW)
    store.see([foreign(minutes=1)], gone=(), at=NOW + MINUTE)
    store.see([], gone=["K1"], at=NOW + 2 * MINUTE)

    with database.reading() as connection:
        told = connection.execute(select(journal.c.kind)).scalars().all()
    assert told == ["foreign.seen", "foreign.gone"]
