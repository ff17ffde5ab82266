"""How much may be risked, and how orders may be sent: the sections `risk`, `execution`, `guard`."""

from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import Field

from kraken_pipeline.settings.fields import (
    Bars,
    Bps,
    Caps,
    Exact,
    Factor,
    Hours,
    PctOfAllocation,
    PctOfDepth,
    PctOfNav,
    PctOfNavADay,
    PctOfVolume,
    PositiveUsd,
    Qtys,
    Seconds,
    Section,
    Share,
    Spans,
    StrategyIds,
    Timeframe,
    Unit,
    Usd,
)
from kraken_pipeline.settings.protections import Protections

DEMO_STRATEGY: Final = "trend_core"
"""The strategy that a machine without any configuration runs on paper."""


class MarketRegimeThrottle(Section):
    """Smaller targets in bad markets."""

    enabled: bool = False
    """Whether buys are made smaller, or left out, while the market as a whole goes badly."""
    timeframe: Timeframe = "4h"
    """Which candles the market is judged by."""
    momentum_lookback_bars: Bars = 63
    """Over how many the benchmark's change is measured."""
    basket_momentum_lookback_bars: Bars = 63
    """Over how many the mean change of the universe's pairs is measured."""
    volatility_lookback_bars: Bars = 63
    """Over how many the deviation of the benchmark's changes is measured."""
    drawdown_lookback_bars: Bars = 63
    """Over how many the benchmark's highest close is looked for."""
    risk_on_allocation_multiplier: Share = Decimal("1.0")
    """What is left of a buy in a good market."""
    neutral_allocation_multiplier: Share = Decimal("0.75")
    """What is left of a buy in a doubtful market."""
    risk_off_allocation_multiplier: Share = Decimal("0.25")
    """What is left of a buy in a bad market."""
    unavailable_policy: Literal["block_new_risk", "allow"] = "block_new_risk"
    """What holds while the regime cannot be told."""


