"""The pipeline's part in keeping the dead man's switch."""

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.switch import Keeper, Switch
from kraken_pipeline.services.orders.settle import SettleDesk
from kraken_pipeline.services.protection import guard
from kraken_pipeline.services.protection.guardian import Guardian
from kraken_pipeline.wiring import desks, signs
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.stages import Stages
from kraken_pipeline.wiring.switch import guard_desk, takes_orders


@dataclass(frozen=True, kw_only=True)
class Guarding(Stages):
    """Who keeps the switch, and what he needs."""

    def tend_switch(self, *, owner: str) -> Switch:
        """Renew the dead man's switch or turn it off, as the orders need it; say what is known.

        Raises:
            ExchangeError: orders could not be compared with the exchange after it may have fired.
        """
        if not takes_orders(self):
            return self.stores.switches.switch()
        return guard.tend(guard_desk(self, lambda: self._settling, owner=owner))

    @property
    def switch_needs_tending(self) -> bool:
        """Whether `tend_switch` would do anything; nothing is asked of the exchange."""
        return takes_orders(self) and guard.needs_tending(
            guard_desk(self, lambda: self._settling, owner="nobody")
        )

    def stand_down(self, *, owner: str) -> tuple[Order, ...]:
        """Cancel our orders that may not be left alone, with proof; return what may be left.

        Raises:
            ExchangeError: the exchange did not answer; the switch stays as it is.
        """
        if not takes_orders(self):
            return ()
        return guard.stand_down(guard_desk(self, lambda: self._settling, owner=owner))

    @property
    def keeper(self) -> Keeper:
        """Who renews the dead man's switch."""
        return signs.keeper(self.loaded.data_dir, system_now())

    def show_life(self) -> None:
        """Show the guardian that orders are looked after; stop opening if it is lost itself."""
        epoch = self.stores.orders.last_epoch()
        # without a sign the guardian lets the switch fire; nothing else may fail for it
        with suppress(ConfigurationError):
            signs.give(self.loaded.data_dir / signs.BEAT, system_now(), epoch=epoch)
        if self.keeper is Keeper.LOST and self.switch_needs_tending:
            self.tend_switch(owner="the order service")

    def guardian(self) -> Guardian:
        """Return the guardian of this pipeline.

        Raises:
            ConfigurationError: no order can rest where this pipeline sends them.
        """
        if not takes_orders(self):
            raise ConfigurationError("no order is sent that could rest, so there is none to guard")
        desk = guard_desk(self, lambda: self._settling, owner="guardian", is_guardian=True)
        return Guardian(desk, life=lambda: signs.life(self.loaded.data_dir, system_now()))

    @cached_property
    def _settling(self) -> SettleDesk:
        return desks.settle(self)
