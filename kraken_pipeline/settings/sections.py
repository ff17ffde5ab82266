"""Every section and key of `config.yaml`, with its default."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from kraken_pipeline.settings.fee_ladders import FeeLadders
from kraken_pipeline.settings.fields import (
    TIMEFRAMES,
    Aliases,
    AssetCode,
    Bps,
    DatabaseUrl,
    Days,
    Exact,
    Free,
    Milliseconds,
    Names,
    PctAYear,
    PctOfCost,
    PctOfNav,
    Seconds,
    Section,
    StrategyId,
    StrategyIds,
    Text,
    Texts,
    Timeframes,
    Usd,
)
from kraken_pipeline.settings.limits import DEMO_STRATEGY, Execution, Guard, Risk


class Capabilities(Section):
    """What the account's region may use."""

    supports_margin: bool = False
    """Whether the account may trade on margin."""
    supports_futures: bool = False
    """Whether the account may trade futures."""
    supports_staking: bool = False
    """Whether the account may stake what it holds."""


class Region(Section):
    """Where the account is held."""

    code: Text = "US_CA"
    """A name for people, such as `US_CA`."""
    country_code: Annotated[str, Field(pattern=r"^[A-Z]{2}(:[A-Z]{2})?$")] | None = None
    """Where the holder lives: pairs that Kraken does not list there are out. If left out: not
    asked.

    Source: `country_code` of AssetPairs, such as `US` or `US:TX`; none asks for all pairs.
    """
    capabilities: Capabilities = Field(default_factory=Capabilities)
    default_quote: AssetCode = "USD"
    """Which currency pairs are quoted in, where `universe.filters.quote` says nothing."""


class Filters(Section):
    """Which pairs may be chosen at all."""

    quote: AssetCode = "USD"
    """If left out: `region.default_quote`."""
    statuses: Texts = ("online",)
    """Kraken's words for a pair's state in which it may be chosen."""
    asset_class: Literal["currency", "tokenized_asset"] = "currency"
    """Kraken's word for what is traded."""
    venues: Texts = ()
    """Where its orders may trade, such as `international`; none asks nothing."""
    exclude_pegged_pairs: bool = False
    """Whether pairs of which both legs are kept at one currency are out, such as USDC/USDT."""
    max_spread_bps: Annotated[Bps, Field(ge=1, le=10_000)] | None = None
    """Between bid and ask, in basis points of their middle. If left out, here and below: not
    asked."""
    max_tick_bps: Annotated[Bps, Field(ge=1, le=10_000)] | None = None
    """Of one price step, in basis points of the price."""
    max_min_order_pct: Annotated[PctOfNav, Field(gt=0)] | None = None
    """Of the smallest order that the exchange takes."""
    min_age_days: Days | None = None
    """Since the first daily bar that is stored; a pair without one is watched until it has."""
    volatility_days: Annotated[Days, Field(ge=2)] = 30
    """How many daily bars the volatility is measured over."""
    min_volatility_pct_a_year: PctAYear | None = None
    """Standard deviation of daily log returns over `volatility_days`; unknown as with the age."""
    max_volatility_pct_a_year: PctAYear | None = None
    """The same, from above."""
    min_depth_usd: Usd | None = None
    """That the book holds on each side, in quote, as far as `depth_bps` from its middle."""
    depth_bps: Annotated[Bps, Field(ge=1, le=1000)] = 50
    """How far from the middle of the book its depth is added up."""
    max_per_cluster: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Pairs that move as one and may be in together; those that trade most are."""
    cluster_correlation: Annotated[Exact, Field(gt=0, le=1)] = Decimal("0.9")
    """Of daily log returns over `cluster_days`, from which on pairs move as one."""
    cluster_days: Annotated[Days, Field(ge=10, le=365)] = 60
    """How many daily bars it is measured over whether pairs move as one."""
    max_loss_usd: Usd | None = None
    """Realised on one pair over `results_days`, after fees, in `portfolio.base_currency`."""
    results_days: Days = 30
    """How many days back our own results on a pair count."""


class Universe(Section):
    """Which pairs are watched and traded."""

    include_pairs: Texts = ()
    """If any: these and no others."""
    exclude_pairs: Texts = ()
    """Never these, whatever else is said."""
    min_24h_volume_usd: Usd = Decimal(100_000)
    """What must have traded in 24 hours for a pair to be chosen."""
    refreshes_to_change: int = Field(default=3, ge=1, le=100)
    """In a row that must say otherwise before the market moves a pair in or out; 1 is at once."""
    aliases: Aliases = ()
    """Renamed assets besides those that are known, each as `OLD NEW SINCE RATIO`: since when, with
    its zone, and how many units of the new one came for one of the old."""
    when_restricted: Literal["propose", "sell"] = "propose"
    """What comes of a holding whose pair the exchange restricts while it can still be sold: a
    sentence in `status`, or a sale of what strategies hold."""
    filters: Filters = Field(default_factory=Filters)


class Stream(Section):
    """The public WebSocket."""

    stale_tolerance_seconds: Seconds = Field(default=60, ge=1, le=3600)
    """How old a price may be for an order that opens; older ones are told as stale."""


class OhlcStore(Section):
    """Where bars are kept."""

    backend: Literal["parquet", "sqlite"] = "parquet"
    """As files, or as rows of one database; a folder keeps what it began with."""
    root_dir: Text | None = None
    """If left out: `ohlc` in the data folder."""


class MarketData(Section):
    """Which bars are fetched, and how often."""

    ws: Stream = Field(default_factory=Stream)
    ws_timeframes: Timeframes = ("1m",)
    """Which candles the stream is to bring."""
    backfill_timeframes: Timeframes = ("1h", "4h", "1d")
    """Which candles are to be filled back."""
    ohlc_tail_refresh_interval_seconds: Seconds = Field(default=3600, ge=0, le=86_400)
    """How often the newest candles are to be fetched. 0 turns it off."""
    ohlc_store: OhlcStore = Field(default_factory=OhlcStore)
    metadata_path: Text | None = None
    """If left out: `metadata.json` in the data folder."""


class Portfolio(Section):
    """What is counted, in which currency, and where the books are kept."""

    base_currency: AssetCode = "USD"
    """What everything is valued in."""
    valuation_pairs: Names = Field(default_factory=dict)
    """Asset to the pair that values it, where the usual choice is wrong."""
    include_assets: Texts = ()
    """Which assets are to count: these and no others."""
    exclude_assets: Texts = ()
    """Which assets are not to count."""
    cost_basis_method: Literal["wac", "fifo", "lifo", "hifo"] = "wac"
    """Which lots go out first: none (one average), the oldest, the newest, the dearest."""
    track_manual_trades: bool = True
    """Whether trades that no strategy made count in the sums of profit; their coins always do."""
    snapshot_retention_days: Days = 30
    """How long each snapshot is kept; the ledger is kept for ever."""
    reconciliation_tolerance: Usd = Decimal("1.0")
    """What a bucket's balance may differ by from its ledger; see the next."""
    reconciliation_relative_tolerance_pct: PctOfNav = Decimal("0.10")
    """Up to the larger of the two a drift that lasts warns and stops nothing; all is shown."""
    sync_interval_seconds: Seconds = Field(default=300, ge=10, le=86_400)
    """How old the books may be for an order that opens: twice as long, within bounds of our own."""
    db_path: Text | None = None
    """If left out: `portfolio.db` in the data folder."""
    db_url: DatabaseUrl | None = Field(default=None, repr=False)
    """A database server instead of `db_path`. Its password is no part of the configuration."""
    auto_migrate_schema: bool = True
    """Whether older tables are brought up to date at the start; if not, it says so and ends."""


