"""What operators do with our own commands."""

from functools import partial
from typing import Final

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.halts import EVERYTHING, Scope, ScopeKind
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.orders import State
from kraken_pipeline.services.orders.amend import AmendDesk, amend
from kraken_pipeline.services.orders.settle import cancel
from kraken_pipeline_tests.simulation.life import Life
from kraken_pipeline_tests.simulation.process import DEADLINE, LEASE

SCOPES: Final = (
    EVERYTHING,
    EVERYTHING,
    Scope(kind=ScopeKind.PAIR, name="XBTUSD"),
    Scope(kind=ScopeKind.ASSET, name="ETH"),
    Scope(kind=ScopeKind.STRATEGY, name="trend"),
)


def cancel_ours(life: Life) -> None:
    """An operator cancels one of our orders."""
    process = life.world.idle()
    live = [each for each in process.orders.reserving() if each.state is State.LIVE]
    if live:
        order = life.dice.choice(live)
        life.attempt("cancel", process, partial(cancel, process.settle_desk(), order))


def change_ours(life: Life) -> None:
    """An operator changes one of our orders where it rests."""
    process, world = life.world.idle(), life.world
    live = [each for each in process.orders.reserving() if each.state is State.LIVE]
    if not live:
        return
    order = life.dice.choice(live)
    pair = world.exchange.market.listing.pair(order.pair)
    assert pair is not None
    smaller = (order.qty * life.dice.randint(3, 9) / 10).quantize(pair.lot)
    lower = (order.limit_price * life.dice.randint(980, 999) / 1000).quantize(pair.tick)
    wish = life.dice.choice(
        [Amendment(qty=Qty(smaller)), Amendment(limit_price=Price(lower), post_only=True)]
    )
    desk = AmendDesk(
        settling=process.settle_desk(),
        panic_is_latched=lambda: process.panics,
        owner=f"operator at {world.time.now}",
        lease=LEASE,
        deadline=DEADLINE,
    )
    world.tape.count("changes")
    life.attempt("change", process, partial(amend, desk, order, wish, why="by hand"))


def halt(life: Life) -> None:
    """An operator stops what opens, everywhere or in a scope, for a while."""
    life.world.halt(life.dice.choice(SCOPES))


def panic(life: Life) -> None:
    """An operator stops everything."""
    life.world.panic()
