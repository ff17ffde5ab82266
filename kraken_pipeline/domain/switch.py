"""The dead man's switch: what is known of the exchange's timer, and which orders need it.

The exchange cancels every order of the account when the timer runs out. Whether it is set is never
known for sure, for an answer can be lost. Two instants say what is known: until when it is certain
to fire, and from when on it may have fired.

Source: DMS-1 to DMS-5; docs.kraken.com/api/docs/rest-api/cancel-all-orders-after.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.orders import Order

SLACK: Final = timedelta(seconds=2)
"""By how much the exchange's clock may seem to differ: it answers in whole seconds, and ours may be
half a second off."""
NEVER_RESTS: Final = frozenset({"IOC", "FOK"})
STOPS: Final = frozenset({"stop-loss", "stop-loss-limit", "trailing-stop", "trailing-stop-limit"})
NOTICE: Final = timedelta(minutes=10)
"""How long before a maintenance the switch is put out of the way (DMS-4)."""


class Keeper(Enum):
    """Who renews the switch."""

    SCHEDULE = "Dagster's schedule"
    GUARDIAN = "the guardian"
    LOST = "nobody: the guardian is lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How long the switch waits, and how often it is set anew."""

    timeout: timedelta
    """Zero: there is no switch."""
    interval: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A maintenance that the exchange announced."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchReport:
    """What the exchange answered when the switch was set, by its own clock."""

    told_at: datetime
    fires_at: datetime | None
    """When it cancels everything; None where it is off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """What is known of the exchange's timer."""

    armed_until: datetime | None = None
    """It fires then, or sooner, if nobody sets it again. None where that is not certain."""
    may_fire_at: datetime | None = None
    """Before this instant it does not fire. None where it is certain to be off."""
    told_at: datetime | None = None
    """When the exchange last answered."""
    failures: int = 0
    """Attempts since then that failed or of which nothing was heard."""
    foreign: tuple[str, ...] = ()
    """Open orders that are not ours, as they were when it was armed: it cancels them as well."""
    serial: int = 0
    """Requests so far: a higher number than one's own shows that another one went out as well."""

    @property
    def said(self) -> str:
        """What a person is told of it."""
        if self.armed_until is not None:
            return f"armed until {self.armed_until:%Y-%m-%d %H:%M:%S}"
        if self.may_fire_at is not None:
            return f"not certain; it may fire from {self.may_fire_at:%Y-%m-%d %H:%M:%S} on"
        return "off"

    def left(self, now: datetime) -> timedelta:
        """Return how long it is certain to be armed yet; zero if it is not."""
        none = timedelta(0)
        return none if self.armed_until is None else max(self.armed_until - now - SLACK, none)

    def may_have_fired(self, now: datetime) -> bool:
        """Tell whether orders may be canceled that the books have as open (DMS-3)."""
        return self.may_fire_at is not None and now + SLACK >= self.may_fire_at

    def is_due(self, now: datetime, terms: Terms) -> bool:
        """Tell whether it is to be set anew, to be in time or to fit other terms."""
        left = self.left(now)
        return left <= terms.timeout - terms.interval or left > terms.timeout + SLACK

    def arming(self, asked_at: datetime, timeout: timedelta) -> "Switch":
        """Return what is known once a request to arm may have gone out."""
        earliest = asked_at + timeout
        return replace(
            self, may_fire_at=min(self.may_fire_at or earliest, earliest), serial=self.serial + 1
        )

    def turning_off(self) -> "Switch":
        """Return what is known once a request to turn it off may have gone out."""
        return replace(self, armed_until=None, serial=self.serial + 1)

    def failed(self) -> "Switch":
        """Return what is known after a request of which no answer, or a wrong one, was heard."""
        return replace(self, failures=self.failures + 1)

    def heard(self, report: SwitchReport, *, serial: int) -> "Switch":
        """Return what is known after an answer; of two that crossed, the more careful reading.

        Args:
            report: the answer.
            serial: of the request that it answers.
        """
        fires_at, is_alone = report.fires_at, serial == self.serial
        armed_until = fires_at if is_alone else _both(self.armed_until, fires_at)
        return replace(
            self,
            armed_until=armed_until,
            may_fire_at=fires_at if is_alone else _earlier(self.may_fire_at, fires_at),
            told_at=report.told_at,
            failures=0,
        )


