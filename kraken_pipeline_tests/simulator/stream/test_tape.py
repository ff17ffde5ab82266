"""The trades of a pair as time goes by, however it is cut."""

from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_pipeline.simulator import candles
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.stream.tape import MOST_PRINTS, Tape, latest
from kraken_pipeline.simulator.stream.windows import Windows
from kraken_pipeline.simulator.synthetic import SyntheticMarket

BEGIN = 1_790_838_000.0
MARKET = SyntheticMarket(1)


def pair(name: str) -> Pair:
    found = MARKET.listing.pair(name)
    assert found is not None
    return found


STEPS = st.lists(st.floats(0.01, 90), min_size=1, max_size=8)
NAMES = st.sampled_from(["BTC/USD", "TBTC/USD", "SOL/EUR"])


@settings(max_examples=40)
@given(steps=STEPS, name=NAMES)
def test_however_time_is_cut_the_same_trades_come_once_each(steps: list[float], name: str) -> None:
    cut, at_once = Tape(MARKET, pair(name), BEGIN), Tape(MARKET, pair(name), BEGIN)
    at, found = BEGIN, []
    for seconds in steps:
        at += seconds
        found += cut.advance(at)

    assert found[-MOST_PRINTS:] == at_once.advance(at)
    assert [each.id for each in found] == sorted({each.id for each in found})
    assert all(BEGIN < each.at <= at for each in found)
    assert cut.price == at_once.price


@settings(max_examples=40)
@given(steps=STEPS, name=NAMES)
def test_nothing_trades_before_the_tape_says_it_may(steps: list[float], name: str) -> None:
    tape, at = Tape(MARKET, pair(name), BEGIN), BEGIN
    for seconds in steps:
        due = tape.next_at(at)
        at += seconds
        if at < due - 1e-4:
            assert tape.advance(at) == []
        else:
            tape.advance(at)


def test_the_latest_trades_end_where_the_tape_goes_on() -> None:
    before = latest(MARKET, pair("BTC/USD"), BEGIN, 50)
    after = Tape(MARKET, pair("BTC/USD"), BEGIN).advance(BEGIN + 2)

    assert len(before) == 50
    assert before + after == latest(MARKET, pair("BTC/USD"), BEGIN + 2, 50 + len(after))


def test_a_tape_goes_back_with_its_clock() -> None:
    tape = Tape(MARKET, pair("BTC/USD"), BEGIN)
    tape.advance(BEGIN + 3600)

    assert tape.advance(BEGIN - 3600) == []
    assert tape.advance(BEGIN - 3599) == Tape(MARKET, pair("BTC/USD"), BEGIN - 3600).advance(
        BEGIN - 3599
    )


@given(at=st.floats(BEGIN, BEGIN + 86_400), hours=st.integers(1, 24), name=NAMES)
def test_a_window_adds_up_to_what_its_pieces_are(at: float, hours: int, name: str) -> None:
    start = (int(at) // 3600 - hours) * 3600
    running = MARKET.finest(pair(name), at)
    windows, begun = Windows(MARKET, pair(name)), candles.begun(running, at)

    span = windows.since(start, running, begun)

    whole = candles.merged(MARKET.pieces(pair(name), start, at)).row(0, 0)
    assert (span.open, span.high, span.low, span.close) == (
        whole.open, whole.high, whole.low, whole.close,
    )  # fmt: skip
    assert (span.volume, span.count, span.vwap) == (whole.volume, whole.count, whole.vwap)
