"""The bars' store as history is put into it: many rows at once, compared with what is there."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import Any, Final

from kraken_pipeline.domain.bars import Admitted, Candles
from kraken_pipeline.domain.certificates import Stretch, joined
from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.store import bar_overlaps, bar_tables
from kraken_pipeline.store.bar_csv import Sheet
from kraken_pipeline.store.bars import ShelvedBars, Writing

AT_ONCE: Final = 4
"""Months written together; each is a file of its own."""


class HistoryBarStore(ShelvedBars):
    """The same bars on the same shelf, for whoever brings or examines whole histories."""

    def admit(self, frame: Timeframe, sheets: Sequence[Sheet]) -> Mapping[str, Admitted]:
        """Add what is new, and compare the rest with what is there, which stays as it is.

        A month is written whole or not at all; after a crash between two, telling the same again
        adds the rest.

        Args:
            frame: the timeframe.
            sheets: of one pair each.

        Returns:
            What became of each pair's bars.

        Raises:
            InvalidValueError: two sheets are of one pair, or one is of another timeframe.
            ConfigurationError: a file in the store is torn or not ours.
        """
        _require_distinct(frame, sheets)
        tables = [each.table for each in sheets if each.rows]
        if not tables:
            return {}
        return self._admitted(frame, tables[0] if len(tables) == 1 else bar_tables.merged(tables))

    def compare(self, frame: Timeframe, candles: Candles) -> Admitted:
        """Add candles that are new, and compare the rest with what is there, as `admit` does.

        Raises:
            InvalidValueError: a candle is none that can be kept.
            ConfigurationError: a file in the store is torn or not ours.
        """
        if not len(candles):
            return bar_overlaps.NOTHING
        return self._admitted(frame, bar_tables.table_of(frame, [candles]))[candles.pair]

    def _admitted(self, frame: Timeframe, table: Any) -> Mapping[str, Admitted]:  # noqa: ANN401 - pyarrow ships no types
        with self._writing(frame) as turn, ThreadPoolExecutor(AT_ONCE) as pool:
            months = bar_tables.by_month(table)
            parts = pool.map(lambda each: self._admit_month(frame, turn, each[0], each[1]), months)
            return bar_overlaps.together(list(parts))

    def stretches(
        self, frame: Timeframe, pairs: Sequence[str]
    ) -> Mapping[str, tuple[Stretch, ...]]:
        """Return where each pair has bars without a hole, by time.

        Raises:
            ConfigurationError: a file in the store is torn or not ours.
        """
        wanted = frozenset(pairs)
        found: dict[str, list[Stretch]] = {each: [] for each in pairs}
        for month in list(self._listing(frame)):
            for pair, stretch in bar_tables.stretches(frame, self._keys_of(frame, month)):
                if pair in wanted:
                    found[pair].append(stretch)
        return {pair: joined(each) for pair, each in found.items()}

    def _keys_of(self, frame: Timeframe, month: str) -> bar_tables.Keys:
        return self._undisturbed(frame, lambda: self._keys(frame, month))

    def _admit_month(
        self,
        frame: Timeframe,
        turn: Writing,
        month: str,
        table: Any,  # noqa: ANN401 - pyarrow ships no types
    ) -> Mapping[str, Admitted]:
        parts = turn.parts(month)
        if not bar_tables.reaches_back(table, self._newest_in(frame, month, parts)):
            self._write(frame, turn, month, table)
            return bar_overlaps.added_all(table)
        split = bar_overlaps.split(table, self._latest_like(frame, parts, table))
        self._write(frame, turn, month, split.fresh)
        return split.admitted


def _require_distinct(frame: Timeframe, sheets: Sequence[Sheet]) -> None:
    for pair, of_pair in groupby(sorted(each.file.pair for each in sheets)):
        if len(list(of_pair)) > 1:
            raise InvalidValueError(f"two files of {pair} at once; tell them one after the other")
    for each in sheets:
        if each.file.frame != frame:
            raise InvalidValueError(
                f"{each.file.name} is of {each.file.frame.name}, not of {frame.name}"
            )
