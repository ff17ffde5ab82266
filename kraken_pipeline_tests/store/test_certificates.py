import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kraken_pipeline.domain.certificates import Certificate, Difference, Source, Span
from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.store.certificates import CertificateFiles

HOURLY = timeframe("1h")
SPAN = Span(
    first=0,
    until=7200,
    source=Source.ARCHIVE,
    origin="XBTUSD_60.csv",
    fetched_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
)
UNLIKE = Difference(opened_at=0, field="volume", kept="1", told="1.5", origin="XBTUSD_60.csv")


def test_what_was_told_is_read_back(tmp_path: Path) -> None:
    CertificateFiles(tmp_path).extend(HOURLY, [("XBTUSD", SPAN, [UNLIKE])])

    assert CertificateFiles(tmp_path).of(HOURLY) == {
        "XBTUSD": Certificate(pair="XBTUSD", timeframe="1h", spans=(SPAN,), differences=(UNLIKE,))
    }


def test_there_is_none_before_anything_was_told(tmp_path: Path) -> None:
    assert CertificateFiles(tmp_path).of(HOURLY) == {}


def test_the_same_again_leaves_the_file_as_it_is(tmp_path: Path) -> None:
    files = CertificateFiles(tmp_path)
    files.extend(HOURLY, [("XBTUSD", SPAN, [UNLIKE])])
    path = tmp_path / "certificates" / "1h.json"
    before = path.stat().st_mtime_ns, path.read_bytes()

    files.extend(HOURLY, [("XBTUSD", SPAN, [UNLIKE])])

    assert (path.stat().st_mtime_ns, path.read_bytes()) == before


def test_a_write_that_is_cut_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = CertificateFiles(tmp_path)
    files.extend(HOURLY, [("XBTUSD", SPAN, [])])

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.extend(HOURLY, [("ETHUSD", SPAN, [])])

    assert list(CertificateFiles(tmp_path).of(HOURLY)) == ["XBTUSD"]


@pytest.mark.parametrize("wrong", ["", "[]", "{}", json.dumps({"format": 1, "pairs": {"X": {}}})])
def test_a_file_that_cannot_be_read_is_named_with_its_remedy(tmp_path: Path, wrong: str) -> None:
    (tmp_path / "certificates").mkdir()
    (tmp_path / "certificates" / "1h.json").write_text(wrong)

    with pytest.raises(ConfigurationError, match=r"1h\.json cannot be read: .*Move it away"):
        CertificateFiles(tmp_path).of(HOURLY)


def test_a_newer_format_is_named(tmp_path: Path) -> None:
    (tmp_path / "certificates").mkdir()
    (tmp_path / "certificates" / "1h.json").write_text('{"format": 2}')

    with pytest.raises(ConfigurationError, match="a format that this version does not know"):
        CertificateFiles(tmp_path).of(HOURLY)


def test_what_was_said_of_absent_bars_is_taken_back(tmp_path: Path) -> None:
    files = CertificateFiles(tmp_path)
    files.extend(HOURLY, [("XBTUSD", SPAN, [UNLIKE]), ("ETHUSD", SPAN, [])])

    files.withdraw(HOURLY, (0, 86_400), {"XBTUSD": [(0, 3600)]})

    found = files.of(HOURLY)
    assert found["XBTUSD"].spans == (replace(SPAN, until=3600),)
    assert found["XBTUSD"].differences == (UNLIKE,)
    assert found["ETHUSD"].spans == ()
