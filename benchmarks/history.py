"""An archive as the exchange hands it out, taken in: candles a second, first and second time.

`python -m benchmarks history`. A zip and a folder of the same files: 5 years of minutes of one
pair, and of 60 pairs 2 years of hours and 2 months of five minutes. Beside them, on the same
folder, what is nearest by hand: pyarrow's reader with the amounts as floats, and pandas' with each
file written as Parquet, both without any check, exactness, comparison or durability.
"""

import random
import statistics
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from pyarrow import csv, parquet

from kraken_pipeline.services.bars.archive import ImportDesk, Imported, import_files
from kraken_pipeline.store.bar_archive import HistoryBarStore
from kraken_pipeline.store.bar_csv import CandleFiles
from kraken_pipeline.store.certificates import CertificateFiles

BEGIN = int(datetime(2019, 1, 1, tzinfo=UTC).timestamp())
MINUTES = 5 * 365 * 24 * 60
HOURS = 2 * 365 * 24
FIVES = 59 * 24 * 12
PAIRS = 60
NAMES = ("time", "open", "high", "low", "close", "volume", "trades")
ROUNDS = 3


def run() -> None:
    """Print candles a second of each way."""
    with tempfile.TemporaryDirectory() as told:
        root = Path(told)
        files = root / "files"
        files.mkdir()
        rows = sum(_files(files))
        zipped = root / "Kraken_OHLCVT.zip"
        with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(files.iterdir()):
                archive.write(path, path.name)
        print(f"{rows:,} candles in {len(list(files.iterdir()))} files; aim 1,000,000 a second")
        for name, source in (("a folder", files), ("a zip", zipped)):
            _measured(f"{name}, first time", rows, _fresh(source, root))
            _measured(f"{name}, all compared again", rows, lambda at=source: _taken(at, root / "o"))
        _measured("pyarrow by hand, floats, a file each", rows, lambda: _arrow(files, root))
        _measured("pandas by hand, a file each", rows, lambda: _pandas(files, root))


def _measured(name: str, rows: int, way: Callable[[], object]) -> None:
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        way()
        seconds.append(time.perf_counter() - began)
    middle = statistics.median(seconds)
    print(f"  {name:<40} {middle:6.2f} s, {rows / middle:12,.0f} candles a second")


def _fresh(source: Path, root: Path) -> Callable[[], Imported]:
    counts = iter(range(1000))

    def way() -> Imported:
        made = _taken(source, root / f"{source.name}.{next(counts)}")
        if made.added != sum(each.rows for each in made.files):
            raise SystemExit("not every candle was added")
        return made

    _taken(source, root / "o")
    return way


def _taken(source: Path, store: Path) -> Imported:
    now = datetime.now(UTC)
    with closing(CandleFiles(source, now=now)) as files:
        desk = ImportDesk(
            files=files,
            bars=HistoryBarStore(store),
            certificates=CertificateFiles(store),
            progress=lambda *_: None,
        )
        made = import_files(desk, now=now)
    if made.refused or made.skipped:
        raise SystemExit("a file was refused")
    return made


def _arrow(files: Path, root: Path) -> None:
    for path in sorted(files.iterdir()):
        table = csv.read_csv(path, read_options=csv.ReadOptions(column_names=NAMES))
        parquet.write_table(table, root / "by_hand.parquet", compression="zstd")


def _pandas(files: Path, root: Path) -> None:
    for path in sorted(files.iterdir()):
        frame = pd.read_csv(path, names=NAMES)
        frame.to_parquet(root / "by_hand.parquet", compression="zstd")


def _files(folder: Path) -> Iterator[int]:
    """Write the files and yield how many candles are in each."""
    yield _written(folder / "XBTUSD_1.csv", 60, MINUTES, 1)
    for number in range(PAIRS):
        yield _written(folder / f"P{number:02}USD_60.csv", 3600, HOURS, number)
        yield _written(folder / f"P{number:02}USD_5.csv", 300, FIVES, number)


def _written(path: Path, seconds: int, count: int, seed: int) -> int:
    chance = random.Random(seed)  # noqa: S311 - a market, not a secret
    price = 3_000_000
    with path.open("w") as file:
        for number in range(count):
            opened, price = price, max(price + chance.randint(-900, 900), 1)
            high, low = max(opened, price) + 40, max(min(opened, price) - 40, 1)
            volume = chance.randint(1, 10**10)
            file.write(
                f"{BEGIN + seconds * number},{_text(opened, 2)},{_text(high, 2)},{_text(low, 2)},"
                f"{_text(price, 2)},{_text(volume, 8)},{volume % 500 + 1}\n"
            )
    return count


def _text(units: int, decimals: int) -> str:
    return f"{units // 10**decimals}.{units % 10**decimals:0{decimals}}"
