import io

import pyarrow as pa
import pyarrow.parquet as pq

from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.store import bar_parts, bar_tables
from kraken_pipeline.store.bar_parts import Footer
from kraken_pipeline_tests.store.candles import bars

HOURLY = timeframe("1h")


def footer(file: io.BytesIO, crc: int) -> Footer:
    content = pa.BufferReader(file.getvalue())
    return bar_parts.footer_of(content, crc, timeframe="1h", month="2026-01")


def test_a_part_tells_the_newest_bar_of_each_pair() -> None:
    file, xbt, eth = io.BytesIO(), bars("XBTUSD", [0, 1]), bars("ETHUSD", [0])
    table = bar_tables.table_of(HOURLY, [xbt, eth])

    crc = bar_parts.write(file, table, timeframe="1h", month="2026-01")

    newest = footer(file, crc).newest()
    assert newest == {"XBTUSD": xbt.opened_at[1], "ETHUSD": eth.opened_at[0]}


def test_a_part_of_the_first_layout_tells_it_too() -> None:
    file = io.BytesIO()
    noted = {"kraken_pipeline.bars": '{"newest": {"XBTUSD": 7}, "groups": []}'}
    table = bar_tables.table_of(HOURLY, [bars("XBTUSD", [0])])
    pq.write_table(table.replace_schema_metadata(noted), file)
    parquet = pq.read_metadata(pa.BufferReader(file.getvalue()))

    known = Footer(rows=1, groups=(), has_revisions=False, parquet=parquet)
    assert known.newest() == {"XBTUSD": 7}
