"""What somebody let an order of ours buy beyond its size is his, by the size that we ordered."""

from decimal import Decimal

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.lots import MANUAL
from kraken_pipeline.domain.money import Qty
from kraken_pipeline.domain.orders import Event, Fact
from kraken_pipeline.store.books import SqlBookStore
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.orders import SqlOrderStore
from kraken_pipeline_tests.store.builders import LOOKUP, event, fill, live


def _enlarged(to: str, *, before: Qty) -> Event:
    qty = Qty(Decimal(to))
    return event(Fact.ENLARGED_SEEN, filled_qty=qty, amendment=Amendment(qty=before))


def test_f_mon_9_what_grew_twice_is_measured_by_what_we_ordered(database: Database) -> None:
    orders, books = SqlOrderStore(database), SqlBookStore(database)
    made = live(database)
    once = orders.record(made, _enlarged("0.12", before=made.qty))
    ended = orders.record(once, event(Fact.CANCELED_SEEN, filled_qty=once.qty))
    # a fill that is heard of after the end
    orders.record(ended, _enlarged("0.15", before=ended.qty))

    bought = fill("T1", kraken_order_id=str(made.kraken_order_id), qty=Qty(Decimal("0.15")))
    books.book([bought], [], LOOKUP)

    held = {each.book: each.qty for each in books.positions()}
    assert held == {"trend@1h": made.qty, MANUAL: Decimal("0.05")}
