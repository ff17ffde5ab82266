"""`backtest run`, `list`, `show`, `compare` and `remove`."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from kraken_pipeline.cli.amounts import amount_typed
from kraken_pipeline.cli.output import print_json, print_rows
from kraken_pipeline.cli.sheets import exact
from kraken_pipeline.domain.errors import InvalidValueError, UnknownNameError
from kraken_pipeline.domain.risk.codes import MEANINGS
from kraken_pipeline.services.backtest import FillModel
from kraken_pipeline.services.research.outcome import chances, last_day, outcome, percent, ratio
from kraken_pipeline.services.research.space import value_of
from kraken_pipeline.services.research.told import Luck, Told
from kraken_pipeline.services.research.trips import Tally
from kraken_pipeline.settings import Loaded, load
from kraken_pipeline.store.backtests import BacktestFolder, StoredRun
from kraken_pipeline.wiring import backtest
from kraken_pipeline.wiring.backtest_asked import Wanted
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.research import luck_in, told_of
from kraken_pipeline.wiring.secrecy import keep_secrets

LATEST: Final = "latest"
"""Names the newest run."""
MOST_NOTED: Final = 20
WIDTH: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A backtest as it is typed."""

    since: datetime
    until: datetime
    strategies: tuple[str, ...]
    timeframes: tuple[str, ...]
    pairs: tuple[str, ...]
    parameters: tuple[str, ...]
    cash: str
    spread_bps: str
    slippage_bps: str
    volume_share: str
    decides_after_ms: int
    latency_ms: int
    seed: int


def run_backtest(environ: Mapping[str, str], asked: Asked, *, as_json: bool) -> None:
    """Run a backtest, keep it, and show what came.

    Raises:
        ConfigurationError: a strategy is configured wrongly, or a store cannot be read.
        InvalidValueError: what is asked cannot be run; the message says why and what to do.
        StorageError: it cannot be kept.
    """
    loaded = _loaded(environ)
    # what came is held by nobody once it is kept: what is told of it is read back
    run = backtest.keep(loaded, backtest.run_backtest(loaded, _wanted(asked), now=system_now()))
    _show(loaded, run, as_json=as_json)


def list_backtests(environ: Mapping[str, str], *, as_json: bool) -> None:
    """Print the runs that are kept; an equity here is the exact one of the end."""
    rows = [_row(each) for each in backtest.backtests(_loaded(environ)).runs()]
    if as_json:
        print_json(rows)
        return
    print_rows("backtests", rows, nothing="no backtest is kept: `backtest run` makes one")


def show_backtest(environ: Mapping[str, str], name: str, *, as_json: bool) -> None:
    """Print what came of a run.

    Raises:
        UnknownNameError: there is none of that name, or several begin so.
    """
    loaded = _loaded(environ)
    _show(loaded, named(backtest.backtests(loaded), name), as_json=as_json)


def compare_backtests(environ: Mapping[str, str], names: Sequence[str], *, as_json: bool) -> None:
    """Print runs side by side, and in what they were asked for differently.

    Raises:
        InvalidValueError: fewer than two runs are named.
        UnknownNameError: there is none of a name, or several begin so.
    """
    if len(names) <= 1:
        raise InvalidValueError("one run is nothing to compare: name two or more")
    loaded = _loaded(environ)
    folder = backtest.backtests(loaded)
    runs = [named(folder, each) for each in names]
    told = [told_of(loaded, each) for each in runs]
    if as_json:
        pairs = zip(runs, told, strict=True)
        print_json([_document(each, luck_in(loaded, run, each)) for run, each in pairs])
        return
    print_rows("outcome", _beside(told, [outcome(each) for each in told]), nothing="")
    asked = [dict(each.ran.asked) for each in told]
    rows = [row for row in _beside(told, asked) if len({*list(row.values())[1:]}) > 1]
    print_rows("asked differently", rows, nothing="they were asked for the same")


def remove_backtests(
    environ: Mapping[str, str], names: Sequence[str], *, agreed: bool, as_json: bool
) -> None:
    """Remove runs, all of them or none; not agreed to, it only says which.

    Raises:
        UnknownNameError: there is none of a name.
    """
    folder = backtest.backtests(_loaded(environ))
    runs = [folder.run(each) for each in dict.fromkeys(names)]
    for each in runs if agreed else ():
        folder.remove(each.run_id)
    if as_json:
        print_json({"removed": agreed, "runs": [each.run_id for each in runs]})
        return
    done = "removed" if agreed else "would be removed; --yes does it"
    sys.stdout.write("".join(f"{each.run_id} {done}\n" for each in runs))


def named(folder: BacktestFolder, name: str) -> StoredRun:
    """Return the run of a name, or the one that begins with it.

    Raises:
        UnknownNameError: there is none, or several begin so.
    """
    known = [each.run_id for each in folder.runs()]
    found = known[-1:] if name == LATEST else [each for each in known if each.startswith(name)]
    if len(found) != 1 and name not in found:
        said = "several begin so" if found else "there is none"
        listed = ", ".join(known[-MOST_NOTED:]) or "none yet: `backtest run` makes one"
        raise UnknownNameError(f"no one run is {name!r}: {said}. There are: {listed}")
    return folder.run(name if name in found else found[0])


