"""Reading an order that a caller wants, and the rules that it must keep before the engine sees it.

The account has no margin: positions can't be opened, closed or reduced.

Source: kraken/rest.md §6 and the live wording there; kraken/errors.md §2.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from kraken_pipeline.simulator import order_terms, price_syntax
from kraken_pipeline.simulator.engine import NOTHING, Side
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.order_prices import limit_of, trigger_of
from kraken_pipeline.simulator.orders import KINDS, Closing, Order, Trigger
from kraken_pipeline.simulator.params import Params, RefusedError, invalid
from kraken_pipeline.simulator.triggers import has_index

CLOSING_TYPES: Final = frozenset(KINDS) - {"market", "iceberg"}
ICEBERG_PARTS: Final = 15
"""An iceberg shows at least so many-th of itself."""
NO_LEVERAGE: Final = frozenset({"", "none", "0", "1", "1:1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An order that a caller wants, its arguments found right."""

    pair: Pair
    side: Side
    ordertype: str
    volume: Decimal
    price: Decimal | None
    """The limit; None if there is none, or none before a trigger fires."""
    oflags: tuple[str, ...]
    timeinforce: str
    expires: datetime | None
    cl_ord_id: str | None
    userref: int
    trigger: Trigger | None
    display: Decimal | None
    starts: datetime | None
    stp: str
    close: Closing | None
    last: Decimal
    """The pair's last price when it was wanted, quote per base."""

    @property
    def in_quote(self) -> bool:
        """Whether the volume counts the quote."""
        return "viqc" in self.oflags

    @property
    def post_only(self) -> bool:
        """Whether it may not take."""
        return "post" in self.oflags

    def order(self, identity: str, at: datetime) -> Order:
        """Return it as an order that was opened at a time."""
        loose = self.price is None and self.trigger is None and not self.in_quote
        return Order(
            id=identity,
            pair=self.pair.key,
            side=self.side,
            ordertype=self.ordertype,
            price=self.price,
            volume=self.volume,
            in_quote=self.in_quote,
            oflags=self.oflags,
            timeinforce=self.timeinforce,
            expires=self.expires,
            cl_ord_id=self.cl_ord_id,
            userref=self.userref,
            opened=at,
            status="pending" if self.starts else "open",
            trigger=self.trigger,
            display=self.display,
            starts=self.starts,
            stp=self.stp,
            close=self.close,
            expected=self.last if loose else None,
        )


def wanted(params: Params, pair: Pair, last: Decimal, now: datetime) -> Wanted:
    """Read an order and hold it against every rule that needs no account.

    Args:
        params: of AddOrder, or of one order of a batch.
        pair: the pair that was asked for.
        last: the pair's last price, quote per base.
        now: the exchange's time.

    Raises:
        RefusedError: the first rule that is broken.
    """
    found = _read(params, pair, last, now)
    refuse_unsound(found.order("", now), pair, last)
    return found


def refuse_unsound(order: Order, pair: Pair, last: Decimal) -> None:
    """Hold an order against every rule of its pair.

    Args:
        order: as it is to be.
        pair: its pair.
        last: the pair's last price, quote per base.

    Raises:
        RefusedError: the first rule that is broken.
    """
    for check in CHECKS:
        problem = check(order, pair, last)
        if problem is not None:
            raise RefusedError(problem)


def _read(params: Params, pair: Pair, last: Decimal, now: datetime) -> Wanted:
    if params.text("type") not in {"buy", "sell"}:
        raise invalid("type")
    side, ordertype = Side(params.text("type")), params.text("ordertype")
    _refuse_margin(params, pair, ordertype)
    if ordertype not in KINDS:
        raise invalid("ordertype")
    spelled = Closing(ordertype=ordertype, price=params.text("price"), price2=params.text("price2"))
    starts = order_terms.start(params, now)
    expires = order_terms.expiry(params, now, starts or now)
    return Wanted(
        pair=pair,
        side=side,
        ordertype=ordertype,
        volume=params.number("volume"),
        price=limit_of(spelled, side, pair, last),
        trigger=trigger_of(spelled, side, pair, last, _reference(params, pair, ordertype)),
        display=_display(params, ordertype),
        oflags=order_terms.oflags(params, ordertype, side),
        timeinforce=order_terms.time_in_force(params, expires),
        starts=starts,
        expires=expires,
        cl_ord_id=order_terms.cl_ord_id(params),
        userref=order_terms.userref(params),
        stp=order_terms.stp(params),
        close=_closing(params, side, pair, last),
        last=last,
    )


def _refuse_margin(params: Params, pair: Pair, ordertype: str) -> None:
    if ordertype == "settle-position":
        raise RefusedError("EOrder:Unknown position")
    leverage = params.text("leverage").lower()
    if leverage not in NO_LEVERAGE:
        if leverage.removesuffix(":1") not in {str(each) for each in pair.leverage}:
            raise RefusedError("EOrder:Invalid leverage")
        raise RefusedError("EOrder:Cannot open position")
    if params.flag("reduce_only"):
        raise RefusedError("EOrder:Reduce only:No position exists")


