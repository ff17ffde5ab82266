"""What refreshing the universe needs, and bars that are read under all names of an asset."""

from datetime import UTC, datetime, timedelta

from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.wiring import desks
from kraken_pipeline_tests.paper_market import NOON, PaperMarket
from kraken_pipeline_tests.services.daily import daily


def test_what_decides_reads_an_asset_under_all_its_names(market: PaperMarket) -> None:
    market.configure('  aliases: ["OLDX ADA 2024-03-05T00:00Z 2"]\n')
    frame = timeframe("1d")
    with market.pipeline() as pipeline:
        stored = pipeline.stores.bars
        first = datetime.fromtimestamp(
            int(stored.read(frame, ("ADAUSD",), closed_by=NOON, count=9999).opened_at[0]), UTC
        )
        stored.append(frame, [daily("OLDXUSD", "6", "8", now=first)])
        found = desks.decisions(pipeline).bars.read(
            frame, ("ADAUSD",), closed_by=first + timedelta(days=1), count=3
        )

    assert found.close[:2, 0].tolist() == [3, 4]
