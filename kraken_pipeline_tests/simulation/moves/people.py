"""What operators do with our own commands."""

from functools import partial
from typing import Final

from kraken_pipeline.domain.halts import EVERYTHING, Scope, ScopeKind
from kraken_pipeline.domain.orders import State
from kraken_pipeline.services.settle import cancel
from kraken_pipeline_tests.simulation.life import Life

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


def halt(life: Life) -> None:
    """An operator stops what opens, everywhere or in a scope, for a while."""
    life.world.halt(life.dice.choice(SCOPES))


def panic(life: Life) -> None:
    """An operator stops everything."""
    life.world.panic()
