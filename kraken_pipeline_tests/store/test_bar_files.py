from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pyarrow import feather

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.store import bar_increments, bar_parts
from kraken_pipeline.store.bar_checks import KeptBarStore
from kraken_pipeline.store.bar_files import FolderShelf
from kraken_pipeline.store.bars import ShelvedBars
from kraken_pipeline_tests.store.candles import HOURLY, at, bars, closes, damage


@pytest.fixture(params=[bar_increments.MOST_ROWS, 0], ids=["arrow", "parquet"])
def store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> ShelvedBars:
    """Return an empty store that writes the one format, and then the other."""
    monkeypatch.setattr(bar_increments, "MOST_ROWS", request.param)
    return ShelvedBars(tmp_path / "bars")


def parts(folder: Path) -> list[Path]:
    return sorted(folder.rglob("part-*"))


@pytest.mark.parametrize("cut", [0, 1, 100, -1])
def test_a_torn_file_is_named(store: ShelvedBars, tmp_path: Path, cut: int) -> None:
    """F-STO-1: of a file of bars."""
    store.append(HOURLY, [bars("XBTUSD", [0])])
    [path] = parts(tmp_path)
    path.write_bytes(path.read_bytes()[:cut])

    with pytest.raises(ConfigurationError, match=f"{path.name} cannot be read"):
        store.read(HOURLY, ("XBTUSD",), closed_by=at(4), count=1)


def test_every_flipped_byte_is_named_or_without_effect(store: ShelvedBars, tmp_path: Path) -> None:
    """F-STO-1: of a file of bars."""
    store.append(HOURLY, [bars("XBTUSD", [0, 1, 2])])
    [path] = parts(tmp_path)
    whole = path.read_bytes()
    right = closes(store, "XBTUSD", until=4, count=3)
    lies = []
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x20]) + whole[place + 1 :])
        try:
            read = closes(ShelvedBars(tmp_path / "bars"), "XBTUSD", until=4, count=3)
        except ConfigurationError:
            continue
        if read != right:
            lies.append(place)

    assert lies == []


def test_a_foreign_file_is_named(store: ShelvedBars, tmp_path: Path) -> None:
    store.append(HOURLY, [bars("XBTUSD", [0])])
    (tmp_path / "bars" / "1h" / "2026-01" / "notes.txt").write_text("mine")

    with pytest.raises(ConfigurationError, match=r"notes\.txt is no part"):
        ShelvedBars(tmp_path / "bars").newest(HOURLY)


def test_a_foreign_folder_is_named(store: ShelvedBars, tmp_path: Path) -> None:
    (tmp_path / "bars" / "1h" / "January").mkdir(parents=True)

    with pytest.raises(ConfigurationError, match="January is no month"):
        ShelvedBars(tmp_path / "bars").newest(HOURLY)


def test_a_part_in_the_folder_of_another_month_is_named(store: ShelvedBars, tmp_path: Path) -> None:
    store.append(HOURLY, [bars("XBTUSD", [0])])
    [path] = parts(tmp_path)
    path.parent.rename(path.parent.with_name("2026-02"))

    with pytest.raises(ConfigurationError, match="does not hold bars of 1h in 2026-02"):
        ShelvedBars(tmp_path / "bars").newest(HOURLY)


def test_two_parts_of_the_same_append_are_named(store: ShelvedBars, tmp_path: Path) -> None:
    for hour in (4, 5):
        store.append(HOURLY, [bars("XBTUSD", [hour])])
    first, second = parts(tmp_path)
    second.rename(second.with_name(second.name.replace("part-000002-000002", "part-000001-000001")))

    with pytest.raises(ConfigurationError, match=f"{first.name}.*stand for the same append"):
        ShelvedBars(tmp_path / "bars").newest(HOURLY)


def test_appending_the_same_again_leaves_the_same_bytes(tmp_path: Path) -> None:
    """F-DAG-1: a partition that is made anew is the one that it was."""
    told = [bars("XBTUSD", range(8)), bars("ETHUSD", range(8))]
    written = []
    for name, order in (("a", told), ("b", told[::-1])):
        ShelvedBars(tmp_path / name).append(HOURLY, order)
        written.append([each.read_bytes() for each in parts(tmp_path / name)])

    assert written[0] == written[1]


def test_rows_are_stored_with_pair_time_and_exact_amounts(
    store: ShelvedBars, tmp_path: Path
) -> None:
    store.append(HOURLY, [bars("XBTUSD", [0])])
    [path] = parts(tmp_path)
    is_parquet = path.suffix == ".parquet"
    table = pq.read_table(path, partitioning=None) if is_parquet else feather.read_table(path)

    assert table.column_names == bar_parts.SCHEMA.names
    [row] = table.to_pylist()
    assert (row["pair"], row["close"], row["trades"]) == ("XBTUSD", Decimal("100.5"), 3)


def test_a_foreign_folder_is_a_damage_of_the_list(store: ShelvedBars, tmp_path: Path) -> None:
    (tmp_path / "bars" / "1h" / "May").mkdir(parents=True)

    [fault] = KeptBarStore(FolderShelf(tmp_path / "bars")).verify(HOURLY).damages
    assert (fault.month, fault.part) == ("", "")
    assert "May is no month of bars; move it away" in fault.why


def test_a_file_that_is_gone_is_found_by_its_number(tmp_path: Path) -> None:
    store = KeptBarStore(FolderShelf(tmp_path))
    for hour in (4, 5, 6):
        store.append(HOURLY, [bars("XBTUSD", [hour])])
    parts(tmp_path)[1].unlink()

    [fault] = store.verify(HOURLY).damages
    assert "is gone: numbers 2 to 2" in fault.why
    assert store.take_out(HOURLY, "2026-02") == 0
    assert store.verify(HOURLY).damages == ()


def test_what_is_taken_out_is_put_aside(store: ShelvedBars, tmp_path: Path) -> None:
    store.append(HOURLY, [bars("XBTUSD", [4])])
    [path] = parts(tmp_path)
    damage(tmp_path / "bars", 0)

    KeptBarStore(FolderShelf(tmp_path / "bars")).take_out(HOURLY, "2026-02")

    aside = tmp_path / "bars" / "damaged" / "1h" / "2026-02" / path.name
    assert parts(tmp_path) == [aside]