OFF: Final = Switch()


def believed(
    report: SwitchReport, *, asked_at: datetime, heard_at: datetime, timeout: timedelta
) -> SwitchReport:
    """Return the answer to a request, if it can be true of what was asked (DMS-2).

    Args:
        report: what the exchange answered.
        asked_at: exchange time before the request.
        heard_at: exchange time after it.
        timeout: what was asked for; zero to turn it off.

    Raises:
        UnexpectedReplyError: it fires at another time than was asked for, or not at all, or the
            exchange's clock is another than ours.
    """
    if not asked_at - SLACK <= report.told_at <= heard_at + SLACK:
        raise UnexpectedReplyError(
            f"the exchange's clock shows {report.told_at} between {asked_at} and {heard_at}"
        )
    wanted = report.told_at + timeout if timeout else None
    found = report.fires_at
    fits = found is wanted if found is None or wanted is None else abs(found - wanted) <= SLACK
    if not fits:
        raise UnexpectedReplyError(f"the switch was to fire at {wanted}, it fires at {found}")
    return report


def is_protective(order: Order) -> bool:
    """Tell whether an order is a stop that protects a holding."""
    return order.side is Side.SELL and order.order_type in STOPS


def needs_switch(order: Order, *, spares_stops: bool) -> bool:
    """Tell whether an order may not be left alone at the exchange (DMS-5).

    Args:
        order: any of ours.
        spares_stops: whether stops shall stay there without us.
    """
    rests = order.order_type != "market" and order.time_in_force.upper() not in NEVER_RESTS
    return rests and not (spares_stops and is_protective(order))


def window_at(windows: Iterable[Window], now: datetime) -> Window | None:
    """Return the maintenance that is on or about to begin."""
    return next((each for each in windows if each.begins - NOTICE <= now < each.ends), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What shows that somebody looks after the orders. Ages are in real time; None: never."""

    beat_age: timedelta | None
    """Since the order service last showed that it works."""
    settled_age: timedelta | None
    """Since every order was last compared with the exchange."""
    epoch: int
    """Of the last lease to send, as the order service knew it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How old a sign of life may be."""

    beat: timedelta
    settled: timedelta


def missing_proof(
    life: Life,
    resting: Iterable[Order],
    *,
    now: datetime,
    patience: Patience,
    least_epoch: int,
) -> str:
    """Say what is missing of the proof that somebody looks after the orders; nothing if none is.

    Args:
        life: what was shown.
        resting: the orders that need the switch.
        now: exchange time.
        patience: how old signs may be; an order may be as long without being looked at.
        least_epoch: an epoch that was seen before; a lower one comes from older books.

    Source: DMS-1.
    """
    if life.beat_age is None:
        return "the order service never gave a sign of life"
    if life.beat_age > patience.beat:
        return f"the order service gave no sign of life for {life.beat_age}, max={patience.beat}"
    if life.epoch < least_epoch:
        return f"the order service has older books: epoch={life.epoch}, it was {least_epoch}"
    oldest = max((now - each.created_at for each in resting), default=timedelta(0))
    unseen = oldest if life.settled_age is None else min(oldest, life.settled_age)
    if unseen > patience.settled:
        return f"orders were not looked at for {unseen}, max={patience.settled}"
    return ""


def _both(one: datetime | None, other: datetime | None) -> datetime | None:
    return None if one is None or other is None else min(one, other)


def _earlier(*instants: datetime | None) -> datetime | None:
    return min((each for each in instants if each is not None), default=None)
