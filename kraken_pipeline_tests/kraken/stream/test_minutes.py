"""Minutes that two channels agree on."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.kraken.stream.frames import candle_frame, trade_frame
from kraken_pipeline.kraken.stream.liveness import Pulse
from kraken_pipeline.kraken.stream.minutes import MOST_CANDLES, MOST_TALLIES, Minutes

BTC = "BTC/USD"
START = datetime(2026, 11, 23, 9, 40, tzinfo=UTC)
Trade = tuple[int, int, int]
"""Its number, the second from `START`, its qty in hundredths."""


def minute(number: int) -> datetime:
    return START + timedelta(minutes=number)


def candles(kind: str, *rows: tuple[int, int, int]) -> bytes:
    """Return a frame of candles: of each the minute, its trades and its volume in hundredths."""
    told = ",".join(
        f'{{"symbol":"{BTC}","interval":1,"interval_begin":"{minute(number):%Y-%m-%dT%H:%M}'
        f':00.000000000Z","open":1.0,"high":3.0,"low":0.5,"close":2.0,'
        f'"volume":{hundredths / 100:.8f},"vwap":1.5,"trades":{count}}}'
        for number, count, hundredths in rows
    )
    return f'{{"channel":"ohlc","type":"{kind}","data":[{told}]}}'.encode()


def trades(kind: str, *rows: Trade) -> bytes:
    told = ",".join(
        f'{{"symbol":"{BTC}","side":"buy","price":1.0,"qty":{hundredths / 100:.8f},'
        f'"ord_type":"limit","trade_id":{number},'
        f'"timestamp":"{START + timedelta(seconds=second):%Y-%m-%dT%H:%M:%S}.250000Z"}}'
        for number, second, hundredths in rows
    )
    return f'{{"channel":"trade","type":"{kind}","data":[{told}]}}'.encode()


def following(*frames: bytes) -> Minutes:
    minutes = Minutes()
    minutes.follow(BTC, pulse=Pulse(0, most=3600))
    tell(minutes, *frames)
    return minutes


def tell(minutes: Minutes, *frames: bytes) -> None:
    for each in frames:
        if b'"ohlc"' in each:
            minutes.hear_candles(candle_frame(each), 1.0)
        else:
            minutes.hear_trades(trade_frame(each))


def doubt(minutes: Minutes, number: int) -> str:
    return minutes.minute(BTC, minute(number)).doubt


BEFORE = (trades("snapshot", (1, -5, 10)), candles("snapshot", (-2, 4, 40), (-1, 1, 10)))
"""What is told at first: the minute before the first one runs still."""


def test_a_minute_that_both_channels_tell_alike_is_proven_and_exact() -> None:
    told = following(*BEFORE, trades("update", (2, 3, 10)), candles("update", (0, 1, 10)))

    found = told.minute(BTC, minute(0))
    assert (found.doubt, found.bar is not None and found.bar.volume) == ("", Decimal("0.1"))


def test_a_minute_in_which_both_channels_are_silent_is_proven_to_be_silent() -> None:
    found = following(*BEFORE).minute(BTC, minute(0))

    assert (found.doubt, found.bar) == ("", None)


def test_a_lost_frame_of_either_channel_is_a_doubt() -> None:
    no_candle = following(*BEFORE, trades("update", (2, 3, 10)))
    no_trade = following(*BEFORE, candles("update", (0, 1, 10)))

    assert doubt(no_candle, 0) == "its candle counts 0 trades and the tape 1"
    assert doubt(no_trade, 0) == "its candle counts 1 trades and the tape 0"


def test_another_volume_is_a_doubt() -> None:
    told = following(*BEFORE, trades("update", (2, 3, 10)), candles("update", (0, 1, 11)))

    assert doubt(told, 0) == "its volume is 0.11000000, its trades' 0.10000000"


def test_past_candles_are_final_and_what_they_leave_out_was_silent() -> None:
    told = following(candles("snapshot", (-4, 3, 30), (-1, 1, 10)))

    assert [doubt(told, each) for each in (-4, -3, -2)] == ["", "", ""]
    assert told.minute(BTC, minute(-3)).bar is None
    assert doubt(told, -5)
    assert doubt(told, -1)


def test_while_the_connection_is_gone_nothing_is_proven_but_what_was_final() -> None:
    told = following(*BEFORE)
    told.lose()

    assert doubt(told, 0) == "it is not heard"
    assert doubt(told, -2) == ""
    assert told.untold() == [BTC]
    assert told.gaps(BTC) == 1


def test_trades_that_reach_back_to_a_known_one_close_a_gap() -> None:
    told = following(*BEFORE, trades("update", (2, 3, 10)), candles("update", (0, 1, 10)))
    told.lose()
    tell(told, trades("snapshot", (2, 3, 10), (3, 20, 5)), candles("snapshot", (0, 2, 15)))

    assert doubt(told, 0) == ""


def test_trades_that_do_not_reach_back_leave_the_minute_in_doubt() -> None:
    told = following(*BEFORE)
    told.lose()
    tell(told, trades("snapshot", (9, 20, 5)), candles("snapshot", (0, 1, 5)))

    assert doubt(told, 0) == "not all of its trades were heard"
    assert doubt(told, 1) == ""


def test_what_is_told_twice_or_too_late_changes_nothing() -> None:
    first, second = (2, 3, 10), (3, 9, 5)
    told = following(
        *BEFORE,
        trades("update", second),
        trades("update", first),
        trades("update", first),
        candles("update", (0, 2, 15)),
        candles("update", (0, 1, 10)),
    )

    assert doubt(told, 0) == ""


def test_a_trade_that_comes_after_its_minute_was_taken_is_named_once() -> None:
    told = following(*BEFORE)
    told.take(minute(1))
    tell(told, trades("update", (2, 3, 10)), candles("update", (0, 1, 10)))

    assert told.late() == [(BTC, minute(0))]
    assert told.late() == []
    assert doubt(told, 0) == ""


def test_what_is_told_again_of_a_taken_minute_is_not_late() -> None:
    told = following(*BEFORE, trades("update", (2, 3, 10)), candles("update", (0, 1, 10)))
    told.take(minute(1))
    tell(told, trades("snapshot", (2, 3, 10)), candles("snapshot", (0, 1, 10)))

    assert told.late() == []


def test_minutes_that_were_taken_long_ago_are_forgotten() -> None:
    told = following(*BEFORE)
    told.take(minute(60))
    tell(told, candles("snapshot", (-2, 4, 40), (61, 1, 10)))

    told.take(minute(70))

    assert list(told._kept[BTC].candles) == ["2026-11-23T10:41"]
    assert told.late() == []


def test_a_time_that_nobody_can_read_does_not_stop_what_comes_after_it() -> None:
    told = following(*BEFORE)
    odd = trades("update", (2, 3, 10)).replace(b"2026-11-23", b"zzzz-11-23")
    tell(told, odd)

    first = told.traded_at()
    tell(told, trades("update", (3, 5, 10)))

    assert first is None
    assert told.traded_at() == START + timedelta(seconds=5.25)


def test_minutes_that_nobody_takes_do_not_pile_up() -> None:
    told = following(*BEFORE)
    for number in range(2000):
        tell(told, trades("update", (number + 2, 60 * number, 10)))
        tell(told, candles("update", (number, 1, 10)))

    kept = told._kept[BTC]
    assert (len(kept.tallies), len(kept.candles)) == (MOST_TALLIES, MOST_CANDLES)
    assert doubt(told, 1999) == ""
    assert doubt(told, 1900) != ""


def quiet(told: Minutes, first: int, last: int) -> None:
    """Let minutes be taken in which nothing was told."""
    for number in range(first, last + 1):
        told.take(minute(number + 1))


def test_minutes_that_passed_for_silent_while_a_pair_was_mute_are_told_late() -> None:
    """U-STR-1b: both channels of a pair fell mute; however long ago, the next snapshot tells."""
    told = following(*BEFORE)
    quiet(told, 0, 20)
    before = told.late()

    tell(told, candles("snapshot", (-1, 1, 10), (3, 2, 30), (4, 1, 5), (20, 1, 5), (21, 1, 1)))

    assert before == []
    assert told.late() == [(BTC, minute(number)) for number in (3, 4, 20)]


def test_a_minute_in_the_middle_of_which_a_pair_fell_mute_is_told_late() -> None:
    told = following(*BEFORE, trades("update", (2, 3, 10)), candles("update", (0, 1, 10)))
    quiet(told, 0, 20)

    tell(told, candles("snapshot", (-1, 1, 10), (0, 3, 25)))

    assert told.late() == [(BTC, minute(0))]


def test_silence_that_was_none_of_a_fault_is_not_told_late() -> None:
    told = following(*BEFORE)
    quiet(told, 0, 7)
    tell(told, trades("update", (2, 485, 10)), candles("update", (8, 1, 10)))
    quiet(told, 8, 9)

    tell(told, candles("snapshot", (-1, 1, 10), (8, 1, 10)))

    assert told.late() == []


def test_a_pair_that_is_not_followed_is_not_heard() -> None:
    assert Minutes().minute(BTC, START).doubt == "it is not followed"


@given(
    made=st.lists(st.tuples(st.integers(0, 179), st.integers(1, 500)), max_size=12),
    lost=st.sets(st.integers(0, 23)),
)
def test_a_proven_minute_is_never_a_wrong_one(
    made: Sequence[tuple[int, int]], lost: set[int]
) -> None:
    """Whatever frames are lost: what is proven is what the exchange has, unless both were lost."""
    tape = [(number + 2, at, qty) for number, (at, qty) in enumerate(sorted(made))]
    frames: list[tuple[bytes, int | None]] = []
    truth: dict[int, tuple[int, int]] = {}
    for each in tape:
        count, volume = truth.get(each[1] // 60, (0, 0))
        truth[each[1] // 60] = count + 1, volume + each[2]
        frames.append((trades("update", each), each[1] // 60))
        frames.append((candles("update", (each[1] // 60, *truth[each[1] // 60])), each[1] // 60))
    told = following(*BEFORE, *(frame for at, (frame, _) in enumerate(frames) if at not in lost))

    for number in range(3):
        found = told.minute(BTC, minute(number))
        trades_there, volume = truth.get(number, (0, 0))
        both_lost = any(
            {2 * at, 2 * at + 1} <= lost for at, each in enumerate(tape) if each[1] // 60 == number
        )
        if not found.doubt and not both_lost:
            assert (0 if found.bar is None else found.bar.trades) == trades_there
            assert (found.bar is None) or found.bar.volume == Decimal(volume) / 100
