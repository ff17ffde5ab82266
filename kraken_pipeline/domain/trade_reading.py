"""How far the reading of a pair's trades has come, so that it can go on from there."""

from dataclasses import dataclass

from kraken_pipeline.domain.market_reports import PublicTrade
from kraken_pipeline.domain.trade_bars import TradeBar


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Every trade from a time on up to a cursor, as bars of a minute."""

    done: int
    """Unix seconds, before which everything is written; from there on it is in here."""
    cursor: int
    """Nanoseconds since 1970, after which the next page begins."""
    held: tuple[PublicTrade, ...]
    """Those of the last instant, which the next page may tell again."""
    pending: tuple[TradeBar, ...]
    """Minutes, without the trades that are held."""

    def goes_on_from(self, moment: int) -> bool:
        """Tell whether all trades from a time (Unix seconds) up to the cursor are in here."""
        return self.done <= moment <= self.cursor // 10**9
