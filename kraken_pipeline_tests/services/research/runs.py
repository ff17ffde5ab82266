"""A made-up backtest, with one thing changed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np

from kraken_pipeline.domain.lots import Fill
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.services.backtest import RoundTrip
from kraken_pipeline.services.research.days import Course
from kraken_pipeline.services.research.told import Ran
from kraken_pipeline.strategies.base import Bars

BEGUN = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 60
HOUR = timedelta(hours=1)


def daily(*closes: float) -> Bars:
    """Return bars of a day of XBTUSD, the first of which closes as the run begins."""
    price = np.array([[each] for each in closes])
    opened = int(BEGUN.timestamp()) - 86_400
    return Bars(
        frame=TIMEFRAMES["1d"],
        pairs=("XBTUSD",),
        opened_at=np.array([opened + 86_400 * each for each in range(len(closes))]),
        open=price,
        high=price,
        low=price,
        close=price,
        volume=price,
    )


def trip(hours: float, profit: str, *, pair: str = "XBTUSD") -> RoundTrip:
    """Return a position of 100 that lasted from an hour on, for five."""
    return RoundTrip(
        book="trend_core@1h",
        pair=pair,
        opened_at=BEGUN + hours * HOUR,
        closed_at=BEGUN + (hours + 5) * HOUR,
        qty=Decimal("0.002"),
        entry_price=Decimal(50_000),
        exit_price=Decimal(50_000) + (Decimal(profit) + Decimal("0.52")) * 500,
        cost=Decimal(100),
        proceeds=Decimal("100.52") + Decimal(profit),
        fees=Decimal("0.52"),
        profit=Decimal(profit),
        why_opened="the fast mean is above the slow one",
        why_closed="a stop was hit",
    )


def fill(hours: float, side: Side, *, pair: str = "XBTUSD") -> Fill:
    """Return a trade of 100 in an hour."""
    return Fill(
        trade_id=f"T{hours}",
        kraken_order_id="O",
        pair=pair,
        side=side,
        price=Price(Decimal(50_000)),
        qty=Qty(Decimal("0.002")),
        cost=Decimal(100),
        fee=Decimal("0.26"),
        maker=False,
        at=BEGUN + hours * HOUR,
        quote_rate=Decimal(1),
        book="trend_core@1h",
    )


def ran(**changed: object) -> Ran:
    """Return a run of sixty days of hours, in which equity goes from 1000 to 1060 on a slope."""
    hours = np.arange(DAYS * 24)
    equity = 1000 + (hours + 1) / 24
    made = Ran(
        run_id="20240101-trend_core-1h-abcdef",
        since=BEGUN,
        until=BEGUN + timedelta(days=DAYS),
        strategies=("trend_core on 1h",),
        asked={"trend_core": "trend_core 1.0.0 on 1h", "cash": "1000 USD"},
        assumed=("bid and ask are 10 bps apart, as bars have no book",),
        base_currency=Asset("USD"),
        cash=Decimal(1000),
        fee=Decimal("0.0026"),
        slippage=Decimal("0.0002"),
        seed=7,
        course=Course(
            at=int(BEGUN.timestamp()) + 3600 * (hours + 1),
            equity=equity + 3 * np.sin(hours / 24),
            exposure=equity / 4,
        ),
        fills=(fill(1, Side.BUY), fill(6, Side.SELL)),
        trips=(trip(1, "10"), trip(50, "-4", pair="ETHUSD")),
        counts={"decisions": 1440, "intents": 4},
        denials={"CAP_PAIR": 3},
    )
    return replace(made, **changed)  # type: ignore[arg-type]  # as a test names them
