"""The whole world of one simulation: exchange, network, disk and the processes on one machine."""

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Final

from kraken_pipeline import panic
from kraken_pipeline.domain.errors import PipelineError
from kraken_pipeline.domain.halts import EVERYTHING, Scope
from kraken_pipeline.domain.order_style import OrderStyle
from kraken_pipeline.kraken.guard import Guard
from kraken_pipeline.kraken.http import PrivateLine
from kraken_pipeline.kraken.limits import TIERS
from kraken_pipeline.kraken.nonce import UrgentNonces
from kraken_pipeline.kraken.signing import Credential
from kraken_pipeline.services.risk import halt
from kraken_pipeline.simulator import engine_limits
from kraken_pipeline.simulator.auth import Key, secret_of
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.journal import Journal
from kraken_pipeline.simulator.keys import Keys
from kraken_pipeline.simulator.market import Market
from kraken_pipeline.simulator.rest_limits import Limits, Tier
from kraken_pipeline.simulator.service import Service
from kraken_pipeline.store.migrations import migrate
from kraken_pipeline_tests.simulation import markets
from kraken_pipeline_tests.simulation.checks import Books, Checker
from kraken_pipeline_tests.simulation.ears import Ears
from kraken_pipeline_tests.simulation.exposure import require_within_cap
from kraken_pipeline_tests.simulation.guarding import TIMEOUTS
from kraken_pipeline_tests.simulation.perils import Disk, Fuse, Perils
from kraken_pipeline_tests.simulation.process import (
    GUARD_KEY,
    KEY,
    LIMITS,
    NOWHERE,
    SECRET,
    Machine,
    Process,
)
from kraken_pipeline_tests.simulation.tape import Tape
from kraken_pipeline_tests.simulation.virtual_time import ExchangeClock, Pids, VirtualTime
from kraken_pipeline_tests.simulation.wire import Network

DEPOSITS: Final = {"ZUSD": Decimal(20_000), "ZEUR": Decimal(8_000), "XXBT": Decimal("0.05")}
PROCESSES: Final = 3
MEMORY: Final = Path("/dev/shm")  # noqa: S108 a folder of its own is made in it
RUN: Final = ("assess", "submit", "settle", "books", "stops")
"""What Dagster's job does."""


