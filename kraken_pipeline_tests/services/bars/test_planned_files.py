"""Files that lie ready, of whatever name the asset had."""

from datetime import UTC, datetime
from pathlib import Path

from kraken_pipeline.domain.renames import Alias
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.services.bars.planned_files import CertifiedFiles, files_of
from kraken_pipeline.store.bar_csv import CandleFiles
from kraken_pipeline.store.certificates import CertificateFiles
from kraken_pipeline_tests.builders import pair as built

HOURLY = timeframe("1h")
POL = built(name="POLUSD", base=Asset("POL"), quote=Asset("USD"))
ALIAS = Alias(old=Asset("MATIC"), new=Asset("POL"), since=datetime(2024, 9, 4, tzinfo=UTC))
BEGIN = 1_609_459_200
"""2021-01-01, Unix seconds."""


def lying(folder: Path, *names: str) -> CandleFiles:
    for name in names:
        rows = [f"{BEGIN + 3600 * hour},1,1,1,1,1,1\n" for hour in range(3)]
        (folder / name).write_text("".join(rows))
    return CandleFiles(folder, now=datetime(2026, 1, 1, tzinfo=UTC))


def test_files_of_a_pair_are_those_of_its_old_name_too(tmp_path: Path) -> None:
    files = lying(tmp_path, "POLUSD_60.csv", "MATICUSD_60.csv", "MATICEUR_60.csv", "POLUSD_5.csv")

    found = files_of([POL], [HOURLY], files, [ALIAS])

    assert {each.name for each in found} == {"POLUSD_60.csv", "MATICUSD_60.csv"}
    assert [each.name for each in files_of([POL], [HOURLY], files, [])] == ["POLUSD_60.csv"]


def test_what_a_file_spans_counts_as_read(tmp_path: Path) -> None:
    files = lying(tmp_path, "POLUSD_60.csv")

    known = CertifiedFiles(CertificateFiles(tmp_path / "none"), files.found, files).of(HOURLY)

    [span] = known["POLUSD"].spans
    assert (span.first, span.origin) == (BEGIN, "POLUSD_60.csv")
