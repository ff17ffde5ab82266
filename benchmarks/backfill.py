"""The newest 720 candles of 500 pairs on six timeframes, fetched, stored and certified.

`python -m benchmarks backfill`. First from a simulator that holds Kraken's public limits, its clock
and ours five times as fast: the exchange's seconds that it takes, over the fewest that the limits
allow. After the first calls, which may leave at once, that is one a second. Then one pair's trades
of some days, in real time. Then without limits, from the simulator and from its answers told again
at once, beside what is nearest by hand: requests and pandas, and python-kraken-sdk, each with a
Parquet file a pair, floats, and nothing checked, compared or forced to the disk.
"""

import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from json import loads
from pathlib import Path

import pandas as pd
import requests
from kraken.spot import Market as SdkMarket

from benchmarks.canned import canned
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.kraken.budget import Pace
from kraken_pipeline.kraken.http import PublicLine
from kraken_pipeline.kraken.limits import TIERS
from kraken_pipeline.kraken.public import PublicMarket
from kraken_pipeline.kraken.shared_lines import Household, public_line
from kraken_pipeline.services.bars.fetch_history import Done, fetch
from kraken_pipeline.services.bars.plan_history import Plan, PlanDesk, Wanted, plan
from kraken_pipeline.services.bars.rebuild import RebuildDesk
from kraken_pipeline.services.bars.tails import TailDesk
from kraken_pipeline.simulator.rest_limits import PUBLIC, PUBLIC_PAIR, Budget
from kraken_pipeline.store.bar_archive import HistoryBarStore
from kraken_pipeline.store.bar_pages import TailBarStore
from kraken_pipeline.store.certificates import CertificateFiles
from kraken_pipeline.store.fetches import PageFile, ReadingFiles

PAIRS = 500
LISTINGS = 2
"""Calls that tell what there is."""
TAILS_SPEED = 5
TRADES_SPEED = 1
"""What we do between two calls counts as many times as the clock is faster."""
AIM = 1.05
TRADED = "BILLYUSD"
TRADE_DAYS = 4
LATER = timedelta(hours=4)
AT = "2026-10-01T12:00"
ROUNDS = 3
FEWER = 100
NAMES = ("time", "open", "high", "low", "close", "vwap", "volume", "trades")
Answers = dict[tuple[str, str], bytes]


def run() -> None:
    """Print how long each way takes."""
    _with_limits()
    _without_limits()


def _with_limits() -> None:
    with tempfile.TemporaryDirectory() as told:
        root = Path(told)
        print("with Kraken's public limits")
        with _limited(root / "tails", TAILS_SPEED) as market:
            _tails_in_time(market, root / "bars")
        with _limited(root / "trades", TRADES_SPEED) as market:
            _trades_in_time(market, root / "bars")


@contextmanager
def _limited(folder: Path, speed: int) -> Iterator[PublicMarket]:
    """Yield an exchange that holds its limits, whose time and ours runs faster."""
    with _simulator(folder, "--limits", "all", "--speed", str(speed)) as url:
        house = Household(
            folder=folder / "house",
            tier=TIERS["starter"],
            clock=lambda: time.time_ns() // 1000,
            pace=Pace(
                clock=lambda: time.monotonic() * speed,
                sleep=lambda seconds: time.sleep(seconds / speed),
            ),
        )
        with closing(PublicMarket(public_line(url, house, gives_way=True))) as market:
            yield market


def _tails_in_time(market: PublicMarket, store: Path) -> None:
    began = time.perf_counter()
    pairs = _pairs(market)
    made, done = _fetched(market, store, _wanted(pairs), market.server_time())
    took = (time.perf_counter() - began) * TAILS_SPEED
    calls = made.calls + LISTINGS + 1
    _told(f"{len(pairs)} pairs, six timeframes", calls, took, PUBLIC, done)
    later = plan(_plan_desk(market, store), _wanted(pairs), now=market.server_time() + LATER)
    print(
        f"  all of it {LATER} later: {later.calls} calls, {later.made} tails made of shorter ones"
    )


def _trades_in_time(market: PublicMarket, store: Path) -> None:
    now = market.server_time()
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    [pair] = [each for each in market.listing().pairs.values() if each.name == TRADED]
    wanted = Wanted(
        pairs=(pair,),
        frames=(TIMEFRAMES["1m"],),
        since=today - timedelta(TRADE_DAYS),
        prove=False,
    )
    began = time.perf_counter()
    _, done = _fetched(market, store, wanted, now)
    took = (time.perf_counter() - began) * TRADES_SPEED
    trades = sum(each.trades for each in done.rebuilt)
    _told(f"{TRADE_DAYS} days of {TRADED}, {trades} trades", done.calls, took, PUBLIC_PAIR, done)


def _told(what: str, calls: int, took: float, limit: Budget, done: Done) -> None:
    if done.failures:
        raise SystemExit(f"not fetched: {done.failures}")
    bound = (calls - limit.most) / limit.decay
    told = [done.tails.added, *(each.added for each in done.rebuilt)]
    candles = sum(sum(each.values()) for each in told)
    print(
        f"  {what}: {calls} calls in {took:.0f} s of the exchange, at least {bound:.0f}: "
        f"{took / bound:.3f} times the least (aim {AIM}), {candles:,} candles, "
        "no call refused"
    )


