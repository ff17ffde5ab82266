from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.store.bar_checks import KeptBarStore
from kraken_pipeline.store.bar_shelves import Shelf
from kraken_pipeline.store.bars import ShelvedBars
from kraken_pipeline_tests.store.candles import (
    HOURLY,
    Opener,
    at,
    bars,
    closes,
    damage,
)

FEBRUARY = "2026-02"


@pytest.fixture
def store(shelf: Shelf) -> KeptBarStore:
    """Return a store with an hour of January and three of February, each a part of its own."""
    store = KeptBarStore(shelf)
    for hour in (0, 4, 5, 6):
        store.append(HOURLY, [bars("XBTUSD", [hour]), bars("ETHUSD", [hour])])
    return store


def test_what_is_whole_is_counted(store: KeptBarStore) -> None:
    store.revise(HOURLY, [bars("XBTUSD", [5], close="7")])

    found = store.verify(HOURLY)
    assert (found.parts, found.rows, found.revised, found.damages) == (5, 9, 1, ())


@pytest.mark.parametrize("place", range(4))
def test_a_changed_byte_is_found_with_its_month_and_part(
    store: KeptBarStore, tmp_path: Path, place: int
) -> None:
    assert store.verify(HOURLY).damages == ()

    damage(tmp_path / "bars", place)

    found = store.verify(HOURLY)
    [fault] = found.damages
    assert (found.parts, found.rows, fault.month[-2:]) == (4, 6, "02" if place else "01")
    assert "are not the ones that were written" in fault.why


@pytest.mark.parametrize("place", [1, 2, 3])
def test_damaged_parts_are_taken_out_and_the_rest_counts_as_whole(
    store: KeptBarStore, opener: Opener, tmp_path: Path, place: int
) -> None:
    damage(tmp_path / "bars", place)
    left = [[100.5 + hour] for hour in (4, 5, 6) if hour != place + 3]

    assert store.take_out(HOURLY, FEBRUARY) == 1
    for each in (store, KeptBarStore(opener(tmp_path / "bars"))):
        assert each.verify(HOURLY).damages == ()
        read = closes(each, "XBTUSD", until=9, count=3)
        assert [row for row in read if row[0] > 104] == left
    assert store.append(HOURLY, [bars("XBTUSD", [4, 5, 6])]) == 1


def test_a_reader_that_knew_the_bars_learns_that_they_are_gone(
    store: KeptBarStore, opener: Opener, tmp_path: Path
) -> None:
    reader = ShelvedBars(opener(tmp_path / "bars"))
    assert reader.newest(HOURLY)["XBTUSD"] == at(6)

    damage(tmp_path / "bars", 3)
    store.take_out(HOURLY, FEBRUARY)
    store.append(HOURLY, [bars("ETHUSD", [7])])

    assert reader.newest(HOURLY) == {"XBTUSD": at(5), "ETHUSD": at(7)}


def test_what_is_sound_of_a_month_is_known_beside_what_is_damaged(
    store: KeptBarStore, tmp_path: Path
) -> None:
    damage(tmp_path / "bars", 2)

    seconds = [int(at(hour).timestamp()) for hour in (4, 5, 6, 7)]
    assert store.sound(HOURLY, FEBRUARY)["XBTUSD"] == (
        (seconds[0], seconds[1]),
        (seconds[2], seconds[3]),
    )


def test_a_damaged_part_is_refused_with_the_remedy(store: KeptBarStore, tmp_path: Path) -> None:
    damage(tmp_path / "bars", 2)

    with pytest.raises(ConfigurationError, match="`history repair` takes it out"):
        store.compact(HOURLY)
