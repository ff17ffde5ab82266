"""Where things are kept: one folder for each market, and Dagster's own folder in it."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.settings import load, prepare_data_dir
from kraken_pipeline.wiring.exchange import MarketChoice

DATA_DIR: Final = "KRAKEN_PIPELINE_DATA_DIR"
SIMULATOR_URL: Final = "KRAKEN_PIPELINE_SIMULATOR_URL"
DAGSTER_HOME: Final = "DAGSTER_HOME"
DAGSTER_YAML: Final = Path(__file__).parents[2] / "dagster.yaml"


def settled(environ: Mapping[str, str], choice: MarketChoice) -> dict[str, str]:
    """Return the environment with the folders of this market in it; they exist afterwards.

    Raises:
        ConfigurationError: a folder can not be made or written, or DAGSTER_HOME is relative.
    """
    root = choice.folder(load(environ).data_dir)
    env = {**environ, DATA_DIR: str(root)}
    prepare_data_dir(load(env))
    home = Path(env.setdefault(DAGSTER_HOME, str(root / "dagster")))
    if not home.is_absolute():
        raise ConfigurationError(f"{DAGSTER_HOME} is {str(home)!r}; it must be an absolute path")
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not (home / "dagster.yaml").exists() and DAGSTER_YAML.exists():
            shutil.copy(DAGSTER_YAML, home / "dagster.yaml")
    except OSError as error:
        raise ConfigurationError(
            f"{DAGSTER_HOME} is {str(home)!r}, which can not be written: {error.strerror}"
        ) from error
    return env
