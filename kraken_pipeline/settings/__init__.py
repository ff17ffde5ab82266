"""What the user decided: read once, checked whole, never changed while the program runs.

`load` reads the files and the variables, or says in one error all that is wrong with them.
"""

from kraken_pipeline.settings.environment import VARIABLES
from kraken_pipeline.settings.loading import Loaded, effective, load, prepare_data_dir
from kraken_pipeline.settings.sections import Settings, StrategyConfig
from kraken_pipeline.settings.showing import digest, dump

__all__ = [
    "VARIABLES",
    "Loaded",
    "Settings",
    "StrategyConfig",
    "digest",
    "dump",
    "effective",
    "load",
    "prepare_data_dir",
]
