"""Stops no larger than what the account has: not all that the books hold has to be there."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from kraken_pipeline.domain.errors import ExchangeError
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.money import ZERO, Qty, round_down
from kraken_pipeline.domain.protection import Stop
from kraken_pipeline.domain.shortage import Need, shares
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services.protection.stops import Held, Place, StopDesk, sales, stopped
from kraken_pipeline.services.risk.world import Funds, funds_of


class Stock:
    """What the account has, read when it is first asked for."""

    def __init__(self, desk: StopDesk) -> None:
        """Read nothing yet."""
        self._desk = desk
        self._funds: Funds | None = None

    def forget(self) -> None:
        """Read it again the next time: an order may have given something back."""
        self._funds = None

    def free(self, base: Asset) -> Qty | None:
        """Return what no order sells of an asset, in units of it; None if nobody can tell."""
        if self._funds is None:
            with suppress(ExchangeError):
                self._funds = funds_of(self._desk.account, self._desk.market.listing(), names=())
        if self._funds is None:
            return None
        selling = [each for each in sales(self._desk) if each.base == base]
        return Qty(max(self._funds.free_qty(base, selling), ZERO))

    def fitted(self, place: Place, pair: Pair, wishes: Mapping[Place, Stop], held: Held) -> Stop:
        """Return the stop of a place, no larger than its share of what there is.

        What stands is left as it is: the exchange holds that already. Where the balances can't be
        read the stop is for all that is wanted: at worst it is refused.

        Args:
            place: whose it is.
            pair: of the place.
            wishes: the stop for all that is wanted, of each place that holds the pair's base.
            held: what is held now.
        """
        wish, stands = wishes[place], stopped(held.stops(place))
        free = self.free(pair.base)
        if free is None:
            return wish
        needs = {
            each: Need(wanted=stop.qty, stands=stopped(held.stops(each)), smallest=stop.smallest)
            for each, stop in wishes.items()
            if not stop.is_too_small
        }
        missing = sum((max(each.wanted - each.stands, ZERO) for each in needs.values()), ZERO)
        if missing <= free:
            return wish
        there = free + sum((each.stands for each in needs.values()), ZERO)
        more = min(max(shares(there, needs).get(place, ZERO) - stands, ZERO), free)
        return replace(wish, qty=Qty(min(wish.qty, stands + round_down(more, pair.lot))))
