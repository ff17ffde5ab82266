"""`stream`: the market's stream and the account's own, in a process of their own, until Ctrl-C."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from typing import Final

from kraken_pipeline.cli.output import print_warnings, text
from kraken_pipeline.cli.stopping import asked_to_stop
from kraken_pipeline.domain.errors import KeyMissingError
from kraken_pipeline.domain.reports import TradeReport
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.listening import listening
from kraken_pipeline.wiring.market_listening import MarketListening, hearing_market
from kraken_pipeline.wiring.panic import latched_by_signal
from kraken_pipeline.wiring.pipeline import Pipeline, connect
from kraken_pipeline.wiring.streaming import Streaming
from kraken_pipeline.wiring.switch import takes_orders
from kraken_pipeline.wiring.warm import deciding

WAIT_SECONDS: Final = 0.1
"""For news, between two looks at what the clock makes due."""


def run(environ: Mapping[str, str], *, as_json: bool) -> None:
    """Hear the market, and what happens to the account, until a signal; a second one ends at once.

    The market needs no key. Where no order can rest, or no key is there, it alone is heard.

    Raises:
        ConfigurationError: another listener runs on the data folder.
        ExchangeError: the exchange does not answer.
    """
    pipeline = connect(environ)
    print_warnings(pipeline.loaded)
    try:
        folder = pipeline.loaded.data_dir
        with (
            latched_by_signal(folder),
            asked_to_stop() as stop,
            hearing_account(pipeline) as account,
            deciding(pipeline, environ, _tell) as worker,
            hearing_market(pipeline, worker) as market,
        ):
            before: dict[str, str] = {}
            while not stop.is_set():
                market.require_running()
                if account is None:
                    stop.wait(WAIT_SECONDS)
                else:
                    account.step(WAIT_SECONDS)
                    for each in account.fills_heard():
                        say_fill(each, as_json=as_json)
                conditions = _conditions(account, market)
                if conditions != before:
                    before = conditions
                    _say(conditions, 0 if account is None else account.gaps, as_json=as_json)
    finally:
        pipeline.close()


@contextmanager
def hearing_account(pipeline: Pipeline) -> Iterator[Streaming | None]:
    """Listen to the account, where there is one to be heard; else say why the market is alone.

    Raises:
        ConfigurationError: another one listens.
        ExchangeError: the exchange does not answer.
    """
    if not takes_orders(pipeline):
        _tell("no order is sent that could rest: the market alone is heard")
        yield None
        return
    with ExitStack() as opened:
        try:
            streaming = opened.enter_context(listening(pipeline))
        except KeyMissingError as missing:
            _tell(f"the market alone is heard: {missing}")
            yield None
        else:
            yield streaming


def _conditions(account: Streaming | None, market: MarketListening) -> dict[str, str]:
    """Return how account and market are heard; of an account that is not, nothing."""
    return {"condition": "" if account is None else account.condition, "market": market.condition}


def _say(conditions: Mapping[str, str], gaps: int, *, as_json: bool) -> None:
    """Say how the streams are now, one line for each change."""
    now = system_now()
    if as_json:
        row = {"at": now.isoformat(), **conditions, "gaps": gaps}
        sys.stdout.write(f"{json.dumps(row)}\n")
        sys.stdout.flush()
    else:
        _tell("; ".join(each for each in conditions.values() if each))


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