def _loaded(environ: Mapping[str, str]) -> Loaded:
    keep_secrets(environ)
    return load(environ)


def _wanted(asked: Asked) -> Wanted:
    return Wanted(
        since=asked.since,
        until=asked.until,
        strategies=asked.strategies,
        timeframes=asked.timeframes,
        pairs=asked.pairs,
        parameters=_parameters(asked),
        cash=amount_typed("--cash", asked.cash),
        model=FillModel(
            decides_after=timedelta(milliseconds=asked.decides_after_ms),
            latency=timedelta(milliseconds=asked.latency_ms),
            spread_bps=amount_typed("--spread-bps", asked.spread_bps),
            slippage_bps=amount_typed("--slippage-bps", asked.slippage_bps),
            volume_share=amount_typed("--volume-share", asked.volume_share),
        ),
        seed=asked.seed,
    )


def _parameters(asked: Asked) -> Mapping[str, object]:
    if asked.parameters and len(asked.strategies) != 1:
        raise InvalidValueError("--param is of one strategy: name it with --strategy")
    found: dict[str, object] = {}
    for each in asked.parameters:
        name, equals, told = each.partition("=")
        if not (name and equals and told):
            raise InvalidValueError(f"--param is {each!r}: write NAME=VALUE, such as fast=10")
        found[name] = value_of(told)
    return found


def _row(run: StoredRun) -> dict[str, object]:
    card = run.card
    asked = card["asked"]
    return {
        "run": run.run_id,
        "strategies": ", ".join(each["strategy_id"] for each in asked["strategies"]),
        "since": asked["since"][:10],
        "until": f"{last_day(datetime.fromisoformat(asked['until']))}",
        "cash": asked["cash"],
        "equity": f"{Decimal(card['final_equity']):.2f}",
        "round_trips": card["counts"]["round_trips"],
        "denied": card["counts"]["denied"],
        "hash": card["hash"][:12],
    }


def _beside(told: Sequence[Told], figures: Sequence[Mapping[str, str]]) -> list[dict[str, object]]:
    names = dict.fromkeys(name for each in figures for name in each)
    return [
        {
            "": name,
            **{each.ran.run_id: of.get(name, "") for each, of in zip(told, figures, strict=True)},
        }
        for name in names
    ]


def _show(loaded: Loaded, run: StoredRun, *, as_json: bool) -> None:
    told = told_of(loaded, run)
    luck = luck_in(loaded, run, told)
    if as_json:
        print_json(_document(told, luck))
        return
    sys.stdout.write(f"{told.ran.run_id}\n")
    for name, value in {**outcome(told), **chances(luck)}.items():
        sys.stdout.write(f"{name:<{WIDTH}} {value}\n")
    print_rows("by strategy", _tallies("strategy", told.by_book), nothing="no round trip ended")
    print_rows("by pair", _tallies("pair", told.by_pair), nothing="")
    denied = [
        {"code": code, "times": times, "meaning": MEANINGS.get(code, "")}
        for code, times in told.ran.denials.items()
    ]
    print_rows("what risk denied", denied, nothing="nothing was denied")
    sys.stdout.write("".join(f"assumed: {each}\n" for each in told.ran.assumed))
    sys.stdout.write("".join(f"note: {each}\n" for each in told.notes))


def _tallies(name: str, of: Mapping[str, Tally]) -> list[dict[str, object]]:
    return [
        {
            name: each,
            "round_trips": tally.trades,
            "won": percent(tally.win_rate),
            "profit": f"{tally.profit:.2f}",
            "fees": f"{tally.fees:.2f}",
            "profit_factor": ratio(tally.profit_factor),
            "losses_in_a_row": tally.losses_in_a_row,
        }
        for each, tally in of.items()
    ]


def _document(told: Told, luck: Luck) -> dict[str, Any]:
    """Return all of it for programs: amounts as text."""
    ran = told.ran
    return {
        "run_id": ran.run_id,
        "since": ran.since,
        "until": ran.until,
        "outcome": dict(outcome(told)),
        "performance": None if told.performance is None else asdict(told.performance),
        "tally": asdict(told.tally),
        "by_strategy": {name: asdict(each) for name, each in told.by_book.items()},
        "by_pair": {name: asdict(each) for name, each in told.by_pair.items()},
        "bought_and_held": None if told.held is None else asdict(told.held),
        "luck": asdict(luck),
        "counts": dict(ran.counts),
        "denials": dict(ran.denials),
        "days": [
            {"day": exact(each.day), "equity": each.equity, "exposure": each.exposure}
            for each in told.days
        ],
        "round_trips": [asdict(each) for each in ran.trips],
        "asked": dict(ran.asked),
        "assumed": list(ran.assumed),
        "notes": list(told.notes),
    }
