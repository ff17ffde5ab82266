"""One simulation from its seed: first anything may happen, then nothing but quiet."""

import traceback
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import process_time
from typing import Final

from kraken_pipeline.simulator.keys import LOCKOUT
from kraken_pipeline_tests.simulation import markets
from kraken_pipeline_tests.simulation.guarding import require_kept
from kraken_pipeline_tests.simulation.life import Life
from kraken_pipeline_tests.simulation.moves import settling, theirs
from kraken_pipeline_tests.simulation.moves.table import MOVES, WEIGHTS
from kraken_pipeline_tests.simulation.stopping import require_stops
from kraken_pipeline_tests.simulation.tape import Tape
from kraken_pipeline_tests.simulation.virtual_time import reigning
from kraken_pipeline_tests.simulation.world import RUN, World, folder_in_memory

PAUSE: Final = 30.0
"""Seconds between two things that happen, on average."""
FEW: Final = 10
"""Orders below which a simulation goes on for a while."""
HOUR: Final = timedelta(hours=1)
LONGER: Final = 6 * HOUR
"""How much longer at most."""
INTERRUPTIONS: Final = 0.02
"""Share of the effects of a process at which others run meanwhile."""
QUIET: Final = timedelta(minutes=10)
QUIET_STEP: Final = 40.0
"""Seconds between two runs in the quiet phase."""
MOST_LOOKS: Final = 10
"""At the end, for what rests may fill between any two."""


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
    longest = hours + LONGER // HOUR + 2
    market = markets.market_of(seed % markets.MARKETS, longest)
    with folder_in_memory() as folder:
        world = World(folder, seed, market)
        world.tape.end = type(world.tape.end)(maxlen=kept)
        broken = ""
        try:
            with reigning(world.time, world.pids):
                _live(Life(world, seed), timedelta(hours=hours), pause)
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


def _live(life: Life, span: timedelta, pause: float) -> None:
    """Begin in peace, live through everything, end in quiet."""
    world = life.world
    world.start()
    world.run(world.idle(), ("universe", "books"))
    world.ears.listen()
    until = world.time.now + span
    while world.time.now < until or _has_few_orders(world, until + LONGER):
        world.interruptions = INTERRUPTIONS
        [move] = life.dice.choices(MOVES, WEIGHTS)
        world.tape.say(move.__name__)
        move(life)
        world.time.sleep(life.dice.expovariate(1 / pause))
    _calm(life)
    _be_quiet(life)


def _has_few_orders(world: World, latest: datetime) -> bool:
    return len(world.checker.accepted) < FEW and world.time.now < latest


def _calm(life: Life) -> None:
    """Heal everything."""
    world = life.world
    world.tape.say("quiet")
    world.interruptions = 0.0
    world.forget_fuses()
    world.note_faults()
    world.network.is_cut = world.network.is_deaf = False
    world.step_clock(0)
    theirs.reopen(life)
    world.time.sleep(60)
    if world.tape.counts["lockouts"]:
        # whoever is locked out stays silent for that long, and is right to; one lock may follow
        # another, and whoever did not see the second asks too early and prolongs it once
        world.time.sleep(2 * LOCKOUT.total_seconds())
    world.resume()


def _be_quiet(life: Life) -> None:
    world = life.world
    until = world.time.now + QUIET
    while world.time.now < until:
        world.run(world.idle(), (*RUN, "tend"))
        world.time.sleep(QUIET_STEP)
    settling.settle_by_hand(life)
    _see_the_last_fill(world)
    world.checker.look(world.exchange)
    world.checker.at_rest(world.exchange)
    require_kept(world.checker.books, world.exchange, world.machine.timeout)
    if world.machine.keeps_stops:
        require_stops(world.checker, world.exchange)


def _see_the_last_fill(world: World) -> None:
    """Look until nothing trades meanwhile: what rests may fill while the clock goes on.

    What an operator wrote off last has no stop before it was looked for often enough.
    """
    for _ in range(MOST_LOOKS):
        before = len(world.exchange.account.trades)
        process = world.idle()
        world.run(process, (*RUN, "tend"))
        has_traded = len(world.exchange.account.trades) != before
        if not has_traded and not process.orders.unproven_sales():
            return
        world.time.sleep(QUIET_STEP)
