from datetime import UTC, datetime, timedelta
from decimal import Decimal

from kraken_pipeline.simulator import catalog
from kraken_pipeline.simulator.mirror.tape import Tape, Trade, nanoseconds, page_of

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
PAIR = catalog.pair("XBT", "USD")
OTHER = catalog.pair("ETH", "USD")
SINCE = {PAIR.key: NOW}


def trade(second: int, pair: object = PAIR) -> Trade:
    assert pair in (PAIR, OTHER)
    found = PAIR if pair is PAIR else OTHER
    at = NOW + timedelta(seconds=second)
    return Trade(pair=found, at=at, price=Decimal(100), qty=Decimal(1), number=0)


def last_of(second: int) -> str:
    return str(nanoseconds(NOW + timedelta(seconds=second)))


def following() -> Tape:
    tape = Tape({})
    tape.follow(SINCE | {OTHER.key: NOW}, NOW)
    return tape


def heard(tape: Tape, *seconds: int, pair: object = PAIR) -> None:
    """Take in the page that is wanted next."""
    found = PAIR if pair is PAIR else OTHER
    asked = {"since": tape.cursors[found.key]}
    trades = [trade(second, found) for second in seconds]
    tape.hear(found, asked, trades, last_of(seconds[-1]))


def until(second: int) -> datetime:
    return NOW + timedelta(seconds=second)


def test_trades_of_several_pairs_come_in_their_order() -> None:
    tape = following()
    heard(tape, 3, 5)
    heard(tape, 1, 4, pair=OTHER)

    ready = tape.ready(until(4), lambda _: True)

    assert [each.at for each in ready] == [until(1), until(3), until(4)]
    assert [each.at for each in tape.ready(until(9), lambda _: True)] == [until(5)]


def test_a_page_is_taken_in_once() -> None:
    tape = following()
    asked = {"since": tape.cursors[PAIR.key]}
    for _ in range(2):
        tape.hear(PAIR, asked, [trade(1)], last_of(1))

    assert len(tape.ready(until(9), lambda _: True)) == 1


def test_a_page_that_somebody_else_asked_for_is_passed_over() -> None:
    tape = following()
    tape.hear(PAIR, {"since": "0"}, [trade(-100)], last_of(-100))
    tape.hear(PAIR, {}, [trade(1)], last_of(1))

    assert tape.ready(until(9), lambda _: True) == []


def test_trades_wait_for_a_young_book_and_are_asked_for_again_after_a_restart() -> None:
    tape = following()
    heard(tape, 1, 2)
    assert tape.ready(until(9), lambda _: False) == []

    again = Tape(tape.kept())

    assert again.kept()[PAIR.key] == str(int(last_of(1)) - 1)
    assert len(tape.ready(until(9), lambda _: True)) == 2
    assert tape.kept()[PAIR.key] == last_of(2)


def test_a_pair_that_nobody_waits_for_is_forgotten() -> None:
    tape = following()
    heard(tape, 1)
    tape.follow({OTHER.key: NOW}, NOW)

    assert list(tape.cursors) == [OTHER.key]
    assert tape.ready(until(9), lambda _: True) == []


def test_no_more_than_a_day_is_made_up_for() -> None:
    tape = Tape({PAIR.key: last_of(0)})
    later = NOW + timedelta(days=3)
    tape.follow(SINCE, later)

    assert tape.cursors[PAIR.key] == str(nanoseconds(later - timedelta(days=1)))


def test_what_is_no_page_of_trades_is_none() -> None:
    odd: tuple[object, ...] = (None, [], {}, {"last": "x"}, {"last": "1"}, {"X": [[]], "last": "1"})
    for each in odd:
        assert page_of(each, PAIR) is None