class Risk(Section):
    """What may be lost, held and opened. Percentages are percent of NAV unless the name differs."""

    max_risk_per_trade_pct: PctOfNav = Decimal("1.0")
    """The loss at its stop that one trade may carry."""
    max_portfolio_risk_pct: PctOfNav = Decimal(10)
    """The sum of the losses at their stops of all that is open."""
    max_open_positions: int = Field(default=10, ge=1, le=1000)
    """How many assets may be held, or wanted by orders that are out."""
    max_per_asset_pct: PctOfNav = Decimal(5)
    """Exposure to one asset, with all orders that are out filled."""
    max_per_strategy_pct: Caps = Field(
        default_factory=lambda: MappingProxyType({DEMO_STRATEGY: Decimal(10)})
    )
    """Exposure by strategy id; what the operator holds by hand, `manual`, has none yet."""
    max_daily_drawdown_pct: PctOfNav = Field(default=Decimal(10), gt=0)
    """How far the account may fall from its highest of 24 hours. Beyond it the kill switch
    latches."""
    kill_cool_off_minutes: Annotated[int, Field(ge=0, le=10_080), Unit("min")] = 60
    """How long after a drawdown or a day's loss stopped opening nobody may clear that."""
    kill_switch_on_drift: bool = True
    """Whether opening stops where books and exchange differ by more than the tolerances."""
    include_manual_positions: bool = True
    """Whether what the operator holds by hand is to count for the caps."""
    volatility_lookback_bars: Bars = 20
    """Over how many bars volatility is to be measured."""
    min_liquidity_24h_usd: Usd = Decimal(100_000)
    """What must have traded of a pair in 24 hours for a buy of it."""
    max_gross_exposure_pct: PctOfNav = Decimal(10)
    """The value of all holdings but cash. It is its own limit, apart from risk at the stops."""
    max_portfolio_stop_risk_pct: PctOfNav = Decimal(10)
    """Beside `max_portfolio_risk_pct`, which counts the same: the lower one holds."""
    max_order_pct_of_24h_volume: PctOfVolume = Decimal(1)
    """How much of what traded in 24 hours one order may be."""
    max_order_pct_of_depth: PctOfDepth = Decimal(50)
    """Of what the book shows within the slippage bound; holds for urgent orders."""
    max_order_notional_usd: PositiveUsd | None = None
    """The largest order, in `portfolio.base_currency`. If left out: not asked."""
    max_order_qty: Qtys = Field(default_factory=lambda: MappingProxyType({}))
    """The largest order of a pair, by its name."""
    max_per_cluster_pct: PctOfNav | None = None
    """Exposure to all that moves as one: universe.filters.cluster_correlation says from when on.
    What is not known to move apart counts."""
    max_exit_hours: Annotated[Exact, Field(gt=0, le=8760), Unit("h")] = Decimal(24)
    """How long selling all of an asset may take, at a tenth of what trades in a usual day."""
    min_cash_reserve_pct: PctOfNav = Decimal(1)
    """What buys leave of the cash."""
    max_orders_per_minute: int = Field(default=60, ge=1, le=10_000)
    """Orders that are planned within a minute; what reduces goes in any case."""
    max_orders_per_day: int = Field(default=2_000, ge=1, le=1_000_000)
    """In a UTC day, as below."""
    max_turnover_pct_per_day: PctOfNavADay = Decimal(1_000)
    """What is bought and sold in a day."""
    max_fees_pct_per_day: PctOfNavADay = Decimal(2)
    """What is paid in fees in a day."""
    max_daily_loss_pct: PctOfNav = Field(default=Decimal(5), gt=0)
    """Of the whole account. Beyond it the kill switch latches, and a person has to look."""
    max_daily_loss_per_strategy_pct: PctOfNav = Field(default=Decimal(3), gt=0)
    """Beyond it the strategy opens nothing for the rest of the day."""
    max_spread_bps: Bps = Field(default=100, ge=1, le=10_000)
    """Between bid and ask, for a buy."""
    min_stop_in_round_trips: Annotated[Exact, Field(ge=0, le=100), Unit("x the fees")] = Decimal(0)
    """How far away a stop must be, in fees of buying and selling: a nearer one can't be worth it.
    0 lets any distance pass."""
    protections: Protections = ()
    """What pauses buying after bad events; each entry a kind, or a mapping with its `kind`."""
    dynamic_allocation_enabled: bool = False
    """Whether strategies that did well of late get more of what they want than others."""
    dynamic_allocation_lookback_hours: Hours = 72
    """How far back results count for that."""
    min_strategy_weight_pct: PctOfAllocation = Decimal(0)
    """The least share that one strategy has then."""
    max_strategy_weight_pct: PctOfAllocation = Decimal(50)
    """The largest share that one strategy has then."""
    market_regime_throttle: MarketRegimeThrottle = Field(default_factory=MarketRegimeThrottle)


