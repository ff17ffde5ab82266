"""Who fills a history: from files, by its newest candles, from trades.

`python -m kraken_pipeline_tests.kills.fillers trades FOLDER 1` kills one of them at every step.
"""

import sys
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.market_reports import TradesPage
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.services.bars.archive import ImportDesk, import_files
from kraken_pipeline.store.bar_archive import HistoryBarStore
from kraken_pipeline.store.bar_csv import CandleFiles
from kraken_pipeline.store.certificates import CertificateFiles
from kraken_pipeline_tests.kills.steps import killed_at_each
from kraken_pipeline_tests.services.bars.test_archive import NOW, candles
from kraken_pipeline_tests.services.bars.test_rebuild import TAPE, Tape
from kraken_pipeline_tests.services.bars.test_rebuild import Keeper as TradesKeeper
from kraken_pipeline_tests.services.bars.test_tails import LATER, Exchange, Fetcher

ASKED = "asked"
"""File in which each call that was answered is a line."""
FILES = {
    "XBTUSD_60.csv": candles(),
    "ETHUSD_60.csv": candles(skip=(5, 700), close="1.25"),
    "XBTUSD_240.csv": candles(),
}


def take(folder: Path) -> None:
    """Take in files."""
    files = folder.parent / "files"
    files.mkdir(exist_ok=True)
    for name, rows in FILES.items():
        if not (files / name).exists():
            (files / name).write_text(rows)
    with closing(CandleFiles(files, now=NOW)) as found:
        desk = ImportDesk(
            files=found,
            bars=HistoryBarStore(folder),
            certificates=CertificateFiles(folder),
            progress=lambda *_: None,
        )
        import_files(desk, now=NOW)


def tails(folder: Path) -> None:
    """Fetch tails five hours after they were fetched before, most of them made of the shortest."""
    Fetcher(folder, CountedExchange(now=LATER, log=folder / ASKED)).fetch()


def trades(folder: Path) -> None:
    """Read three days of trades."""
    TradesKeeper(tape=CountedTape(TAPE, log=folder / ASKED), folder=folder).fill()


@dataclass
class CountedExchange(Exchange):
    """Notes what it answered."""

    log: Path = field(kw_only=True)

    def candles(self, pair: Pair, frame: Timeframe, since: datetime | None) -> Candles:
        told = Exchange.candles(self, pair, frame, since)
        _note(self.log, f"{pair.name} {frame.name}")
        return told


@dataclass
class CountedTape(Tape):
    """Notes what it answered."""

    log: Path = field(kw_only=True)

    def trades(self, pair: Pair, *, cursor: str, count: int) -> TradesPage:
        told = Tape.trades(self, pair, cursor=cursor, count=count)
        _note(self.log, cursor)
        return told


def _note(log: Path, what: str) -> None:
    with log.open("a") as file:
        file.write(f"{what}\n")


FILLERS = {"take": take, "tails": tails, "trades": trades}

if __name__ == "__main__":
    killed_at_each(Path(sys.argv[2]), FILLERS[sys.argv[1]], stride=int(sys.argv[3]))
