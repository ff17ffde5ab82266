"""`strategy list`: every strategy that can be run, who brings it, and what runs it."""

from collections.abc import Mapping
from typing import Any

from kraken_pipeline.cli.output import print_json, print_rows
from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.settings import Settings, load
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


def _row(settings: Settings, known: Kinds, name: str) -> dict[str, Any]:
    ids = [
        each
        for each in settings.strategies.running()
        if settings.strategies.config(each).type == name
    ]
    row = {"strategy": name, "from": known.names[name], "runs_as": ", ".join(ids) or "does not run"}
    try:
        strategy = known.named(name)
    except ConfigurationError as broken:
        return {**row, "version": "", "timeframes": "", "fault": str(broken)}
    timeframes = ", ".join(strategy.timeframes)
    return {**row, "version": strategy.version, "timeframes": timeframes, "fault": ""}
