"""How much books hold near their middle, and how few calls that takes."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import ExchangeError, UnexpectedReplyError, UnreachableError
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.market_reports import Depth, Level
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.universe_filters import Nearby
from kraken_pipeline.services.market.nearby import MOST_READ, NearbyDesk, near_middle, nearby_of
from kraken_pipeline.services.ports.exchange import Market
from kraken_pipeline.store.depths import SqlDepthStore
from kraken_pipeline_tests.builders import pair
from kraken_pipeline_tests.fakes import overriding
from kraken_pipeline_tests.services.paper import Paper

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def level(price: str, qty: str = "1") -> Level:
    return Level(price=Price(Decimal(price)), qty=Qty(Decimal(qty)))


BOOK = Depth(
    pair="XBTUSD",
    bids=(level("99"), level("98", "2"), level("50", "9")),
    asks=(level("101"), level("103", "4"), level("200", "9")),
)


@pytest.mark.parametrize(
    ("within_bps", "bids", "asks"), [(100, 99, 101), (200, 295, 101), (300, 295, 513), (50, 0, 0)]
)
def test_only_what_lies_within_the_distance_counts(within_bps: int, bids: int, asks: int) -> None:
    seen = near_middle(BOOK, within_bps=within_bps, read_at=NOW)

    assert seen == Nearby(
        within_bps=within_bps, bids=Decimal(bids), asks=Decimal(asks), read_at=NOW
    )


@pytest.mark.parametrize("change", [{"bids": ()}, {"asks": ()}, {"bids": (level("102"),)}])
def test_a_book_without_a_middle_tells_nothing(change: dict[str, tuple[Level, ...]]) -> None:
    assert near_middle(replace(BOOK, **change), within_bps=100, read_at=NOW) is None  # type: ignore[arg-type]  # refused when it runs


@given(nearer=st.integers(1, 500), further=st.integers(500, 1000))
def test_further_off_there_is_never_less(nearer: int, further: int) -> None:
    near = near_middle(BOOK, within_bps=nearer, read_at=NOW)
    far = near_middle(BOOK, within_bps=further, read_at=NOW)

    assert near is not None
    assert far is not None
    assert (near.bids, near.asks) <= (far.bids, far.asks)


class Asked:
    """Counts the books that are asked for; from one pair on the exchange fails."""

    def __init__(self, desk: Paper, *, fails: dict[str, ExchangeError] | None = None) -> None:
        self.names: list[str] = []
        self._fails = fails or {}
        self._desk = desk

    def depth(self, of: Pair) -> Depth:
        self.names.append(of.name)
        if of.name in self._fails:
            raise self._fails[of.name]
        return BOOK

    def found(self, *names: str, notional: dict[str, Decimal] | None = None) -> set[str]:
        desk = NearbyDesk(
            market=cast("Market", overriding(self._desk.market, depth=self.depth)),
            depths=SqlDepthStore(self._desk.stores.database),
            clock=self._desk.clock,
        )
        pairs = [pair(name=name) for name in names]
        return set(nearby_of(desk, pairs, within_bps=100, notional=notional or {}))


def test_a_book_is_read_at_most_once_an_hour_and_forgotten_after_six(desk: Paper) -> None:
    asked = Asked(desk, fails={})
    seen = []
    for minutes in (0, 59, 2, 30):
        desk.turn(minutes=minutes)
        seen.append((asked.found("XBTUSD"), len(asked.names)))

    assert [calls for _, calls in seen] == [1, 1, 2, 2]
    assert all(found == {"XBTUSD"} for found, _ in seen)
    down = Asked(desk, fails={"XBTUSD": UnreachableError("no route")})
    desk.turn(hours=5)
    assert down.found("XBTUSD") == {"XBTUSD"}
    desk.turn(hours=1, minutes=1)
    assert down.found("XBTUSD") == set()


def test_those_that_trade_most_are_read_first_and_no_more_than_the_budget(desk: Paper) -> None:
    asked = Asked(desk)
    names = [f"P{at:03d}USD" for at in range(MOST_READ + 5)]
    busiest = {"P124USD": Decimal(9), "P123USD": Decimal(8)}

    first = asked.found(*names, notional=busiest)

    assert len(first) == len(asked.names) == MOST_READ
    assert asked.names[:2] == ["P124USD", "P123USD"]
    assert asked.found(*names) == set(names)


@pytest.mark.parametrize(
    ("failure", "found"),
    [(UnreachableError("no route"), set()), (UnexpectedReplyError("no book"), {"XBTUSD"})],
)
def test_an_exchange_that_is_silent_is_asked_no_more(
    desk: Paper, failure: ExchangeError, found: set[str]
) -> None:
    asked = Asked(desk, fails={"ETHUSD": failure})

    assert asked.found("ETHUSD", "XBTUSD") == found
