"""What a pipeline is put together from."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kraken_pipeline.settings import Loaded
from kraken_pipeline.wiring.edge import Edge
from kraken_pipeline.wiring.panic import LATCH
from kraken_pipeline.wiring.stores import Stores


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Configuration, stores and exchange of one pipeline."""

    loaded: Loaded
    stores: Stores
    edge: Edge
    progress: Callable[[str, int, int], None] = lambda frame, done, due: None
    """Told timeframe, pairs done and pairs due after each batch of bars."""

    @property
    def panic_file(self) -> Path:
        """Whoever makes this file stops everything."""
        return self.loaded.data_dir / LATCH
