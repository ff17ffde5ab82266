"""What a backtest came to."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from kraken_pipeline.domain.halts import Halt
from kraken_pipeline.domain.intents import Decision
from kraken_pipeline.domain.lots import Fill, Position
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.plans import Plan
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services.backtest.asked import Backtest
from kraken_pipeline.services.backtest.kept_orders import Moved
from kraken_pipeline.services.backtest.trips import RoundTrip
from kraken_pipeline.strategies.base import Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Result:
    """Everything that a run decided, ordered and traded, in the words of the live books."""

    asked: Backtest
    run_id: str
    config_hash: str
    data_digest: str
    """Of every bar that was looked at."""
    universe_version: str
    """Of the first; the others follow."""
    universes: tuple[tuple[datetime, str], ...]
    """Since when each was in force, and its version, oldest first."""
    pairs: tuple[str, ...]
    """That could be traded, by our names."""
    survivorship: str
    """Why the pairs may be only those that lived on; empty where they are those of then."""
    base_currency: Asset
    decisions: tuple[Decision, ...]
    """Those in which anything was wished for, and those that were skipped."""
    faults: tuple[str, ...]
    """What went wrong in strategies, a sentence each."""
    asked_closes: int
    """How often a strategy was asked; at all other closes it could not have wished for anything."""
    candles: int
    """Bars of the deciding timeframes within the stretch, of all pairs together."""
    plans: tuple[Plan, ...]
    orders: tuple[Order, ...]
    moves: tuple[Moved, ...]
    """What happened to each order, in order."""
    fills: tuple[Fill, ...]
    positions: tuple[Position, ...]
    """As they stood in the end."""
    trips: tuple[RoundTrip, ...]
    halts: tuple[Halt, ...]
    at: NDArray[np.int64]
    """The end of each bar by which equity is valued, Unix seconds."""
    equity: Floats
    """Then, in base currency."""
    exposure: Floats
    """What all was worth then that is not the base currency."""
    final_cash: Decimal
    """In base currency."""
    final_equity: Decimal
    """With what was held valued at its last close."""
    unproven: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Timeframe to pair to how many of its bars are believed not to exist, without a proof."""

    @property
    def denials(self) -> Mapping[str, int]:
        """How often each code stood against an intent."""
        return dict(
            Counter(
                found.code
                for plan in self.plans
                for verdict in plan.verdicts
                for found in verdict.objections
            )
        )

    @property
    def counts(self) -> Mapping[str, int]:
        """How much there was of everything."""
        verdicts = [each for plan in self.plans for each in plan.verdicts]
        return {
            "candles": self.candles,
            "asked_closes": self.asked_closes,
            "decisions": len(self.decisions),
            "intents": sum(len(each.intents) for each in self.decisions),
            "approved": sum(each.approved for each in verdicts),
            "denied": sum(not each.approved for each in verdicts),
            "orders": len(self.orders),
            "fills": len(self.fills),
            "round_trips": len(self.trips),
        }

    @property
    def hash(self) -> str:
        """The SHA-256 of what came, in hex: the same for the same bars, settings and code (BT-4).

        The run's own name is not in it.
        """
        known = hashlib.sha256()
        for line in _lines(self):
            known.update(line.encode())
            known.update(b"\n")
        known.update(np.ascontiguousarray(self.at).tobytes())
        known.update(np.ascontiguousarray(self.equity).tobytes())
        return known.hexdigest()


def _lines(result: Result) -> Iterator[str]:
    """Yield a line for each thing that was decided, answered, ordered and traded."""
    for decision in result.decisions:
        yield f"{decision.decision_id} {decision.outcome} {decision.inputs_hash} {decision.reason}"
        for intent in decision.intents:
            yield f"{intent.intent_id} {intent.action} {intent.confidence} {intent.reason}"
    for plan in result.plans:
        for each in plan.verdicts:
            said = "; ".join(map(str, each.objections))
            yield f"{each.intent_id} {each.qty} {each.limit_price} {said} {each.figures}"
    for order in result.orders:
        filled = f"{order.filled_qty} {order.avg_fill_price} {order.fee}"
        yield f"{order.local_id} {order.state} {filled}"
    for fill in result.fills:
        yield f"{fill.trade_id} {fill.at} {fill.price} {fill.qty} {fill.cost} {fill.fee}"