class World:
    """Everything there is, and what can be done to it."""

    def __init__(self, folder: Path, seed: int, market: Market) -> None:
        """Begin: an account with funds, no books yet."""
        self.time: Final = VirtualTime(markets.START)
        self.tape: Final = Tape(self.time)
        self.pids: Final = Pids()
        self.dice: Final = random.Random(f"{seed}/world")  # noqa: S311 repeatable, not secret
        self._folder = folder
        self._market = market
        self._clock = ExchangeClock(self.time)
        self._tier = self.dice.choice(list(Tier))
        self._skew = timedelta()
        self.disk: Final = Disk(folder / "ours", self._dice_of(seed, "disk"))
        self.disk.folder.mkdir()
        shutil.copy(empty_books(), self.disk.folder / "store.db")
        self.checker: Final = Checker(Books(self.disk.folder / "store.db"))
        self._journal = self._opened_journal()
        self._journal.position = self.time.now
        self.network: Final = Network(
            service=self._service(),
            time=self.time,
            dice=self._dice_of(seed, "network"),
            tape=self.tape,
            leaving=self._leaves,
        )
        self._deposit()
        self.machine: Final = Machine(
            disk=self.disk,
            network=self.network,
            time=self.time,
            tier=TIERS[self._tier],
            style=self._style(),
            keeps_stops=self.dice.random() < 0.5,
            timeout=self.dice.choice(TIMEOUTS),
            skew=lambda: self._skew,
        )
        self.interruptions = 0.0
        self.ears: Final = Ears(self, self._begun)
        self.processes: list[Process] = []
        self._running: list[Process] = []
        self._power_is_cut = False
        self._latched_at: int | None = None
        self._serial = 1

    @property
    def exchange(self) -> Exchange:
        """The truth."""
        return self.network.service.exchange

    def start(self) -> None:
        """Start processes until there are enough."""
        while len(self.processes) < PROCESSES:
            self.processes.append(self._begun())

    def _begun(self) -> Process:
        self._serial += 1
        perils = Perils(dice=self.dice, interrupt=self._meanwhile, cut=self._cut_power)
        self.pids.alive.add(self._serial)
        return Process(self.machine, perils, self._serial)

    def run(self, process: Process, stages: tuple[str, ...], fuse: Fuse | None = None) -> None:
        """Let a process do stages in turn, as far as it gets."""
        self.let(process, lambda: self._do(process, stages), fuse)

    def let(self, process: Process, act: Callable[[], None], fuse: Fuse | None = None) -> None:
        """Let a process do something, unless it dies on the way.

        Args:
            process: whose doing it is.
            act: what it does.
            fuse: where it will die, if not where an earlier one says.
        """
        perils = process.perils
        perils.fuse = fuse or perils.fuse
        perils.interruptions = 0.0 if self._running else self.interruptions
        before, self.pids.current = self.pids.current, process.pid
        self._running.append(process)
        try:
            act()
        except BaseException:
            # what a dead process still stumbles over on its way out, nobody sees
            if not perils.is_dead:
                raise
            self._bury(process)
        finally:
            self._running.remove(process)
            self.pids.current = before
        if not self._running:
            if self._power_is_cut:
                self._boot()
            self.start()
            self.checker.look(self.exchange)

    def _do(self, process: Process, stages: tuple[str, ...]) -> None:
        for stage in stages:
            self.tape.say(f"process {process.pid}: {stage}")
            try:
                said = process.do(stage)
            except PipelineError as trouble:
                process.perils.require_alive()
                self.tape.count(f"failed: {type(trouble).__name__}")
                self.tape.say(f"process {process.pid}: {stage} failed: {trouble}")
                return
            self.tape.count(f"done: {stage}")
            self.tape.say(f"process {process.pid}: {stage}: {said}")

    def idle(self) -> Process:
        """Return any process that does nothing now."""
        free = [each for each in self.processes if each not in self._running]
        if not free:
            free = [self._begun()]
            self.processes += free
        return self.dice.choice(free)

    def replace_process(self) -> None:
        """End a process as it should be ended, and start another."""
        self._close(self.idle())
        self.start()

    def restart_exchange(self) -> None:
        """Kill the exchange; it reads its journal and goes on."""
        self.note_faults()
        self._journal.close()
        self._journal = self._opened_journal()
        self.network.service = self._service()
        self.network.go_down(self.dice.choice([0.0, 1.0, 8.0, 40.0]))
        self.ears.hang_up()
        self.tape.count("restarts of the exchange")

    def forget_fuses(self) -> None:
        """Let nobody die any more."""
        for each in self.everybody():
            each.perils.fuse = None

    def everybody(self) -> list[Process]:
        """Return every process that lives, the listener too."""
        listener = self.ears.process
        return self.processes if listener is None else [*self.processes, listener]

    def note_faults(self) -> None:
        """Count what struck until now, and forget it."""
        for struck in self.network.service.faults.log():
            self.tape.count(f"fault: {struck.rule.kind}")
        self.network.service.faults.clear()

    def step_clock(self, seconds: float) -> None:
        """Let our clock be off by so much from now on."""
        self._skew = timedelta(seconds=seconds)

    def panic(self) -> None:
        """Run the program that stops everything, as a process of its own."""
        self.tape.count("panics")
        self.tape.say("panic")
        outcome = panic.Outcome(settle=6)
        self._latched_at = self.checker.journal_length()
        panic._latch(self.machine.latch, "panic", outcome)
        credential = Credential(key=GUARD_KEY, secret=SECRET)
        nonces = UrgentNonces(
            self.machine.house().folder, credential.key_id, clock=self.time.microseconds
        )
        perils = Perils(dice=self.dice, interrupt=self._meanwhile, cut=self._cut_power)
        process = Process(self.machine, perils, 0)
        line = process.wired(PrivateLine(NOWHERE, credential=credential, nonces=nonces))
        panic._clear(Guard(line), outcome, timeout=60)
        self.time.later(self.dice.choice([60, 300]), self.resume)
        process.close()
        self.tape.say(f"panic: {outcome.exit_code}, {outcome.canceled} canceled")

    def halt(self, scope: Scope = EVERYTHING) -> None:
        """Let an operator stop what opens in a scope, for a while."""
        process = self.idle()
        self.tape.count("halts by hand")
        desk = process.halt_desk()
        self.let(
            process,
            lambda: _ignore(halt.halt(desk, reason="by hand", by="operator", scope=scope)),
        )
        self.time.later(self.dice.choice([30, 200]), self.resume)

    def resume(self) -> None:
        """Let an operator clear every halt and the panic file, and look whether that worked."""
        process = self.idle()
        self.let(process, lambda: self._resumed(process))
        if self._latched_at is not None or process.perils.is_dead:
            self.time.later(60, self.resume)

    def _resumed(self, process: Process) -> None:
        for each in process.halts.latched():
            self.tape.count(f"halt {each.kind.name}")
            self.tape.say(f"was halted: {each.kind.name} {each.reason}")
        said = halt.resume(process.halt_desk(), reason="it is right now", by="operator")
        self._latched_at = None
        self.tape.say(f"resumed: {said}")

    def close(self) -> None:
        """Let go of everything."""
        self.ears.stop()
        for each in list(self.processes):
            self._close(each)
        self.checker.books.close()
        self._journal.close()

    def _meanwhile(self) -> None:
        """Let others run while a process stands between two of its effects."""
        if len(self._running) != 1:
            return
        self.tape.count("interruptions")
        self.time.sleep(self.dice.choice([0.01, 0.3, 2, 7, 40, 200]))
        chance = self.dice.random()
        if chance < 0.5:
            self.run(self.idle(), RUN)
        elif chance < 0.7:
            # who takes over dies early: what it left is there for whoever comes back
            fuse = Fuse(steps=self.dice.randint(0, 9), is_at_request=False, is_power_cut=False)
            self.run(self.idle(), ("submit",), fuse)
        elif chance < 0.8:
            self.halt()
        elif chance < 0.82 and self._latched_at is None:
            self.panic()

    def _cut_power(self) -> None:
        process = self._running[-1]
        self._power_is_cut = len(self._running) == 1
        if self._power_is_cut:
            self.disk.keep(torn_from=process.database.torn_from)

    def _boot(self) -> None:
        """Start the machine again with what its disk has left."""
        self._power_is_cut = False
        self.tape.count("power cuts")
        self.tape.say("the power was cut")
        self.ears.stop()
        self.time.later(self.dice.choice([1, 30]), self.ears.begin_anew)
        for each in list(self.processes):
            self._close(each)
        self.checker.books.close()
        self.disk.restore()
        self.checker.came_back()

    def _bury(self, process: Process) -> None:
        self.tape.count("crashes")
        self.tape.say(f"process {process.pid} died after {process.perils.effects} effects")
        self._close(process)

    def _close(self, process: Process) -> None:
        if process in self.processes:
            self.processes.remove(process)
        self.pids.alive.discard(process.pid)
        process.close()

    def _leaves(self, cl_ord_id: str) -> None:
        # whoever took the file away may have died before the rest of it
        latched_at = self._latched_at if self.machine.latch.exists() else None
        self.checker.leaves(cl_ord_id, latched_at=latched_at)

    def _opened_journal(self) -> Journal:
        return Journal(self._folder / "theirs", self._market.identity)

    def _service(self) -> Service:
        exchange = Exchange(self._market, self._clock, self._journal)
        exchange.counters.tier = engine_limits.TIERS[self._tier]
        cap = LIMITS.max_pair_notional
        assert cap is not None
        exchange.watchers.append(self.checker.heard)
        exchange.watchers.append(
            partial(require_within_cap, exchange, cap=cap, uncounted=self.checker.uncounted)
        )
        keys = [Key(name=name, secret=secret_of(SECRET)) for name in (KEY, GUARD_KEY)]
        service = Service(exchange, Keys(keys, limits=Limits.PRIVATE, tier=self._tier))
        # asked by way of the service, as the exchange goes down with it
        object.__setattr__(service.delivery, "restart", self._go_down)
        return service

    def _go_down(self, seconds: float) -> None:
        self.network.go_down(seconds)

    def _deposit(self) -> None:
        for name, amount in DEPOSITS.items():
            asset = self._market.listing.asset(name)
            if asset is not None:
                self.exchange.deposit(asset, amount)

    def _style(self) -> OrderStyle:
        rests = self.dice.random() < 0.5
        return OrderStyle(
            max_slippage_bps=self.dice.choice([20, 50, 150]),
            time_in_force="GTC" if rests else self.dice.choice(["GTC", "IOC"]),
            post_only=rests,
            min_notional=Decimal(10),
        )

    def _dice_of(self, seed: int, subject: str) -> random.Random:
        return random.Random(f"{seed}/{subject}")  # noqa: S311 repeatable, not secret


def _ignore(said: object) -> None:
    """Take what nobody needs."""


@cache
def empty_books() -> Path:
    """Return a file with the tables and nothing in them; made once in a process."""
    folder = TemporaryDirectory()
    file = Path(folder.name) / "store.db"
    migrate(f"sqlite:///{file}")
    _KEPT.append(folder)
    return file


_KEPT: Final[list[TemporaryDirectory[str]]] = []
"""Folders that last as long as this process."""


@contextmanager
def folder_in_memory() -> Iterator[Path]:
    """Make a folder that no disk has to write, where there is such a place."""
    place = MEMORY if MEMORY.is_dir() else Path(gettempdir())
    with TemporaryDirectory(dir=place, prefix="simulation-") as folder:
        yield Path(folder)
