"""The bars' store as tails are put into it: a page of each of many pairs at once."""

from collections.abc import Mapping, Sequence

from kraken_pipeline.domain.bars import Admitted, Candles
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.store import bar_overlaps, bar_tables
from kraken_pipeline.store.bar_archive import HistoryBarStore


class TailBarStore(HistoryBarStore):
    """The same bars under the same folder."""

    def compare_all(self, frame: Timeframe, pages: Sequence[Candles]) -> Mapping[str, Admitted]:
        """Add candles that are new, and compare the rest with what is there, as `compare` does.

        Returns:
            What became of each pair's; the first of two candles alike counts.

        Raises:
            InvalidValueError: a candle of a page is none that can be kept; nothing is added.
            ConfigurationError: a file in the store is torn or not ours.
        """
        told = [each for each in pages if len(each)]
        found = self._admitted(frame, bar_tables.table_of(frame, told)) if told else {}
        return {each.pair: found.get(each.pair, bar_overlaps.NOTHING) for each in pages}
