"""`strategy check`: whether a strategy looks ahead, or at too few bars."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kraken_pipeline.cli.exits import Exit
from kraken_pipeline.cli.output import print_json
from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.settings import load
from kraken_pipeline.strategies.base import Strategy
from kraken_pipeline.strategies.checks import CHECKS, Outcome, made_up, tried
from kraken_pipeline.wiring.evaluation import tried_within
from kraken_pipeline.wiring.strategies import kinds


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How a strategy is to be tried."""

    name: str
    """Its type, or an id that the configuration gives parameters for."""
    timeframe: str | None
    """None for each on which it is configured to decide."""
    closes: int
    seed: int
    """Of the made-up market."""


def check(environ: Mapping[str, str], asked: Asked, *, as_json: bool) -> Exit:
    """Try a strategy on a made-up market, and print what was found.

    Raises:
        InvalidValueError: a parameter is wrong, or it does not decide on the timeframe.
        UnknownNameError: there is no such strategy.
        ConfigurationError: the package that brings it is broken.
    """
    strategies = load(environ).settings.strategies
    config = strategies.config(asked.name)
    strategy = kinds().named(config.type)
    names = (asked.timeframe,) if asked.timeframe else config.timeframes
    outcomes = {
        name: tried(
            made_up(
                tried_within(strategy, strategies, timeframe(name)),
                timeframe(name),
                config.params,
                closes=asked.closes,
                seed=asked.seed,
            )
        )
        for name in _decided(strategy, names)
    }
    if as_json:
        print_json({"strategy": strategy.name, "version": strategy.version, **_plain(outcomes)})
    else:
        sys.stdout.writelines(f"{line}\n" for line in _lines(strategy, outcomes))
    return Exit.DENIED if any(each.faults for each in outcomes.values()) else Exit.DONE


def _decided(strategy: Strategy, names: Sequence[str]) -> list[str]:
    found = [each for each in names if each in strategy.timeframes]
    if not found:
        raise InvalidValueError(
            f"{strategy.name} does not decide on {', '.join(names)}: use one of "
            f"{', '.join(strategy.timeframes)}"
        )
    return found


def _plain(outcomes: Mapping[str, Outcome]) -> dict[str, object]:
    return {
        "timeframes": {
            name: {
                "closes": each.closes,
                "wishes": each.wishes,
                "faults": {fault.check: str(fault) for fault in each.faults},
            }
            for name, each in outcomes.items()
        },
        "checks": list(CHECKS),
    }


def _lines(strategy: Strategy, outcomes: Mapping[str, Outcome]) -> list[str]:
    lines = [f"{strategy.name} version {strategy.version}: {', '.join(CHECKS)}"]
    for name, each in outcomes.items():
        stands = "FAULTS" if each.faults else "sound"
        lines.append(f"{name:>4} {stands}: {each.closes} closes, {each.wishes} wishes")
        lines += [f"     {fault}" for fault in each.faults]
        if not each.wishes:
            lines.append(
                "     it wished for nothing, so that hardly anything is proven: try more --closes, "
                "another --seed, or parameters that are met more often"
            )
    return lines
