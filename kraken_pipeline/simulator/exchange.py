"""The exchange: what can be done on its floor.

Before anything is answered, `advance` runs the market up to now: resting orders fill, triggers
fire, orders expire, the dead man's switch fires, each at its own moment.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Final

from kraken_pipeline.simulator import matching, running
from kraken_pipeline.simulator.accounts import in_ledger
from kraken_pipeline.simulator.clock import Clock
from kraken_pipeline.simulator.events import (
    USER_REQUESTED,
    Deposited,
    PairStatusSet,
    SystemSet,
    TimerSet,
)
from kraken_pipeline.simulator.floor import MATCHING, STRICTER, Crowd, Floor
from kraken_pipeline.simulator.ids import funding_reference, identifier
from kraken_pipeline.simulator.journal import Journal
from kraken_pipeline.simulator.listing import Asset, Pair
from kraken_pipeline.simulator.market import Market
from kraken_pipeline.simulator.orders import Order

SYSTEM_STATUSES: Final = frozenset({"online", "maintenance", "cancel_only", "post_only"})
PAIR_STATUSES: Final = frozenset(STRICTER) - {"maintenance"}


class Exchange(Floor):
    """One account on one market."""

    def __init__(
        self, market: Market, clock: Clock, journal: Journal, crowd: Crowd = running.HOUSE
    ) -> None:
        """Take up where the journal ends; the house stands for the others unless told.

        Raises:
            StateError: the journal is damaged.
        """
        super().__init__(market, clock, journal, crowd)

    def advance(self) -> datetime:
        """Run the market up to now and return now."""
        now = self.clock.now()
        running.run(self, now)
        return now

    def deposit(self, asset: Asset, amount: Decimal) -> None:
        """Bring funds in."""
        number = self.account.events
        self.record(
            Deposited(
                at=self.stamp(self.clock.now()),
                asset=asset.id,
                amount=in_ledger(amount, asset),
                refid=funding_reference(*self.run_id(), number),
                ledger_id=identifier("L", *self.run_id(), number),
            )
        )

    def cancel(self, orders: Iterable[Order], reason: str = USER_REQUESTED) -> int:
        """Take orders out of the book and return how many."""
        ended = [self.ended(order, "canceled", reason) for order in orders]
        if ended:
            self.record(*ended)
        return len(ended)

    def set_timer(self, trigger: datetime | None) -> None:
        """Set the dead man's switch, or turn it off."""
        self.record(TimerSet(at=self.stamp(self.clock.now()), trigger=trigger))

    def set_system(self, status: str) -> None:
        """Change what the whole exchange does from now on.

        Raises:
            ValueError: there is no such status.
        """
        if status not in SYSTEM_STATUSES:
            known = ", ".join(sorted(SYSTEM_STATUSES))
            raise ValueError(f"status {status!r} is none of an exchange; give one of {known}")
        self._changed(SystemSet(at=self.stamp(self.advance()), status=status))

    def set_pair_status(self, pair: Pair, status: str | None) -> None:
        """Change what may be done on a pair from now on; None is what it is listed with.

        Raises:
            ValueError: there is no such status.
        """
        if status is not None and status not in PAIR_STATUSES:
            known = ", ".join(sorted(PAIR_STATUSES))
            raise ValueError(f"status {status!r} is none of a pair; give one of {known}")
        now = self.advance()
        self._changed(PairStatusSet(at=self.stamp(now), pair=pair.key, status=status))

    def _changed(self, event: SystemSet | PairStatusSet) -> None:
        """Change a status; where trading begins again, orders meet a market that has moved on."""
        with_orders = {order.pair: order for order in self.account.open.values()}
        pairs = [self.account.pair_of(order) for order in with_orders.values()]
        slept = [pair for pair in pairs if not self.is_matching(pair)]
        self.record(event)
        now = self.advance()
        for pair in slept:
            if self.mode(pair, now) in MATCHING:
                matching.reopen(self, pair, now)
