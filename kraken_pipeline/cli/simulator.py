"""`simulator serve`: an exchange on this machine for any program that speaks Kraken's protocols."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.simulator.auth import Key
from kraken_pipeline.simulator.clock import Mode
from kraken_pipeline.simulator.options import amount_of, instant_of, key_of, new_key
from kraken_pipeline.simulator.program import Place, run
from kraken_pipeline.simulator.rest_limits import Limits, Tier
from kraken_pipeline.simulator.service import Service
from kraken_pipeline.simulator.simulation import DEPOSITS, Settings

CONTROLS: Final = "clock, faults, flows, health, keys, latency, limits, restart, status"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked for on the command line."""

    host: str
    port: int
    seed: int
    replay: Path | None
    mirror: str | None
    at: str | None
    clock: Mode
    speed: float
    keys: Sequence[str]
    balances: Sequence[str]
    state_dir: Path | None
    limits: str
    tier: str


def serve(environ: Mapping[str, str], wish: Wish) -> None:
    """Serve until Ctrl-C.

    Raises:
        ConfigurationError: it can't be served as asked; the message says what to give instead.
    """
    with ExitStack() as stack:
        folder = wish.state_dir or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="kraken-simulator-"))
        )
        try:
            keys, made = _keys(environ, wish)
            ready = _ready(wish, keys, made)
            run(_settings(wish, folder, keys), Place(host=wish.host, port=wish.port), ready)
        except ValueError as wrong:
            raise ConfigurationError(str(wrong)) from wrong


def _keys(environ: Mapping[str, str], wish: Wish) -> tuple[tuple[Key, ...], str | None]:
    """Return the keys, and the secret of the one that was made because none was given."""
    if wish.keys:
        return tuple(key_of(text, environ) for text in wish.keys), None
    key, secret = new_key()
    return (key,), secret


def _settings(wish: Wish, folder: Path, keys: tuple[Key, ...]) -> Settings:
    return Settings(
        folder=folder,
        keys=keys,
        limits=Limits(wish.limits),
        tier=Tier(wish.tier),
        seed=wish.seed,
        replay=wish.replay,
        mirror=wish.mirror,
        at=instant_of(wish.at) if wish.at else None,
        clock=wish.clock,
        speed=wish.speed,
        deposits=dict(map(amount_of, wish.balances)) if wish.balances else DEPOSITS,
    )


def _ready(wish: Wish, keys: Sequence[Key], made: str | None) -> Callable[[str, Service], str]:
    def said(url: str, service: Service) -> str:
        clock, account = service.exchange.clock, service.exchange.account
        market = f"replay of {wish.replay}" if wish.replay else f"made-up market, seed {wish.seed}"
        if wish.mirror:
            market = f"public data of {wish.mirror}"
        pace = "turned by hand" if clock.mode == "fixed" else f"runs {wish.speed:g} times as fast"
        rows = {
            "REST": f"{url}/0/",
            "WebSocket": f"ws{url.removeprefix('http')}/v2",
            "Controls": f"{url}/_sim/ ({CONTROLS})",
            "Market": market,
            "Time": f"{clock.now():%Y-%m-%d %H:%M:%S} UTC, {pace}",
            "Limits": f"{wish.limits}, tier {wish.tier}",
            "Balances": ", ".join(f"{a} {v}" for a, v in account.balances.items()),
            "Keys": ", ".join(key.name for key in keys),
            "May": f"{', '.join(keys[0].permissions)}; give more by POST to {url}/_sim/keys",
        }
        if made is not None:
            rows["Secret"] = made
        shown = [f"{name:<10} {value}" for name, value in rows.items()]
        hint = f"Try: curl '{url}/0/public/Ticker?pair=XBTUSD'"
        return "\n".join([*shown, hint, "Ready. Ctrl-C stops it."])

    return said
