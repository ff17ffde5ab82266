import zipfile
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from kraken_pipeline.domain.certificates import Source
from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.store.bar_csv import CandleFiles, Sheet

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LAST = 1_706_742_000
"""2024-01-31 23:00: the candle that opens then ends with its month."""
ROW = f"{LAST},1.5,2,1,1.9,10.25,7"
EARLIER = ROW.replace(str(LAST), str(LAST - 3600))


def read(folder: Path, text: str, name: str = "XBTUSD_60.csv") -> Sheet:
    (folder / name).write_bytes(text.encode())
    with closing(CandleFiles(folder, now=NOW)) as files:
        [found] = files.found
        return files.read(found)


def rows(sheet: Sheet) -> list[dict[str, object]]:
    return [dict(each) for each in sheet.table.to_pylist()]


def test_a_row_of_the_archive_is_read_exactly(tmp_path: Path) -> None:
    [row] = rows(read(tmp_path, "1706742000,0.1,0.3,0.00000001,0.2,123456789.000000000001,7\n"))

    assert row == {
        "pair": "XBTUSD",
        "opened_at": LAST,
        "open": Decimal("0.1"),
        "high": Decimal("0.3"),
        "low": Decimal("0.00000001"),
        "close": Decimal("0.2"),
        "volume": Decimal("123456789.000000000001"),
        "trades": 7,
    }