def _without_limits() -> None:
    with tempfile.TemporaryDirectory() as told:
        root = Path(told)
        with _simulator(root / "simulator", "--clock", "fixed", "--at", AT) as url:
            with closing(PublicMarket(PublicLine(url))) as market:
                pairs, now = _pairs(market), market.server_time()
            answers = _answers(url, pairs)
            print(f"without limits, {len(answers)} calls; the simulator tells them")
            _raced(root, url, pairs, now, rounds=1)
        with canned(answers) as url:
            print(f"the same answers of {FEWER} pairs told again at once, median of {ROUNDS}")
            _raced(root, url, pairs[:FEWER], now, rounds=ROUNDS)


def _raced(root: Path, url: str, pairs: Sequence[Pair], now: datetime, *, rounds: int) -> None:
    ways: dict[str, Callable[[Path], int]] = {
        "kraken_pipeline, compared and certified": lambda folder: _ours(url, folder, pairs, now),
        "requests and pandas": lambda folder: _requests(url, folder, pairs, now),
        "python-kraken-sdk": lambda folder: _sdk(url, folder, pairs, now),
    }
    for name, way in ways.items():
        seconds = []
        for _ in range(rounds):
            with tempfile.TemporaryDirectory(dir=root) as folder:
                began = time.perf_counter()
                count = way(Path(folder))
                seconds.append(time.perf_counter() - began)
        took = statistics.median(seconds)
        print(f"  {name:<40} {took:6.2f} s, {count:,} candles, {count / took:10,.0f} a second")


def _ours(url: str, folder: Path, pairs: Sequence[Pair], now: datetime) -> int:
    with closing(PublicMarket(PublicLine(url))) as market:
        _, done = _fetched(market, folder, _wanted(pairs), now)
    if done.failures:
        raise SystemExit(f"not fetched: {done.failures}")
    return sum(done.tails.added.values())


def _requests(url: str, folder: Path, pairs: Sequence[Pair], now: datetime) -> int:
    with requests.Session() as session:

        def ask(key: str, minutes: int) -> pd.DataFrame:
            params = {"pair": key, "interval": str(minutes)}
            told = session.get(f"{url}/0/public/OHLC", params=params, timeout=30).json()
            return pd.DataFrame(told["result"][key], columns=NAMES)

        return _by_hand(ask, folder, pairs, now)


def _sdk(url: str, folder: Path, pairs: Sequence[Pair], now: datetime) -> int:
    with SdkMarket(url=url) as market:

        def ask(key: str, minutes: int) -> pd.DataFrame:
            told = market.get_ohlc(pair=key, interval=str(minutes))
            return pd.DataFrame(told[key], columns=NAMES)

        return _by_hand(ask, folder, pairs, now)


def _by_hand(
    ask: Callable[[str, int], pd.DataFrame], folder: Path, pairs: Sequence[Pair], now: datetime
) -> int:
    """Keep closed candles, a file a pair and timeframe."""
    count = 0
    for pair in pairs:
        for name, frame in TIMEFRAMES.items():
            told = ask(pair.key, frame.minutes)
            told = told[told["time"] + frame.seconds <= now.timestamp()]
            amounts = ["open", "high", "low", "close", "vwap", "volume"]
            told[amounts] = told[amounts].astype(float)
            told.to_parquet(folder / f"{pair.name}_{name}.parquet")
            count += len(told)
    return count


def _answers(url: str, pairs: Sequence[Pair]) -> Answers:
    found: Answers = {}
    with requests.Session() as session:
        for pair in pairs:
            for frame in TIMEFRAMES.values():
                params = {"pair": pair.key, "interval": str(frame.minutes)}
                told = session.get(f"{url}/0/public/OHLC", params=params, timeout=30)
                found[pair.key, str(frame.minutes)] = told.content
    return found


def _pairs(market: PublicMarket) -> tuple[Pair, ...]:
    return tuple(market.listing().pairs.values())[:PAIRS]


def _wanted(pairs: Sequence[Pair]) -> Wanted:
    return Wanted(pairs=tuple(pairs), frames=tuple(TIMEFRAMES.values()), since=None, prove=False)


def _plan_desk(market: PublicMarket, store: Path) -> PlanDesk:
    return PlanDesk(
        market=market,
        bars=HistoryBarStore(store),
        certificates=CertificateFiles(store),
        readings=ReadingFiles(store),
        aliases=(),
    )


def _fetched(market: PublicMarket, store: Path, wanted: Wanted, now: datetime) -> tuple[Plan, Done]:
    made = plan(_plan_desk(market, store), wanted, now=now)
    certificates = CertificateFiles(store)
    tails = TailDesk(
        market=market,
        bars=TailBarStore(store),
        certificates=certificates,
        pages=PageFile(store),
        progress=lambda more: None,
    )
    trades = RebuildDesk(
        market=market,
        bars=HistoryBarStore(store),
        certificates=certificates,
        readings=ReadingFiles(store),
        progress=lambda calls, done, due: None,
    )
    return made, fetch(tails, trades, made, now=now, progress=lambda calls: None)


@contextmanager
def _simulator(root: Path, *more: str) -> Iterator[str]:
    key = f"bench={b64encode(secrets.token_bytes(64)).decode()}"
    command = [sys.executable, "-m", "kraken_pipeline.simulator", "--state-dir", str(root)]
    with subprocess.Popen(
        [*command, "--key", key, *more, "--until-stdin-closes"],
        env=dict(os.environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise SystemExit("the simulator cannot be spoken to")
        try:
            yield str(loads(process.stdout.readline())["url"])
        finally:
            process.stdin.close()
