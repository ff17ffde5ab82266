"""Markets that change while something is held of them."""

from dataclasses import replace
from decimal import Decimal

import pytest

from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.orders import State
from kraken_pipeline.domain.reports import Listing
from kraken_pipeline.domain.universe import Universe
from kraken_pipeline.services.market.pair_status import apply_status
from kraken_pipeline.services.market.universe import refresh_universe
from kraken_pipeline_tests.fakes import overriding
from kraken_pipeline_tests.services.market.test_pair_status import statuses
from kraken_pipeline_tests.services.paper import RULES, Paper

THREE = replace(RULES, refreshes=3)


def _told(desk: Paper, status: str | None) -> Universe:
    """Refresh after the exchange changed what may be done with XBTUSD."""
    listed = desk.exchange.market.listing.pair("XBTUSD")
    assert listed is not None
    desk.exchange.set_pair_status(listed, status)
    desk.turn(minutes=1)
    return refresh_universe(desk.universe_desk(rules=THREE))


def _read(desk: Paper, listing: Listing) -> Universe:
    """Refresh where the exchange lists this."""
    market = overriding(desk.market, listing=lambda: listing)
    return refresh_universe(desk.universe_desk(rules=THREE, market=market))


def _held(desk: Paper) -> None:
    """Buy some XBTUSD and book it."""
    desk.planned()
    desk.submit()
    desk.settle()
    desk.book()


@pytest.mark.parametrize("status", ["delisted", "cancel_only", "work_in_progress"])
def test_u_mkt_1_a_pair_that_is_held_when_it_ends_stays_managed_and_is_told(
    desk: Paper, status: str
) -> None:
    """No entry is possible; data, value and exit go on (UNI-6, UNI-8)."""
    _held(desk)
    listing = desk.market.listing()
    ended = {"XBTUSD": replace(listing.pairs["XBTUSD"], status=status)}
    told = replace(listing, pairs={**listing.pairs, **ended})

    universe = _read(desk, told)

    assert "XBTUSD" not in universe.names
    assert "XBTUSD" in {each.name for each in universe.managed}
    assert universe.ending == {"XBTUSD": status}


def test_u_mkt_1_a_pair_that_left_is_managed_until_nothing_of_it_is_held(desk: Paper) -> None:
    _held(desk)
    assert _told(desk, "limit_only").managed[-1].name == "XBTUSD"
    desk.planned(side=Side.SELL, limit="49750")
    desk.submit()
    desk.settle()
    assert _told(desk, "limit_only").managed[-1].name == "XBTUSD"  # sold, and not yet booked
    desk.book()

    assert "XBTUSD" not in {each.name for each in _told(desk, "limit_only").managed}


def test_u_mkt_1_a_pair_that_is_listed_no_more_is_told_by_its_position(desk: Paper) -> None:
    _held(desk)
    listing = desk.market.listing()
    others = {name: each for name, each in listing.pairs.items() if name != "XBTUSD"}
    gone = replace(listing, pairs=others)

    universe = refresh_universe(
        desk.universe_desk(market=overriding(desk.market, listing=lambda: gone))
    )

    assert universe.ending == {"XBTUSD": "not listed"}
    assert [each.code for each in universe.reasons["XBTUSD"]] == ["UNLISTED"]


def test_u_mkt_2_a_pair_that_took_only_cancels_is_back_when_its_status_is(desk: Paper) -> None:
    refresh_universe(desk.universe_desk(rules=THREE))

    assert "XBTUSD" not in _told(desk, "cancel_only").names
    assert "XBTUSD" in _told(desk, None).names


@pytest.mark.parametrize("spelling", ["XBTUSD", "BTCUSD", "BTC/USD", "XBT/USD", "XXBTZUSD"])
def test_u_nam_1_one_pair_is_meant_whatever_its_spelling(desk: Paper, spelling: str) -> None:
    rules = replace(RULES, include=frozenset({spelling}), min_notional_24h=Decimal(0))

    assert refresh_universe(desk.universe_desk(rules=rules)).names == ("XBTUSD",)


def test_u_nam_1_every_listed_pair_is_found_by_all_its_names(desk: Paper) -> None:
    listing = desk.market.listing()

    for name, pair in listing.pairs.items():
        found = listing.symbols.pair(pair.key)
        spellings = (name, found.slashed, f"{pair.base}/{pair.quote}")
        assert {listing.symbols.pair(each).pair for each in spellings} == {name}


def test_u_mkt_1_entries_are_ended_at_once_and_the_way_out_is_told(desk: Paper) -> None:
    """UNI-8: a resting entry is canceled, a holding stays and its sale is proposed."""
    _held(desk)
    entry = desk.planned(limit="45000")
    desk.submit()

    applied = apply_status(statuses(desk), "XBTUSD", "limit_only", desk.clock())

    assert applied is not None
    assert applied.ended == (entry.local_id,)
    assert desk.now_of(entry).state is State.CANCELED
    assert "`kraken-pipeline flatten --pair XBTUSD` sells it (held: 0.01" in applied.said
    assert {str(each.scope) for each in desk.stores.halts.latched()} == {"pair:XBTUSD"}


def test_u_mkt_1_what_nobody_quotes_any_more_is_never_valued_at_nothing(desk: Paper) -> None:
    """UNI-8, PF-12: the value is unknown, units stand still, nothing is killed and none opens."""
    _held(desk)
    before = desk.book().snapshot
    desk.turn(minutes=1)
    listing, tickers = desk.market.listing(), desk.market.tickers()
    gone = {name for name, each in listing.pairs.items() if "XBT" in {each.base, each.quote}}
    market = overriding(
        desk.market,
        tickers=lambda: {name: each for name, each in tickers.items() if name not in gone},
    )

    after = desk.book(market=market).snapshot

    assert after.unpriced == ("XBT",)
    assert (after.unit_price, after.units) == (before.unit_price, before.units)
    assert after.drawdown == before.drawdown
    desk.wants("ETHUSD")
    assert "NAV_COVERAGE" in {each.code for each in desk.assess()["ETHUSD"].objections}


def test_u_mkt_2_a_pair_that_takes_only_cancels_opens_nothing_and_resumes_by_its_status(
    desk: Paper,
) -> None:
    seen = []
    for status in ("cancel_only", "online"):
        apply_status(statuses(desk), "XBTUSD", status, desk.clock())
        desk.wants("XBTUSD")
        seen.append({each.code for each in desk.assess()["XBTUSD"].objections})

    assert "PAIR_RESTRICTED" in seen[0]
    assert "PAIR_RESTRICTED" not in seen[1]
