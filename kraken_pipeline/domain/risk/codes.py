"""What each code of a denial means, in one line (RSK-5).

Codes stand in journals, alerts and reports: one may be added, none is ever renamed or used for
something else. What would help is in `domain.remedies`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

MEANINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # the mode, and what a person or a kill switch stopped
        "NO_MODE": "no mode is configured; that means paper, so nothing is ever denied for it",
        "NOT_ALLOWLISTED": "the strategy may not trade real money",
        "LIFECYCLE": "the strategy is at a stage at which it opens nothing here",
        "CONFIG_LOOSER": "a bound of live was loosened, and nobody agreed to it",
        "HALTED": "trading is halted: books and exchange disagreed, or panic was called here",
        "REDUCE_ONLY": "trading is reducing; a denial for that has the code of the halt behind it",
        "KILL_MANUAL": "a person halted what would open",
        "KILL_PANIC": "somebody called panic",
        "KILL_DRAWDOWN": "the account fell too far from its highest of 24 h",
        "KILL_LOSS": "the account lost too much since the UTC day began",
        "KILL_DRIFT": "books and balances differ",
        "UNEXPLAINED": "the ledger has entries that nobody can explain",
        "OVERFILL": "more was traded than was ordered",
        "AUTH": "the exchange refused a key",
        "GUARD_LOST": "the dead man's switch cannot be set",
        "STORAGE": "the books cannot be written, or are older than they were",
        "UNPROTECTED": "a holding is without the stop that it should have",
        "PAIR_RESTRICTED": "the exchange restricted the pair",
        "DATA": "more is told than can be written",
        # what is known of market, books and clock
        "DATA_STALE_SOCKET": "the market's stream is silent",
        "DATA_STALE_SUB": "the stream tells nothing of the pair",
        "DATA_STALE_EVENT": "the price is too old, from the future, or not there",
        "DATA_CONTENT": "the price makes no sense",
        "BAR_NOT_CERTIFIED": "the history is not whole; then nothing is decided",
        "CLOCK_SKEW": "this machine's clock is too far off the exchange's",
        "SYNC_STALE": "balances and fills were read too long ago",
        "NAV_COVERAGE": "too much of what is held has no price of now",
        "RECON_RUNNING": "books and exchange are being compared; what is approved waits",
        "NOT_RECONCILED": "books and exchange are not known to agree; what is approved waits",
        "UNKNOWN_ORDER": "it is not known what became of an order",
        # the pair and its market
        "PAIR_STATUS": "the exchange does not take such orders of the pair",
        "SYSTEM_STATUS": "the exchange does not take such orders now",
        "UNIVERSE": "the pair is not in the universe",
        "LIQUIDITY": "too little trades in 24 h",
        "SPREAD": "bid and ask are too far apart",
        "DEPTH": "the order is too large a part of what trades in 24 h",
        "DEPTH_VISIBLE": "an urgent order is too large a part of what the book shows",
        "DEPTH_UNKNOWN": "an urgent order's book could not be read",
        "EXIT_TIME": "all of the asset could not be sold in time",
        "PRICE_BAND": "the market ran past the slippage bound",
        "TRIGGER_SIDE": "the trigger lies on the wrong side of the market",
        # what happened of late
        "COOLDOWN": "the pair rests after a loss or a refusal",
        "STOP_GUARD": "too many positions were stopped out of late",
        "MAX_DRAWDOWN_PROTECTION": "what was closed of late lost too much",
        "LOW_PROFIT_PAIR": "what was closed on the pair of late brought too little",
        "LOSS_STREAK": "too many positions in a row were closed at a loss",
        "REJECT_STREAK": "the exchange rejected too many orders in a row",
        "SLIPPAGE_GUARD": "orders filled too far from the prices of their decisions",
        "VOLATILITY": "the price moves far more than is usual for it",
        # how much
        "ALLOCATION": "the strategy's share of the whole leaves too little",
        "CAP_ORDER": "the order would lose too much at its stop",
        "CAP_ORDER_NOTIONAL": "the order is worth too much",
        "CAP_ORDER_QTY": "the order is of too many base units",
        "CAP_PAIR": "too much of the pair",
        "CAP_ASSET": "too much of the asset, over all its pairs",
        "CAP_CLUSTER": "too much of what moves as one",
        "CAP_STRATEGY": "the strategy would hold too much",
        "CAP_GROSS": "too much would be held in all",
        "CAP_TOTAL": "too much would be held in all, as an amount",
        "CAP_STOP_RISK": "all stops together would lose too much",
        "CAP_POSITIONS": "there are too many positions",
        "CAP_FEES": "the day's fees would be too high",
        "CAP_LOSS": "the account lost too much today",
        "CAP_LOSS_STRATEGY": "the strategy lost too much today",
        "RATE_ORDERS": "too many orders in a minute",
        "RATE_ORDERS_DAY": "too many orders in a UTC day",
        "TURNOVER": "too much is traded in a UTC day",
        "CASH": "too little cash would be left",
        "FUNDS": "it cannot be paid",
        "NOT_OWNED": "the book or the account does not hold what would be sold",
        "FEE_EDGE": "fees eat what there is to win: the stop is nearer than they are worth",
        # the order itself
        "MIN_QTY": "the order is too small",
        "MIN_COST": "the order is worth too little for the exchange",
        "TICK": "no price on the pair's tick lies within the bound",
        "LOT": "the qty is not on the pair's lot",
        "PLAN_AGE": "the plan waited too long",
        "DUPLICATE_INTENT": "the same book has such an order open already",
        "SELF_TRADE": "the order could trade with an open sale of ours",
        "INTENT_EXPIRED": "the wish is of a bar that is over",
        "BAD_INTENT": "the wish makes no sense",
    }
)


def meaning(code: str) -> str:
    """Return what a code means; that nothing is known of it for one that is new."""
    return MEANINGS.get(code, "a code of a newer version")
