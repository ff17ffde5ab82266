"""All that a risk rule may look at. No field has a default: what is not known must be said."""

from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from kraken_pipeline.domain.activity import Activity
from kraken_pipeline.domain.intents import Intent
from kraken_pipeline.domain.locks import Lock
from kraken_pipeline.domain.market import Pair, Quote, Side
from kraken_pipeline.domain.money import PERCENT, Price, Qty
from kraken_pipeline.domain.order_style import Manner
from kraken_pipeline.domain.order_terms import Urgency
from kraken_pipeline.domain.staleness import Doubt
from kraken_pipeline.domain.unknowns import Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The configured bounds. Percentages are of equity."""

    max_risk_per_trade_pct: Decimal
    max_portfolio_stop_risk_pct: Decimal
    max_gross_exposure_pct: Decimal
    max_per_asset_pct: Decimal
    max_per_strategy_pct: Decimal
    """Of the strategy at hand."""
    max_open_positions: int
    max_pair_notional: Decimal | None
    """In base currency; None where the configuration sets no such cap."""
    max_total_notional: Decimal | None
    """In base currency; None where the configuration sets no such cap."""
    max_order_notional: Decimal | None
    """Of one order, in base currency; None where the configuration sets no such cap."""
    max_order_qty: Decimal | None
    """Of one order of the pair at hand, in base units; None as above."""
    max_order_pct_of_24h_volume: Decimal
    max_order_pct_of_depth: Decimal
    """Of what the book shows within the slippage bound."""
    max_per_cluster_pct: Decimal | None
    """Of all that moves as one with the pair at hand; None as above."""
    min_cash_reserve_pct: Decimal
    """What must stay in cash, fees paid."""
    max_orders_per_minute: int
    max_orders_per_day: int
    """Since the UTC day began, as all that is a day's here."""
    max_turnover_pct_per_day: Decimal
    max_fees_pct_per_day: Decimal
    max_daily_loss_pct: Decimal
    max_daily_loss_per_strategy_pct: Decimal
    max_exit_hours: Decimal
    """How long selling all of the asset may take at a tenth of what usually trades."""
    min_liquidity_24h: Decimal
    """In base currency."""
    max_spread_bps: Decimal
    min_stop_in_round_trips: Decimal
    """How many times the fees of buying and selling the stop must be away; 0 for any distance."""
    max_quote_age_seconds: int
    max_sync_age_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """What is held and what open, unknown and approved orders may still add, at their worst.

    In base currency, `positions` and quantities apart (RSK-2).
    """

    pair: Decimal
    asset: Decimal
    cluster: Decimal
    """All that is not known to move apart from the pair at hand."""
    strategy: Decimal
    gross: Decimal
    stop_risk: Decimal
    """What all positions and orders would lose if every stop were hit."""
    positions: int
    """Assets held or about to be."""
    asset_is_held: bool
    """Whether the asset at hand is among `positions`."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """An intent with a size and a price, and the world that it would be sent into."""

    now: datetime
    intent: Intent
    pair: Pair
    unacknowledged: tuple[str, ...]
    """Settings that let more happen than a person agreed to."""
    is_allowed: bool
    """Whether the strategy may trade where orders go."""
    barred: str
    """Why the strategy may open nothing at its stage; empty where it may."""
    in_universe: bool
    manner: Manner
    qty: Qty
    limit_price: Price
    worst_price: Price
    """The slippage bound: the limit may be better than this, for a post-only order it is."""
    quote_rate: Decimal
    """Base currency per quote unit."""
    fee_share: Decimal
    """The higher fee rate, as a share of cost."""
    min_qty: Qty
    """Smallest order that exchange and configuration accept at `limit_price`."""
    quote: Quote | None
    """What the market says now; None where it did not answer."""
    doubts: frozenset[Doubt]
    """What speaks against the stream's price; empty where no stream was started."""
    stream_age: timedelta | None
    """Of the stream's price; None where it told none."""
    notional_24h: Decimal
    """In base currency."""
    usual_notional: Decimal
    """What can be counted on to trade in a day, in base currency."""
    visible_qty: Decimal | None
    """What the book offers within the slippage bound, in base; None where it was not read."""
    equity: Decimal
    """In base currency."""
    coverage: Decimal
    """Share of what all is worth that has a fresh price, 0 to 1."""
    unpriced: tuple[str, ...]
    """Held assets without a fresh price."""
    synced_at: datetime
    """When balances and fills were last read."""
    cash: Decimal
    """Free quote asset after every reservation, in quote."""
    spendable: Decimal
    """That and the free base currency, in base currency."""
    owned_qty: Qty
    """What the strategy's book holds of the base and no open order is selling already."""
    free_qty: Qty
    """What the account holds of the base and no open order is selling already."""
    exposure: Exposure
    activity: Activity
    limits: Limits
    halts: frozenset[str]
    """Codes of the halts that are latched."""
    system_status: str
    unknowns: tuple[Unknown, ...]
    """Every order of open fate, on whatever pair (OMS-10)."""
    cooling_until: datetime | None
    """Until when nothing opens on the pair, after a refusal for want of funds or a closed position;
    None where nothing cools it."""
    locks: tuple[Lock, ...]
    """What protections keep the pair from being opened now, but for cooldowns (RSK-7)."""
    allotted: Decimal | None
    """What an allocation leaves of what is wanted, in base currency; None where it is whole."""
    opposed_at: Price | None
    """The lowest price at which an open order of ours sells the pair; None where none does."""
    open_orders_alike: int
    """Of the same book, pair and side."""
    opens: bool = field(init=False, repr=False, compare=False)
    """Whether it adds risk. Spot without shorts: a buy does, a sell reduces."""

    if not TYPE_CHECKING:
        # what is generated sets forty fields one by one, which takes longer than to ask every cap

        def __init__(self, **told: object) -> None:
            """Take every field but the last; `opens` follows, as hardly a rule does not ask it."""
            if told.keys() != _TOLD:
                raise TypeError(f"a case needs {sorted(_TOLD ^ told.keys())} said, or not said")
            self.__dict__.update(told, opens=told["intent"].side is Side.BUY)

    def sized(self, qty: Qty) -> "Case":
        """Return the same case with another size."""
        made = object.__new__(Case)
        made.__dict__.update(self.__dict__, qty=qty)
        return made

    @property
    def notional(self) -> Decimal:
        """At the limit, in base currency."""
        return self.qty * self.limit_price * self.quote_rate

    @property
    def takes_depth(self) -> bool:
        """Whether it goes as deep into the book as all of it needs."""
        return self.manner.urgency is Urgency.URGENT

    def share_of_equity(self, percent: Decimal) -> Decimal:
        """Return a percentage of equity, in base currency."""
        return self.equity * percent * PERCENT


_TOLD: Final = frozenset(each.name for each in fields(Case) if each.init)
