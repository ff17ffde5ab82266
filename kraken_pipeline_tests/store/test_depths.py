from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from kraken_pipeline.domain.universe_filters import Nearby
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.depths import SqlDepthStore
from kraken_pipeline_tests.store.builders import NOW

SEEN = Nearby(within_bps=50, bids=Decimal("1.5"), asks=Decimal("2.25"), read_at=NOW)


def test_the_last_reading_of_each_pair_is_kept(database: Database) -> None:
    store = SqlDepthStore(database)
    later = replace(SEEN, bids=Decimal(9), read_at=NOW + timedelta(hours=1))
    store.keep({"XBTUSD": SEEN, "ETHUSD": SEEN})
    store.keep({"XBTUSD": later})
    store.keep({})

    assert store.readings() == {"XBTUSD": later, "ETHUSD": SEEN}
