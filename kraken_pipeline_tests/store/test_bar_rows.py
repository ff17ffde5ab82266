import random
import sqlite3
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import ConfigurationError, StorageError
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.store import bar_pieces, bar_rows
from kraken_pipeline.store.bar_archive import HistoryBarStore
from kraken_pipeline.store.bar_rows import RowShelf
from kraken_pipeline.store.bars import ShelvedBars
from kraken_pipeline_tests.store.candles import HOURLY, at, bars, closes

DAMAGES = 200
"""Bytes that are flipped, one after the other."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a database with three bars."""
    ShelvedBars(RowShelf(tmp_path)).append(HOURLY, [bars("XBTUSD", [0, 1, 2])])
    return tmp_path / "bars.db"


def changed(path: Path, statement: str) -> ShelvedBars:
    """Change the database behind our back, and open it."""
    link = sqlite3.connect(path)
    with link:
        link.execute(statement)
    link.close()
    return ShelvedBars(RowShelf(path.parent))


def test_a_part_of_many_pieces_is_read_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (bar_rows, bar_pieces):
        monkeypatch.setattr(module, "PIECE", 100)
    store = ShelvedBars(RowShelf(tmp_path))
    store.append(HOURLY, [bars("XBTUSD", range(4, 200)), bars("ETHUSD", range(4, 200))])

    read = closes(ShelvedBars(RowShelf(tmp_path)), "XBTUSD", until=200, count=196)
    assert read == [[100.5 + hour] for hour in range(4, 200)]
    assert len(store.closes(HOURLY, at(100))) == 2


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM bar_parts", "list of the parts of 1h is damaged"),
        ("DELETE FROM bar_turns", "list of the parts of 1h is damaged"),
        ("UPDATE bar_parts SET timeframe = '4h'", "list of the parts of 1h is damaged"),
        ("UPDATE bar_parts SET last = 2", "list of the parts of 1h is damaged"),
        ("DELETE FROM bar_pieces", "part 1, of 2026-01, cannot be read: its piece 0 is missing"),
        ("UPDATE bar_pieces SET content = x'00'", "part 1, of 2026-01, cannot be read"),
        ("PRAGMA user_version=2", "has layout 2, this version of kraken_pipeline knows 1"),
    ],
)
def test_what_was_changed_by_hand_is_named(path: Path, statement: str, said: str) -> None:
    store = changed(path, statement)

    with pytest.raises(ConfigurationError, match=said):
        closes(store, "XBTUSD", until=9, count=9)


def test_a_flipped_byte_is_named_or_without_effect(path: Path, tmp_path: Path) -> None:
    """F-STO-1: of the bars' database."""
    whole = path.read_bytes()
    lies = []
    for place in sorted(random.Random(0).sample(range(len(whole)), DAMAGES)):  # noqa: S311 - no secret
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x20]) + whole[place + 1 :])
        try:
            read = closes(ShelvedBars(RowShelf(tmp_path)), "XBTUSD", until=9, count=9)
        except (ConfigurationError, StorageError):
            continue
        if read != [[100.5], [101.5], [102.5]]:
            lies.append(place)

    assert lies == []


def test_what_a_turn_wrote_is_undone_where_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ShelvedBars(RowShelf(tmp_path))
    store.append(HOURLY, [bars("XBTUSD", [0])])

    def fail(_: object) -> None:
        raise InterruptedError

    with monkeypatch.context() as patch:
        patch.setattr(bar_rows._RowTurn, "end", fail)
        with pytest.raises(StorageError):
            store.append(HOURLY, [bars("XBTUSD", [1, 8])])

    assert store.newest(HOURLY) == {"XBTUSD": at(0)}
    assert store.append(HOURLY, [bars("XBTUSD", [1, 2, 3])]) == 3
    assert len(closes(store, "XBTUSD", until=9, count=9)) == 4


def test_months_are_written_together_in_one_turn(tmp_path: Path) -> None:
    store = HistoryBarStore(RowShelf(tmp_path))
    hours = range(0, 24 * 365, 5)

    assert store.compare(HOURLY, bars("XBTUSD", hours)).added == len(hours)
    again = HistoryBarStore(RowShelf(tmp_path)).compare(HOURLY, bars("XBTUSD", hours))
    assert (again.added, again.same, again.differing) == (0, len(hours), 0)


def test_nothing_is_made_where_only_is_read(tmp_path: Path) -> None:
    assert ShelvedBars(RowShelf(tmp_path)).newest(timeframe("1d")) == {}
    assert list(tmp_path.iterdir()) == []
