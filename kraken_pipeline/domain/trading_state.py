"""What the account may do at all: three states, and what leads from one to the next (RSK-11).

It follows from the halts that bear on everything; one that is bound to an asset, a pair or a
strategy leaves the rest active. Reductions and cancels go in every state (INV-7).
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.errors import ImpossibleFactError
from kraken_pipeline.domain.halts import Halt, HaltKind


class TradingState(StrEnum):
    """What may be sent."""

    ACTIVE = "active"
    """Everything that the rules of risk allow."""
    REDUCING = "reducing"
    """Nothing opens until something is over that ends by itself."""
    HALTED = "halted"
    """Nothing opens until a person has looked and cleared it."""


class Turn(StrEnum):
    """What happened to the halts that bear on everything."""

    RESTRAINED = "restrained"
    """One was latched that clears by itself."""
    STOPPED = "stopped"
    """One was latched that a person must clear."""
    EASED = "eased"
    """What a person had to clear is cleared; something that clears by itself is left."""
    CLEARED = "cleared"
    """Nothing is left."""


ENDS_BY_ITSELF: Final = frozenset({HaltKind.GUARD, HaltKind.RESTRICTED, HaltKind.UNEXPLAINED})

_S, _T = TradingState, Turn
MOVES: Final[Mapping[tuple[TradingState, Turn], TradingState]] = MappingProxyType(
    {
        (_S.ACTIVE, _T.RESTRAINED): _S.REDUCING,
        (_S.ACTIVE, _T.STOPPED): _S.HALTED,
        (_S.REDUCING, _T.STOPPED): _S.HALTED,
        (_S.REDUCING, _T.CLEARED): _S.ACTIVE,
        (_S.HALTED, _T.EASED): _S.REDUCING,
        (_S.HALTED, _T.CLEARED): _S.ACTIVE,
    }
)
ECHOES: Final = frozenset(
    {
        (_S.ACTIVE, _T.CLEARED),
        (_S.REDUCING, _T.RESTRAINED),
        (_S.REDUCING, _T.EASED),
        (_S.HALTED, _T.STOPPED),
    }
)
"""What may happen and changes nothing: one more of what is there, or one less of several."""


def after(state: TradingState, turn: Turn) -> TradingState:
    """Return the state that a turn leads to.

    Raises:
        ImpossibleFactError: it cannot happen in that state; nothing changed.
    """
    if (state, turn) in ECHOES:
        return state
    if (state, turn) not in MOVES:
        raise ImpossibleFactError(f"trading is {state}, and was told to be {turn}")
    return MOVES[state, turn]


def turn_of(latched: Iterable[Halt]) -> Turn:
    """Return what the halts that are latched now amount to."""
    kinds = {each.kind for each in latched if not each.scope.name}
    if not kinds:
        return Turn.CLEARED
    return Turn.STOPPED if kinds - ENDS_BY_ITSELF else Turn.RESTRAINED


def state_of(latched: Iterable[Halt]) -> TradingState:
    """Return the state that the latched halts make."""
    return after(TradingState.ACTIVE, turn_of(latched))


def turn_between(before: TradingState, latched: Iterable[Halt]) -> Turn:
    """Return what happened, from the state before and what is latched now."""
    turn = turn_of(latched)
    is_eased = before is TradingState.HALTED and turn is Turn.RESTRAINED
    return Turn.EASED if is_eased else turn
