"""Who fills a history is killed with SIGKILL, at any step; the next goes on, and ends the same.

What is the same: every bar, what is certified, and, of what is read from trades, every byte. No
call is made again but one that was under way, as its answer died with who had asked. Of tails, one
call a pair comes on top where what a longer one was to be made of is stored and not fetched again.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kraken_pipeline.domain.certificates import Stretch, joined
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.store.bar_archive import HistoryBarStore
from kraken_pipeline.store.certificates import CertificateFiles
from kraken_pipeline.store.fetches import PageFile
from kraken_pipeline.wiring.straight import straight
from kraken_pipeline_tests import programs
from kraken_pipeline_tests.conftest import REPOSITORY
from kraken_pipeline_tests.kills.fillers import ASKED, FILLERS
from kraken_pipeline_tests.kills.steps import BEFORE
from kraken_pipeline_tests.paper_market import FEW_PAIRS, PAIRS, paper_market
from kraken_pipeline_tests.services.bars.test_rebuild import files
from kraken_pipeline_tests.services.bars.test_tails import LATER, Fetcher

STRIDES = {"take": 67, "tails": 9, "trades": 67}
"""So many steps apart are enough of a test; calling `fillers` with 1 tries all."""
MORE = {"take": 0, "tails": 2, "trades": 1}
"""Calls that a kill may cost."""
SLOW = 0.25
"""Seconds that the exchange takes for candles, so that a fetch lasts long enough to be killed."""
ENOUGH = 6
"""Pages that it has got by then, at the least, of 24."""


@pytest.fixture(scope="module", params=sorted(FILLERS))
def killed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path, list[Path]]:
    name = str(request.param)
    root = tmp_path_factory.mktemp(name)
    if name == "tails":
        Fetcher(root / BEFORE).fetch()
    command = [sys.executable, "-m", "kraken_pipeline_tests.kills.fillers", name, str(root)]
    subprocess.run([*command, str(STRIDES[name])], check=True, cwd=REPOSITORY)
    return name, root, sorted(root.glob("[0-9]*"), key=lambda each: int(each.name))


def test_his_7_killed_at_whichever_step_it_goes_on_and_ends_the_same(
    killed: tuple[str, Path, list[Path]],
) -> None:
    """F-STO-1: of a history that was being filled."""
    name, _, folders = killed
    fill = FILLERS[name]
    *cut, whole = folders
    assert len(cut) >= 5
    for folder in cut:
        fill(folder)

        assert bars(folder) == bars(whole), folder.name
        assert certified(folder) == certified(whole), folder.name
        assert name != "trades" or files(folder) == files(whole), folder.name
        assert asked(folder) - asked(whole) <= MORE[name], folder.name
        assert not list(folder.rglob("*.tmp")), folder.name


def test_his_7_a_fetch_that_is_killed_is_gone_on_with(tmp_path: Path) -> None:
    with paper_market(tmp_path / "uncut") as market:
        env = programs.environment(
            tmp_path, FEW_PAIRS, KRAKEN_PIPELINE_SIMULATOR_URL=market.served.url
        )
        whole = programs.run("history", "fetch", "--json", env=market.environ | os.environ)
        with straight() as session:
            told = {"method": "OHLC", "seconds": SLOW}
            session.post(f"{market.served.url}/_sim/delay", json=told, timeout=5)
        pages = PageFile(tmp_path / "data" / "ohlc")

        with programs.started("history", "fetch", env=env, log=tmp_path / "log") as process:
            programs.eventually(lambda: len(pages.noted()) >= ENOUGH, seconds=60, pause=0.02)
            process.send_signal(signal.SIGKILL)
            process.wait()
        noted = len(pages.noted())
        again = json.loads(programs.run("history", "fetch", "--json", env=env).stdout)

    assert ENOUGH <= noted < len(PAIRS) * len(TIMEFRAMES)
    assert again["done"]["calls"] == len(PAIRS) * len(TIMEFRAMES) - noted
    assert json.loads(whole.stdout)["done"]["timeframes"] == again["done"]["timeframes"]


def bars(folder: Path) -> dict[str, object]:
    """Return every bar."""
    store, found = HistoryBarStore(folder), dict[str, object]()
    for name, frame in TIMEFRAMES.items():
        pairs = sorted(store.newest(frame))
        read = store.read(frame, pairs, closed_by=LATER, count=5000)
        found[name] = [
            read.column(each).tobytes() for each in ("open", "high", "low", "close", "volume")
        ]
    return found


def certified(folder: Path) -> dict[tuple[str, str], tuple[Stretch, ...]]:
    """Return the stretches that are certified; no source may tell any bar differently."""
    found = {}
    for name, frame in TIMEFRAMES.items():
        for pair, each in CertificateFiles(folder).of(frame).items():
            assert not each.differences
            found[name, pair] = joined((span.first, span.until) for span in each.spans)
    return found


def asked(folder: Path) -> int:
    """Return how many calls were answered."""
    log = folder / ASKED
    return len(log.read_text().splitlines()) if log.exists() else 0
