import math
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.services.backtest import History
from kraken_pipeline.services.bars.archive import ImportDesk, import_files
from kraken_pipeline.settings import Loaded, load
from kraken_pipeline.store.bar_archive import HistoryBarStore
from kraken_pipeline.store.bar_csv import CandleFiles
from kraken_pipeline.store.certificates import CertificateFiles
from kraken_pipeline.strategies.base import COLUMNS, Bars
from kraken_pipeline.wiring.backtest import keep, run_backtest
from kraken_pipeline.wiring.backtest_bars import require_whole
from kraken_pipeline.wiring.research import ran_of
from kraken_pipeline_tests.paper_market import MOMENT, NOON, PaperMarket
from kraken_pipeline_tests.services.backtest.runs import BEGUN, HOUR, Nothing, asked, flat, scripted
from kraken_pipeline_tests.wiring.test_backtest import CONFIG, DAYS, LONG_AGO, WANTED


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [(400, 300, "no bar of 1h is stored"), (60, 0, "begin then, or fetch older ones")],
)
def test_bars_that_are_not_stored_are_named_with_the_remedy(
    market: PaperMarket, since: int, until: int, said: str
) -> None:
    early = replace(WANTED, since=NOON - since * DAYS, until=NOON - until * DAYS)

    with pytest.raises(InvalidValueError, match=said):
        run_backtest(load(market.environ), early, now=MOMENT)


def test_bars_that_are_missing_for_no_proven_reason_are_named(market: PaperMarket) -> None:
    holed = flat(*[100.0] * 9)
    holed.close[4] = np.nan
    whole = asked(scripted({}), until=BEGUN + 9 * HOUR)

    with pytest.raises(InvalidValueError, match="HISTORY_UNCERTIFIED: 1 bars of 1h"):
        require_whole(History({"1h": holed}), whole, Nothing(), {})


def test_pairs_that_lack_nothing_are_offered_where_others_do() -> None:
    one = flat(*[100.0] * 9)
    columns = {name: np.hstack([one.column(name)] * 2) for name in COLUMNS}
    two = Bars(frame=one.frame, pairs=("ETHUSD", "XBTUSD"), opened_at=one.opened_at, **columns)
    two.close[4, 0] = np.nan
    whole = asked(scripted({}), until=BEGUN + 9 * HOUR)

    with pytest.raises(InvalidValueError, match=r"those that lack nothing are --pair XBTUSD$"):
        require_whole(History({"1h": two}), whole, Nothing(), {})


def archive_of(folder: Path, *, skip: tuple[int, ...]) -> Path:
    """Write 400 hours of ETHUSD from 2020 on as Kraken's archive does, without some of them."""
    folder.mkdir()
    prices = [100 + 20 * math.sin(hour / 12) for hour in range(401)]
    rows = [
        f"{int(LONG_AGO.timestamp()) + 3600 * hour},{left:.2f},{max(left, right):.2f},"
        f"{min(left, right):.2f},{right:.2f},1000,7"
        for hour, (left, right) in enumerate(pairwise(prices))
        if hour not in skip
    ]
    (folder / "ETHUSD_60.csv").write_text("\n".join(rows))
    return folder


def imported(loaded: Loaded, folder: Path) -> None:
    with closing(CandleFiles(folder, now=MOMENT)) as files:
        desk = ImportDesk(
            files=files,
            bars=HistoryBarStore(loaded.bars_dir),
            certificates=CertificateFiles(loaded.bars_dir),
            progress=lambda *step: None,
        )
        import_files(desk, now=MOMENT)


def test_an_archive_alone_is_enough_and_what_it_leaves_out_is_said(
    market: PaperMarket, tmp_path: Path
) -> None:
    """HIS-3: by Kraken's own description nothing traded in an interval that a file leaves out."""
    market.configure(CONFIG)
    loaded = load(market.environ)
    imported(loaded, archive_of(tmp_path / "files", skip=(250, 251, 300)))
    wanted = replace(
        WANTED, since=LONG_AGO + 9 * DAYS, until=LONG_AGO + 15 * DAYS, pairs=("ETHUSD",)
    )

    result = run_backtest(loaded, wanted, now=MOMENT)
    told = ran_of(keep(loaded, result))

    assert len(result.trips) > 0
    assert result.unproven == {"1h": {"ETHUSD": 3}}
    assert told.assumed[-1].startswith("3 candles of 1h in 1 pairs, most of them of ETHUSD (3)")


def test_what_no_file_of_an_archive_spans_is_refused(market: PaperMarket, tmp_path: Path) -> None:
    market.configure(CONFIG)
    loaded = load(market.environ)
    imported(loaded, archive_of(tmp_path / "files", skip=()))
    wanted = replace(
        WANTED, since=LONG_AGO + 9 * DAYS, until=LONG_AGO + 17 * DAYS, pairs=("ETHUSD",)
    )

    with pytest.raises(InvalidValueError, match=r"9 bars of 1h from 2020-01-17 15:00 are not_fetc"):
        run_backtest(loaded, wanted, now=MOMENT)


def test_a_stretch_beyond_what_is_stored_is_told_where_to_end(market: PaperMarket) -> None:
    late = replace(WANTED, until=NOON + 2 * DAYS)

    with pytest.raises(InvalidValueError, match="end with 2024-03-04, as nothing is stored"):
        run_backtest(load(market.environ), late, now=MOMENT)


def test_where_bars_of_one_timeframe_lack_the_others_are_offered(market: PaperMarket) -> None:
    market.configure(CONFIG.replace("[1h]", "[1m, 1h]"))

    with pytest.raises(InvalidValueError, match=r"fetch`; `--timeframe` .* others alone: 1h$"):
        run_backtest(load(market.environ), replace(WANTED, timeframes=()), now=MOMENT)
