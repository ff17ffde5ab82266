"""The strategies as the configuration has them: type, checked parameters, timeframes, and stage."""

from kraken_pipeline.domain.errors import ConfigurationError, InvalidValueError
from kraken_pipeline.domain.lifecycle import ASKED, Stage
from kraken_pipeline.domain.proofs import Subject, parameters_hash
from kraken_pipeline.services.deciding.showing import Configured
from kraken_pipeline.settings import Settings
from kraken_pipeline.wiring.strategies import kinds


def stage_of(settings: Settings, strategy_id: str) -> Stage:
    """Return the stage of a strategy; one of which nothing is said is on paper."""
    return Stage(settings.strategies.config(strategy_id).stage)


def configured_strategies(settings: Settings) -> tuple[Configured, ...]:
    """Return the enabled strategies with their parameters checked.

    Raises:
        ConfigurationError: as with `configured`.
    """
    return tuple(configured(settings, each) for each in settings.strategies.running())


def asked_strategies(settings: Settings) -> tuple[Configured, ...]:
    """Return the enabled strategies that are asked when a bar closes (STG-7).

    Raises:
        ConfigurationError: as with `configured_strategies`.
    """
    found = configured_strategies(settings)
    return tuple(each for each in found if stage_of(settings, each.strategy_id) in ASKED)


def configured(settings: Settings, strategy_id: str) -> Configured:
    """Return one strategy with its parameters checked, whether it is enabled or not.

    Raises:
        ConfigurationError: its type is unknown, one of its parameters is wrong, or it decides on
            none of the timeframes that it is given, so that it would never be asked.
    """
    config = settings.strategies.config(strategy_id)
    try:
        strategy = kinds().named(config.type)
    except InvalidValueError as error:
        is_enabled = strategy_id in settings.strategies.enabled
        where = "strategies.enabled names" if is_enabled else "strategies.configs lacks"
        raise ConfigurationError(f"{where} {strategy_id}: {error}") from error
    try:
        parameters = strategy.parameters(config.params)
    except InvalidValueError as error:
        raise ConfigurationError(f"strategies.configs.{strategy_id}.params: {error}") from error
    timeframes = tuple(each for each in config.timeframes if each in strategy.timeframes)
    if not timeframes:
        raise ConfigurationError(
            f"strategies.configs.{strategy_id}.timeframes names "
            f"{', '.join(config.timeframes) or 'none'}, and {config.type} decides on "
            f"{', '.join(strategy.timeframes)}: name one of those"
        )
    return Configured(
        strategy_id=strategy_id,
        strategy=strategy,
        timeframes=timeframes,
        parameters=parameters,
        userref=config.userref,
    )


def subjects(of: Configured) -> tuple[Subject, ...]:
    """Return what is to be proven of a strategy: what it is now, on each of its timeframes."""
    return tuple(
        Subject(
            strategy_id=of.strategy_id,
            type=of.strategy.name,
            version=of.strategy.version,
            parameters=parameters_hash(of.parameters),
            timeframe=each,
        )
        for each in of.timeframes
    )
