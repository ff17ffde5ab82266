"""Bars of an asset as one history, whatever it was called when they closed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from kraken_pipeline.domain.renames import Alias
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.services.bars.renamed_bars import FollowedBars
from kraken_pipeline.services.books.report import traded_of
from kraken_pipeline.services.ports.bars import BarStore
from kraken_pipeline.store.bars import ShelvedBars
from kraken_pipeline_tests.builders import fill
from kraken_pipeline_tests.services.daily import daily

NOW = datetime(2026, 3, 10, tzinfo=UTC)
SINCE = datetime(2026, 3, 8, tzinfo=UTC)


@pytest.fixture
def stored(tmp_path: Path) -> ShelvedBars:
    """MATIC until the 8th, POL from then on; MATIC's book went on for a day."""
    bars = ShelvedBars(tmp_path)
    old = daily("MATICUSD", "10", "20", "30", "90", now=NOW - timedelta(days=1))
    pages = [old, daily("POLUSD", "4", "5", now=NOW), daily("ETHUSD", *["7"] * 5, now=NOW)]
    bars.append(timeframe("1d"), pages)
    return bars


def closes(bars: BarStore, pair: str) -> list[float | None]:
    found = bars.read(timeframe("1d"), ("ETHUSD", pair), closed_by=NOW, count=5)
    column = found.close[:, found.pairs.index(pair)]
    return [None if np.isnan(each) else float(each) for each in column]


def followed(stored: ShelvedBars, ratio: str = "10") -> FollowedBars:
    known = Alias(old=Asset("MATIC"), new=Asset("POL"), since=SINCE, ratio=Decimal(ratio))
    return FollowedBars(stored, (known,))


def test_bars_of_the_old_name_stand_where_the_new_one_has_none(stored: ShelvedBars) -> None:
    assert closes(stored, "POLUSD") == [None, None, None, 4, 5]
    assert closes(followed(stored), "POLUSD") == [1, 2, 3, 4, 5]


def test_volume_counts_the_new_units(stored: ShelvedBars) -> None:
    found = followed(stored).read(timeframe("1d"), ("POLUSD",), closed_by=NOW, count=5)

    assert found.volume[:, 0].tolist() == [10, 10, 10, 1, 1]


def test_a_report_shows_a_renamed_pair_on_candles_of_both_names(stored: ShelvedBars) -> None:
    sold = fill(pair="POLUSD", at=NOW - timedelta(hours=12))

    told = traded_of(followed(stored), "POLUSD", [sold])

    assert told.bars is not None
    assert told.bars.close[:, 0].tolist() == [1, 2, 3, 4, 5]


def test_the_old_name_itself_is_read_as_it_was(stored: ShelvedBars) -> None:
    assert closes(followed(stored), "MATICUSD") == closes(stored, "MATICUSD")


@pytest.mark.parametrize("pair", ["ETHUSD", "POLEUR", "POLYUSD"])
def test_other_pairs_are_left_alone(stored: ShelvedBars, pair: str) -> None:
    assert closes(followed(stored), pair) == closes(stored, pair)


def test_the_same_bars_have_the_same_identity(stored: ShelvedBars) -> None:
    def digest(bars: BarStore) -> str:
        return bars.read(timeframe("1d"), ("ETHUSD",), closed_by=NOW, count=5).digest()

    assert digest(followed(stored)) == digest(stored)
