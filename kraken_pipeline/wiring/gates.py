"""The gates of live trading as they are on the disk now, looked at before each order."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.settings import Loaded, Settings, load
from kraken_pipeline.wiring.lifecycle import barring_of
from kraken_pipeline.wiring.modes import closed_gates

Signature = tuple[tuple[int, int, int] | None, ...]
"""Of each file: inode, size and time of its last change; None where there is none."""
BASE: Final = "config.yaml"


class LiveGates:
    """Reads the configuration again whenever a file of it changed.

    A run may be long, and whoever closes a gate means the next order (MOD-2). Opening one while a
    run is under way opens nothing: where its orders go was chosen when it began.
    """

    def __init__(self, loaded: Loaded, environ: Mapping[str, str]) -> None:
        """Take the configuration that is in force, and where it came from."""
        self._environ = dict(environ)
        self._folder = loaded.data_dir
        self._files = (
            loaded.config_dir / BASE,
            loaded.config_dir / f"config.{loaded.env}.yaml",
        )
        # not that of `loaded`: the files may have changed since it was read
        self._seen: Signature | None = None
        self._settings: Settings | None = None
        self._fault = ""

    def closed(self, strategy_id: str | None, *, opens: bool) -> str:
        """Return which gates are closed now, with the value that would open each; or nothing.

        Args:
            strategy_id: whose order it is; None for one that is no wish of a strategy's.
            opens: whether it is a buy: what a strategy holds it may sell at every stage.
        """
        self._read_again()
        if self._settings is None:
            return f"the configuration can't be read any more: {self._fault}"
        closed = list(closed_gates(self._settings))
        allowed = self._settings.execution.live_strategy_allowlist
        if strategy_id is not None and strategy_id not in allowed:
            closed.append(f"execution.live_strategy_allowlist does not name {strategy_id}")
        if strategy_id is not None and opens:
            barred = barring_of(self._settings, self._folder, spends=True)(strategy_id)
            closed += [f"strategies.configs.{strategy_id}.stage: {barred}"] if barred else []
        return "; ".join(closed)

    def _read_again(self) -> None:
        now = tuple(_signature(each) for each in self._files)
        if now == self._seen:
            return
        self._seen = now
        try:
            self._settings = load(self._environ).settings
        except ConfigurationError as fault:
            self._settings, self._fault = None, str(fault)


def _signature(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
