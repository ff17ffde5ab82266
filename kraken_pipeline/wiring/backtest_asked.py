"""What is asked of a backtest: strategies, stretch and costs, from words and configuration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.fees import FeeRates
from kraken_pipeline.domain.lifecycle import TESTED
from kraken_pipeline.domain.timeframes import EPOCH, timeframe
from kraken_pipeline.services.backtest import (
    Backtest,
    FeeSchedule,
    FeeStep,
    FeeTier,
    FillModel,
)
from kraken_pipeline.services.deciding.showing import Configured
from kraken_pipeline.settings import Settings
from kraken_pipeline.settings.fee_ladders import FeeLadder
from kraken_pipeline.wiring.configured import configured, configured_strategies, stage_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A backtest as a person asks for it. What is left out is as configured."""

    since: datetime
    until: datetime
    strategies: Sequence[str] = ()
    """Ids as configured, or of any built-in; none for all that run."""
    timeframes: Sequence[str] = ()
    """Names of those to decide on; none for those configured. Where no strategy is named, each
    decides on those among them that it is configured for."""
    parameters: Mapping[str, object] = field(default_factory=dict)
    """In place of configured ones, of each strategy."""
    pairs: Sequence[str] = ()
    """Our names; none for the universe of then."""
    cash: Decimal = Decimal(10_000)
    model: FillModel = field(default_factory=FillModel)
    seed: int = 0


def asked_of(settings: Settings, wanted: Wanted) -> Backtest:
    """Return what is asked, with the strategies as they are configured.

    Raises:
        ConfigurationError: a strategy is configured wrongly, or not at all.
        InvalidValueError: the stretch or an amount makes no sense.
    """
    return Backtest(
        since=wanted.since,
        until=wanted.until,
        strategies=_strategies(settings, wanted),
        cash=wanted.cash,
        model=wanted.model,
        fees=fees_of(settings).within(wanted.since, wanted.until),
        seed=wanted.seed,
    )


def fees_of(settings: Settings) -> FeeSchedule:
    """Return the ladders that the configuration tells of, and what is assumed before them."""
    fees = settings.fees
    assumed = FeeRates(maker_pct=fees.assumed_maker_pct, taker_pct=fees.assumed_taker_pct)
    return FeeSchedule(
        steps=[FeeStep(since=EPOCH, rates=assumed), *(_step(each) for each in fees.ladders)]
    )


def _step(ladder: FeeLadder) -> FeeStep:
    tiers = [
        FeeTier(
            volume=each.volume_usd,
            rates=FeeRates(maker_pct=each.maker_pct, taker_pct=each.taker_pct),
        )
        for each in ladder.tiers
    ]
    return FeeStep(
        since=datetime.fromisoformat(ladder.since).replace(tzinfo=UTC),
        rates=tiers[0].rates,
        source=ladder.source,
        tiers=tiers[1:],
    )


def _strategies(settings: Settings, wanted: Wanted) -> tuple[Configured, ...]:
    found = [
        _with_frames(_with_parameters(each, wanted), wanted)
        for each in _tested(settings, wanted.strategies)
    ]
    deciding = tuple(each for each in found if each.timeframes)
    if found and not deciding:
        raise InvalidValueError(
            f"no strategy decides on {', '.join(wanted.timeframes)}: name one with another "
            "timeframe, or enable one under strategies"
        )
    return deciding


def _tested(settings: Settings, names: Sequence[str]) -> Sequence[Configured]:
    """Return the strategies of some ids, or all that run; none that is retired (STG-7)."""
    retired = [each for each in names if stage_of(settings, each) not in TESTED]
    if retired:
        raise InvalidValueError(
            f"{', '.join(retired)} is retired: name another strategy, or give it another stage "
            f"(strategies.configs.{retired[0]}.stage)"
        )
    if names:
        return [configured(settings, each) for each in dict.fromkeys(names)]
    running = configured_strategies(settings)
    return [each for each in running if stage_of(settings, each.strategy_id) in TESTED]


def _with_parameters(of: Configured, wanted: Wanted) -> Configured:
    if not wanted.parameters:
        return of
    checked = of.strategy.parameters({**of.parameters, **wanted.parameters})
    return replace(of, parameters=checked)


def _with_frames(of: Configured, wanted: Wanted) -> Configured:
    if not wanted.timeframes:
        return of
    names = dict.fromkeys(timeframe(each).name for each in wanted.timeframes)
    possible = of.strategy.timeframes if wanted.strategies else of.timeframes
    return replace(of, timeframes=tuple(each for each in names if each in possible))
