from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.staleness import CODES, Doubt, Signs, denials, doubts, is_off

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SOUND = Signs(
    received_at=NOW,
    event_at=NOW,
    max_event_age=timedelta(seconds=10),
    socket_silent=False,
    subscription_silent=False,
    book_failed=False,
    bid=Decimal(100),
    ask=Decimal(101),
    last_trade=None,
)
PRICES = st.integers(1, 10_000).map(Decimal)


def test_a_sound_price_has_no_doubts() -> None:
    assert doubts(SOUND) == frozenset()


@pytest.mark.parametrize(
    ("signs", "doubt"),
    [
        (replace(SOUND, socket_silent=True), Doubt.SOCKET_SILENT),
        (replace(SOUND, subscription_silent=True), Doubt.SUBSCRIPTION_SILENT),
        (replace(SOUND, event_at=NOW - timedelta(seconds=11)), Doubt.EVENT_OLD),
        (replace(SOUND, book_failed=True), Doubt.CHECKSUM),
        (replace(SOUND, bid=Decimal(101)), Doubt.CROSSED),
        (replace(SOUND, last_trade=Decimal(102)), Doubt.FROZEN),
        (replace(SOUND, last_trade=Decimal(99)), Doubt.FROZEN),
    ],
)
def test_each_layer_finds_its_own_fault(signs: Signs, doubt: Doubt) -> None:
    assert doubts(signs) == {doubt}


def test_f_evt_10_an_event_that_is_ahead_of_our_clock_is_not_old() -> None:
    assert doubts(replace(SOUND, event_at=NOW + timedelta(seconds=2))) == frozenset()


@given(
    socket=st.booleans(),
    subscription=st.booleans(),
    late=st.integers(-20, 20),
    failed=st.booleans(),
    bid=PRICES,
    ask=PRICES,
    traded=st.none() | PRICES,
)
def test_the_layers_are_independent(  # noqa: PLR0913, PLR0917 - one for each sign
    socket: bool,  # noqa: FBT001 - drawn by name
    subscription: bool,  # noqa: FBT001 - drawn by name
    late: int,
    failed: bool,  # noqa: FBT001 - drawn by name
    bid: Decimal,
    ask: Decimal,
    traded: Decimal | None,
) -> None:
    signs = replace(
        SOUND,
        socket_silent=socket,
        subscription_silent=subscription,
        event_at=NOW - timedelta(seconds=late),
        book_failed=failed,
        bid=bid,
        ask=ask,
        last_trade=traded,
    )

    assert doubts(signs) == {
        doubt
        for doubt, is_found in {
            Doubt.SOCKET_SILENT: socket,
            Doubt.SUBSCRIPTION_SILENT: subscription,
            Doubt.EVENT_OLD: late > 10,
            Doubt.CHECKSUM: failed,
            Doubt.CROSSED: bid >= ask,
            Doubt.FROZEN: traded is not None and not bid <= traded <= ask,
        }.items()
        if is_found
    }


@given(found=st.frozensets(st.sampled_from(sorted(Doubt))))
def test_every_doubt_but_that_it_is_rest_denies_with_its_code(found: frozenset[Doubt]) -> None:
    denied = denials(found)

    assert set(denied) == {CODES[each] for each in found if each is not Doubt.NOT_THE_STREAM}
    told = [name for names in denied.values() for name in names.split(",")]
    assert sorted(told) == sorted(found - {Doubt.NOT_THE_STREAM})


@given(bid=PRICES, spread=PRICES, rest_bid=PRICES, rest_spread=PRICES)
def test_prices_whose_spreads_overlap_agree(
    bid: Decimal, spread: Decimal, rest_bid: Decimal, rest_spread: Decimal
) -> None:
    ask, rest_ask = bid + spread, rest_bid + rest_spread
    overlap = bid <= rest_ask and rest_bid <= ask

    assert not (overlap and is_off(bid, ask, rest_bid=rest_bid, rest_ask=rest_ask))


@pytest.mark.parametrize(
    ("bid", "ask", "off"),
    [("102.01", "103", False), ("102.02", "103", True), ("97", "99", False), ("97", "98.9", True)],
)
def test_prices_are_off_beyond_a_hundredth_of_the_others(bid: str, ask: str, *, off: bool) -> None:
    rest_bid, rest_ask = Decimal(100), Decimal(101)

    assert is_off(Decimal(bid), Decimal(ask), rest_bid=rest_bid, rest_ask=rest_ask) is off
