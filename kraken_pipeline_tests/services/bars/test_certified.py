"""What may be missing where a strategy decides: only what is proven not to exist (HIS-3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.certificates import Certificate, Difference, Source, Span
from kraken_pipeline.domain.timeframes import Timeframe, timeframe
from kraken_pipeline.services.bars.certified import BELIEVED, absences
from kraken_pipeline.strategies.base import Bars

HOUR = timeframe("1h")
CLOSE = datetime(2026, 3, 2, tzinfo=UTC)
UNTIL = int(CLOSE.timestamp())
PAIRS = ("ADAUSD", "ETHUSD", "SOLUSD", "XBTUSD")


@dataclass
class Known:
    """Certificates that are told to it, and how often it was asked."""

    spans: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)
    asked: int = 0

    def of(self, frame: Timeframe) -> Mapping[str, Certificate]:
        self.asked += 1
        return {
            pair: Certificate(pair=pair, timeframe=frame.name, spans=spans)
            for pair, spans in self.spans.items()
        }

    def extend(
        self, frame: Timeframe, told: Sequence[tuple[str, Span, Sequence[Difference]]]
    ) -> None:
        raise AssertionError(f"a decision certifies nothing: {frame} {told}")


def span(source: Source, first: int = 0, until: int = UNTIL) -> Span:
    return Span(first=first, until=until, source=source, origin="", fetched_at=CLOSE)


def bars(**missing: Sequence[int]) -> Bars:
    """Return ten bars of each pair, without the rows that are named."""
    close = np.ones((10, len(PAIRS)))
    for pair, rows in missing.items():
        close[list(rows), PAIRS.index(pair)] = np.nan
    opened = np.arange(UNTIL - 36_000, UNTIL, 3600, dtype=np.int64)
    same = dict.fromkeys(("open", "high", "low", "close", "volume"), close)
    return Bars(frame=HOUR, pairs=PAIRS, opened_at=opened, **same)


def asked(told: Bars, known: Known, count: int = 10) -> Mapping[str, str]:
    return absences([(told, count)], CLOSE, known).uncertified


@given(missing=st.sets(st.integers(0, 9)), count=st.integers(1, 12))
def test_what_lacks_a_bar_of_the_stretch_is_found_and_nothing_else(
    missing: set[int], count: int
) -> None:
    found = asked(bars(XBTUSD=sorted(missing)), Known(), count)

    is_short = count > 10
    lacks = is_short or any(row >= 10 - count for row in missing)
    assert found.keys() == (set(PAIRS) if is_short else {"XBTUSD"} if lacks else set())


def test_bars_that_end_too_early_are_found() -> None:
    told = bars()
    early = replace(told, opened_at=told.opened_at - 3600)

    assert asked(early, Known(), 9).keys() == set(PAIRS)


def test_where_nothing_is_missing_no_certificate_is_read() -> None:
    known = Known()

    assert (asked(bars(), known), known.asked) == ({}, 0)


def test_a_hole_of_unknown_reason_is_named_with_its_figures() -> None:
    found = asked(bars(ETHUSD=[3, 4]), Known())

    assert found == {
        "ETHUSD": "HISTORY_UNCERTIFIED: 2 bars of 1h from 2026-03-01 17:00 are not_fetched; "
        "see `kraken-pipeline history gaps ETHUSD 1h`"
    }


@pytest.mark.parametrize(
    ("source", "passes"),
    [
        (Source.TRADES, True),
        (Source.ARCHIVE, False),
        (Source.COPY, False),
        (Source.OHLC, False),
        (Source.MADE, False),
    ],
)
def test_only_the_trades_prove_a_hole(source: Source, passes: bool) -> None:  # noqa: FBT001 - a table
    known = Known({"ETHUSD": (span(source),)})

    assert (asked(bars(ETHUSD=[3]), known) == {}) is passes


@pytest.mark.parametrize(
    ("source", "passes"),
    [
        (Source.TRADES, True),
        (Source.ARCHIVE, True),
        (Source.COPY, False),
        (Source.OHLC, False),
        (Source.MADE, False),
    ],
)
def test_history_believes_the_archive_besides(source: Source, passes: bool) -> None:  # noqa: FBT001 - a table
    known = Known({"ETHUSD": (span(source),)})

    found = absences([(bars(ETHUSD=[3, 4]), 10)], CLOSE, known, enough=BELIEVED)

    assert (found.uncertified == {}) is passes
    assert dict(found.unproven) == ({"1h": {"ETHUSD": 2}} if source is Source.ARCHIVE else {})


def test_the_archive_is_not_believed_where_no_file_of_it_was_read() -> None:
    known = Known({"ETHUSD": (span(Source.ARCHIVE, until=UNTIL - 7200),)})

    found = absences([(bars(ETHUSD=[3, 9]), 10)], CLOSE, known, enough=BELIEVED)

    assert "1 bars of 1h from 2026-03-01 23:00 are not_fetched" in found.uncertified["ETHUSD"]


def test_where_all_were_silent_the_exchange_was_down() -> None:
    known = Known(dict.fromkeys(PAIRS, (span(Source.ARCHIVE),)))

    found = absences([(bars(ADAUSD=[5], ETHUSD=[5], SOLUSD=[5], XBTUSD=[5]), 10)], CLOSE, known)

    assert (found.uncertified, set(found.silent["1h"])) == ({}, set(PAIRS))


def test_a_pair_may_be_younger_than_what_is_needed() -> None:
    young = bars(ETHUSD=range(6))

    assert set(asked(young, Known())) == {"ETHUSD"}
    assert asked(young, Known({"ETHUSD": (span(Source.OHLC),)})) == {}


def test_a_young_pair_may_lack_nothing_after_its_first_bar() -> None:
    known = Known({"ETHUSD": (span(Source.OHLC, until=UNTIL - 18_000),)})

    assert "1 bars of 1h from 2026-03-01 22:00" in asked(bars(ETHUSD=[0, 1, 8]), known)["ETHUSD"]


def test_the_newest_bar_may_not_be_missing_either() -> None:
    assert "from 2026-03-01 23:00" in asked(bars(XBTUSD=[9]), Known())["XBTUSD"]


def test_fewer_rows_than_are_needed_are_holes_of_all_pairs() -> None:
    assert set(asked(bars(), Known(), count=11)) == set(PAIRS)


def test_a_pair_without_any_bar_is_uncertified_whatever_was_asked() -> None:
    known = Known({"ETHUSD": (span(Source.OHLC),)})

    assert set(asked(bars(ETHUSD=range(10)), known)) == {"ETHUSD"}


def test_bars_in_which_nothing_traded_are_named_apart_from_holes() -> None:
    known = Known({"ETHUSD": (span(Source.TRADES, until=UNTIL - 7200),)})

    found = absences([(bars(ETHUSD=[3, 4, 9]), 10)], CLOSE, known)

    first = UNTIL - 36_000
    assert found.silent == {"1h": {"ETHUSD": [(first + 3 * 3600, first + 5 * 3600)]}}
    assert set(found.uncertified) == {"ETHUSD"}
