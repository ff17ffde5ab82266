"""Questions about how much: per order, pair, asset, cluster, strategy, portfolio and day.

Each holds against the worst case: all that is open fills at its limit, fees on top (RSK-2).
Only buys are asked; a sell lowers every one of these. A row tells both what the question is and how
much it still leaves, so that what is clamped to the room passes the question (RSK-4).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Final, NamedTuple

from kraken_pipeline.domain.gates import Objection
from kraken_pipeline.domain.money import PERCENT, ZERO
from kraken_pipeline.domain.risk.case import Case

SHARE_OF_A_DAY: Final = Decimal("0.1")
"""How much of what usually trades an exit may be. Source: RSK-12."""
HOURS_A_DAY: Final = Decimal(24)
ONE: Final = Decimal(1)
MONEY: Final = 2
"""Decimals of figures in base currency."""
UNITS: Final = 8
"""Decimals of figures in base units."""
COUNT: Final = 0

Figure = Callable[[Case], Decimal]


class Bears(Enum):
    """What a cap is the cap of."""

    ORDER = "order"
    PAIR = "pair"
    ASSET = "asset"
    STRATEGY = "strategy"
    ACCOUNT = "account"


class Adds(IntEnum):
    """What a case adds to what is used of a cap; also its place among what is worked out once."""

    NOTIONAL = 0
    COST = 1
    """At its worst, with the fee."""
    STOP_RISK = 2
    QTY = 3
    FEE = 4
    ONE = 5
    """Whatever the size, as the next: a smaller order would add as much."""
    NOTHING = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """A bound: what is used of it, what the case adds, and how much that may be."""

    code: str
    bears: Bears
    says: str
    """What it bounds, for a person."""
    most: Callable[[Case], Decimal | None]
    """None where the configuration sets no such cap, or it does not bear on the case."""
    used: Figure
    """Before the case."""
    adds: Adds
    places: int = MONEY

    def __call__(self, case: Case) -> Objection | None:
        """Object if the case would carry it over its bound."""
        most = self.most(case) if case.opens else None
        if most is None:
            return None
        return Measure(self, self.used(case) + _added(case)[self.adds], most).objection


class Measure(NamedTuple):
    """How a case stands to a cap."""

    cap: Cap
    after: Decimal
    """What would be used of it."""
    most: Decimal

    @property
    def objection(self) -> Objection | None:
        """What stands against the case; None where it stays within the cap."""
        if self.after <= self.most:
            return None
        places = self.cap.places
        return Objection(
            self.cap.code, f"after={self.after:.{places}f}, max={self.most:.{places}f}"
        )


Bound = tuple[Cap, Decimal, Decimal]
"""A cap, what is used of it before a case, and how much that may be."""


def bounds(case: Case) -> tuple[Bound, ...]:
    """Return each cap that bears on a case, and where it stands: at whatever size the case has."""
    return tuple(
        [(cap, cap.used(case), most) for cap in CAP_RULES if (most := cap.most(case)) is not None]
    )


def measures(case: Case, bound_by: Sequence[Bound]) -> tuple[Measure, ...]:
    """Return how a buy stands to every cap that bears on it, also those that it breaks.

    Args:
        case: at its size.
        bound_by: its `bounds`.
    """
    added = _added(case)
    return tuple([Measure(cap, used + added[cap.adds], most) for cap, used, most in bound_by])


def rooms(case: Case, bound_by: Sequence[Bound]) -> dict[str, Decimal]:
    """Return what each cap leaves for a buy, in base currency before fees, by the cap's code.

    A size that is clamped to the smallest of these passes every question of this module that a
    smaller size could pass.

    Args:
        case: at any size.
        bound_by: its `bounds`.
    """
    per_notional = _per_notional(case)
    return {
        cap.code: (most - used) / per
        for cap, used, most in bound_by
        if (per := per_notional[cap.adds])
    }


def _added(case: Case) -> tuple[Decimal, ...]:
    """Return what a case adds of each kind: the caps share these."""
    notional, fee_share = case.notional, case.fee_share
    return (
        notional,
        notional * (1 + fee_share),
        notional * case.intent.stop_distance,
        case.qty,
        notional * fee_share,
        ONE,
        ZERO,
    )


def _per_notional(case: Case) -> tuple[Decimal, ...]:
    """Return what a unit of notional adds of each kind; nothing where the size does not count."""
    worth_of_one = case.limit_price * case.quote_rate
    return (
        ONE,
        1 + case.fee_share,
        case.intent.stop_distance,
        ONE / worth_of_one if worth_of_one else ZERO,
        case.fee_share,
        ZERO,
        ZERO,
    )


def usual_room(case: Case) -> Decimal:
    """Return how much of the asset can be sold within the bound, in base currency (RSK-12)."""
    days = case.limits.max_exit_hours / HOURS_A_DAY
    return case.usual_notional * SHARE_OF_A_DAY * days


def exit_hours(case: Case) -> Decimal | None:
    """Return how long selling all of the asset takes at a tenth of what usually trades.

    None where nothing trades.
    """
    a_day = case.usual_notional * SHARE_OF_A_DAY
    return (case.exposure.asset + case.notional) / a_day * HOURS_A_DAY if a_day else None


def _nothing(case: Case) -> Decimal:
    return ZERO


def _visible(case: Case) -> Decimal | None:
    if not case.takes_depth or case.visible_qty is None:
        return None
    return case.visible_qty * case.limits.max_order_pct_of_depth * PERCENT


def _cluster(case: Case) -> Decimal | None:
    percent = case.limits.max_per_cluster_pct
    return None if percent is None else case.share_of_equity(percent)


def _positions(case: Case) -> Decimal | None:
    """Adding to a position is none more."""
    return None if case.exposure.asset_is_held else Decimal(case.limits.max_open_positions)


CAP_RULES: Final[tuple[Cap, ...]] = (
    Cap(
        code="CAP_ORDER",
        bears=Bears.ORDER,
        says="what one order may lose at its stop",
        most=lambda case: case.share_of_equity(case.limits.max_risk_per_trade_pct),
        used=_nothing,
        adds=Adds.STOP_RISK,
    ),
    Cap(
        code="ALLOCATION",
        bears=Bears.ORDER,
        says="what the allocation leaves of what a strategy wants",
        most=lambda case: case.allotted,
        used=_nothing,
        adds=Adds.NOTIONAL,
    ),
    Cap(
        code="CAP_ORDER_NOTIONAL",
        bears=Bears.ORDER,
        says="what one order may be worth",
        most=lambda case: case.limits.max_order_notional,
        used=_nothing,
        adds=Adds.NOTIONAL,
    ),
    Cap(
        code="CAP_ORDER_QTY",
        bears=Bears.ORDER,
        says="how many base units one order may be of",
        most=lambda case: case.limits.max_order_qty,
        used=_nothing,
        adds=Adds.QTY,
        places=UNITS,
    ),
    Cap(
        code="DEPTH",
        bears=Bears.ORDER,
        says="one order of what trades in 24 h",
        most=lambda case: case.notional_24h * case.limits.max_order_pct_of_24h_volume * PERCENT,
        used=_nothing,
        adds=Adds.NOTIONAL,
    ),
    Cap(
        code="DEPTH_VISIBLE",
        bears=Bears.ORDER,
        says="one urgent order of what the book shows within the bound, in base units",
        most=_visible,
        used=_nothing,
        adds=Adds.QTY,
        places=UNITS,
    ),
    Cap(
        code="EXIT_TIME",
        bears=Bears.ASSET,
        says="how much of an asset can be sold in time",
        most=usual_room,
        used=lambda case: case.exposure.asset,
        adds=Adds.NOTIONAL,
    ),
    Cap(
        code="CAP_PAIR",
        bears=Bears.PAIR,
        says="exposure to the pair",
        most=lambda case: case.limits.max_pair_notional,
        used=lambda case: case.exposure.pair,
        adds=Adds.COST,
    ),
    Cap(
        code="CAP_ASSET",
        bears=Bears.ASSET,
        says="exposure to the asset, over all its pairs",
        most=lambda case: case.share_of_equity(case.limits.max_per_asset_pct),
        used=lambda case: case.exposure.asset,
        adds=Adds.COST,
    ),
    Cap(
        code="CAP_CLUSTER",
        bears=Bears.ASSET,
        says="exposure to all that moves as one with it",
        most=_cluster,
        used=lambda case: case.exposure.cluster,
        adds=Adds.COST,
    ),
    Cap(
        code="CAP_STRATEGY",
        bears=Bears.STRATEGY,
        says="exposure of the strategy, over all its timeframes",
        most=lambda case: case.share_of_equity(case.limits.max_per_strategy_pct),
        used=lambda case: case.exposure.strategy,
        adds=Adds.COST,
    ),
    Cap(
        code="CAP_GROSS",
        bears=Bears.ACCOUNT,
        says="exposure in all",
        most=lambda case: case.share_of_equity(case.limits.max_gross_exposure_pct),
        used=lambda case: case.exposure.gross,
        adds=Adds.COST,
    ),
    Cap(
        code="CAP_TOTAL",
        bears=Bears.ACCOUNT,
        says="exposure in all, as an amount",
        most=lambda case: case.limits.max_total_notional,
        used=lambda case: case.exposure.gross,
        adds=Adds.COST,
    ),
    Cap(
        code="CAP_STOP_RISK",
        bears=Bears.ACCOUNT,
        says="the loss if every stop were hit at once",
        most=lambda case: case.share_of_equity(case.limits.max_portfolio_stop_risk_pct),
        used=lambda case: case.exposure.stop_risk,
        adds=Adds.STOP_RISK,
    ),
    Cap(
        code="CASH",
        bears=Bears.ACCOUNT,
        says="what may be spent so that the reserve stays",
        most=lambda case: case.spendable - case.share_of_equity(case.limits.min_cash_reserve_pct),
        used=_nothing,
        adds=Adds.COST,
    ),
    Cap(
        code="CAP_POSITIONS",
        bears=Bears.ACCOUNT,
        says="open positions",
        most=_positions,
        used=lambda case: Decimal(case.exposure.positions),
        adds=Adds.ONE,
        places=COUNT,
    ),
    Cap(
        code="RATE_ORDERS",
        bears=Bears.ACCOUNT,
        says="orders in a minute",
        most=lambda case: Decimal(case.limits.max_orders_per_minute),
        used=lambda case: Decimal(case.activity.orders_of_minute),
        adds=Adds.ONE,
        places=COUNT,
    ),
    Cap(
        code="RATE_ORDERS_DAY",
        bears=Bears.ACCOUNT,
        says="orders in a UTC day",
        most=lambda case: Decimal(case.limits.max_orders_per_day),
        used=lambda case: Decimal(case.activity.orders_of_day),
        adds=Adds.ONE,
        places=COUNT,
    ),
    Cap(
        code="TURNOVER",
        bears=Bears.ACCOUNT,
        says="what is traded in a UTC day",
        most=lambda case: case.share_of_equity(case.limits.max_turnover_pct_per_day),
        used=lambda case: case.activity.turnover,
        adds=Adds.NOTIONAL,
    ),
    Cap(
        code="CAP_FEES",
        bears=Bears.ACCOUNT,
        says="fees in a UTC day",
        most=lambda case: case.share_of_equity(case.limits.max_fees_pct_per_day),
        used=lambda case: case.activity.fees,
        adds=Adds.FEE,
    ),
    Cap(
        code="CAP_LOSS",
        bears=Bears.ACCOUNT,
        says="the account's loss in a UTC day",
        most=lambda case: case.share_of_equity(case.limits.max_daily_loss_pct),
        used=lambda case: case.activity.loss,
        adds=Adds.NOTHING,
    ),
    Cap(
        code="CAP_LOSS_STRATEGY",
        bears=Bears.STRATEGY,
        says="the strategy's loss in a UTC day",
        most=lambda case: case.share_of_equity(case.limits.max_daily_loss_per_strategy_pct),
        used=lambda case: case.activity.strategy_loss,
        adds=Adds.NOTHING,
    ),
)