HEADED = f"time,open,high,low,close,volume,trades\n{ROW}\n"
REORDERED = f"Count,Volume,Date,Close,Low,High,Open,vwap\n7,10.25,{LAST},1.9,1,2,1.5,1.7\n"
SHAPES = {
    "no header": ROW,
    "windows line ends": f"{ROW}\r\n",
    "a header": HEADED,
    "columns in another order, and one more": REORDERED,
    "dates": "ts,open,high,low,close,volume,trades\n2024-01-31 23:00:00+00:00,1.5,2,1,1.9,10.25,7",
    "dates of another zone": "ts,open,high,low,close,volume,trades\n"
    "2024-02-01T00:00:00+01:00,1.5,2,1,1.9,10.25,7",
    "exponents": f"{LAST},1.5e0,2E0,0.1e1,19e-1,1.025e+1,7",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_read_alike(tmp_path: Path, shape: str) -> None:
    sheet = read(tmp_path, SHAPES[shape])

    (tmp_path / "plain").mkdir()
    assert rows(sheet) == rows(read(tmp_path / "plain", ROW))
    assert sheet.file.source is Source.ARCHIVE


def test_a_file_without_the_number_of_trades_is_no_archive(tmp_path: Path) -> None:
    sheet = read(tmp_path, f"time,open,high,low,close,volume\n{LAST},1,2,1,2,3\n")

    assert sheet.file.source is Source.COPY
    assert [each["trades"] for each in rows(sheet)] == [-1]


def test_a_last_row_that_may_not_be_over_is_left_out(tmp_path: Path) -> None:
    two_hours_before = EARLIER.replace(str(LAST - 3600), str(LAST - 7200))

    sheet = read(tmp_path, f"{two_hours_before}\n{EARLIER}\n")

    assert (sheet.rows, sheet.first, sheet.until) == (1, LAST - 7200, LAST - 3600)
    assert sheet.notes == ("last row left out: no later one shows that its candle was over",)


def test_a_volume_of_too_many_decimals_is_rounded_and_told(tmp_path: Path) -> None:
    sheet = read(tmp_path, f"{EARLIER}\n{LAST},1,1,1,1,118.29436498999999,7\n")

    assert [each["volume"] for each in rows(sheet)] == [
        Decimal("10.25"),
        Decimal("118.294364990000"),
    ]
    assert sheet.notes == ("1 volumes of more than 12 decimals rounded to as many",)


WRONG = {
    "": r"line 2: 1 cells, not 7",
    "x,1,1,1,1,1,1": r"line 2: time is 'x', not Unix seconds",
    "1706742001,1,1,1,1,1,1": r"line 2: no candle of 1h opens at 1706742001",
    EARLIER: r"line 2: time 1706738400 does not come after 1706738400",
    "4102444800,1,1,1,1,1,1": r"line 2: the candle that opens at 4102444800 is not over",
    f"{LAST},1,1,1,1,1": r"line 2: 6 cells, not 7",
    f"{LAST},1,1,1,1,1,1,1": r"line 2: 8 cells, not 7",
    f"{LAST},,1,1,1,1,1": r"line 2: open is '', not an amount",
    f"{LAST},nan,1,1,1,1,1": r"line 2: open is 'nan', not an amount",
    f"{LAST},1,1,1,-1,1,1": r"line 2: close is '-1', not an amount",
    f"{LAST},1,1,0,1,1,1": r"line 2: low is 0; a price is above zero",
    f"{LAST},1,3,2,2,1,1": r"line 2: low is 2, above open or close",
    f"{LAST},3,2,1,1,1,1": r"line 2: high is 2, below open or close",
    f"{LAST},1,1,1,1,-1,1": r"line 2: volume is '-1', not an amount",
    f"{LAST},1,1,1,1,1,1.5": r"line 2: trades is '1.5', not a whole number",
    f"{LAST},1,1,1,1,1,-1": r"line 2: trades is '-1', not a whole number",
    f"{LAST},0.1234567890123,1,0.1,1,1,1": r"line 2: open is .*no more than 12 decimals",
    f"{LAST},1,1,1,1,1e30,1": r"line 2: volume is 1e30",
    f'"{LAST}",1,1,1,1,1,1': r"line 2: time is '\"1706742000\"'",
}


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_row_is_named_with_file_and_line(tmp_path: Path, line: str) -> None:
    with pytest.raises(InvalidValueError, match=rf"^XBTUSD_60\.csv: {WRONG[line]}.*nothing of it"):
        read(tmp_path, f"{EARLIER}\n{line}\n{ROW.replace(str(LAST), str(LAST + 3600))}\n")


def test_lines_are_counted_with_the_header(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="line 3: open is 'x'"):
        read(tmp_path, f"{HEADED}{LAST + 3600},x,1,1,1,1,1\n")


PASSED_OVER = {
    "notes.txt": "it is not named PAIR_MINUTES.csv",
    "._XBTUSD_60.csv": "it is not named PAIR_MINUTES.csv",
    "XBTUSD_30.csv": r"30 minutes is no timeframe of ours \(1, 5, 15, 60, 240, 1440 are\)",
    "ETHUSD_60.csv": "its first line has 2 cells, not 7",
    "LTCUSD_60.csv": "its first line does not name time once: 'a,b'",
    "EMPTY_60.csv": "its first line does not name time once: ''",
}
TEXTS = {"ETHUSD_60.csv": "1,2\n", "LTCUSD_60.csv": "a,b\n", "EMPTY_60.csv": ""}


@pytest.mark.parametrize("name", PASSED_OVER)
def test_a_file_that_is_none_is_passed_over_with_the_reason(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(TEXTS.get(name, ROW))

    files = CandleFiles(tmp_path, now=NOW)

    assert files.found == ()
    [(passed, why)] = files.skipped.items()
    assert passed == name
    assert why == PASSED_OVER[name].replace("\\", "")


@pytest.fixture
def zipped(tmp_path: Path) -> Path:
    path = tmp_path / "Kraken_OHLCVT.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("master/XBTUSD_60.csv", f"{EARLIER}\n{ROW}\n")
        archive.writestr("__MACOSX/._XBTUSD_60.csv", "junk")
    return path


def test_a_zip_is_read_as_a_folder_is(zipped: Path) -> None:
    with closing(CandleFiles(zipped, now=NOW)) as files:
        [found] = files.found

        assert (found.name, found.pair) == ("master/XBTUSD_60.csv", "XBTUSD")
        assert files.read(found).rows == 2
        assert list(files.skipped) == ["__MACOSX/._XBTUSD_60.csv"]


def test_a_damaged_zip_is_refused(zipped: Path) -> None:
    zipped.write_bytes(zipped.read_bytes()[:-30])

    with pytest.raises(InvalidValueError, match="is no zip that can be read"):
        CandleFiles(zipped, now=NOW)


def test_a_damaged_file_in_a_zip_is_passed_over(zipped: Path) -> None:
    whole = bytearray(zipped.read_bytes())
    at = whole.index(b"master/XBTUSD_60.csv") + len("master/XBTUSD_60.csv") + 5
    whole[at] ^= 0xFF
    zipped.write_bytes(whole)

    with closing(CandleFiles(zipped, now=NOW)) as files:
        assert files.found == ()
        assert "cannot be read" in files.skipped["master/XBTUSD_60.csv"]


def test_one_file_can_be_named_by_itself(tmp_path: Path) -> None:
    (tmp_path / "XBTUSD_60.csv").write_text(ROW)
    (tmp_path / "ETHUSD_60.csv").write_text(ROW)

    files = CandleFiles(tmp_path / "ETHUSD_60.csv", now=NOW)

    assert [each.pair for each in files.found] == ["ETHUSD"]
    assert files.read(files.found[0]).rows == 1


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match=r"there is no .*none; give a folder"):
        CandleFiles(tmp_path / "none", now=NOW)
