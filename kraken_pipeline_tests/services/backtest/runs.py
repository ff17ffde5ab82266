"""Made-up bars and runs over them, each with one thing changed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np

from kraken_pipeline.domain.allocation import AllocationRules
from kraken_pipeline.domain.certificates import Certificate
from kraken_pipeline.domain.fees import FeeRates
from kraken_pipeline.domain.intents import Action
from kraken_pipeline.domain.lifecycle import never_barred
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.order_style import OrderStyle
from kraken_pipeline.domain.order_terms import OrderTerms
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.timeframes import EPOCH, TIMEFRAMES, Timeframe
from kraken_pipeline.domain.universe import Universe
from kraken_pipeline.services.backtest import (
    Backtest,
    FeeSchedule,
    FeeStep,
    FillModel,
    History,
    Result,
    Rules,
    Run,
    Sending,
)
from kraken_pipeline.services.deciding.evaluate import isolated
from kraken_pipeline.services.deciding.showing import Configured
from kraken_pipeline.services.risk.assess import BenchDesk
from kraken_pipeline.services.risk.halt import KillSwitches
from kraken_pipeline.strategies.base import Bars, Snapshot, Strategy, Wish, Wishes
from kraken_pipeline.wiring.run_universes import listing_of
from kraken_pipeline_tests.builders import limits, pair

BEGUN = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
USD = Asset("USD")
EXACT_FILLS = FillModel(
    decides_after=timedelta(0),
    latency=timedelta(0),
    spread_bps=Decimal(0),
    slippage_bps=Decimal(0),
    volume_share=Decimal(1),
)
"""Every order trades at the next price, as if nobody else were there."""
WIDE = limits(
    max_risk_per_trade_pct=Decimal(1),
    max_portfolio_stop_risk_pct=Decimal(100),
    max_gross_exposure_pct=Decimal(100),
    max_per_asset_pct=Decimal(100),
    max_per_strategy_pct=Decimal(100),
    max_open_positions=50,
    max_order_pct_of_24h_volume=Decimal(100),
    min_liquidity_24h=Decimal(0),
    max_exit_hours=Decimal(10**6),
)


class Nothing:
    """Certificates of nothing."""

    def of(self, frame: Timeframe) -> Mapping[str, Certificate]:
        """Return none."""
        return {}


def bars(*rows: Sequence[float], frame: str = "1h", name: str = "XBTUSD") -> Bars:
    """Return bars of one pair: each is open, high, low, close and volume; an empty one is none."""
    filled = np.array([row or [np.nan] * 5 for row in rows], dtype=np.float64)
    opened, high, low, close, volume = (filled[:, [at]] for at in range(5))
    length = TIMEFRAMES[frame].seconds
    return Bars(
        frame=TIMEFRAMES[frame],
        pairs=(name,),
        opened_at=int(BEGUN.timestamp()) + length * np.arange(len(rows)),
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=volume,
    )


def flat(*prices: float, volume: float = 1000.0) -> Bars:
    """Return bars that open at one price after the other, and close at the next."""
    ends = [*prices[1:], prices[-1]]
    return bars(
        *(
            (opened, max(opened, closed), min(opened, closed), closed, volume)
            for opened, closed in zip(prices, ends, strict=True)
        )
    )


def scripted(
    script: Mapping[int, Action], *, terms: OrderTerms | None = None, stop: float = 0.1
) -> Strategy:
    """Return a strategy that wishes at some closes, counted from `BEGUN` in bars."""

    def decide(snapshot: Snapshot, state: Mapping[str, str]) -> Wishes:
        bar = int((snapshot.closed_at - BEGUN) / snapshot.frame.length)
        action = script.get(bar)
        wishes = [
            Wish(
                pair=name,
                action=action,
                confidence=1.0,
                stop_distance=stop,
                reason=f"bar {bar}",
                # what closes a fill goes with what opens
                terms=terms if action.opens or terms is None else replace(terms, close=None),
            )
            for name in snapshot.pairs
            if action is not None
        ]
        return Wishes(wishes=tuple(wishes), no_signals={})

    return Strategy(
        name="scripted",
        version="1",
        timeframes=tuple(TIMEFRAMES),
        needs=lambda name, parameters: {name: 1},
        parameters=lambda given: given,
        decide=decide,
    )


def listed(name: str = "XBTUSD") -> Pair:
    """Return a pair with a cent for a tick."""
    return replace(pair(), name=name, tick=Decimal("0.01"), cost_decimals=5)


def asked(strategy: Strategy, **changed: object) -> Backtest:
    """Return a run of one strategy on hours, for a hundred of them."""
    made = Backtest(
        since=BEGUN + HOUR,
        until=BEGUN + 100 * HOUR,
        strategies=(
            Configured(
                strategy_id="s", strategy=strategy, timeframes=("1h",), parameters={}, userref=None
            ),
        ),
        cash=Decimal(10_000),
        model=EXACT_FILLS,
        fees=FeeSchedule(
            steps=(
                FeeStep(
                    since=EPOCH,
                    rates=FeeRates(maker_pct=Decimal("0.1"), taker_pct=Decimal("0.2")),
                ),
            ),
        ),
    )
    return replace(made, **changed)  # type: ignore[arg-type]  # as a test names them


def universe_of(*members: Pair, at: datetime = BEGUN) -> Universe:
    """Return a universe of some pairs."""
    return Universe(
        version=f"u{''.join(each.name for each in members)}",
        at=at,
        members=members,
        leaving=(),
        notional_24h={each.name: Decimal(1_000_000) for each in members},
        reasons={},
    )


def rules(**changed: object) -> Rules:
    """Return rules that let nearly everything pass."""
    members = (listed(),)
    made = Rules(
        bench=BenchDesk(
            limits=WIDE,
            strategy_caps={},
            style=OrderStyle(
                max_slippage_bps=50, time_in_force="GTC", post_only=False, min_notional=Decimal(10)
            ),
            strategy_styles={},
            base_currency=USD,
            panic_is_latched=False,
            unacknowledged=(),
            allowed=None,
            barred=never_barred,
            parts={},
            kraken_stops=None,
            config_hash="c",
        ),
        sending=Sending(
            deadline=timedelta(seconds=5),
            max_plan_age=timedelta(seconds=60),
            min_notional=Decimal(10),
            funds_cooldown=timedelta(seconds=300),
            max_at_exchange=10,
        ),
        stops=None,
        switches=KillSwitches(
            max_drawdown_pct=Decimal(99),
            max_daily_loss_pct=Decimal(99),
            cool_off=timedelta(0),
            on_drift=True,
        ),
        qty_caps={},
        evaluate=isolated,
        most_faults=3,
        allocation=AllocationRules(
            weights={}, parts={}, dynamic=None, throttle=None, risk_pct=Decimal(1)
        ),
        measured=None,
        protections=(),
        calm=None,
        habits=lambda names, now: {},
        listing=listing_of(members),
        universes=(universe_of(*members),),
        base_currency=USD,
        config_hash="c",
        run_id="r",
    )
    return replace(made, **changed)  # type: ignore[arg-type]  # as above


def ran(panel: Bars, strategy: Strategy, **changed: object) -> Result:
    """Run a strategy over bars of one pair."""
    return Run(asked(strategy, **changed), rules(), History({"1h": panel}), Nothing()).run()


Made = Callable[[], Result]
