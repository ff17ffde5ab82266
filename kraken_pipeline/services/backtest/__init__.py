"""Backtests: what strategies would have done, by the code that does it in life.

`Run(asked, rules, history, certificates).run()` gives a `Result`; `wiring.backtest` puts together
what it needs from the configuration and the stored bars, and keeps the result as a folder.
"""

from kraken_pipeline.services.backtest.asked import Backtest, Rules, Sending
from kraken_pipeline.services.backtest.engine import Run
from kraken_pipeline.services.backtest.history import History
from kraken_pipeline.services.backtest.model import FeeSchedule, FeeStep, FeeTier, FillModel
from kraken_pipeline.services.backtest.result import Result
from kraken_pipeline.services.backtest.trips import RoundTrip

__all__ = [
    "Backtest",
    "FeeSchedule",
    "FeeStep",
    "FeeTier",
    "FillModel",
    "History",
    "Result",
    "RoundTrip",
    "Rules",
    "Run",
    "Sending",
]
