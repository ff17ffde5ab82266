"""While it is not known whether an order exists: what must wait for it, and how far it reaches."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.orders import FATE_OPEN, State
from kraken_pipeline.domain.unknowns import Unknown, Wanted, block, unknown_of
from kraken_pipeline_tests.builders import NOW, order, unknown

NAV = Decimal(10_000)
BUY = Wanted(pair="ETHUSD", asset="ETH", strategy_id="other", opens=True)
SELL = replace(BUY, opens=False)
SMALL = unknown(notional=Decimal(200))
"""Of XBTUSD, by trend_core: 2 % of NAV."""

PAIRS = st.sampled_from([("XBTUSD", "XBT"), ("XBTEUR", "XBT"), ("ETHUSD", "ETH")])
UNKNOWNS = st.builds(
    lambda pair, strategy, notional, flies: unknown(
        pair=pair[0],
        asset=pair[1],
        strategy_id=strategy,
        notional=Decimal(notional),
        is_in_flight=flies,
    ),
    PAIRS,
    st.sampled_from(["trend_core", "other"]),
    st.integers(0, 400),
    st.booleans(),
)
WANTED = st.builds(
    lambda pair, strategy, opens: Wanted(
        pair=pair[0], asset=pair[1], strategy_id=strategy, opens=opens
    ),
    PAIRS,
    st.sampled_from(["trend_core", "other"]),
    st.booleans(),
)
EQUITIES = st.integers(0, 20_000).map(Decimal)


@pytest.mark.parametrize("opens", [True, False])
def test_on_its_pair_everything_waits(*, opens: bool) -> None:
    here = replace(BUY, pair="XBTUSD", asset="XBT", opens=opens)

    found = block([SMALL], here, equity=NAV)

    assert str(found) == "UNKNOWN_ORDER: count=1, pair=XBTUSD, orders=O9"


@pytest.mark.parametrize(
    "alike", [{"pair": "XBTEUR", "asset": "XBT"}, {"strategy_id": "trend_core"}]
)
def test_what_opens_waits_for_its_asset_and_its_strategy_and_what_reduces_does_not(
    alike: dict[str, str],
) -> None:
    assert block([SMALL], replace(BUY, **alike), equity=NAV) is not None  # type: ignore[arg-type]
    assert block([SMALL], replace(SELL, **alike), equity=NAV) is None  # type: ignore[arg-type]


def test_one_small_unknown_order_lets_other_assets_of_other_strategies_trade() -> None:
    assert block([SMALL], BUY, equity=NAV) is None


def test_over_two_percent_of_nav_nothing_opens() -> None:
    found = block([replace(SMALL, notional=Decimal("200.01"))], BUY, equity=NAV)

    assert found is not None
    assert "reserved=200.01, max=200.00" in found.figures


def test_from_the_second_one_on_nothing_opens() -> None:
    tiny = [replace(SMALL, notional=Decimal(1), local_id=each) for each in ("O1", "O2")]

    assert block(tiny, BUY, equity=NAV) is not None
    assert block(tiny, SELL, equity=NAV) is None


def test_without_a_nav_one_is_enough() -> None:
    assert block([SMALL], BUY, equity=Decimal(0)) is not None


def test_one_whose_reply_may_still_come_stops_its_pair_alone() -> None:
    flying = [replace(SMALL, is_in_flight=True, notional=Decimal(5_000)) for _ in range(3)]

    assert block(flying, BUY, equity=NAV) is None
    assert block(flying, replace(SELL, pair="XBTUSD"), equity=NAV) is not None


def test_an_asset_that_is_not_known_may_be_any() -> None:
    assert block([replace(SMALL, asset="")], BUY, equity=NAV) is not None


@given(st.lists(UNKNOWNS, max_size=4), UNKNOWNS, WANTED, EQUITIES)
def test_p_8_one_more_unknown_order_never_lets_more_go(
    known: list[Unknown], more: Unknown, wanted: Wanted, equity: Decimal
) -> None:
    if block(known, wanted, equity=equity) is not None:
        assert block([*known, more], wanted, equity=equity) is not None


@given(st.lists(UNKNOWNS, max_size=4), WANTED, EQUITIES, EQUITIES)
def test_p_8_less_nav_never_lets_more_go_and_a_reduction_goes_where_an_opening_does(
    known: list[Unknown], wanted: Wanted, one: Decimal, other: Decimal
) -> None:
    if block(known, wanted, equity=max(one, other)) is not None:
        assert block(known, wanted, equity=min(one, other)) is not None
    if block(known, replace(wanted, opens=True), equity=one) is None:
        assert block(known, replace(wanted, opens=False), equity=one) is None


@pytest.mark.parametrize("state", list(State))
def test_only_what_is_of_open_fate_is_unknown(state: State) -> None:
    found = unknown_of(order(state=state, deadline=NOW), now=NOW + timedelta(seconds=1))

    assert (found is not None) is (state in FATE_OPEN)
    assert found is None or not found.is_in_flight


def test_until_its_deadline_an_order_that_is_sent_is_in_flight() -> None:
    found = unknown_of(order(state=State.SENDING, deadline=NOW), now=NOW)

    assert found is not None
    assert found.is_in_flight
    assert (found.asset, found.notional) == ("XBT", order().open_notional)
