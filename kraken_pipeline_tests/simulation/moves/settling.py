"""What operators settle by hand: positions that end, and orders of which nobody knows the fate."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from kraken_pipeline.domain.orders import Order, State
from kraken_pipeline.services.orders import resolve
from kraken_pipeline.services.orders.flatten import Extent
from kraken_pipeline.simulator.faults.kinds import Kind
from kraken_pipeline.simulator.faults.rules import Rule
from kraken_pipeline_tests.simulation.flattening import flattened
from kraken_pipeline_tests.simulation.life import Life
from kraken_pipeline_tests.simulation.moves import trading
from kraken_pipeline_tests.simulation.moves.troubles import PAGES, without_faults
from kraken_pipeline_tests.simulation.process import DEADLINE, SETTLE_WINDOW, Process

LOST: Final = (Kind.LOST_REPLY, Kind.LOST_REPLY, Kind.LOST_REQUEST)
OPERATOR: Final = "operator"
UNDECIDED: Final = frozenset({State.UNKNOWN, State.MANUAL})
LOOKS_ANEW_AFTER: Final = (1.0, 30.0, 120.0)
"""Seconds from an operator's word until somebody listens again."""


def flatten(life: Life) -> None:
    """An operator ends the positions of everything, of a strategy or of a pair."""
    world, dice = life.world, life.dice
    process = world.idle()
    extent = dice.choice(
        [
            Extent(),
            Extent(manual=True),
            Extent(strategy_id=dice.choice(trading.STRATEGIES)),
            Extent(pair=dice.choice(trading.PAIRS)),
        ]
    )

    def end() -> None:
        done = flattened(process, extent, world.checker.books)
        world.tape.count("positions flattened", len(done.sold))
        world.tape.say(f"flattened: {done}")

    world.tape.count("flattens")
    life.attempt("flatten", process, end, life.fuse(0.15))


def find_by_hand(life: Life) -> None:
    """An order's reply gets lost, and an operator looks for it before anybody else does."""
    with _nobody_looks(life):
        _lose_an_order(life)
        life.world.time.sleep(life.dice.choice([1, 20, 140]))
        settle_by_hand(life, death=0.1)


def write_off_too_soon(life: Life) -> None:
    """An operator's looks lag for longer than anybody thought, and he writes off what is there.

    Whatever was written off and shows up is back, and calls for a person (F-SUB-20).
    """
    window = (DEADLINE + SETTLE_WINDOW).total_seconds()
    with _nobody_looks(life):
        _lose_an_order(life)
        life.world.time.sleep(window + 1)
        faults = without_faults(life)
        for method in ("OpenOrders", "QueryOrders", "ClosedOrders", "BalanceEx", *PAGES[:2]):
            rule = Rule(kind=Kind.STALE_READ, subject=method, times=None, seconds=2 * window)
            faults.add(rule)
        settle_by_hand(life, death=0.1)
    life.world.time.later(life.dice.choice([60, 300]), life.world.resume)


def settle_by_hand(life: Life, *, death: float = 0.0) -> None:
    """An operator settles every order of which nobody knows whether it exists.

    Args:
        life: in which he acts.
        death: how likely his program dies over each.
    """
    process = life.world.idle()
    for order in process.orders.reserving():
        if order.state in UNDECIDED and not process.perils.is_dead:
            act = partial(_settled, life, process, order)
            life.attempt("settle by hand", process, act, life.fuse(death))


def _settled(life: Life, process: Process, order: Order) -> None:
    desk = process.settle_desk()
    echoes = resolve.evidence(desk, order).echoes
    if echoes:
        resolve.adopt(desk, order, echoes[0], reason="it is there", by=OPERATOR)
        life.world.tape.count("orders adopted by hand")
        return
    resolve.write_off(desk, order, reason="support says so", by=OPERATOR)
    life.world.tape.count("orders written off")


def _lose_an_order(life: Life) -> None:
    faults = life.world.network.service.faults
    faults.add(Rule(kind=life.dice.choice(LOST), subject="AddOrder"))
    trading.decide(life)
    life.world.run(life.world.idle(), ("assess", "submit"))


@contextmanager
def _nobody_looks(life: Life) -> Iterator[None]:
    """Let nobody else act or listen, so that a fate stays open until the operator comes."""
    world = life.world
    world.ears.stop()
    before, world.interruptions = world.interruptions, 0.0
    yield
    world.note_faults()
    world.interruptions = before
    world.time.later(life.dice.choice(LOOKS_ANEW_AFTER), world.ears.begin_anew)
