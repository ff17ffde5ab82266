import pyarrow as pa

from kraken_pipeline.store import bar_increments
from kraken_pipeline.store.bar_tables import table_of
from kraken_pipeline_tests.store.candles import HOURLY, bars


def test_rows_are_read_as_they_were_written_with_what_was_noted() -> None:
    table = table_of(HOURLY, [bars("XBTUSD", [0, 1]), bars("ETHUSD", [1])])

    read = bar_increments.table_in(bar_increments.written(table, {"month": "2026-01"}))

    assert read.to_pylist() == table.to_pylist()
    assert read.schema.metadata == {b"month": b"2026-01"}


def test_rows_in_pieces_with_pairs_of_their_own_become_one_file() -> None:
    tables = [table_of(HOURLY, [bars(pair, [0])]) for pair in ("XBTUSD", "ETHUSD")]

    read = bar_increments.table_in(bar_increments.written(pa.concat_tables(tables), {}))

    assert read.column("pair").to_pylist() == ["XBTUSD", "ETHUSD"]
    assert read.column("pair").num_chunks == 1


def test_what_is_written_begins_as_arrow_files_do() -> None:
    table = table_of(HOURLY, [bars("XBTUSD", [0])])

    assert bytes(bar_increments.written(table, {})[:6]) == bar_increments.MAGIC


def test_a_close_of_a_thousand_pairs_fits_and_a_month_of_minutes_does_not() -> None:
    table = table_of(HOURLY, [bars("XBTUSD", range(1000))])

    assert bar_increments.fits(table)
    assert not bar_increments.fits(pa.concat_tables([table] * 40))