class OrderChoice(Section):
    """How a strategy's orders are made. What is left out is as `execution` says."""

    order_type: Literal["limit", "market"] | None = None
    """As `execution.default_order_type`."""
    urgency: Literal["passive", "normal", "urgent"] | None = None
    """As `execution.urgency`."""
    time_in_force: Literal["GTC", "IOC", "FOK"] | None = None
    """As `execution.time_in_force`."""
    post_only: bool | None = None
    """As `execution.post_only`."""


class StrategyConfig(Section):
    """One strategy as it is run."""

    name: Text
    """If left out: the id."""
    type: Text
    """Which rules it follows. If left out: the id."""
    enabled: bool = True
    """If not, it does not run, whatever `strategies.enabled` says."""
    stage: Literal["research", "shadow", "paper", "canary", "live", "retired"] = "paper"
    """How far it is trusted: what it may open, and where. Source: STG-7."""
    timeframes: Timeframes = TIMEFRAMES
    """On the closes of which candles it is asked."""
    params: Free = Field(default_factory=dict)
    """The strategy's own; it checks them."""
    userref: int | None = Field(default=None, ge=-(2**31), le=2**31 - 1)
    """A number that our books keep with its orders, for other tools.

    Source: Kraken's `userref` is a signed 32 bit number.
    """
    order: OrderChoice = Field(default_factory=OrderChoice)
    strategy_weight: int = Field(default=100, ge=1, le=100)
    """How much of what it wants to buy it gets, in percent."""


