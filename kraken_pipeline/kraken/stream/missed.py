"""Trades that the tape did not tell, seen by a ticker that goes on. Pure.

A subscription may fall mute in its middle while the others of its pair live (U-STR-1b). Calm is
usual of trades, so that nothing shows it for up to an hour; but a ticker tells the last price too,
and where that is not the tape's, and stays so, a trade is missing.

Source: STR-1, layers 2 and 4.
"""

from decimal import Decimal
from typing import Final

APART_SECONDS: Final = 10.0
"""How long ticker and tape may tell different prices: one comes a moment after the other."""

AGAIN_SECONDS: Final = 300.0
"""Before it is said of a pair again: should the two never agree, nothing is asked all the time."""


class Missed:
    """Notes since when tickers and tapes part. Used under the lock of its owner."""

    def __init__(self) -> None:
        """Begin with none."""
        self._since: dict[str, float] = {}
        self._said_at: dict[str, float] = {}

    def look(
        self, symbol: str, ticker: tuple[Decimal, float], trade: tuple[Decimal, float], at: float
    ) -> bool:
        """Tell whether a pair's tape lacks a trade; once, then not for a while.

        Args:
            symbol: of the pair.
            ticker: its last price, and when it came.
            trade: the price of the last trade of the tape, and when that came.
            at: now.
        """
        if ticker[0] == trade[0] or ticker[1] < trade[1]:
            self._since.pop(symbol, None)
            return False
        since = max(self._since.setdefault(symbol, at), trade[1])
        said_at = self._said_at.get(symbol, -AGAIN_SECONDS)
        if at - since < APART_SECONDS or at - said_at < AGAIN_SECONDS:
            return False
        self._said_at[symbol] = at
        return True
