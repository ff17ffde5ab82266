import threading
from datetime import UTC, datetime

import pytest

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.kraken.stream.news import GapNews
from kraken_pipeline.kraken.stream.outbox import Outbox


def gap(number: int) -> GapNews:
    return GapNews(since=datetime(2026, 1, 1, tzinfo=UTC), why=str(number))


def test_news_are_taken_in_the_order_in_which_they_came() -> None:
    box = Outbox(10)
    box.put([gap(1), gap(2)])
    box.put([gap(3)])

    assert box.take(0) == (gap(1), gap(2), gap(3))
    assert box.take(0) == ()


def test_a_full_box_takes_nothing_and_loses_nothing() -> None:
    box = Outbox(2)
    box.put([gap(1), gap(2)])
    with pytest.raises(InvalidValueError):
        box.put([gap(3)])

    assert (box.room, box.has_drained) == (0, False)
    assert box.take(0) == (gap(1), gap(2))
    assert box.has_drained


def test_whoever_waits_is_woken() -> None:
    box = Outbox(2)
    later = threading.Timer(0.05, box.put, ([gap(1)],))
    later.start()

    assert box.take(5) == (gap(1),)
    later.join()
