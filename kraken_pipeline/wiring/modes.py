"""The one table of modes: where orders may go, and which gates must be open for it (MOD-1)."""

import contextlib
import os
import tempfile
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.settings import Loaded, Settings
from kraken_pipeline.settings.environment import SIMULATOR_URL

LIVE_GATES: Final = {
    "execution.mode": "live",
    "execution.validate_only": False,
    "execution.allow_live_trading": True,
}
"""Every one of these, and all together, before an order may reach the real exchange."""


class Destination(Enum):
    """Where orders go."""

    NOWHERE = "they are written down, and nothing is sent"
    SIMULATOR = "to a simulator on this machine"
    KRAKEN_CHECKS = "to Kraken, to be checked and not placed"
    KRAKEN = "to Kraken, for real"

    @property
    def is_kraken(self) -> bool:
        """Whether the market, the account and the books are Kraken's."""
        return self in {Destination.KRAKEN_CHECKS, Destination.KRAKEN}


D = Destination
_BOTH: Final = (False, True)

MODES: Final[Mapping[tuple[str, bool, bool], Destination]] = MappingProxyType(
    {
        **{("dry_run", checks, allowed): D.NOWHERE for checks in _BOTH for allowed in _BOTH},
        **{("paper", checks, allowed): D.SIMULATOR for checks in _BOTH for allowed in _BOTH},
        ("live", True, False): D.KRAKEN_CHECKS,
        ("live", True, True): D.KRAKEN_CHECKS,
        ("live", False, True): D.KRAKEN,
    }
)
"""Mode, validate_only and allow_live_trading to a destination. What is not here is refused."""

MARK: Final = "books-of"
"""The file in the data folder that says whose books lie there."""
SIMULATED, MIRRORED, REAL = "simulator", "mirror", "kraken"
WHOSE: Final = {
    SIMULATED: "the simulator",
    MIRRORED: "the simulator on live prices",
    REAL: "Kraken",
}


def closed_gates(settings: Settings) -> tuple[str, ...]:
    """Return which gates to live trading are closed, with the value that would open each."""
    execution = settings.execution
    found = {
        "execution.mode": execution.mode,
        "execution.validate_only": execution.validate_only,
        "execution.allow_live_trading": execution.allow_live_trading,
    }
    return tuple(
        f"{gate} is {_yaml(found[gate])}, needs {_yaml(wanted)}"
        for gate, wanted in LIVE_GATES.items()
        if found[gate] != wanted
    )


def destination(loaded: Loaded) -> Destination:
    """Return where orders of this configuration go.

    Raises:
        ConfigurationError: the mode is live and a gate is closed, or a simulator is named, which
            live never uses.
    """
    execution = loaded.settings.execution
    found = MODES.get((execution.mode, execution.validate_only, execution.allow_live_trading))
    if found is None:
        raise ConfigurationError(
            f"live trading is refused: {'; '.join(closed_gates(loaded.settings))}"
        )
    if found.is_kraken and loaded.simulator_url is not None:
        raise ConfigurationError(
            f"live trading is refused: {SIMULATOR_URL} names a simulator, and execution.mode is "
            "live; unset the one or set the other to paper"
        )
    return found


def require_simulator(settings: Settings) -> None:
    """Refuse mode live where a simulator is started for what follows.

    Raises:
        ConfigurationError: the mode is live; closed gates are named with it.
    """
    if settings.execution.mode != "live":
        return
    why = "; ".join(closed_gates(settings)) or "this command trades on a simulator of its own"
    raise ConfigurationError(f"live trading is refused: {why}; set execution.mode: paper for it")


def world_of(settings: Settings, *, is_kraken: bool) -> str:
    """Return whose books a configuration keeps: `SIMULATED`, `MIRRORED` or `REAL`.

    Args:
        settings: the configuration.
        is_kraken: whether orders go to Kraken, or at least its checks.
    """
    if is_kraken:
        return REAL
    return MIRRORED if settings.paper.market == "kraken" else SIMULATED


def claim_data_dir(folder: Path, wanted: str) -> None:
    """Keep the books of each exchange, simulated or not, in folders of their own (MOD-5).

    Args:
        folder: that is to be used.
        wanted: whose books are to lie in it, as `world_of` has it.

    Raises:
        ConfigurationError: the other's books lie there.
    """
    found = books_of(folder) or _marked(folder, wanted)
    if found != wanted:
        raise ConfigurationError(
            f"the data folder {folder} holds the books of {WHOSE[found]}, and this is "
            f"for those of {WHOSE[wanted]}: set KRAKEN_PIPELINE_DATA_DIR to another folder"
        )


def books_of(folder: Path) -> str:
    """Return whose books lie in a data folder; empty where nobody's do yet.

    Raises:
        ConfigurationError: the file that says so is damaged; nobody may guess where orders are.
    """
    mark = folder / MARK
    try:
        found = mark.read_text(errors="replace").strip()
    except FileNotFoundError:
        # what was there before there were marks came from a simulator
        return SIMULATED if (folder / "portfolio.db").exists() else ""
    if found not in WHOSE:
        raise ConfigurationError(
            f"{mark} does not say any more whose books lie there, but {found[:20]!r}: write "
            f"{', '.join(WHOSE)} into it, as it was"
        )
    return found


def _marked(folder: Path, owner: str) -> str:
    """Mark the folder unless another process was faster, and return what it says then."""
    with tempfile.NamedTemporaryFile("w", dir=folder) as draft:
        draft.write(f"{owner}\n")
        draft.flush()
        os.fsync(draft.fileno())
        # a link appears whole, and only where nothing is yet
        with contextlib.suppress(FileExistsError):
            (folder / MARK).hardlink_to(draft.name)
    return books_of(folder)


def _yaml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
