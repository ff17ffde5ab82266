"""What would have to change for a denied wish to pass: a sentence for each code (RSK-5)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.halts import ACTIONS, HaltKind

_CAP: Final = "room below {}: an order or a position that ends, a smaller size, or a higher limit"
_LOCKED: Final = (
    "the lock must end, or be cleared with a reason: `kraken-pipeline locks list`, "
    "`kraken-pipeline locks clear`"
)
REMEDIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{kind.value: ACTIONS[kind] for kind in HaltKind},
        "ALLOCATION": "more weight, better results or a better market: strategy_weight of the "
        "strategy, risk.min_strategy_weight_pct, risk.market_regime_throttle",
        "AMEND_NOTHING": "a --qty, --price or --trigger that differs from what the order has",
        "AMEND_RESERVATION": "a buy may only shrink or get cheaper; to buy more, cancel it: the "
        "next decision reserves anew",
        "AMEND_STATE": "only what rests can be changed: see `kraken-pipeline orders list-open`; "
        "what is being sent, changed or canceled must come to its end first",
        "AMEND_WORDS": "only what the order has can be changed: leave the other options out",
        "BAD_INTENT": "the strategy asks for what no order can be; mend the strategy",
        "BAR_NOT_CERTIFIED": "what is missing must be fetched: `kraken-pipeline history show`",
        "CAP_ASSET": _CAP.format("risk.max_per_asset_pct"),
        "CAP_CLUSTER": _CAP.format("risk.max_per_cluster_pct"),
        "CAP_FEES": "tomorrow (UTC) counts anew, or a higher risk.max_fees_pct_per_day",
        "CAP_GROSS": _CAP.format("risk.max_gross_exposure_pct"),
        "CAP_LOSS": "tomorrow (UTC) counts anew, or a higher risk.max_daily_loss_pct",
        "CAP_LOSS_STRATEGY": "tomorrow (UTC) counts anew, or a higher "
        "risk.max_daily_loss_per_strategy_pct",
        "CAP_ORDER": "a smaller size, a nearer stop, or a higher risk.max_risk_per_trade_pct",
        "CAP_ORDER_NOTIONAL": "a smaller size, or a higher risk.max_order_notional_usd",
        "CAP_ORDER_QTY": "a smaller size, or a higher risk.max_order_qty of the pair",
        "CAP_PAIR": _CAP.format("execution.max_pair_notional_usd"),
        "CAP_POSITIONS": _CAP.format("risk.max_open_positions"),
        "CAP_STOP_RISK": _CAP.format("risk.max_portfolio_stop_risk_pct"),
        "CAP_STRATEGY": _CAP.format("risk.max_per_strategy_pct of the strategy"),
        "CAP_TOTAL": _CAP.format("execution.max_total_notional_usd"),
        "CASH": "more free cash, or a lower risk.min_cash_reserve_pct",
        "CLASS": "the base must be of the wanted class: universe.filters.asset_class",
        "CLUSTER": "fewer pairs that trade more may move as it does: "
        "universe.filters.max_per_cluster, universe.filters.cluster_correlation",
        "COARSE_TICK": "one price step must be less of the price: universe.filters.max_tick_bps",
        "CONFIG_LOOSER": "`kraken-pipeline config acknowledge` agrees to it; or set it back",
        "COUNTRY": "the exchange must list it for region.country_code",
        "CLOCK_SKEW": "this machine's clock must be set: let it follow a time server",
        "COOLDOWN": "the pair rests after a loss or a refusal; the next decision after it may pass",
        "DATA_CONTENT": "bid and ask must be sane, and a streamed book right and as REST says",
        "DATA_STALE_SOCKET": "the market's stream must be heard: start `kraken-pipeline stream`, "
        "or `kraken-pipeline resume` to go on without",
        "DATA_STALE_SUB": "the stream must tell of the pair: see `kraken-pipeline doctor`",
        "DATA_STALE_EVENT": "bars and quotes must arrive: see `kraken-pipeline doctor`",
        "DATA_STALE_STRATEGY": "the strategy must be shown what its words say it lacks: see "
        "`kraken-pipeline doctor` and `kraken-pipeline history show`",
        "DEPTH": "more must trade in 24 h, the order be smaller, or "
        "risk.max_order_pct_of_24h_volume be higher",
        "DEPTH_UNKNOWN": "the pair's book must be readable, or the order not be urgent",
        "DEPTH_VISIBLE": "the book must hold more within the slippage bound, the order be smaller, "
        "or risk.max_order_pct_of_depth be higher",
        "DUPLICATE_INTENT": "the order of the same strategy on the pair must end first",
        "EXCLUDED": "universe.exclude_pairs must not name it",
        "EXIT_TIME": "more must trade in a usual day, less be held of the asset, or "
        "risk.max_exit_hours be higher",
        "FEE_EDGE": "the stop must be farther away, the fees lower, or "
        "risk.min_stop_in_round_trips be lower",
        "FUNDS": "more cash that no order holds, or a smaller size",
        "HISTORY_UNCERTIFIED": "what is missing must be fetched, or proven not to exist, from the "
        "pair's trades: `kraken-pipeline history fetch PAIR --since DATE`",
        "INTENT_EXPIRED": "nothing: the wish was of a bar that is over; the next decision counts",
        "LEAST_ORDER": "more equity, or a higher universe.filters.max_min_order_pct",
        "LIFECYCLE": "strategies.configs.<id>.stage must be paper, canary or live on paper; with "
        "real money canary or live, with every proof: `kraken-pipeline strategy proofs ID`",
        "LIQUIDITY": "more must trade in 24 h: universe.min_24h_volume_usd, "
        "risk.min_liquidity_24h_usd",
        "LOSING": "its losses must be older than universe.filters.results_days, or "
        "universe.filters.max_loss_usd be higher",
        "LOT": "the size must be on the pair's lot",
        "LOSS_STREAK": _LOCKED,
        "LOW_PROFIT_PAIR": _LOCKED,
        "MAX_DRAWDOWN_PROTECTION": _LOCKED,
        "MIN_COST": "the order must be worth more: the exchange's least, or "
        "execution.min_order_notional_usd",
        "MIN_QTY": "the size must reach the pair's least: more equity, a nearer stop, or a higher "
        "risk.max_risk_per_trade_pct",
        "NAV_COVERAGE": "99 % of what is held, and both sides of the pair, need a price of now; "
        "`status` says what has none, and portfolio.valuation_pairs may name another pair",
        "NOT_ALLOWLISTED": "execution.live_strategy_allowlist must name the strategy",
        "NOT_RECONCILED": "two passes of `kraken-pipeline reconcile` in a row must find nothing",
        "NOT_INCLUDED": "universe.include_pairs must name it, or be empty",
        "NOT_OWNED": "the strategy must hold what it wants to sell; others' holdings are not its",
        "NO_MODE": "nothing: execution.mode is paper where nothing is said",
        "NO_TICKER": "the exchange must show a ticker of it",
        "PAIR_STATUS": "the exchange must take orders for the pair",
        "PEGGED": "universe.filters.exclude_pegged_pairs must be off",
        "PLAN_AGE": "nothing: the next decision makes a plan of its own",
        "PRICE_BAND": "the market must be back within execution.max_slippage_bps of the decision",
        "QUOTE": "universe.filters.quote must be its quote",
        "RATE_ORDERS": "a minute must pass, or risk.max_orders_per_minute be higher",
        "RATE_ORDERS_DAY": "tomorrow (UTC) counts anew, or a higher risk.max_orders_per_day",
        "RECON_RUNNING": "the comparison must end",
        "REDUCE_ONLY": "what ends by itself must be over: see `kraken-pipeline risk status`",
        "REJECT_STREAK": _LOCKED,
        "SELF_TRADE": "our own sale of the pair must end first: the next decision may pass",
        "SLIPPAGE_GUARD": _LOCKED,
        "SPREAD": "the spread must be below risk.max_spread_bps",
        "STATUS": "the exchange must take orders for it: universe.filters.statuses",
        "STOP_GUARD": _LOCKED,
        "SYNC_STALE": "the books must be read from the exchange again: `kraken-pipeline doctor`",
        "SYSTEM_STATUS": "the exchange must be online",
        "THIN_BOOK": "its book must hold more within universe.filters.depth_bps: "
        "universe.filters.min_depth_usd",
        "TICK": "a price must lie on the pair's tick within execution.max_slippage_bps",
        "TOO_YOUNG": "time must pass, or universe.filters.min_age_days be lower",
        "TURNOVER": "tomorrow (UTC) counts anew, or a higher risk.max_turnover_pct_per_day",
        "TRIGGER_SIDE": "the trigger must lie on the side of the market from which it can fire",
        "UNIVERSE": "the pair must be in the universe: see `kraken-pipeline universe explain`",
        "UNKNOWN_ORDER": "the fate of the order that may be at the exchange must be settled: it is "
        "looked for by itself; `kraken-pipeline orders resolve` ends the search",
        "UNLISTED": "the exchange must list it; what is held of it can't be sold here otherwise",
        "UNREADABLE": "the exchange's listing of it must be readable",
        "VENUE": "its orders must trade at one of universe.filters.venues",
        "VOLATILITY": "its price must move within universe.filters.min_volatility_pct_a_year and "
        "max_volatility_pct_a_year; of a lock: it must be calm again",
        "WAITING": "it must pass universe.refreshes_to_change refreshes in a row",
        "WIDE_SPREAD": "bid and ask must come nearer: universe.filters.max_spread_bps",
    }
)


def remedy(code: str) -> str:
    """Return what would have to change; that nothing is known of it for a code that is new."""
    return REMEDIES.get(code, "what its figures say would have to be otherwise")
