"""The program: `python -m kraken_pipeline.simulator --state-dir DIR`.

When it is ready it prints one line of JSON: its URL and its time. The key's secret comes from the
environment, so that no list of processes shows it.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from kraken_pipeline.simulator.options import amount_of, instant_of, key_of
from kraken_pipeline.simulator.program import REFUSED, Place, run
from kraken_pipeline.simulator.rest_limits import Limits, Tier
from kraken_pipeline.simulator.service import Service
from kraken_pipeline.simulator.simulation import DEPOSITS, Settings

Value = TypeVar("Value")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until told to stop and return the exit code."""
    told = _parser().parse_args(arguments)
    place = Place(host=told.host, port=told.port)
    try:
        run(_settings(told), place, _ready, until_stdin=told.until_stdin_closes)
    except ValueError as wrong:
        sys.stderr.write(f"kraken_pipeline.simulator: {wrong}\n")
        return REFUSED
    return 0


def _ready(url: str, service: Service) -> str:
    return json.dumps({"url": url, "now": service.exchange.clock.now().isoformat()})


def _settings(told: argparse.Namespace) -> Settings:
    return Settings(
        folder=told.state_dir,
        keys=tuple(map(partial(key_of, environ=os.environ), told.key or ["SIMULATOR"])),
        limits=Limits(told.limits),
        tier=Tier(told.tier),
        seed=told.seed,
        replay=told.replay,
        mirror=told.mirror,
        at=told.at,
        clock=told.clock,
        offset=timedelta(seconds=told.offset_seconds),
        speed=told.speed,
        deposits=dict(told.balance) if told.balance else DEPOSITS,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m kraken_pipeline.simulator",
        description="A local exchange that speaks Kraken's SPOT protocols.",
    )
    add = parser.add_argument
    add("--state-dir", type=Path, required=True, help="where orders, balances and trades are kept")
    add("--host", default="127.0.0.1", help="a loopback address")
    add("--port", type=int, default=0, help="0 takes any free port")
    add("--seed", type=int, default=1, help="of the made-up market")
    add("--replay", type=Path, help="a folder of recorded candles, PAIR_minutes.range.csv")
    add("--mirror", help="the address of an exchange whose public data is the market")
    add("--at", type=_told(instant_of), help="where time begins in a new state, ISO-8601")
    add("--clock", choices=("real", "fixed"), help="fixed stands until POST /_sim/clock turns it")
    add("--offset-seconds", type=int, default=0, help="added to the machine's clock")
    add("--speed", type=float, default=1.0, help="seconds that pass in one of the machine's")
    add(
        *("--balance", "--deposit"),
        type=_told(amount_of),
        action="append",
        help="of a new account, as ZUSD=10000",
    )
    add("--key", action="append", help="NAME, or NAME=BASE64SECRET; several for several keys")
    add("--limits", choices=[*Limits], default=Limits.NONE, help="which REST limits hold")
    add("--tier", choices=[*Tier], default=Tier.STARTER, help="the account's verification level")
    add("--until-stdin-closes", action="store_true", help="stop when standard input ends")
    return parser


def _told(read: Callable[[str], Value]) -> Callable[[str], Value]:
    """Return a reader whose refusals argparse shows as they are."""

    def reader(text: str) -> Value:
        try:
            return read(text)
        except ValueError as wrong:
            raise argparse.ArgumentTypeError(str(wrong)) from wrong

    return reader


if __name__ == "__main__":
    sys.exit(main())
