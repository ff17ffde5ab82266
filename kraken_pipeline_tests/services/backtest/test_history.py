from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.services.backtest import History
from kraken_pipeline.strategies.base import COLUMNS, Bars
from kraken_pipeline_tests.services.backtest.runs import BEGUN, HOUR, bars, flat

ONE_HOUR = TIMEFRAMES["1h"]


def test_a_close_sees_the_bars_up_to_it_and_none_after() -> None:
    history = History({"1h": flat(*[float(each) for each in range(1, 9)])})

    seen = history.read(ONE_HOUR, ("XBTUSD",), closed_by=BEGUN + 4 * HOUR, count=3)

    assert seen.open[:, 0].tolist() == [2, 3, 4]


def test_a_bar_that_is_not_over_is_not_seen() -> None:
    history = History({"1h": flat(1.0, 2.0, 3.0)})

    closed_by = BEGUN + 2 * HOUR + timedelta(minutes=59)
    seen = history.read(ONE_HOUR, ("XBTUSD",), closed_by=closed_by, count=9)

    assert seen.open[:, 0].tolist() == [1, 2]


def test_the_last_row_is_the_newest_bar_that_there_is() -> None:
    history = History({"1h": bars((1, 1, 1, 1, 1), (), ())})

    seen = history.read(ONE_HOUR, ("XBTUSD",), closed_by=BEGUN + 3 * HOUR, count=2)

    assert len(seen.opened_at) == 1


def test_before_the_first_bar_nothing_is_seen() -> None:
    history = History({"1h": flat(1.0, 2.0)})

    assert not len(history.read(ONE_HOUR, ("XBTUSD",), closed_by=BEGUN, count=2).opened_at)


def test_a_part_is_named_by_the_whole_and_its_rows() -> None:
    history, other = History({"1h": flat(1.0, 2.0, 3.0)}), History({"1h": flat(1.0, 2.0, 4.0)})

    first, again, later = (
        history.read(ONE_HOUR, ("XBTUSD",), closed_by=BEGUN + each * HOUR, count=1).digest()
        for each in (1, 1, 2)
    )
    elsewhere = other.read(ONE_HOUR, ("XBTUSD",), closed_by=BEGUN + HOUR, count=1).digest()

    assert first == again
    assert len({first, later, elsewhere}) == 3


@pytest.mark.parametrize("hours", range(1, 6))
@pytest.mark.parametrize("count", range(1, 6))
def test_a_part_knows_whether_it_lacks_a_bar(hours: int, count: int) -> None:
    each = (1.0, 1.0, 1.0, 1.0, 1.0)
    history = History({"1h": bars(each, (), each, each, ())})

    seen = history.read(ONE_HOUR, ("XBTUSD",), closed_by=BEGUN + hours * HOUR, count=count)

    assert seen.is_whole() == (not np.isnan(seen.close).any())


def test_closes_are_exact_and_left_out_where_nothing_traded() -> None:
    history = History({"1h": bars((1, 1, 1, 0.1, 1), ())})

    assert history.closes(ONE_HOUR, BEGUN + HOUR) == {"XBTUSD": Decimal("0.1")}
    assert dict(history.closes(ONE_HOUR, BEGUN + 2 * HOUR)) == {}
    assert dict(history.closes(ONE_HOUR, BEGUN + 9 * HOUR)) == {}


def test_bars_of_different_pairs_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="the same pairs"):
        History({"1h": flat(1.0), "4h": bars((1, 1, 1, 1, 1), frame="4h", name="ETHUSD")})


def test_a_history_is_not_copied() -> None:
    panel = flat(1.0, 2.0, 3.0)

    seen = History({"1h": panel}).read(ONE_HOUR, ("XBTUSD",), closed_by=BEGUN + 2 * HOUR, count=2)

    assert np.shares_memory(seen.close, panel.close)


def test_nobody_can_write_into_what_is_read() -> None:
    history = History({"1h": flat(1.0, 2.0)})

    seen = history.read(ONE_HOUR, ("XBTUSD",), closed_by=BEGUN + 2 * HOUR, count=2)

    assert seen.is_sealed
    assert seen.sealed() is seen


def test_some_of_the_pairs_are_read_as_a_part_with_a_name_of_its_own() -> None:
    one = flat(1.0, 2.0, 3.0)
    columns = {name: np.hstack([one.column(name), 2 * one.column(name)]) for name in COLUMNS}
    pairs = ("ETHUSD", "XBTUSD")
    history = History({"1h": Bars(frame=ONE_HOUR, pairs=pairs, opened_at=one.opened_at, **columns)})

    whole, some, again = (
        history.read(ONE_HOUR, each, closed_by=BEGUN + 2 * HOUR, count=2)
        for each in (pairs, ("XBTUSD",), ("XBTUSD",))
    )

    assert some.open[:, 0].tolist() == [2, 4]
    assert some.pairs == ("XBTUSD",)
    assert some.is_sealed
    assert some.digest() == again.digest() != whole.digest()