class Strategies(Section):
    """Which strategies run, and how."""

    enabled: StrategyIds = (DEMO_STRATEGY,)
    """Which strategies run, by id."""
    configs: Annotated[Mapping[StrategyId, StrategyConfig], AfterValidator(MappingProxyType)] = (
        Field(default_factory=dict)
    )
    """How each is run, by id."""
    evaluation_seconds: Seconds = Field(default=5, ge=1, le=300)
    """That a strategy may take for one close; one that takes longer decides nothing (STG-6)."""
    evaluation_memory_mb: int = Field(default=1024, ge=64, le=65_536)
    """That it may add to what the process has, in MiB; bounded on Linux only."""
    quarantine_after: int = Field(default=3, ge=1, le=100)
    """Faults in a row after which it is not asked any more until a person lets it."""

    @model_validator(mode="before")
    @classmethod
    def _named_by_their_ids(cls, given: object) -> object:
        configs = given.get("configs") if isinstance(given, Mapping) else None
        if not isinstance(given, Mapping) or not isinstance(configs, Mapping):
            return given
        named = {
            key: {"name": key, "type": key, **entry} if isinstance(entry, Mapping) else entry
            for key, entry in configs.items()
        }
        return {**given, "configs": named}

    def config(self, strategy_id: str) -> StrategyConfig:
        """Return how a strategy is run; all defaults if the file says nothing of it."""
        found = self.configs.get(strategy_id)
        return found or StrategyConfig(name=strategy_id, type=strategy_id)

    def running(self) -> tuple[str, ...]:
        """Return the ids that are enabled and not switched off in their own section."""
        return tuple(name for name in self.enabled if self.config(name).enabled)


class Fees(Section):
    """What an order is assumed to cost."""

    source: Literal["account", "assumed"] = "account"
    """`account` asks Kraken for the account's own rates."""
    assumed_maker_pct: PctOfCost = Decimal("0.40")
    """What an order pays that waits in the book, where the account's rates are not known.

    Source: Kraken's published base tier, 2026-09-19.
    """
    assumed_taker_pct: PctOfCost = Decimal("0.80")
    """What an order pays that takes from the book, where the account's rates are not known.

    Source: Kraken's published base tier, 2026-09-19.
    """
    ladders: FeeLadders = ()
    """What was charged in the past, for backtests, the oldest first. Before them: assumed."""


class Clock(Section):
    """This machine's clock against Kraken's."""

    max_skew_ms: Milliseconds = Field(default=500, ge=1, le=10_000)
    """How far this machine's clock may be off for live trading to begin."""


class Paper(Section):
    """Which market paper trades on."""

    market: Literal["own", "kraken"] = "own"
    """`kraken` is Kraken's live public data, matched by the simulator; it needs no key."""
    mirror_url: Annotated[str, Field(pattern=r"^https?://[^/@?#]+/?$")] | None = None
    """Another exchange for `kraken` that answers as Kraken does. If left out: Kraken."""


class Settings(Section):
    """The whole configuration. Built without arguments it is that of a fresh machine: paper."""

    region: Region = Field(default_factory=Region)
    universe: Universe = Field(default_factory=Universe)
    market_data: MarketData = Field(default_factory=MarketData)
    portfolio: Portfolio = Field(default_factory=Portfolio)
    risk: Risk = Field(default_factory=Risk)
    strategies: Strategies = Field(default_factory=Strategies)
    execution: Execution = Field(default_factory=Execution)
    guard: Guard = Field(default_factory=Guard)
    paper: Paper = Field(default_factory=Paper)
    fees: Fees = Field(default_factory=Fees)
    clock: Clock = Field(default_factory=Clock)

    @model_validator(mode="before")
    @classmethod
    def _defaults_that_follow_others(cls, given: object) -> object:
        if not isinstance(given, Mapping):
            return given
        quote = _at(given, "region", "default_quote")
        if quote is not None:
            given = _with_default(given, "universe", "filters", "quote", value=quote)
        enabled = _at(given, "strategies", "enabled")
        if isinstance(enabled, list | tuple) and DEMO_STRATEGY not in enabled:
            # The demo's cap goes with the demo's strategy; left behind it would cap nothing.
            given = _with_default(given, "risk", "max_per_strategy_pct", value={})
        return given

    def strategy_cap_pct(self, strategy_id: str) -> Decimal:
        """Return how much a strategy may hold, in percent of NAV.

        Without an entry of its own that is `risk.max_risk_per_trade_pct`, the smaller limit; live
        refuses to start without one (CFG-6).
        """
        caps = self.risk.max_per_strategy_pct
        return caps.get(strategy_id, self.risk.max_risk_per_trade_pct)

    def running_also(self, ids: Iterable[str]) -> "Settings":
        """Return the same where some strategies run, too: what is said of them then holds."""
        strategies = self.strategies
        running = strategies.running()
        others = [each for each in ids if each not in running]
        configs = {
            each: strategies.config(each).model_copy(update={"enabled": True}) for each in others
        }
        changed = strategies.model_copy(
            update={
                "enabled": (*running, *others),
                "configs": MappingProxyType({**strategies.configs, **configs}),
            }
        )
        return self.model_copy(update={"strategies": changed})


def _at(tree: object, *keys: str) -> object:
    for key in keys:
        tree = tree.get(key) if isinstance(tree, Mapping) else None
    return tree


def _with_default(tree: Mapping[str, object], *keys: str, value: object) -> Mapping[str, object]:
    """Return the tree with a value where it has none and could have one."""
    key, *rest = keys
    if not rest:
        return {key: value, **tree}
    below = tree.get(key, {})
    if not isinstance(below, Mapping):
        return tree
    return {**tree, key: _with_default(below, *rest, value=value)}
