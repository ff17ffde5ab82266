"""`stream`: the account's own stream into the books, in a process of its own, until Ctrl-C."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

from kraken_pipeline.cli.output import print_warnings, text
from kraken_pipeline.cli.stopping import asked_to_stop
from kraken_pipeline.domain.reports import TradeReport
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.listening import listening
from kraken_pipeline.wiring.panic import latched_by_signal
from kraken_pipeline.wiring.pipeline import connect
from kraken_pipeline.wiring.streaming import Streaming
from kraken_pipeline.wiring.warm import deciding

WAIT_SECONDS: Final = 0.1
"""For news, between two looks at what the clock makes due."""


def run(environ: Mapping[str, str], *, as_json: bool) -> None:
    """Hear what happens to the account until a signal; a second one ends at once.

    Raises:
        ConfigurationError: another listener runs on the data folder, or nothing is traded here.
        ExchangeError: the exchange does not answer.
    """
    pipeline = connect(environ)
    print_warnings(pipeline.loaded)
    try:
        folder = pipeline.loaded.data_dir
        with (
            latched_by_signal(folder),
            asked_to_stop() as stop,
            listening(pipeline) as streaming,
            deciding(pipeline, environ, _tell),
        ):
            before = ""
            while not stop.is_set():
                streaming.step(WAIT_SECONDS)
                for each in streaming.fills_heard():
                    say_fill(each, as_json=as_json)
                if streaming.condition != before:
                    before = streaming.condition
                    _say(streaming, as_json=as_json)
    finally:
        pipeline.close()


def _say(streaming: Streaming, *, as_json: bool) -> None:
    """Say how the stream is now, one line for each change."""
    now = system_now()
    if as_json:
        row = {"at": now.isoformat(), "condition": streaming.condition, "gaps": streaming.gaps}
        sys.stdout.write(f"{json.dumps(row)}\n")
        sys.stdout.flush()
    else:
        _tell(streaming.condition)


def _tell(text: str) -> None:
    sys.stderr.write(f"{system_now():%H:%M:%S} {text}\n")


def say_fill(fill: TradeReport, *, as_json: bool) -> None:
    """Say that something of ours filled, in one line with the exchange's time.

    Args:
        fill: what filled.
        as_json: whether the line is for programs.
    """
    if as_json:
        sys.stdout.write(f"{json.dumps({'at': fill.at.isoformat(), 'fill': _plain(fill)})}\n")
        sys.stdout.flush()
        return
    sys.stderr.write(
        f"{fill.at:%H:%M:%S} filled {fill.side} {text(fill.qty)} {fill.pair} at "
        f"{text(fill.price)}, fee {text(fill.fee)}, {fill.kraken_order_id}\n"
    )


def _plain(fill: TradeReport) -> dict[str, object]:
    told = {name: of for name, of in asdict(fill).items() if name not in {"at", "maker"}}
    return {name: text(of) for name, of in told.items()} | {"maker": fill.maker}
