"""Renew the dead man's switch only while somebody shows that he looks after the orders (DMS-1)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from kraken_pipeline.domain.errors import ExchangeError, PipelineError
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.switch import Keeper, Life, Patience, Switch, missing_proof
from kraken_pipeline.services.protection.guard import (
    GuardDesk,
    hand_over,
    resting,
    stand_down,
    tend,
)

PATIENCE: Final = Patience(beat=timedelta(seconds=20), settled=timedelta(seconds=180))
"""Dagster's daemon comes by every few seconds, and looks at what rests every minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """How a guardian left."""

    handed_over: bool
    """Whether the schedule keeps the switch now."""
    still_there: tuple[Order, ...]
    """Orders that could not be proven canceled; the switch stays over them."""


class Guardian:
    """The one process that renews the switch while it runs."""

    def __init__(self, desk: GuardDesk, *, life: Callable[[], Life]) -> None:
        """Take the desk and what shows that the order service lives."""
        self._desk = desk
        self._life = life
        self._epoch = 0

    def step(self) -> str:
        """Do what is due, and say why not where the switch is left to fire; else nothing."""
        try:
            missing = self._missing()
            if not missing:
                tend(self._desk)
        except PipelineError as failure:
            return str(failure)
        return missing

    def switch(self) -> Switch:
        """Return what is known of the switch."""
        return self._desk.switches.switch()

    def leave(self) -> Left:
        """Hand the switch to the schedule; where nobody lives, cancel what needs it (SHD-1).

        Raises:
            ExchangeError: the exchange did not answer; the switch stays as it is.
        """
        terms = self._desk.terms[Keeper.SCHEDULE]
        if terms.timeout and not self._missing() and hand_over(self._desk, terms):
            return Left(handed_over=True, still_there=())
        try:
            return Left(handed_over=False, still_there=stand_down(self._desk))
        except ExchangeError:
            return Left(handed_over=False, still_there=resting(self._desk))

    def _missing(self) -> str:
        life = self._life()
        missing = missing_proof(
            life,
            resting(self._desk),
            now=self._desk.clock(),
            patience=PATIENCE,
            least_epoch=self._epoch,
        )
        self._epoch = max(self._epoch, life.epoch)
        return missing