def _reference(params: Params, pair: Pair, ordertype: str) -> str:
    reference = params.text("trigger") or "last"
    if reference not in {"last", "index"}:
        raise invalid("trigger")
    if reference == "index" and KINDS[ordertype].fired and not has_index(pair):
        raise invalid("Index unavailable")
    return reference


def _display(params: Params, ordertype: str) -> Decimal | None:
    if ordertype == "iceberg":
        return params.number("displayvol")
    if "displayvol" in params and params.number("displayvol") != NOTHING:
        raise invalid("displayvol")
    return None


def _closing(params: Params, side: Side, pair: Pair, last: Decimal) -> Closing | None:
    """Return the conditional close: `close[ordertype]` in forms, nested in JSON."""
    nested = params.raw("close")
    inner = nested if isinstance(nested, dict) else {}
    if nested not in ({}, None, "") and not isinstance(nested, dict):
        raise invalid("close")
    texts = {
        name: Params(inner).text(name) or params.text(f"close[{name}]")
        for name in ("ordertype", "price", "price2")
    }
    if not any(texts.values()):
        return None
    if texts["ordertype"] not in CLOSING_TYPES:
        raise invalid("close[ordertype]")
    closing = Closing(**texts)
    trigger, limit = _tried(closing, side.other, pair, last)
    problem = _price_problem(pair, [trigger.price if trigger else None, limit])
    if problem is not None:
        raise RefusedError(problem)
    return closing


def _tried(
    close: Closing, side: Side, pair: Pair, last: Decimal
) -> tuple[Trigger | None, Decimal | None]:
    """Return what a conditional close would be now, to see whether it can be."""
    try:
        return trigger_of(close, side, pair, last), limit_of(close, side, pair, last)
    except RefusedError as wrong:
        raise invalid(f"close[{wrong.text.rpartition(':')[2]}]") from wrong


def _volume_fits(order: Order, pair: Pair, last: Decimal) -> str | None:
    decimals = pair.cost_decimals if order.in_quote else pair.lot_decimals
    if order.volume <= 0 or price_syntax.decimals(order.volume) > decimals:
        return "EGeneral:Invalid arguments:volume"
    volume = order.volume / last if order.in_quote else order.volume
    if volume < pair.ordermin:
        return "EGeneral:Invalid arguments:volume minimum not met"
    return None


def display_fits(pair: Pair, volume: Decimal, display: Decimal | None) -> bool:
    """Tell whether an iceberg may show so much of itself; None is no iceberg.

    Args:
        pair: its pair.
        volume: all of it, base.
        display: what it shows, base.
    """
    if display is None:
        return True
    fine = price_syntax.decimals(display) <= pair.lot_decimals
    return fine and volume <= display * ICEBERG_PARTS and NOTHING < display <= volume


def _display_fits(order: Order, pair: Pair, last: Decimal) -> str | None:
    if display_fits(pair, order.volume, order.display):
        return None
    return "EGeneral:Invalid arguments:displayvol"


def _prices_fit(order: Order, pair: Pair, last: Decimal) -> str | None:
    trigger = order.trigger
    if trigger is not None and trigger.trail is not None and trigger.trail.amount <= 0:
        return "EGeneral:Invalid arguments:price"
    return _price_problem(pair, [trigger.price if trigger else None, order.price])


def _price_problem(pair: Pair, prices: list[Decimal | None]) -> str | None:
    given = (each for each in prices if each is not None)
    return next((problem for each in given if (problem := _problem_of(each, pair))), None)


def _problem_of(price: Decimal, pair: Pair) -> str | None:
    if price <= 0:
        return "EGeneral:Invalid arguments:price"
    if price_syntax.decimals(price) > pair.pair_decimals:
        return (
            f"EOrder:Invalid price:{pair.wsname} price can only be specified"
            f" up to {pair.pair_decimals} decimals."
        )
    return "EOrder:Tick size check failed" if price % pair.tick else None


def _cost_fits(order: Order, pair: Pair, last: Decimal) -> str | None:
    trigger = order.trigger.price if order.trigger else None
    price = order.price or trigger or last
    cost = order.volume if order.in_quote else order.volume * price
    return "EOrder:Cost minimum not met" if cost < pair.costmin else None


CHECKS: Final[tuple[Callable[[Order, Pair, Decimal], str | None], ...]] = (
    _volume_fits,
    _display_fits,
    _prices_fit,
    _cost_fits,
)


def mode_problem(mode: str, ordertype: str, *, post_only: bool) -> str | None:
    """Return why an order can't be placed in a mode of its pair or the exchange; None if it can.

    Source: kraken/errors.md §2, "EService:Market in ... mode", and "EService:Unavailable" under
    maintenance.
    """
    if mode == "maintenance":
        return "EService:Unavailable"
    allowed = {
        "online": True,
        "post_only": post_only,
        "limit_only": KINDS[ordertype].limited if ordertype in KINDS else False,
    }
    return None if allowed.get(mode, False) else f"EService:Market in {mode} mode"
