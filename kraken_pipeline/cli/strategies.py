"""`strategy list` and `strategy release`: what can be run, what runs, and what is kept out."""

import sys
from collections.abc import Mapping
from typing import Any

from kraken_pipeline.cli.consent import Asked, actor, require_consent
from kraken_pipeline.cli.locks import now_in_the_books
from kraken_pipeline.cli.output import print_json, print_rows
from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.domain.timeframes import EPOCH
from kraken_pipeline.settings import Settings, load
from kraken_pipeline.wiring.configured import stage_of
from kraken_pipeline.wiring.pipeline import connect
from kraken_pipeline.wiring.strategies import Kinds, kinds


def list_kinds(environ: Mapping[str, str], *, as_json: bool) -> None:
    """Print every strategy; one of a broken package is shown with what is wrong.

    Raises:
        ConfigurationError: two packages bring a strategy of the same name.
    """
    settings, known = load(environ).settings, kinds()
    rows = [_row(settings, known, name) for name in known.names]
    if as_json:
        print_json(rows)
        return
    print_rows(f"{len(rows)} strategies", rows, nothing="no strategy")


def release_one(environ: Mapping[str, str], strategy_id: str, asked: Asked) -> None:
    """Let a strategy decide again that went wrong too often.

    Raises:
        UnknownNameError: it is not in quarantine.
        InvalidValueError: no reason was given.
        RefusedError: in live, and nobody agreed.
    """
    pipeline = connect(environ)
    try:
        kept_out = {each.strategy_id: each for each in pipeline.quarantined()}
        since = kept_out[strategy_id].since if strategy_id in kept_out else EPOCH
        if pipeline.is_live and strategy_id in kept_out:
            effect = f"let {strategy_id} decide again: {kept_out[strategy_id].reason}"
            require_consent([effect], asked, word="release")
        # what it decided until it was kept out is forgiven, whatever a simulator's clock says
        at = max(now_in_the_books(pipeline), since)
        released = pipeline.release(strategy_id, at=at, by=actor(), reason=asked.reason)
    finally:
        pipeline.close()
    if asked.as_json:
        print_json({"released": strategy_id, "since": released.since, "reason": released.reason})
        return
    sys.stdout.write(f"{strategy_id} decides again; it was kept out for {released.reason}\n")


def _row(settings: Settings, known: Kinds, name: str) -> dict[str, Any]:
    ids = [
        each
        for each in settings.strategies.running()
        if settings.strategies.config(each).type == name
    ]
    row = {
        "strategy": name,
        "from": known.names[name],
        "runs_as": ", ".join(ids) or "does not run",
        "stages": ", ".join(stage_of(settings, each) for each in ids),
    }
    try:
        strategy = known.named(name)
    except ConfigurationError as broken:
        return {**row, "version": "", "timeframes": "", "fault": str(broken)}
    timeframes = ", ".join(strategy.timeframes)
    return {**row, "version": strategy.version, "timeframes": timeframes, "fault": ""}
