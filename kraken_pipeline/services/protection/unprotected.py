"""What is without its stop for too long: noted, told, and acted upon as configured (OMS-14)."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final

from kraken_pipeline.domain.dust import smallest_sale
from kraken_pipeline.domain.errors import ConflictError, InvalidValueError
from kraken_pipeline.domain.halts import HaltKind, Scope, ScopeKind
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Qty, round_down
from kraken_pipeline.domain.order_terms import Purpose
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.pricing import limit_price
from kraken_pipeline.domain.protection import (
    TOO_SMALL,
    Protection,
    Unprotected,
    tells_of,
)
from kraken_pipeline.domain.reductions import Reduction, reduction_of
from kraken_pipeline.services.orders.children import awaits_children
from kraken_pipeline.services.protection.protect import BY, Protected
from kraken_pipeline.services.protection.shortage import Stock
from kraken_pipeline.services.protection.stops import Held, Place, ProtectDesk, stopped

SALE_LASTS: Final = timedelta(minutes=1)
"""How long the sale of what can't be protected may trade."""


def is_at_rest(desk: ProtectDesk) -> bool:
    """Tell whether nothing has to be done about any stop. Nothing is asked of the exchange."""
    noted = {(each.book, each.pair): each for each in desk.protections.protections()}
    held = Held(desk)
    return all(
        _is_missing_nothing(noted.get(place))
        and (held.fits(place) or _is_left(noted.get(place), held, place))
        for place in held.places()
    )


def watch(desk: ProtectDesk, protected: Protected) -> tuple[Protection, ...]:
    """Note whose stop is missing since when, act where it is for too long, and name those.

    Args:
        desk: what it needs.
        protected: what the pass before said; its errors are noted.
    """
    return _Watcher(desk, protected).watch()


class _Watcher:
    """Keeps account of what is missing."""

    def __init__(self, desk: ProtectDesk, protected: Protected) -> None:
        self._desk = desk
        self._protected = protected
        self._noted = {(each.book, each.pair): each for each in desk.protections.protections()}
        self._held = Held(desk)

    def watch(self) -> tuple[Protection, ...]:
        """Note, act and name; see `watch`."""
        places = self._held.places()
        for book, pair in self._noted.keys() - set(places):
            self._desk.protections.forget(book, pair)
        missing = [each for place in places if (each := self._missing(place)) is not None]
        now = self._desk.clock()
        overdue = [each for each in missing if each.is_overdue(now, self._desk.patience)]
        for each in overdue:
            self._act(each)
        return tuple(overdue)

    def _missing(self, place: Place) -> Protection | None:
        """Note how it stands, and return that where a stop is missing."""
        before, now = self._noted.get(place), self._desk.clock()
        stops, qty = self._held.stops(place), self._held.wanted(place)
        left = self._protected.left.get(place)
        if self._held.fits(place):
            self._note_rest(place, before, None)
            return None
        if left is not None and left.wanted == qty and self._held.stand_for(place, left.stands):
            self._note_rest(place, before, left.note)
            return None
        known = Protection(
            book=place[0],
            pair=place[1],
            missing_since=now,
            failures=0,
            last_error=None,
            updated_at=now,
        )
        since = None if before is None else before.missing_since
        now_missing = replace(
            before or known,
            missing_since=since or now,
            failures=0 if before is None or since is None else before.failures + 1,
            last_error=self._protected.errors.get(place) or self._said(place, stops),
            updated_at=now,
        )
        self._desk.protections.note(now_missing, why=self._news(before, now_missing))
        return now_missing

    def _said(self, place: Place, stops: Sequence[Order]) -> str | None:
        """Say what is known of the stop that was sent last."""
        last = stops[-1] if stops else self._desk.protections.last_stop(*place)
        if last is None:
            return None
        why = f": {last.last_error}" if last.last_error else ""
        return f"{last.local_id} is {last.state}{why}"

    def _news(self, before: Protection | None, now: Protection) -> str:
        """Say what the journal should tell: that it is missing, or that it is for too long."""
        if before is None or before.missing_since is None:
            return "missing"
        patience = self._desk.patience
        was_overdue = before.is_overdue(before.updated_at, patience)
        return "overdue" if now.is_overdue(now.updated_at, patience) and not was_overdue else ""

    def _note_rest(self, place: Place, before: Protection | None, left: str | None) -> None:
        if before is None and left is None:
            return
        if before is not None and before.missing_since is None and before.last_error == left:
            return
        is_back = before is not None and before.missing_since is not None
        now = Protection(
            book=place[0],
            pair=place[1],
            missing_since=None,
            failures=0,
            last_error=left,
            updated_at=self._desk.clock(),
        )
        stands = left is None or not left.startswith(TOO_SMALL)
        self._desk.protections.note(now, why="restored" if is_back and stands else "")

    def _act(self, missing: Protection) -> None:
        if self._desk.action is Unprotected.ALERT:
            since, why = missing.missing_since, missing.last_error or "it is not known why"
            self._desk.halts.latch(
                HaltKind.UNPROTECTED,
                reason=f"{missing.book} has no stop for {missing.pair} since {since}: {why}",
                at=self._desk.clock(),
                by=BY,
                scope=Scope(kind=ScopeKind.PAIR, name=missing.pair),
            )
        elif self._desk.action is Unprotected.REDUCE and not self._desk.panic_is_latched():
            # what sells it already, or came in between, is looked at by the next pass
            with suppress(ConflictError, InvalidValueError):
                self._sell((missing.book, missing.pair))

    def _sell(self, place: Place) -> None:
        """Plan to sell what is held and has no stop, at the best bid or a little below."""
        desk = self._desk
        entry, pair = desk.protections.entry(*place), desk.market.listing().pairs.get(place[1])
        ticker = desk.market.tickers().get(place[1])
        if entry is None or pair is None or ticker is None:
            return
        if awaits_children(desk.protections, entry, now=desk.clock()):
            return
        # a stop that is being made smaller counts by what it was
        bare = Qty(self._held.wanted(place) - stopped(self._held.stops(place)))
        free = Stock(desk).free(pair.base)
        qty = Qty(round_down(bare if free is None else min(bare, free), pair.lot))
        least = smallest_sale(pair, ticker)
        if least is None or qty < least:
            return
        what = Reduction(
            # safety's wish and no strategy's: it goes also where the strategy may trade no more
            purpose=Purpose.FLATTEN,
            role="reduce",
            qty=qty,
            order_type="limit",
            time_in_force="IOC",
            limit_price=limit_price(
                Side.SELL,
                ticker.bid,
                max_slippage_bps=desk.style.max_slippage_bps,
                tick=pair.tick,
            ),
            expires_at=desk.clock() + SALE_LASTS,
        )
        attempt = desk.protections.next_attempt(entry.intent_id, what.purpose)
        order = reduction_of(entry, what, attempt=attempt, now=desk.clock())
        desk.protections.plan(order, by=BY, why=f"{place[0]} can't be protected")


def _is_missing_nothing(noted: Protection | None) -> bool:
    return noted is None or noted.missing_since is None


def _is_left(noted: Protection | None, held: Held, place: Place) -> bool:
    """Tell whether it is known already that what has no stop is too small for one."""
    said = "" if noted is None else noted.last_error or ""
    stands = stopped(held.stops(place))
    return held.stand_for(place, stands) and tells_of(said, held.wanted(place), stands)
