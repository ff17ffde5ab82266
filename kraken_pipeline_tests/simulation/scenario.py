"""What happens in one simulation, drawn from its seed: first anything, then nothing but quiet."""

import random
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from time import process_time
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.errors import PipelineError
from kraken_pipeline.domain.ids import decision_id, intent_id
from kraken_pipeline.domain.intents import Decision, Intent, Namespace, Outcome
from kraken_pipeline.domain.lots import book_of
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.orders import Order, State
from kraken_pipeline.services.settle import cancel
from kraken_pipeline.simulator import desk
from kraken_pipeline.simulator.faults.kinds import TRAITS, Kind, Point
from kraken_pipeline.simulator.faults.rules import Rule
from kraken_pipeline.simulator.params import Params, RefusedError
from kraken_pipeline_tests.simulation import markets
from kraken_pipeline_tests.simulation.perils import Fuse
from kraken_pipeline_tests.simulation.process import Process
from kraken_pipeline_tests.simulation.tape import Tape
from kraken_pipeline_tests.simulation.virtual_time import reigning
from kraken_pipeline_tests.simulation.world import RUN, World, folder_in_memory

STRATEGIES: Final = ("trend", "revert", "overlay")
TIMEFRAME: Final = "5m"
PAIRS: Final = tuple(markets.PRICES)
POINTS: Final = frozenset({Point.REQUEST, Point.READ, Point.REPLY})
STRIKING: Final = tuple(
    kind for kind in TRAITS if TRAITS[kind].at in POINTS and kind is not Kind.CLOCK_SKEW
)
"""Every fault of REST but an exchange whose own clock is wrong by an hour."""
SECONDS: Final[Mapping[Kind, tuple[float, float]]] = MappingProxyType(
    {
        Kind.LATE_REQUEST: (0.5, 40),
        Kind.LATE_REPLY: (0.5, 40),
        Kind.THROTTLED: (1, 10),
        Kind.RESTART: (0.5, 20),
        Kind.STALE_READ: (1, 90),
        Kind.LATE_ORDER: (1, 60),
        Kind.STALE_AMEND: (1, 2),
    }
)
"""How long the kinds that last may last."""
OF_ORDERS: Final = (
    "AddOrder",
    "AddOrder",
    "CancelOrder",
    "QueryOrders",
    "OpenOrders",
    "ClosedOrders",
)
PAUSE: Final = 30.0
"""Seconds between two things that happen, on average."""
FEW: Final = 10
"""Orders below which a simulation goes on for up to the same time again."""
QUIET: Final = timedelta(minutes=10)
QUIET_STEP: Final = 40.0
"""Seconds between two runs in the quiet phase."""
LARGEST_SKEW: Final = 2.0
"""Seconds that our clock may be off: no more is let into live trading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a simulation ended."""

    seed: int
    hash: str
    counts: Counter[str]
    broken: str
    """What did not hold; empty where all did."""
    last_lines: tuple[str, ...]
    virtual_seconds: float
    seconds: float
    """Of one core of this machine."""


def simulate(seed: int, *, hours: int = 1, pause: float = PAUSE, kept: int = 60) -> Ending:
    """Live through one seed.

    Args:
        seed: everything follows from it.
        hours: virtual ones, of anything; the quiet phase comes after them.
        pause: virtual seconds between two things that happen, on average.
        kept: lines of the log that are kept for whoever asks why.
    """
    began = process_time()
    market = markets.market_of(seed % markets.MARKETS, 2 * hours + 2)
    with folder_in_memory() as folder:
        world = World(folder, seed, market)
        world.tape.end = type(world.tape.end)(maxlen=kept)
        broken = ""
        try:
            with reigning(world.time, world.pids):
                _Life(world, seed, pause).live(timedelta(hours=hours))
        except Exception as found:  # noqa: BLE001 whatever it is, its seed must be told
            broken = "".join(traceback.format_exception(found)[-6:])
        _count(world.tape, world)
        world.close()
        world.tape.add((folder / "theirs" / "events.jsonl").read_bytes())
    return Ending(
        seed=seed,
        hash=world.tape.hash,
        counts=world.tape.counts,
        broken=broken,
        last_lines=tuple(world.tape.end),
        virtual_seconds=(world.time.now - world.time.start).total_seconds(),
        seconds=process_time() - began,
    )


