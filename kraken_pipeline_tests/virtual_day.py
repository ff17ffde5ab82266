"""Cycles against an exchange whose clock is turned by hand: a day passes as fast as it can."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path

from kraken_pipeline.domain.errors import RateLimitedError
from kraken_pipeline.kraken.budget import Pace
from kraken_pipeline.kraken.failures import Call
from kraken_pipeline.kraken.http import PrivateLine
from kraken_pipeline.kraken.limits import TIERS
from kraken_pipeline.kraken.shared_lines import Household, private_line
from kraken_pipeline.kraken.signing import Credential
from kraken_pipeline.simulator.clock import FixedClock
from kraken_pipeline.simulator.rest_limits import Limits, Tier
from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline_tests.kraken.lines import SECRET

CREDENTIAL = Credential(key="SIMULATOR", secret=SECRET)
ORDER = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "volume": "0.001"}
SETTLE = ("QueryOrders", "OpenOrders")
ASSESS = ("Balance", "TradeVolume")
BOOK = ("Balance", "TradesHistory", "Ledgers", "Balance")
PAGES = 3
"""Later pages of the ledger that each cycle would like to read as well."""


@dataclass(kw_only=True)
class Day:
    """An account, a line to it, and how time passes for both."""

    line: PrivateLine
    clock: FixedClock
    noted: Counter[str] = field(default_factory=Counter)
    waited: float = 0
    """Seconds for which the client held itself back."""
    numbers: Iterator[int] = field(default_factory=count)

    def call(self, method: str, **params: str) -> object:
        """Ask as often as it takes, and note each refusal of the exchange."""
        kind = Call.READ if method not in {"AddOrder", "CancelOrder"} else Call.WRITE
        try:
            result = self.line.call(method, params, call=kind)
        except RateLimitedError as refused:
            self.noted["held back" if "not sent" in str(refused) else str(refused)] += 1
            return None
        self.noted["done"] += 1
        return result

    def cycle(self) -> None:
        """Do what a cycle does: settle, assess, submit two orders, settle, book; then backfill."""
        placed: list[str] = []
        for method in (*SETTLE, *ASSESS):
            self.ask(method, placed)
        for _ in range(2):
            reply = self.call("AddOrder", **ORDER, price=str(10_000 + next(self.numbers) % 1000))
            placed += reply["txid"] if isinstance(reply, dict) else []
        for method in (*SETTLE, *BOOK):
            self.ask(method, placed)
        for page in range(1, PAGES + 1):
            self.call("Ledgers", ofs=str(50 * page))
        for each in placed:
            self.call("CancelOrder", txid=each)

    def ask(self, method: str, placed: list[str]) -> None:
        """Make one of the cycle's reads."""
        if method != "QueryOrders":
            self.call(method)
        elif placed:
            self.call(method, txid=",".join(placed))

    def cycles(self, minutes: int) -> None:
        """Run a cycle in each minute, or as soon as the one before is over."""
        for _ in range(minutes):
            began = self.clock.now()
            self.cycle()
            left = began + timedelta(minutes=1) - self.clock.now()
            if left > timedelta():
                self.clock.turn(self.clock.now() + left)


@contextmanager
def virtual_day(folder: Path) -> Iterator[Day]:
    """Open an account of the starter tier at an exchange that counts."""
    settings = Settings(
        folder=folder / "exchange",
        secret=SECRET,
        clock="fixed",
        limits=Limits.PRIVATE,
        tier=Tier.STARTER,
    )
    with simulated(settings) as served:
        clock = served.exchange.clock
        assert isinstance(clock, FixedClock)

        def sleep(seconds: float) -> None:
            day.waited += seconds
            clock.turn(clock.now() + timedelta(seconds=seconds))

        house = Household(
            folder=folder / "shared",
            tier=TIERS["starter"],
            clock=lambda: int(clock.now().timestamp() * 1_000_000),
            pace=Pace(clock=lambda: clock.now().timestamp(), sleep=sleep),
        )
        line = private_line(served.url, CREDENTIAL, house)
        day = Day(line=line, clock=clock)
        yield day
        line.close()
