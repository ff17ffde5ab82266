"""What a person wrote off counts as sold until it was looked for often enough."""

import pytest

from kraken_pipeline.domain.fate import CLEAN_READS_NEEDED, READ_SPACING, Read
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.orders import Fact
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.orders import SqlOrderStore
from kraken_pipeline_tests.store.builders import NOW, event, look_for, written_off


def test_f_sub_20_a_sale_is_unproven_until_enough_looks_since_have_missed_it(
    database: Database,
) -> None:
    orders = SqlOrderStore(database)
    gone = written_off(database, side=Side.SELL)
    look_for(database, gone, CLEAN_READS_NEEDED - 1)
    before = orders.unproven_sales()

    look_for(database, gone)

    assert before == (gone,)
    assert orders.unproven_sales() == ()


def test_looks_from_before_it_was_written_off_prove_nothing(database: Database) -> None:
    orders = SqlOrderStore(database)
    gone = written_off(database, side=Side.SELL)

    for look in range(CLEAN_READS_NEEDED):
        at = NOW + look * READ_SPACING
        assert at < gone.updated_at
        orders.note_clean_read(gone.local_id, Read(at=at), spacing=READ_SPACING)

    assert orders.unproven_sales() == (gone,)


def test_a_sale_that_shows_up_is_not_unproven_any_more(database: Database) -> None:
    orders = SqlOrderStore(database)
    gone = written_off(database, side=Side.SELL)

    orders.record(gone, event(Fact.ACCEPTED, kraken_order_id="K1"))

    assert orders.unproven_sales() == ()


@pytest.mark.parametrize("told", [{}, {"side": Side.SELL, "namespace": Namespace.REHEARSAL}])
def test_what_buys_and_what_only_rehearses_has_nothing_that_could_be_sold_twice(
    database: Database, told: dict[str, object]
) -> None:
    written_off(database, **told)

    assert SqlOrderStore(database).unproven_sales() == ()
