"""A home for backtests: a universe, a market's candles taken in, and `sma_cross` to be run."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from benchmarks import peer_market
from benchmarks.home import ALL_PAIRS
from kraken_pipeline.services.bars.archive import ImportDesk, import_files
from kraken_pipeline.settings import load
from kraken_pipeline.store.bar_archive import HistoryBarStore
from kraken_pipeline.store.bar_csv import CandleFiles
from kraken_pipeline.store.certificates import CertificateFiles
from kraken_pipeline.wiring.exchange import MarketChoice, running_simulator
from kraken_pipeline.wiring.home import DATA_DIR
from kraken_pipeline.wiring.pipeline import connect

CONFIG = """
{universe}
strategies:
  enabled: [sma_cross]
  configs:
    sma_cross:
      timeframes: ["{frame}"]
      params: {{qty: {{{qty}}}}}
risk:
  max_per_strategy_pct: {{sma_cross: 100}}
  max_risk_per_trade_pct: 100
  max_portfolio_risk_pct: 100
  max_portfolio_stop_risk_pct: 100
  max_gross_exposure_pct: 100
  max_per_asset_pct: 100
  max_open_positions: 100
  max_daily_drawdown_pct: 100
  max_daily_loss_pct: 100
  max_daily_loss_per_strategy_pct: 100
  max_fees_pct_per_day: 100
  max_order_pct_of_24h_volume: 100
  min_liquidity_24h_usd: 0
  min_cash_reserve_pct: 0
execution:
  max_slippage_bps: 1000
fees:
  source: assumed
  assumed_maker_pct: {fee}
  assumed_taker_pct: {fee}
"""
"""Every cap as wide as it goes: the peers have none."""
FRAMES = {1: "1m", 60: "1h"}
WARM_UP_DAYS = 4
"""Before the first close that is decided: more bars than the slow average has."""
NOTIONAL = 10_000
"""What the first order of each pair is about worth."""
CASH = "1000000"
FEE = "0.26"


_WATCH = """
import os, sys
child = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(child, 0)
with open(sys.argv[1], "w") as told:
    print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, file=told)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""Starts a process and tells what it used. What is started counts the memory of who starts it until
it has its own: so somebody small does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What is traded."""

    folder: Path
    minutes: int
    qty: Mapping[str, str]
    """Pair to base units of each entry."""
    bars: int
    """Of each pair."""

    @property
    def since(self) -> datetime:
        """The first day that is decided."""
        return datetime.fromtimestamp(peer_market.BEGIN, UTC) + timedelta(days=WARM_UP_DAYS)

    @property
    def until(self) -> datetime:
        """The last; the very last candle of a file may be a part of one, and is not counted on."""
        seconds = self.bars * self.minutes * 60
        return datetime.fromtimestamp(peer_market.BEGIN + seconds, UTC) - timedelta(days=2)

    @property
    def end(self) -> datetime:
        """When the last decided day is over."""
        return self.until + timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """A process that ended well."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    said: str


def made_market(folder: Path, *, pairs: int, bars: int, minutes: int) -> Market:
    """Write candles, and choose what is bought of each pair."""
    names = peer_market.write(folder, bars=bars, seconds=minutes * 60, pairs=pairs)
    first = {
        name: float((folder / f"{name}_{minutes}.csv").open().readline().split(",")[1])
        for name in names
    }
    qty = {name: f"{NOTIONAL / price:.4f}" for name, price in first.items()}
    return Market(folder=folder, minutes=minutes, qty=qty, bars=bars)


def config_of(market: Market) -> str:
    """Return the configuration that trades it as the peers do."""
    qty = ", ".join(f'{name}: "{each}"' for name, each in market.qty.items())
    return CONFIG.format(universe=ALL_PAIRS, frame=FRAMES[market.minutes], qty=qty, fee=FEE)


def prepare(env: dict[str, str], market: Market) -> None:
    """Refresh the universe, take the candles in, and install the strategy and its configuration.

    Args:
        env: of a fresh home; processes that are given it find the strategy.
        market: whose candles are taken in.
    """
    root = Path(env[DATA_DIR])
    with running_simulator(root, MarketChoice()):
        pipeline = connect(env)
        try:
            pipeline.refresh_universe()
        finally:
            pipeline.close()
    plugins = root / "plugins"
    _install(plugins)
    here = str(Path(__file__).parents[1])
    env["PYTHONPATH"] = os.pathsep.join([here, str(plugins)])
    (Path(env["KRAKEN_PIPELINE_CONFIG_DIR"]) / "config.yaml").write_text(config_of(market))
    _take_in(market.folder, load(env).bars_dir)


def _take_in(folder: Path, store: Path) -> None:
    """Import as `history import` does, which no made-up market's folder is asked for."""
    now = datetime.now(UTC)
    with closing(CandleFiles(folder, now=now)) as files:
        desk = ImportDesk(
            files=files,
            bars=HistoryBarStore(store),
            certificates=CertificateFiles(store),
            progress=lambda *_: None,
        )
        made = import_files(desk, now=now)
    if made.refused or made.skipped:
        raise SystemExit(f"a file of {folder} was refused")


def _install(plugins: Path) -> None:
    """Lay down what a package leaves that was installed."""
    told = plugins / "sma_cross-1.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: sma_cross\nVersion: 1\n")
    (told / "entry_points.txt").write_text(
        "[kraken_pipeline.strategies]\nsma_cross = benchmarks.sma_cross:SMA_CROSS\n"
    )


def backtest(env: Mapping[str, str], market: Market, pairs: Sequence[str]) -> Timed:
    """Run ours as anybody would, as a whole process."""
    return timed(
        [
            *("-m", "kraken_pipeline", "backtest", "run", "--json"),
            *("--since", f"{market.since:%F}", "--until", f"{market.until:%F}"),
            *("--strategy", "sma_cross", "--timeframe", FRAMES[market.minutes]),
            *("--cash", CASH, "--spread-bps", "0", "--slippage-bps", "0", "--latency-ms", "0"),
            *("--decides-after-ms", "0", "--volume-share", "1"),
            *(word for each in pairs for word in ("--pair", each)),
        ],
        env,
    )


def timed(arguments: Sequence[str], env: Mapping[str, str], python: str = sys.executable) -> Timed:
    """Run a Python process to its end.

    Raises:
        SystemExit: it failed; what it said is told.
    """
    with tempfile.TemporaryFile("w+") as err, tempfile.NamedTemporaryFile("r") as told:
        began = perf_counter()
        ended = subprocess.run(
            [sys.executable, "-S", "-c", _WATCH, told.name, python, *arguments],
            env=env,
            stdout=subprocess.PIPE,
            stderr=err,
            text=True,
            check=False,
        )
        seconds = perf_counter() - began
        err.seek(0)
        if ended.returncode:
            raise SystemExit(f"{' '.join(arguments)} failed:\n{err.read()}")
        cpu, peak = map(float, told.read().split())
    return Timed(seconds=seconds, cpu_seconds=cpu, peak_mb=peak, said=ended.stdout)
