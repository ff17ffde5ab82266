from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from kraken_pipeline.cli.report.charts import FEW, MANYFOLD, MOST_MARKS, Curve, candles, curve
from kraken_pipeline.domain.lots import Fill
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.services.books.report import Traded
from kraken_pipeline.strategies.base import Bars

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
HOURS = 10


def bars(*, gap: bool = False) -> Bars:
    opened = np.array([int(NOON.timestamp()) + 3600 * each for each in range(HOURS)])
    level = np.array([[100.0 + each] for each in range(HOURS)])
    if gap:
        level[:] = np.nan
    return Bars(
        frame=TIMEFRAMES["1h"],
        pairs=("ETHUSD",),
        opened_at=opened,
        open=level,
        high=level + 2,
        low=level - 2,
        close=level + 1,
        volume=level,
    )


def fill(hours: float, side: Side = Side.BUY) -> Fill:
    return Fill(
        trade_id="T",
        kraken_order_id="O",
        pair="ETHUSD",
        side=side,
        price=Price(Decimal(101)),
        qty=Qty(Decimal(1)),
        cost=Decimal(101),
        fee=Decimal(0),
        maker=False,
        at=NOON + timedelta(hours=hours),
        quote_rate=Decimal(1),
        book="trend@1h",
    )


def drawn(*fills: Fill, gap: bool = False) -> str:
    return candles(Traded(pair="ETHUSD", fills=fills, bars=bars(gap=gap)), "picture") or ""


def test_every_trade_within_the_candles_or_since_has_its_mark() -> None:
    picture = drawn(fill(1), fill(5, Side.SELL), fill(HOURS + 0.5))

    assert picture.count('class="mark buy"') == 2
    assert picture.count('class="mark sell"') == 1
    assert "buy 1 at 101 on 2026-01-31 13:00:00 by trend@1h" in picture
    assert "not drawn" not in picture


def test_trades_that_are_not_drawn_are_counted() -> None:
    assert "(1 other trades are not drawn)" in drawn(fill(-1), fill(2))
    assert f"({3} other trades are not drawn)" in drawn(*[fill(2)] * (MOST_MARKS + 3))


def test_where_no_candle_has_a_price_nothing_is_drawn() -> None:
    assert drawn(fill(1), gap=True) == ""
    assert candles(Traded(pair="ETHUSD", fills=(), bars=None), "picture") is None


@pytest.mark.parametrize(("days", "dots"), [(1, 1), (FEW, FEW), (FEW + 1, 0)])
def test_a_curve_tells_its_ends_in_words_and_few_points_have_dots(days: int, dots: int) -> None:
    points = [(date(2026, 1, 1) + timedelta(days=each), Decimal(each)) for each in range(days)]

    picture = curve(Curve(name="x", title="Worth", points=points, written=lambda v: f"{v:.0f}"))

    assert picture.count("<circle") == dots
    assert f"Worth from 0 on 2026-01-01 to {days - 1} on {points[-1][0]}" in picture
    assert "nan" not in picture


def test_what_is_drawn_beside_a_curve_is_dashed_named_and_within_the_picture() -> None:
    days = [date(2026, 1, 1) + timedelta(days=each) for each in range(3)]
    picture = curve(
        Curve(
            name="x",
            title="Worth",
            points=[(day, Decimal(10)) for day in days],
            written=lambda value: f"{value:.0f}",
            beside=[(day, Decimal(40)) for day in days],
            beside_title="held",
        )
    )

    assert picture.count('class="beside"') == 1
    assert "Worth; dashed: held" in picture
    assert "held, dashed, ends at 40" in picture
    assert ">40<" in picture


@pytest.mark.parametrize(("last", "by_ratio"), [(400, False), (500, True), (1_000_000, True)])
def test_a_worth_that_grew_manyfold_is_drawn_by_its_ratios(last: int, *, by_ratio: bool) -> None:
    days = [date(2026, 1, 1) + timedelta(days=each) for each in range(3)]
    worth = zip(days, map(Decimal, (100, 200, last)), strict=True)
    picture = curve(
        Curve(
            name="x",
            title="Worth",
            points=list(worth),
            written=lambda value: f"{value:.0f}",
            by_ratio_from=MANYFOLD,
        )
    )

    assert ("equal ratios are equally far apart" in picture) is by_ratio
