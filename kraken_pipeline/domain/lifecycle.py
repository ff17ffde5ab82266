"""From research to real money: what a strategy may do at each stage of its life (STG-7).

A stage bounds what opens; with real money so does what was shown of the strategy
(`domain.proofs`). What is held may be left at every stage but research, where it is not asked.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Stage(StrEnum):
    """How far a strategy is trusted. Never renamed: it stands in configurations and journals."""

    RESEARCH = "research"
    """Backtests only; at a close it is not asked."""
    SHADOW = "shadow"
    """It decides, and opens nothing."""
    PAPER = "paper"
    """It trades on paper; where there is real money it is as in the shadow."""
    CANARY = "canary"
    """It trades, within a tenth of its caps and of its allocation."""
    LIVE = "live"
    """It trades."""
    RETIRED = "retired"
    """It opens nothing, and leaves what it holds."""


ASKED: Final = frozenset(Stage) - {Stage.RESEARCH}
"""The stages of which a strategy is asked when a bar closes."""
TESTED: Final = frozenset(Stage) - {Stage.RETIRED}
"""The stages of which a backtest runs a strategy, as if it were live."""
PARTS: Final[Mapping[Stage, Decimal]] = MappingProxyType({Stage.CANARY: Decimal("0.1")})
"""What of its caps and of its allocation a strategy may use, 0 to 1, where that is not all."""
SPENDING: Final = frozenset({Stage.CANARY, Stage.LIVE})
"""The stages that may open something with real money."""
OPENING: Final = SPENDING | {Stage.PAPER}
"""The stages that may open something on paper."""


def barred(stage: Stage, *, spends: bool, lacks: Sequence[str] = ()) -> str:
    """Say why a strategy may open nothing at a stage; nothing where it may.

    Args:
        stage: that it is configured to be at.
        spends: whether its orders cost real money.
        lacks: proofs that it has not and real money needs.
    """
    money = "real" if spends else "paper"
    if stage not in (SPENDING if spends else OPENING):
        return f"stage={stage}, money={money}"
    if spends and lacks:
        return f"stage={stage}, money={money}, lacks={'+'.join(lacks)}"
    return ""


def never_barred(strategy_id: str) -> str:
    """Let any strategy open, as a backtest does."""
    return ""