class Execution(Section):
    """How and whether orders are sent. What is left out is the choice that sends least."""

    mode: Literal["dry_run", "paper", "live"] = "paper"
    """Whether orders go nowhere, to the simulator, or to Kraken."""
    default_order_type: Literal["limit", "market"] = "limit"
    """How orders are placed where a strategy says nothing."""
    max_slippage_bps: Bps = Field(default=50, ge=0, le=1000)
    """How much worse than the decision's price an order may trade."""
    time_in_force: Literal["GTC", "IOC", "FOK"] = "GTC"
    """How long an order may wait: until it is canceled, not at all, or all of it at once."""
    post_only: bool = False
    """Whether an order that would trade at once is refused instead, so that it pays the maker's
    fee."""
    urgency: Literal["passive", "normal", "urgent"] = "normal"
    """At the best price of the own side, at that of the other side or a little worse, or as deep
    into the book as all of it needs."""
    allow_market_orders: bool = False
    """Let market orders go without a bound; else each goes as an IOC limit at the bound."""
    funds_cooldown_seconds: Seconds = Field(default=300, ge=0, le=86_400)
    """How long nothing is opened on a pair that Kraken refused for want of funds."""
    validate_only: bool = True
    """Live: ask Kraken to check the order and not to take it."""
    allow_live_trading: bool = False
    """Live: one of the words without which no order leaves; `validate_only` is another."""
    paper_tests_completed: bool = False
    """That somebody has traded on paper first."""
    live_strategy_allowlist: StrategyIds = ()
    """Live: the strategies whose orders may be sent. Stops and a flatten need no entry."""
    dead_man_switch_seconds: Seconds = Field(default=600, ge=0, le=86_399)
    """After so long without us the exchange cancels every order of the account; 0: never.

    Source: CancelAllOrdersAfter takes less than 86400.
    """
    max_retries: int = Field(default=3, ge=0, le=10)
    """Of requests that read. What writes is never sent again."""
    retry_backoff_seconds: Seconds = Field(default=2, ge=0, le=300)
    """How long to wait before the first of them."""
    retry_backoff_factor: Factor = Decimal("2.0")
    """How much longer before each further one."""
    max_concurrent_orders: int = Field(default=10, ge=1, le=225)
    """Orders that may be at the exchange together before the next buy waits.

    Source: Kraken allows 60 to 225 open orders a pair, by account level.
    """
    min_order_notional_usd: Usd = Decimal(20)
    """Holds for buys that raise risk; reductions may be smaller."""
    max_pair_notional_usd: PositiveUsd | None = None
    """Exposure to one pair. If left out, here and below: not asked."""
    max_total_notional_usd: PositiveUsd | None = None
    """Exposure in all, with all orders that are out filled."""
    max_plan_age_seconds: Seconds = Field(default=60, ge=1, le=3600)
    """How long after it was planned an order may still be sent."""
    submit_deadline_seconds: Seconds = Field(default=5, ge=2, le=60)
    """How long the engine may take an order after it was sent.

    Source: REST takes a `deadline` from 2 to 60 seconds ahead.
    """
    unknown_settle_seconds: Seconds = Field(default=120, ge=60, le=3600)
    """How long after that a read may miss what became of it.

    Source: fills seen on the socket can be missing from REST for up to a minute.
    """
    lease_seconds: Seconds = Field(default=30, ge=5, le=600)
    """How long the right to send lasts before it must be renewed."""
    protective_stops: Literal["off", "after_fill", "conditional_close"] = "off"
    """Whether a stop waits at Kraken for what is bought: placed after each fill, or made by Kraken
    with it. It follows the holding's size."""
    protective_stop_type: Literal["stop-loss", "stop-loss-limit", "trailing-stop"] = "stop-loss"
    """At the strategy's own distance below the entry."""
    unprotected_action: Literal["retry", "reduce", "alert"] = "retry"
    """What is done about a holding whose stop is missing for too long: try on, sell it, or open
    nothing more on its pair until a person has looked. Each is told."""
    unprotected_after_seconds: Seconds = Field(default=10, ge=1, le=3600)
    """How long a stop may be missing before that."""
    account_tier: Literal["starter", "intermediate", "pro"] = "starter"
    """What Kraken knows of the account's holder: it says how often may be asked and ordered.

    Told too low, everything waits longer than it need; told too high, Kraken refuses calls.
    """


class Guard(Section):
    """The dead man's switch while a process of its own renews it."""

    timeout_seconds: Seconds = Field(default=60, ge=10, le=86_399)
    """After so long without the guardian the exchange cancels every order of the account.

    Source: CancelAllOrdersAfter; Kraken recommends 60 s, renewed every 15 to 30 s.
    """
    interval_seconds: Seconds = Field(default=20, ge=1, le=86_400)
    """How often the guardian renews it; less than that."""
    protect: Literal["stops", "flat"] = "stops"
    """With `stops` the switch is off where only protective stops rest, so that they stay without
    us; with `flat` it is on for them too, and they go with us."""
    maintenance: Spans = ()
    """Announced maintenances, `2026-11-24T02:00Z/2026-11-24T03:00Z`. Ten minutes before one, orders
    that the switch stands over are canceled and it is turned off, so that it does not fire after
    it."""