def _count(tape: Tape, world: World) -> None:
    world.note_faults()
    account = world.exchange.account
    tape.count("orders", len(world.checker.accepted))
    tape.count("orders of others", len(account.orders) - len(world.checker.accepted))
    tape.count("fills", len(account.trades))
    tape.count("checks", world.checker.checks)


class _Life:
    """Who acts, and on what."""

    def __init__(self, world: World, seed: int, pause: float) -> None:
        self._world = world
        self._pause = pause
        self._seed = seed
        self._dice = random.Random(f"{seed}/life")  # noqa: S311 repeatable, not secret

    def live(self, span: timedelta) -> None:
        """Begin in peace, live through everything, end in quiet."""
        world = self._world
        world.start()
        world.run(world.idle(), ("universe", "books"))
        until = world.time.now + span
        while world.time.now < until or self._has_few_orders(until + span):
            world.interruptions = 0.02
            act = self._dice.choices(ACTS, WEIGHTS)[0]
            world.tape.say(act.__name__.strip("_"))
            act(self)
            world.time.sleep(self._dice.expovariate(1 / self._pause))
        self._calm()
        self._quiet()

    def _has_few_orders(self, latest: datetime) -> bool:
        return len(self._world.checker.accepted) < FEW and self._world.time.now < latest

    def _calm(self) -> None:
        """Heal everything."""
        world = self._world
        world.tape.say("quiet")
        world.interruptions = 0.0
        world.forget_fuses()
        world.note_faults()
        world.network.is_cut = world.network.is_deaf = False
        world.step_clock(0)
        self._reopen()
        world.time.sleep(60)
        world.resume()

    def _quiet(self) -> None:
        world = self._world
        until = world.time.now + QUIET
        while world.time.now < until:
            world.run(world.idle(), RUN)
            world.time.sleep(QUIET_STEP)
        world.checker.look(world.exchange)
        world.checker.at_rest(world.exchange)

    # what can happen
    def _decide(self) -> None:
        """A bar closed: strategies want something, perhaps told twice."""
        world = self._world
        closed_at = _bar(world.time.now)
        for strategy in STRATEGIES:
            if self._dice.random() < 0.6:
                for _ in range(self._dice.choice([1, 1, 2])):
                    process = world.idle()
                    world.let(process, partial(self._decided, process, strategy, closed_at))

    def _decided(self, process: Process, strategy: str, closed_at: datetime) -> None:
        dice = random.Random(f"{self._seed}/{strategy}/{closed_at}")  # noqa: S311 repeatable, not secret
        held = {
            each.pair
            for each in process.books.positions()
            if each.qty and each.book == book_of(strategy, TIMEFRAME)
        }
        identity = decision_id(
            namespace=Namespace.TRADE,
            strategy_id=strategy,
            timeframe=TIMEFRAME,
            closed_at=closed_at,
        )
        intents = []
        for pair in dice.sample(PAIRS, dice.randint(1, 2)):
            side = Side.SELL if pair in held and dice.random() < 0.5 else Side.BUY
            intents.append(self._intent(dice, pair, side, (strategy, identity, closed_at)))
        decision = Decision(
            decision_id=identity,
            namespace=Namespace.TRADE,
            strategy_id=strategy,
            strategy_version="1",
            timeframe=TIMEFRAME,
            closed_at=closed_at,
            decided_at=self._world.machine.clock(),
            outcome=Outcome.SIGNAL,
            reason="",
            universe_version="U",
            config_hash="c",
            inputs_hash="i",
            run_id="run",
            intents=tuple(intents),
            no_signals={},
        )
        if process.decisions.record(decision, {}):
            self._world.tape.count("decisions")
        else:
            self._world.tape.count("decisions told twice")

    def _intent(
        self, dice: random.Random, pair: str, side: Side, of: tuple[str, object, datetime]
    ) -> Intent:
        strategy, identity, closed_at = of
        now, listed = self._world.machine.clock(), self._world.exchange.market.listing.pair(pair)
        assert listed is not None
        last = self._world.exchange.last(listed, closed_at)
        away = dice.choice([-40, 0, 0, 20, 60]) * (1 if side is Side.BUY else -1)
        return Intent(
            intent_id=intent_id(identity, pair=pair, side=side),  # type: ignore[arg-type]  # it is one
            decision_id=identity,  # type: ignore[arg-type]  # the same
            strategy_id=strategy,
            timeframe=TIMEFRAME,
            pair=pair,
            side=side,
            confidence=Decimal(dice.randint(20, 100)) / 100,
            stop_distance=Decimal(dice.randint(4, 20)) / 100 if side is Side.BUY else ZERO,
            decided_at=now,
            closed_at=closed_at,
            expires_at=now + timedelta(minutes=dice.choice([2, 10, 45, 300])),
            decision_price=last * (1 + Decimal(away) / 10_000),
            reason="a made-up reason",
            userref=None,
        )

    def _trade(self) -> None:
        """A run of the job, perhaps of stages that Dagster runs again."""
        stages = list(RUN)
        if self._dice.random() < 0.25:
            again = self._dice.randrange(len(stages))
            stages.insert(again, stages[again])
        self._world.run(self._world.idle(), tuple(stages), self._fuse(0.12))

    def _settle_only(self) -> None:
        self._world.run(self._world.idle(), ("settle", "books"), self._fuse(0.12))

    def _keep_books(self) -> None:
        self._world.run(self._world.idle(), ("books",), self._fuse(0.05))

    def _decide_and_trade(self) -> None:
        self._decide()
        self._trade()

    def _fuse(self, chance: float) -> Fuse | None:
        if self._dice.random() >= chance:
            return None
        is_at_request = self._dice.random() < 0.6
        return Fuse(
            steps=self._dice.randint(0, 5 if is_at_request else 45),
            is_at_request=is_at_request,
            is_power_cut=self._dice.random() < 0.4,
        )

    def _strike(self) -> None:
        """Let faults of any kind strike calls of any kind, soon."""
        for _ in range(self._dice.randint(1, 3)):
            kind = self._dice.choice(STRIKING)
            traits = TRAITS[kind]
            fitting = [each for each in OF_ORDERS if traits.strikes(each)]
            subject = self._dice.choice(fitting) if fitting and self._dice.random() < 0.7 else None
            rule = Rule(
                kind=kind,
                subject=subject,
                times=self._dice.choice([1, 1, 1, 2, 4]),
                after=self._dice.choice([0, 0, 0, 1, 3]),
                effect=traits.with_effect is not None and self._dice.random() < 0.5,
                seconds=self._dice.uniform(*SECONDS[kind]) if kind in SECONDS else 0.0,
                status=self._dice.choice([500, 502, 504, 520]) if kind is Kind.HTTP_ERROR else 0,
            )
            self._world.network.service.faults.add(rule)

    def _cut_the_network(self) -> None:
        network, dice = self._world.network, self._dice
        network.is_cut = dice.random() < 0.5
        network.is_deaf = not network.is_cut
        self._world.tape.count("network cut" if network.is_cut else "network deaf")

        def heal() -> None:
            network.is_cut = network.is_deaf = False

        self._world.time.later(dice.choice([3, 30, 150]), heal)

    def _restart_exchange(self) -> None:
        self._world.restart_exchange()

    def _replace_process(self) -> None:
        self._world.replace_process()

    def _step_clock(self) -> None:
        self._world.tape.count("steps of our clock")
        self._world.step_clock(self._dice.uniform(-LARGEST_SKEW, LARGEST_SKEW))

    def _close_the_exchange(self) -> None:
        """Let the exchange or a pair take less for a while."""
        exchange, dice = self._world.exchange, self._dice
        self._world.tape.count("exchange modes")
        if dice.random() < 0.5:
            exchange.set_system(dice.choice(["maintenance", "cancel_only", "post_only"]))
        else:
            pair = exchange.market.listing.pair(dice.choice(PAIRS))
            assert pair is not None
            exchange.set_pair_status(pair, dice.choice(["cancel_only", "post_only", "limit_only"]))
        self._world.time.later(dice.choice([20, 100, 300]), self._reopen)

    def _reopen(self) -> None:
        exchange = self._world.exchange
        exchange.set_system("online")
        for pair in exchange.market.listing.pairs:
            exchange.set_pair_status(pair, None)

    def _act_by_hand(self) -> None:
        """Somebody trades the same account on the exchange's site."""
        exchange, dice = self._world.exchange, self._dice
        now = exchange.advance()
        pair = exchange.market.listing.pair(dice.choice(PAIRS))
        assert pair is not None
        others = [each for each in exchange.account.open.values() if not each.cl_ord_id]
        if others and dice.random() < 0.4:
            exchange.cancel([dice.choice(others)])
            return
        away = Decimal(dice.choice([-100, -20, 5, 30])) / 10_000
        side = dice.choice(["buy", "sell"])
        price = exchange.last(pair, now) * (1 + (away if side == "buy" else -away))
        wanted = {
            "pair": pair.altname,
            "type": side,
            "ordertype": dice.choice(["limit", "limit", "market"]),
            "volume": str((pair.ordermin * dice.randint(1, 30)).quantize(pair.lot)),
            "price": str(price.quantize(pair.tick)),
        }
        try:
            desk.place(exchange, desk.accept(exchange, Params(wanted), now), now)
        except RefusedError as refusal:
            self._world.tape.say(f"by hand refused: {refusal.text}")

    def _cancel_ours(self) -> None:
        """An operator cancels one of our orders."""
        process = self._world.idle()
        live = [each for each in process.orders.reserving() if each.state is State.LIVE]
        if not live:
            return
        order = self._dice.choice(live)
        self._world.let(process, partial(self._canceled, process, order))

    def _canceled(self, process: Process, order: Order) -> None:
        try:
            cancel(process.settle_desk(), order)
        except PipelineError as trouble:
            process.perils.require_alive()
            self._world.tape.say(f"cancel failed: {trouble}")

    def _cancel_ours_on_the_site(self) -> None:
        """Somebody cancels one of our orders where we do not see it."""
        exchange = self._world.exchange
        exchange.advance()
        ours = [each for each in exchange.account.open.values() if each.cl_ord_id]
        if ours:
            exchange.cancel([self._dice.choice(ours)])

    def _halt(self) -> None:
        self._world.halt()

    def _panic(self) -> None:
        self._world.panic()

    def _assess_only(self) -> None:
        """A run that ends before it sends, so that what it approved lies there."""
        self._decide()
        self._world.run(self._world.idle(), ("assess",), self._fuse(0.05))

    def _lag(self) -> None:
        """An order's reply gets lost while every look at orders is late."""
        seconds = self._dice.uniform(20, 100)
        lost = self._dice.choice([Kind.LOST_REPLY, Kind.RESET, Kind.EMPTY_BODY])
        faults = self._world.network.service.faults
        faults.add(Rule(kind=lost, subject="AddOrder"))
        for method in ("OpenOrders", "ClosedOrders", "QueryOrders"):
            lag = Rule(kind=Kind.LATE_ORDER, subject=method, times=None, seconds=seconds)
            faults.add(lag)
        self._world.time.later(self._dice.uniform(60, 400), self._world.note_faults)

    def _wait(self) -> None:
        self._world.time.sleep(self._dice.choice([60, 240]))


CHANCES: Final[Mapping[Callable[[_Life], None], int]] = MappingProxyType(
    {
        _Life._decide_and_trade: 30,
        _Life._trade: 25,
        _Life._assess_only: 5,
        _Life._lag: 4,
        _Life._settle_only: 10,
        _Life._keep_books: 6,
        _Life._strike: 22,
        _Life._cut_the_network: 3,
        _Life._restart_exchange: 3,
        _Life._replace_process: 3,
        _Life._step_clock: 2,
        _Life._close_the_exchange: 2,
        _Life._act_by_hand: 5,
        _Life._cancel_ours: 3,
        _Life._cancel_ours_on_the_site: 2,
        _Life._halt: 1,
        _Life._panic: 1,
        _Life._wait: 3,
    }
)
"""How often what happens, of their sum."""
ACTS: Final = tuple(CHANCES)
WEIGHTS: Final = tuple(CHANCES.values())


def _bar(now: datetime) -> datetime:
    """Return the close of the last bar: here one closes each minute, so that there are many."""
    return now.replace(second=0, microsecond=0)
