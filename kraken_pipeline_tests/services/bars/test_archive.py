"""Files of candles and what is certified of them, with real files and a real store."""

from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kraken_pipeline.domain.certificates import Reason, Source
from kraken_pipeline.domain.errors import InvalidValueError, UnknownNameError
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.services.bars import archive
from kraken_pipeline.services.bars.archive import ImportDesk, Imported, import_files
from kraken_pipeline.services.bars.coverage import coverage, require_known
from kraken_pipeline.store.bar_archive import HistoryBarStore
from kraken_pipeline.store.bar_csv import CandleFiles
from kraken_pipeline.store.certificates import CertificateFiles

HOURLY = timeframe("1h")
FIRST = 1_704_067_200
"""2024-01-01."""
MONTH = 31 * 24
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def candles(skip: tuple[int, ...] = (), *, close: str = "1.5", trades: str = ",7") -> str:
    """Return the hours of January 2024 but for some, with a header."""
    header = "time,open,high,low,close,volume" + (",trades" if trades else "")
    rows = [
        f"{FIRST + 3600 * hour},1,2,1,{close},10{trades}"
        for hour in range(MONTH)
        if hour not in skip
    ]
    return "\n".join([header, *rows])


@dataclass(frozen=True, kw_only=True)
class Keeper:
    """A folder of files and a store."""

    folder: Path
    bars: HistoryBarStore
    certificates: CertificateFiles
    steps: list[tuple[int, int, int]] = field(default_factory=list)

    def take(self, **wanted: frozenset[str]) -> Imported:
        with closing(CandleFiles(self.folder, now=NOW)) as files:
            desk = ImportDesk(
                files=files,
                bars=self.bars,
                certificates=self.certificates,
                progress=lambda *step: self.steps.append(step),
            )
            return import_files(desk, now=NOW, **wanted)

    def gaps(self, pair: str) -> list[tuple[int, int, Reason]]:
        [found] = coverage(self.bars, self.certificates, HOURLY, pair=pair)
        return [((each.first - FIRST) // 3600, each.bars, each.reason) for each in found.gaps]


@pytest.fixture
def keeper(tmp_path: Path) -> Keeper:
    (tmp_path / "files").mkdir()
    return Keeper(
        folder=tmp_path / "files",
        bars=HistoryBarStore(tmp_path / "bars"),
        certificates=CertificateFiles(tmp_path / "bars"),
    )


def test_a_file_is_taken_and_certified(keeper: Keeper) -> None:
    (keeper.folder / "XBTUSD_60.csv").write_text(candles(skip=(5,)))

    made = keeper.take()

    assert made.added == MONTH - 1
    [span] = keeper.certificates.of(HOURLY)["XBTUSD"].spans
    assert (span.first, span.until) == (FIRST, FIRST + 3600 * MONTH)
    assert (span.source, span.origin, span.fetched_at) == (Source.ARCHIVE, "XBTUSD_60.csv", NOW)
    assert keeper.gaps("XBTUSD") == [(5, 1, Reason.NOT_IN_ARCHIVE)]


def test_a_second_import_adds_nothing_and_changes_nothing(keeper: Keeper) -> None:
    (keeper.folder / "XBTUSD_60.csv").write_text(candles())
    keeper.take()
    kept = keeper.folder.parent / "bars"
    before = {each: each.read_bytes() for each in kept.rglob("*") if each.is_file()}

    assert keeper.take().added == 0
    assert {each: each.read_bytes() for each in kept.rglob("*") if each.is_file()} == before


def test_a_wrong_file_is_refused_whole_and_stops_no_other(keeper: Keeper) -> None:
    (keeper.folder / "XBTUSD_60.csv").write_text(candles())
    (keeper.folder / "ETHUSD_60.csv").write_text(candles() + "\n1,2,3\n")

    made = keeper.take()

    [refused] = made.refused
    assert refused.refused.startswith("ETHUSD_60.csv: line 746: 3 cells, not 7")
    assert made.added == MONTH
    assert list(keeper.bars.newest(HOURLY)) == ["XBTUSD"]
    assert list(keeper.certificates.of(HOURLY)) == ["XBTUSD"]


def test_the_exchanges_own_file_goes_before_a_copy_and_both_are_compared(keeper: Keeper) -> None:
    (keeper.folder / "XBTUSD_60.a_copy.csv").write_text(candles(close="1.25", trades=""))
    (keeper.folder / "XBTUSD_60.csv").write_text(candles(skip=(5,)))

    made = keeper.take()

    assert [each.file.source for each in made.files] == [Source.ARCHIVE, Source.COPY]
    copy = made.files[1].admitted
    assert (copy.added, copy.same, copy.differing) == (1, 0, MONTH - 1)
    first = keeper.certificates.of(HOURLY)["XBTUSD"].differences[0]
    assert (first.field, first.kept, first.told) == ("close", "1.5", "1.25")
    assert first.origin == "XBTUSD_60.a_copy.csv"


def test_only_what_is_wanted_is_taken(keeper: Keeper) -> None:
    for name in ("XBTUSD_60.csv", "ETHUSD_60.csv"):
        (keeper.folder / name).write_text(candles())
    (keeper.folder / "XBTUSD_1440.csv").write_text("1704067200,1,1,1,1,1,1\n")

    made = keeper.take(pairs=frozenset({"XBTUSD"}), frames=frozenset({"1h"}))

    assert [each.file.name for each in made.files] == ["XBTUSD_60.csv"]


def test_nothing_that_is_wanted_is_an_error(keeper: Keeper) -> None:
    (keeper.folder / "XBTUSD_60.csv").write_text(candles())

    with pytest.raises(InvalidValueError, match="no file of candles of ETHUSD"):
        keeper.take(pairs=frozenset({"ETHUSD"}))


def test_files_are_read_in_batches_and_each_is_told(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XBTUSD_60.csv", "ETHUSD_60.csv", "LTCUSD_60.csv"):
        (keeper.folder / name).write_text(candles())
    size = len(candles())
    monkeypatch.setattr(archive, "BATCH_BYTES", 2 * size)

    keeper.take()

    assert keeper.steps == [(2 * size, 3 * size, 2 * MONTH), (3 * size, 3 * size, 3 * MONTH)]


def test_an_hour_in_which_three_pairs_are_silent_was_the_exchange(keeper: Keeper) -> None:
    for name in ("XBTUSD", "ETHUSD", "LTCUSD"):
        (keeper.folder / f"{name}_60.csv").write_text(candles(skip=(5, 6)))
    (keeper.folder / "XDGUSD_60.csv").write_text(candles(skip=(5, 6, 9)))

    keeper.take()

    assert keeper.gaps("XDGUSD") == [(5, 2, Reason.EXCHANGE_DOWN), (9, 1, Reason.NOT_IN_ARCHIVE)]


def test_what_lies_between_two_files_was_not_fetched(keeper: Keeper) -> None:
    (keeper.folder / "XBTUSD_60.1.csv").write_text(candles())
    later = candles().replace("time,", "").splitlines()[1:]
    moved = [str(int(each[:10]) + 3600 * 24 * 60) + each[10:] for each in later]
    (keeper.folder / "XBTUSD_60.2.csv").write_text("\n".join(moved))

    keeper.take()

    assert keeper.gaps("XBTUSD") == [(MONTH, 29 * 24, Reason.NOT_FETCHED)]


def test_a_pair_that_lags_behind_the_others_was_not_fetched(keeper: Keeper) -> None:
    (keeper.folder / "XBTUSD_60.csv").write_text(candles())
    (keeper.folder / "ETHUSD_60.csv").write_text("\n".join(candles().splitlines()[:-10]))

    keeper.take()

    assert keeper.gaps("ETHUSD") == [(MONTH - 11, 11, Reason.NOT_FETCHED)]


def test_a_pair_of_which_nothing_is_stored_is_named(keeper: Keeper) -> None:
    with pytest.raises(UnknownNameError, match="no bar of 'XBTUSD' is stored"):
        require_known(keeper.bars, "XBTUSD")

    assert coverage(keeper.bars, keeper.certificates, HOURLY, pair="XBTUSD") == ()
