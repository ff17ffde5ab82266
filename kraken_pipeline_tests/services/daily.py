"""Daily candles that are made up."""

from datetime import datetime, timedelta

from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.timeframes import last_close, timeframe


def daily(pair: str, *closes: str, now: datetime) -> Candles:
    """Return a daily candle for each close; the last is the newest that is over."""
    end = last_close(timeframe("1d"), now)
    count = len(closes)
    return Candles(
        pair=pair,
        timeframe="1d",
        opened_at=tuple(
            int((end - timedelta(days=ago)).timestamp()) for ago in range(count, 0, -1)
        ),
        open=closes,
        high=closes,
        low=closes,
        close=closes,
        volume=("1",) * count,
        trades=(1,) * count,
    )
