"""What must hold before anything starts, and where things are kept: a folder for each market."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.settings import load, prepare_data_dir
from kraken_pipeline.wiring.configured import configured_strategies
from kraken_pipeline.wiring.exchange import MarketChoice
from kraken_pipeline.wiring.instance_file import lay_down
from kraken_pipeline.wiring.modes import require_simulator

DATA_DIR: Final = "KRAKEN_PIPELINE_DATA_DIR"
SIMULATOR_URL: Final = "KRAKEN_PIPELINE_SIMULATOR_URL"
DAGSTER_HOME: Final = "DAGSTER_HOME"


def settled(
    environ: Mapping[str, str], choice: MarketChoice, *, tell: Callable[[str], None]
) -> dict[str, str]:
    """Return the environment with the folders of this market in it; they exist afterwards.

    What is wrong in the configuration is said here, once, and not by each run that it would fail.

    Args:
        environ: what is set.
        choice: which market.
        tell: is told what the user should know and nothing stops for.

    Raises:
        ConfigurationError: a strategy or a parameter is unknown, the mode is live, a market is
            chosen for a simulator that has one, a folder can not be made or written, or
            DAGSTER_HOME is relative.
    """
    loaded = load(environ)
    if loaded.simulator_url is not None and choice != MarketChoice():
        raise ConfigurationError(
            f"{SIMULATOR_URL} names a simulator that has its market already; unset it, or leave "
            "out the options that choose one"
        )
    require_simulator(loaded.settings)
    configured_strategies(loaded.settings)
    root = choice.folder(loaded.data_dir)
    env = {**environ, DATA_DIR: str(root)}
    prepare_data_dir(load(env))
    home = Path(env.setdefault(DAGSTER_HOME, str(root / "dagster")))
    if not home.is_absolute():
        raise ConfigurationError(f"{DAGSTER_HOME} is {str(home)!r}; it must be an absolute path")
    lay_down(home, tell=tell)
    return env
