"""The market's half of the daemon, against a simulator whose clock the test turns."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from kraken_pipeline.domain.errors import ConfigurationError, PipelineError
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.quotes import Quality, QuoteBoard
from kraken_pipeline.domain.staleness import Doubt
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe
from kraken_pipeline.kraken.stream.liveness import Patience
from kraken_pipeline.kraken.stream.upkeep import Pauses, Terms
from kraken_pipeline.simulator.faults.kinds import Kind
from kraken_pipeline.simulator.faults.rules import Rule
from kraken_pipeline.store.bar_archive import HistoryBarStore
from kraken_pipeline.store.quotes import NAME
from kraken_pipeline.wiring import market_listening
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.market_listening import MarketListening, hearing_market
from kraken_pipeline.wiring.market_sign import board_of, market_sign
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.kraken.stream.world import eventually
from kraken_pipeline_tests.paper_market import FEW_PAIRS, NOON, PAIRS, PaperMarket

pytestmark = pytest.mark.slow
HASTY = Terms(patience=Patience(socket=1.5, subscription=1.0), pauses=Pauses(first=0.05, most=0.2))
Told = list[tuple[datetime, tuple[str, ...]]]


class Listener:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: Told = []

    def closed(self, frames: tuple[Timeframe, ...], closed_at: datetime) -> None:
        self.told.append((closed_at, tuple(each.name for each in frames)))


@pytest.fixture
def told() -> Listener:
    return Listener()


@pytest.fixture
def listening(pipeline: Pipeline, told: Listener, heard: Callable[[], bool]) -> Iterator[None]:
    with hearing_market(pipeline, told, terms=HASTY):
        assert eventually(heard)
        yield


@pytest.fixture
def heard(market: PaperMarket) -> Callable[[], bool]:
    def look() -> bool:
        told = board_of(market.data_dir)
        return told is not None and is_sound(told)

    return look


def is_sound(board: QuoteBoard) -> bool:
    prices = [each.price for each in board.pairs.values()]
    return len(prices) == len(PAIRS) and all(
        each is not None and each.source == "book" and each.quality is Quality.OPENING
        for each in prices
    )


def board(market: PaperMarket) -> QuoteBoard:
    found = board_of(market.data_dir)
    assert found is not None
    return found


@pytest.mark.usefixtures("listening")
def test_every_managed_pair_stands_on_the_board_with_a_price_to_open_on(
    market: PaperMarket,
) -> None:
    told = board(market)

    assert sorted(told.pairs) == sorted(PAIRS)
    assert {each.status for each in told.pairs.values()} == {"online"}
    assert is_sound(told)


@pytest.mark.usefixtures("listening")
def test_bars_are_stored_as_rest_tells_them_before_their_close_is_told(
    market: PaperMarket,
    pipeline: Pipeline,
    told: Listener,
) -> None:
    for minute in range(1, 6):
        end = NOON + timedelta(minutes=minute)
        market.turn(end - timedelta(seconds=20))
        market.turn(end)
        # what was told up to here has come before it is the time to close by it
        assert eventually(lambda end=end: board(market).at >= end)  # type: ignore[misc]  # a default
        market.turn(end + timedelta(seconds=10))
    assert eventually(lambda: len(told.told) == 5)
    universe = pipeline.stores.universes.latest()
    assert universe is not None
    store = HistoryBarStore(pipeline.stores.bars_dir)
    found = [
        store.compare(frame, pipeline.edge.market.candles(pair, frame, NOON))
        for frame in (TIMEFRAMES["1m"], TIMEFRAMES["5m"])
        for pair in universe.members
    ]

    assert told.told[-1] == (NOON + timedelta(minutes=5), ("1m", "5m"))
    assert {(each.added, each.differing) for each in found} == {(0, 0)}
    assert sum(each.same for each in found) == len(PAIRS) * (5 + 1)
    assert eventually(lambda: board(market).closed_at == told.told[-1][0])


@pytest.mark.usefixtures("listening")
def test_u_mkt_2_a_pair_that_is_restricted_is_closed_to_entries_and_opened_again(
    market: PaperMarket,
    pipeline: Pipeline,
) -> None:
    """UNI-7: by the stream, without a listing being read."""
    listed = market.served.exchange.market.listing.pairs
    [ada] = [each for each in listed if each.altname == "ADAUSD"]

    def halted() -> list[str]:
        latched = pipeline.stores.halts.latched()
        return [each.scope.name for each in latched if each.kind is HaltKind.RESTRICTED]

    market.served.exchange.set_pair_status(ada, "cancel_only")
    latched = eventually(lambda: halted() == ["ADAUSD"])
    market.served.exchange.set_pair_status(ada, "online")

    assert latched
    assert eventually(lambda: halted() == [])


@pytest.mark.usefixtures("listening")
def test_u_str_4_three_wrong_books_in_a_minute_close_a_pair_to_opening(
    market: PaperMarket,
) -> None:
    """STR-4: what is left is a ticker that values, and the pair's own mark."""
    market.served.service.faults.add(Rule(kind=Kind.BAD_CHECKSUM, times=100))
    market.turn(NOON + timedelta(seconds=40))

    assert eventually(lambda: all(each.is_untradable for each in board(market).pairs.values()))
    for each in board(market).pairs.values():
        assert each.checksum_failures == 3
        assert each.price is not None
        assert (each.price.source, each.price.quality) == ("ticker", Quality.VALUATION)
        assert Doubt.CHECKSUM in each.doubts


