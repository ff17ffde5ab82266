"""What goes wrong on the way and at the exchange: faults, cuts, restarts, limits, lockouts."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from kraken_pipeline.simulator.faults.faults import Faults
from kraken_pipeline.simulator.faults.kinds import TRAITS, Kind, Point
from kraken_pipeline.simulator.faults.rules import Rule
from kraken_pipeline.simulator.keys import LOCKOUT
from kraken_pipeline_tests.simulation.life import Life
from kraken_pipeline_tests.simulation.moves import trading
from kraken_pipeline_tests.simulation.process import KEY

OF_REST: Final = frozenset({Point.REQUEST, Point.READ, Point.REPLY})
STRIKING: Final = tuple(kind for kind in TRAITS if TRAITS[kind].at in OF_REST)
"""Every fault of REST."""
CHANNEL: Final = "executions"
AT_THE_STREAM: Final = tuple(
    kind for kind in TRAITS if TRAITS[kind].at not in OF_REST and TRAITS[kind].strikes(CHANNEL)
)
"""Every fault of the account's stream. Books of the market are not listened to here."""
SECONDS: Final[Mapping[Kind, tuple[float, float]]] = MappingProxyType(
    {
        Kind.LATE_REQUEST: (0.5, 40),
        Kind.LATE_REPLY: (0.5, 40),
        Kind.CLOCK_SKEW: (-0.4, 0.4),
        Kind.THROTTLED: (1, 10),
        Kind.RESTART: (0.5, 20),
        Kind.STALE_READ: (1, 90),
        Kind.LATE_ORDER: (1, 60),
        Kind.STALE_AMEND: (1, 2),
    }
)
"""How long the kinds that last may last. The exchange's own clock is never wrong by more than it
is with Kraken's."""
OF_ORDERS: Final = (
    "AddOrder",
    "AddOrder",
    "AddOrderBatch",
    "AmendOrder",
    "CancelOrder",
    "CancelAllOrdersAfter",
    "QueryOrders",
    "OpenOrders",
    "ClosedOrders",
)
LOOKS: Final = 8
"""At an order that is hidden."""
LOOK_SECONDS: Final = 12.0
PAGES: Final = ("Ledgers", "TradesHistory", "ClosedOrders")
LARGEST_SKEW: Final = 2.0
"""Seconds that our clock may be off: no more is let into live trading."""


def strike(life: Life) -> None:
    """Let faults of any kind strike calls of any kind, soon."""
    dice = life.dice
    for _ in range(dice.randint(1, 3)):
        kind = dice.choice(STRIKING)
        traits = TRAITS[kind]
        fitting = [each for each in OF_ORDERS if traits.strikes(each)]
        subject = dice.choice(fitting) if fitting and dice.random() < 0.7 else None
        rule = Rule(
            kind=kind,
            subject=subject,
            times=dice.choice([1, 1, 1, 2, 4]),
            after=dice.choice([0, 0, 0, 1, 3]),
            effect=traits.with_effect is not None and dice.random() < 0.5,
            seconds=dice.uniform(*SECONDS[kind]) if kind in SECONDS else 0.0,
            status=dice.choice([500, 502, 504, 520]) if kind is Kind.HTTP_ERROR else 0,
        )
        life.world.network.service.faults.add(rule)


def strike_the_stream(life: Life) -> None:
    """Let faults strike the account's stream, soon."""
    for _ in range(life.dice.randint(1, 3)):
        kind = life.dice.choice(AT_THE_STREAM)
        subject = "stream" if TRAITS[kind].at is Point.CONNECT else CHANNEL
        rule = Rule(kind=kind, subject=subject, times=life.dice.choice([1, 1, 2, 5]))
        life.world.network.service.faults.add(rule)
        if TRAITS[kind].at is not Point.FRAME:
            life.world.ears.hang_up()


