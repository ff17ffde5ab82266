"""Strategies: pure functions from closed bars to wishes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from kraken_pipeline.strategies.base import Strategy
from kraken_pipeline.strategies.dca_overlay import DCA_OVERLAY
from kraken_pipeline.strategies.majors_mean_rev import MAJORS_MEAN_REV
from kraken_pipeline.strategies.rs_rotation import RS_ROTATION
from kraken_pipeline.strategies.trend_core import TREND_CORE
from kraken_pipeline.strategies.vol_breakout import VOL_BREAKOUT

STRATEGIES: Final[Mapping[str, Strategy]] = MappingProxyType(
    {
        each.name: each
        for each in (TREND_CORE, VOL_BREAKOUT, MAJORS_MEAN_REV, RS_ROTATION, DCA_OVERLAY)
    }
)
"""Every built-in strategy, by the `type` that the configuration names."""
