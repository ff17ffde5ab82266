"""Up to which close bars tell of the market: the last one, or the one before it for a moment."""

from datetime import datetime, timedelta

from kraken_pipeline.domain.timeframes import EPOCH
from kraken_pipeline.strategies.base import Bars


def newest_close(bars: Bars, closed_at: datetime) -> datetime:
    """Return the close of the newest bar, where it is the last that is over or the one before.

    What closed a moment ago may not be stored yet when something is decided on another timeframe.
    Older bars tell nothing of now: then it is the last close, of which there is no bar.

    Args:
        bars: that were closed by then.
        closed_at: the last close of their timeframe.
    """
    if not len(bars.opened_at):
        return closed_at
    newest = EPOCH + timedelta(seconds=int(bars.opened_at[-1]) + bars.frame.seconds)
    return newest if newest >= closed_at - bars.frame.length else closed_at