def kill_the_listener(life: Life) -> None:
    """Whoever listens to the stream dies at one of its next effects (F-EVT-12)."""
    listener = life.world.ears.process
    if listener is not None:
        listener.perils.fuse = life.fuse(1)


def lag(life: Life) -> None:
    """An order's reply gets lost while every look at orders is late."""
    seconds = life.dice.uniform(20, 100)
    lost = life.dice.choice([Kind.LOST_REPLY, Kind.RESET, Kind.EMPTY_BODY])
    faults = life.world.network.service.faults
    faults.add(Rule(kind=lost, subject="AddOrder"))
    for method in ("OpenOrders", "ClosedOrders", "QueryOrders"):
        faults.add(Rule(kind=Kind.LATE_ORDER, subject=method, times=None, seconds=seconds))
    life.world.time.later(life.dice.uniform(60, 400), life.world.note_faults)


def hide_an_order(life: Life) -> None:
    """An order's reply gets lost while every look at the account is late, again and again.

    All looks agree that nothing is there, until the settle window is nearly over (U-DUP-7).
    """
    seconds = life.dice.uniform(60, 115)
    faults = without_faults(life)
    faults.add(Rule(kind=Kind.LOST_REPLY, subject="AddOrder"))
    for method in ("OpenOrders", "QueryOrders", "ClosedOrders", "BalanceEx", *PAGES[:2]):
        faults.add(Rule(kind=Kind.STALE_READ, subject=method, times=None, seconds=seconds))
    trading.decide_and_trade(life)
    for _ in range(LOOKS):
        life.world.time.sleep(LOOK_SECONDS)
        life.world.run(life.world.idle(), ("settle",))
    life.world.note_faults()


def without_faults(life: Life) -> Faults:
    """Return the faults with none to come: reads that lag differently would differ for ever."""
    life.world.note_faults()
    return life.world.network.service.faults


def lag_all_reads(life: Life) -> None:
    """REST shows all of the account as it was a while ago, whatever the stream tells (F-RD-1)."""
    seconds = life.dice.uniform(5, 60)
    faults = without_faults(life)
    for method in ("OpenOrders", "QueryOrders", "ClosedOrders", "BalanceEx", *PAGES[:2]):
        if life.dice.random() < 0.7:
            faults.add(Rule(kind=Kind.STALE_READ, subject=method, times=None, seconds=seconds))
    life.world.time.later(life.dice.uniform(20, 90), life.world.note_faults)


def cut_the_network(life: Life) -> None:
    """Nothing gets through, or requests do and answers do not."""
    network, dice = life.world.network, life.dice
    network.is_cut = dice.random() < 0.5
    network.is_deaf = not network.is_cut
    life.world.tape.count("network cut" if network.is_cut else "network deaf")

    def heal() -> None:
        network.is_cut = network.is_deaf = False

    life.world.time.later(dice.choice([3, 30, 90, 150]), heal)


def restart_exchange(life: Life) -> None:
    """The exchange dies and comes back from its journal."""
    life.world.restart_exchange()


def replace_process(life: Life) -> None:
    """A process ends as it should, and another begins."""
    life.world.replace_process()


def step_clock(life: Life) -> None:
    """Our own clock steps."""
    life.world.tape.count("steps of our clock")
    life.world.step_clock(life.dice.uniform(-LARGEST_SKEW, LARGEST_SKEW))


def exhaust_limits(life: Life) -> None:
    """Somebody else uses up what the key may ask (F-EXC-4)."""
    world = life.world
    world.tape.count("limits exhausted")
    keys, now = world.network.service.keys, world.exchange.clock.now()
    for _ in range(life.dice.randint(5, 15)):
        keys._within_limits(KEY, "Ledgers", now)


def lock_the_key_out(life: Life) -> None:
    """The exchange locks the trader's key out for a quarter of an hour (F-EXC-5)."""
    world = life.world
    world.tape.count("lockouts")
    keys = world.network.service.keys
    keys._locked[KEY] = world.exchange.clock.now() + LOCKOUT
