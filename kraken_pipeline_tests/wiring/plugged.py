"""What another package may bring as a strategy, sound and not."""

from dataclasses import replace

from kraken_pipeline.strategies.trend_core import TREND_CORE

MINE = replace(TREND_CORE, name="mine")
NO_STRATEGY = {"name": "mine"}
