"""A simulator that stands in Kraken's place for live wiring, with keys in a sealed file."""

import base64
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from kraken_pipeline.domain.keys import USEFUL, Role
from kraken_pipeline.secrets.container import FLOOR
from kraken_pipeline.secrets.vault import StoredKey, Vault, VaultFile
from kraken_pipeline.settings import Loaded, load
from kraken_pipeline.simulator.auth import Key
from kraken_pipeline.simulator.rest import Served
from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline.wiring.clock import simulator_clock
from kraken_pipeline.wiring.live import LiveEdge, Origin, open_live
from kraken_pipeline_tests.paper_market import FEW_PAIRS, MOMENT
from kraken_pipeline_tests.proven import prove_all

PASSWORD = "canary-password-of-live"
GATES = """
execution: {mode: live, validate_only: false, allow_live_trading: true,
            live_strategy_allowlist: [trend_core]}
risk: {max_per_strategy_pct: {trend_core: 10}}
strategies: {configs: {trend_core: {stage: live}}}
"""
CHECKS = GATES.replace("validate_only: false", "validate_only: true")
EVERY_PERMISSION = tuple(sorted(frozenset().union(*USEFUL.values())))


def secret(name: str) -> str:
    return base64.b64encode(f"canary secret of {name}, longer".encode()).decode()


def stored(name: str) -> StoredKey:
    return StoredKey(key=f"canary-key-of-{name}", secret=secret(name))


def known(name: str, *permissions: str) -> Key:
    """Return a key as the exchange knows it."""
    return Key(
        name=f"canary-key-of-{name}",
        secret=base64.b64decode(secret(name)),
        permissions=permissions or EVERY_PERMISSION,
    )


@dataclass(frozen=True, kw_only=True)
class LiveMarket:
    """A stand-in for Kraken, and folders for a pipeline that takes it for real."""

    root: Path
    served: Served

    @property
    def environ(self) -> dict[str, str]:
        """What a pipeline finds in its environment."""
        return {
            "KRAKEN_PIPELINE_CONFIG_DIR": str(self.root / "config"),
            "KRAKEN_PIPELINE_DATA_DIR": str(self.root / "data"),
            "KRAKEN_PIPELINE_SECRET_PW": PASSWORD,
        }

    @property
    def origin(self) -> Origin:
        """The exchange that is taken for Kraken."""
        return Origin(
            url=self.served.url,
            clock=simulator_clock(self.served.url),
            instances=self.root / "instances",
        )

    def configure(self, more: str = GATES) -> Loaded:
        """Write the configuration and load it."""
        (self.root / "config").mkdir(parents=True, exist_ok=True)
        (self.root / "config" / "config.yaml").write_text(FEW_PAIRS + more)
        return load(self.environ)

    def keep(self, keys: dict[Role, StoredKey]) -> None:
        """Seal keys as `keys setup` would."""
        VaultFile(self.root / "config").save(Vault(keys=keys), PASSWORD, cost=FLOOR)

    @contextlib.contextmanager
    def edge(self, config: str = GATES, **variables: str) -> Iterator[LiveEdge]:
        """Open the live exchange for as long as the context lasts, the strategy proven."""
        loaded = self.configure(config)
        loaded.data_dir.mkdir(exist_ok=True)
        prove_all(loaded)
        opened = open_live(loaded, self.environ | variables, origin=self.origin)
        try:
            yield opened
        finally:
            opened.close()

    def elsewhere(self) -> "LiveMarket":
        """Return another instance on the same machine, with other folders."""
        return replace(self, root=self.root / "elsewhere")


@contextlib.contextmanager
def live_market(root: Path, *keys: Key) -> Iterator[LiveMarket]:
    """Serve an exchange whose clock runs, for as long as the context lasts."""
    told = Settings(folder=root / "exchange", keys=keys, clock="real", at=MOMENT)
    with simulated(told) as served:
        yield LiveMarket(root=root, served=served)
