"""A folder of its own for a benchmark, with a configuration, and a simulator beside it."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from kraken_pipeline.wiring.exchange import MarketChoice
from kraken_pipeline.wiring.home import settled

ALL_PAIRS = """
universe:
  min_24h_volume_usd: 0
"""


@contextlib.contextmanager
def fresh_home(config: str) -> Iterator[dict[str, str]]:
    """Yield an environment whose folders are new; they are gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "config").mkdir()
        (root / "config" / "config.yaml").write_text(config)
        env = {
            **os.environ,
            "KRAKEN_PIPELINE_CONFIG_DIR": str(root / "config"),
            "KRAKEN_PIPELINE_DATA_DIR": str(root / "data"),
        }
        for name in ("PYTHONDONTWRITEBYTECODE", "DAGSTER_HOME", "KRAKEN_PIPELINE_SIMULATOR_URL"):
            env.pop(name, None)
        yield settled(env, MarketChoice(), tell=print)