@pytest.mark.usefixtures("listening")
def test_u_str_1_a_socket_that_falls_silent_is_a_doubt_of_every_price_until_it_is_back(
    market: PaperMarket,
    heard: Callable[[], bool],
) -> None:
    faults = market.served.service.faults
    # for longer than lies between two boards
    faults.add(Rule(kind=Kind.REFUSED_CONNECTION, subject="stream", times=12))
    faults.add(Rule(kind=Kind.CUT_SOCKET, times=1))
    market.turn(NOON + timedelta(seconds=40))

    def is_doubted() -> bool:
        sign = market_sign(market.data_dir, system_now())
        return sign is not None and not sign.is_well

    assert eventually(is_doubted)
    assert eventually(heard)
    assert board(market).connects == 2


def test_str_4_a_new_pair_is_followed_and_wrong_books_are_not_forgotten_for_it(
    market: PaperMarket,
    pipeline: Pipeline,
    heard: Callable[[], bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(market_listening, "UNIVERSE_SECONDS", 0.2)
    with hearing_market(pipeline, terms=HASTY):
        assert eventually(heard)
        market.served.service.faults.add(Rule(kind=Kind.BAD_CHECKSUM, times=100))
        market.turn(NOON + timedelta(seconds=40))
        assert eventually(lambda: all(each.is_untradable for each in board(market).pairs.values()))
        market.served.service.faults.clear()
        (market.root / "config" / "config.yaml").write_text(
            FEW_PAIRS.replace("ADAUSD", "ADAUSD, XBTUSD")
        )
        with market.pipeline() as wider:
            wider.refresh_universe()

        assert eventually(lambda: "XBTUSD" in board(market).pairs)
        marked = {name for name, each in board(market).pairs.items() if each.is_untradable}
        assert marked == set(PAIRS)


def test_who_leaves_well_leaves_nothing_behind(
    market: PaperMarket,
    pipeline: Pipeline,
    heard: Callable[[], bool],
) -> None:
    with hearing_market(pipeline, terms=HASTY):
        assert eventually(heard)
        with pytest.raises(ConfigurationError, match="another market runs"):
            MarketListening(pipeline, None, HASTY)

    assert board_of(market.data_dir) is None
    assert not (market.data_dir / NAME).exists()


class Failing:
    """Has a fault."""

    def closed(self, frames: tuple[Timeframe, ...], closed_at: datetime) -> None:
        raise ZeroDivisionError


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_listener_of_which_a_part_ended_by_a_fault_does_not_look_well(
    market: PaperMarket,
    pipeline: Pipeline,
    heard: Callable[[], bool],
) -> None:
    with hearing_market(pipeline, Failing(), terms=HASTY) as listening:
        assert eventually(heard)
        listening.require_running()
        market.turn(NOON + timedelta(seconds=65))

        assert eventually(lambda: "ended by a fault" in _complaint(listening))


def _complaint(listening: MarketListening) -> str:
    try:
        listening.require_running()
    except PipelineError as failure:
        return str(failure)
    return ""
