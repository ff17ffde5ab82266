"""Adding up what is held and what may still be bought."""

from decimal import Decimal

import pytest

from kraken_pipeline.domain.exposure import Tally


def tallied(*rows: tuple[str, str, str, int]) -> Tally:
    tally = Tally()
    for pair, asset, strategy, worth in rows:
        tally.add(
            pair=pair,
            asset=asset,
            strategy=strategy,
            worth=Decimal(worth),
            stop_distance=Decimal("0.1"),
        )
    return tally


ROWS = (
    ("XBTUSD", "XBT", "trend_core", 100),
    ("XBTEUR", "XBT", "trend_core", 50),
    ("ETHUSD", "ETH", "other", 30),
    ("", "ADA", "manual", 9),
)


def test_each_total_holds_what_bears_on_it() -> None:
    seen = tallied(*ROWS).exposure(pair="XBTUSD", asset="XBT", strategy="trend_core")

    assert [seen.pair, seen.asset, seen.strategy] == [Decimal(each) for each in (100, 150, 150)]
    assert (seen.gross, seen.stop_risk) == (Decimal(189), Decimal("18.9"))


def test_booked_dust_is_exposure_and_no_position() -> None:
    seen = tallied(("XBTUSD", "XBT", "dust", 15)).exposure(
        pair="XBTUSD", asset="XBT", strategy="trend_core"
    )

    assert (seen.gross, seen.pair, seen.positions) == (Decimal(15), Decimal(15), 0)
    assert not seen.asset_is_held


def test_an_asset_over_two_pairs_is_one_position_and_dust_is_none() -> None:
    seen = tallied(*ROWS).exposure(pair="XBTUSD", asset="XBT", strategy="trend_core")

    assert (seen.positions, seen.asset_is_held) == (2, True)


@pytest.mark.parametrize("asset", ["ADA", "SOL"])
def test_dust_and_nothing_are_not_held(asset: str) -> None:
    assert not tallied(*ROWS).exposure(pair="", asset=asset, strategy="x").asset_is_held


def test_looking_changes_nothing() -> None:
    tally = tallied(*ROWS)
    first = tally.exposure(pair="NEWUSD", asset="NEW", strategy="new")

    assert tally.exposure(pair="NEWUSD", asset="NEW", strategy="new") == first
