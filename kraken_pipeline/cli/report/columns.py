"""Which columns the tables of a page have, from left to right, and how each is written."""

from collections.abc import Mapping
from typing import Final

from kraken_pipeline.cli.report.tables import Kind

HELD: Final[Mapping[str, Kind]] = {
    "asset": Kind.WORD,
    "qty": Kind.EXACT,
    "average_cost": Kind.PRICE,
    "price": Kind.PRICE,
    "value": Kind.CENTS,
    "unrealised": Kind.CENTS,
    "realised": Kind.CENTS,
    "income": Kind.CENTS,
    "fees": Kind.CENTS,
    "quality": Kind.WORD,
}
DAYS: Final[Mapping[str, Kind]] = {
    "day": Kind.WORD,
    "equity": Kind.CENTS,
    "exposure": Kind.CENTS,
    "exposed": Kind.PERCENT,
    "unit_price": Kind.PRICE,
    "gained": Kind.PERCENT,
    "fallen": Kind.PERCENT,
    "deepest": Kind.PERCENT,
    "flows": Kind.CENTS,
}
PROFITS: Final[Mapping[str, Kind]] = {
    "period": Kind.WORD,
    "profit": Kind.CENTS,
    "realised": Kind.CENTS,
    "unrealised": Kind.CENTS,
    "income": Kind.CENTS,
    "fees": Kind.CENTS,
    "flows": Kind.CENTS,
    "adjusted": Kind.CENTS,
    "unexplained": Kind.CENTS,
    "stated": Kind.CENTS,
    "uncosted": Kind.CENTS,
    "equity": Kind.CENTS,
    "residual": Kind.EXACT,
    "incomplete": Kind.WORD,
}
TRADES: Final[Mapping[str, Kind]] = {
    "at": Kind.WORD,
    "book": Kind.WORD,
    "side": Kind.WORD,
    "price": Kind.EXACT,
    "qty": Kind.EXACT,
    "cost": Kind.EXACT,
    "fee": Kind.EXACT,
    "liquidity": Kind.WORD,
    "trade_id": Kind.WORD,
}
FEES: Final[Mapping[str, Kind]] = {
    "what": Kind.WORD,
    "why": Kind.WORD,
    "count": Kind.EXACT,
    "traded": Kind.CENTS,
    "fee": Kind.CENTS,
}
FLOWS: Final[Mapping[str, Kind]] = {
    "at": Kind.WORD,
    "cause": Kind.WORD,
    "asset": Kind.WORD,
    "qty": Kind.EXACT,
    "value": Kind.CENTS,
    "fee": Kind.CENTS,
    "cost": Kind.CENTS,
    "basis": Kind.WORD,
    "priced_by": Kind.WORD,
    "event_id": Kind.WORD,
}
SHARES: Final[Mapping[str, Kind]] = {
    "name": Kind.WORD,
    "fills": Kind.EXACT,
    "traded": Kind.CENTS,
    "realised": Kind.CENTS,
    "fees": Kind.CENTS,
}

BY_BOOK: Final[Mapping[str, Kind]] = {
    "book": Kind.WORD,
    **{"pair" if name == "asset" else name: kind for name, kind in HELD.items()},
}

BACKTEST_DAYS: Final[Mapping[str, Kind]] = {
    "day": Kind.WORD,
    "equity": Kind.CENTS,
    "exposure": Kind.CENTS,
    "fallen": Kind.PERCENT,
}
TRIPS: Final[Mapping[str, Kind]] = {
    "opened_at": Kind.WORD,
    "closed_at": Kind.WORD,
    "book": Kind.WORD,
    "pair": Kind.WORD,
    "cost": Kind.CENTS,
    "fees": Kind.CENTS,
    "profit": Kind.CENTS,
    "gained": Kind.PERCENT,
}
TALLY: Final[Mapping[str, Kind]] = {
    "trades": Kind.EXACT,
    "win_rate": Kind.PERCENT,
    "profit": Kind.CENTS,
    "fees": Kind.CENTS,
    "profit_factor": Kind.CENTS,
    "mean": Kind.PERCENT,
    "best": Kind.PERCENT,
    "worst": Kind.PERCENT,
    "mean_won": Kind.CENTS,
    "mean_lost": Kind.CENTS,
    "losses_in_a_row": Kind.EXACT,
    "mean_held": Kind.WORD,
}
