"""The one table of modes: what may be built, and which gates must be open for it."""

from typing import Final

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.settings import Settings

LIVE_GATES: Final = {
    "execution.mode": "live",
    "execution.validate_only": False,
    "execution.allow_live_trading": True,
}
"""Every one of these, and all together, before an order may reach the real exchange."""


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


def require_no_live(settings: Settings) -> None:
    """Refuse mode live: with a gate closed by naming it, with all open for want of a live client.

    Raises:
        ConfigurationError: the mode is live.
    """
    if settings.execution.mode != "live":
        return
    closed = closed_gates(settings)
    if closed:
        raise ConfigurationError(f"live trading is refused: {'; '.join(closed)}")
    raise ConfigurationError(
        "live trading is refused: all gates are open, but this version has no live client; "
        "set execution.mode: paper"
    )


def _yaml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
