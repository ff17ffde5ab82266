"""`backtest`: strategies on stored history, and what may be believed of what comes."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

import typer

from kraken_pipeline.cli.options import OFF, Agreed, Json

app = typer.Typer(
    no_args_is_help=True,
    help="Run strategies on stored history: same rules as in life, and no order can come of it.",
)
Since = Annotated[
    datetime, typer.Option(formats=["%Y-%m-%d"], help="The first day, UTC, such as 2025-01-01.")
]
Until = Annotated[
    datetime, typer.Option(formats=["%Y-%m-%d"], help="The last day, UTC; it is decided, too.")
]
Name = Annotated[
    str, typer.Argument(metavar="RUN", help="A run's name or how it begins; `latest`.")
]
Pairs = Annotated[
    list[str] | None,
    typer.Option(help="Only this one of the universe, such as XBTUSD; may be repeated."),
]
_DAY = timedelta(days=1)


@app.command()
def run(  # noqa: PLR0913 - a command has as many options as it has
    *,
    since: Since,
    until: Until,
    strategy: Annotated[
        list[str] | None,
        typer.Option(help="As configured, or any built-in; may be repeated; else all enabled."),
    ] = None,
    timeframe: Annotated[
        list[str] | None, typer.Option(help="Only closes of this one; may be repeated.")
    ] = None,
    pair: Pairs = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--param", help="NAME=VALUE in place of the configured one; takes one --strategy."
        ),
    ] = None,
    cash: Annotated[str, typer.Option(help="What it begins with, in base currency.")] = "10000",
    spread_bps: Annotated[str, typer.Option(help="Between bid and ask, assumed.")] = "10",
    slippage_bps: Annotated[str, typer.Option(help="Worse than the best price, assumed.")] = "2",
    volume_share: Annotated[str, typer.Option(help="Of a bar's volume, ours at most.")] = "0.1",
    decides_after_ms: Annotated[
        int, typer.Option(min=0, help="From a close until it is decided.")
    ] = 1000,
    latency_ms: Annotated[int, typer.Option(min=0, help="Until the exchange has an order.")] = 200,
    seed: Annotated[int, typer.Option(help="Of what is drawn: the luck in the report.")] = 0,
    json: Json = OFF,
) -> None:
    """Run strategies over whole days and keep what came of it."""
    from kraken_pipeline.cli.backtest import Asked, run_backtest  # noqa: PLC0415 - heavy

    asked = Asked(
        since=_begin(since),
        until=_begin(until) + _DAY,
        strategies=tuple(strategy or ()),
        timeframes=tuple(timeframe or ()),
        pairs=tuple(pair or ()),
        parameters=tuple(parameter or ()),
        cash=cash,
        spread_bps=spread_bps,
        slippage_bps=slippage_bps,
        volume_share=volume_share,
        decides_after_ms=decides_after_ms,
        latency_ms=latency_ms,
        seed=seed,
    )
    run_backtest(os.environ, asked, as_json=json)


@app.command("list")
def list_runs(*, json: Json = OFF) -> None:
    """List the runs that are kept, the oldest first."""
    from kraken_pipeline.cli.backtest import list_backtests  # noqa: PLC0415 - heavy

    list_backtests(os.environ, as_json=json)


@app.command()
def show(run: Name = "latest", *, json: Json = OFF) -> None:
    """Show what came of a run: figures, what risk denied, luck, and what was assumed."""
    from kraken_pipeline.cli.backtest import show_backtest  # noqa: PLC0415 - heavy

    show_backtest(os.environ, run, as_json=json)


@app.command()
def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN RUN...", help="Two or more.")],
    *,
    json: Json = OFF,
) -> None:
    """Show runs side by side, and in what they were asked for differently."""
    from kraken_pipeline.cli.backtest import compare_backtests  # noqa: PLC0415 - heavy

    compare_backtests(os.environ, runs, as_json=json)


@app.command()
def report(
    run: Name = "latest",
    *,
    out: Annotated[Path, typer.Option("--out", help="The file to write, over what was there.")],
    json: Json = OFF,
) -> None:
    """Write a run as one HTML file with charts, that any browser opens without a network."""
    from kraken_pipeline.cli.backtest_report import write_report  # noqa: PLC0415 - heavy

    write_report(os.environ, run, out, as_json=json)


@app.command()
def remove(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Whole names.")],
    *,
    yes: Agreed = OFF,
    json: Json = OFF,
) -> None:
    """Remove runs that are kept; without --yes it only says which."""
    from kraken_pipeline.cli.backtest import remove_backtests  # noqa: PLC0415 - heavy

    remove_backtests(os.environ, runs, agreed=yes, as_json=json)


@app.command()
def search(  # noqa: PLR0913 - a command has as many options as it has
    *,
    strategy: Annotated[str, typer.Option(help="As configured, or any built-in.")],
    timeframe: Annotated[str, typer.Option(help="On whose closes it decides, such as 1h.")],
    since: Since,
    until: Until,
    choose: Annotated[
        list[str],
        typer.Option(help="fast=5:20, strength=5:30:2.5 or profile=one,other; may be repeated."),
    ],
    folds: Annotated[int, typer.Option(min=1, help="Tests.")] = 4,
    trials: Annotated[int, typer.Option(min=1, help="Parameters that are tried in a fold.")] = 20,
    scheme: Annotated[
        Literal["walk-forward", "purged"],
        typer.Option(help="Fit on what is before each test, or also on what is after it."),
    ] = "walk-forward",
    purge_days: Annotated[int, typer.Option(min=0, help="Left out before each test.")] = 2,
    embargo_days: Annotated[int, typer.Option(min=0, help="Left out after each test.")] = 2,
    pair: Pairs = None,
    seed: Annotated[int, typer.Option(help="The same one tries the same.")] = 0,
    json: Json = OFF,
) -> None:
    """Choose parameters on one stretch, judge them on the next, and count every trial.

    What is done is kept fold by fold: the same command goes on where it was stopped.
    """
    from kraken_pipeline.cli.backtest_search import run_search  # noqa: PLC0415 - heavy
    from kraken_pipeline.services.research.folds import Span  # noqa: PLC0415 - the same
    from kraken_pipeline.services.research.plan import Scheme, Wanted  # noqa: PLC0415 - the same

    wanted = Wanted(
        strategy_id=strategy,
        timeframe=timeframe,
        whole=Span(since=_begin(since), until=_begin(until) + _DAY),
        choices=tuple(choose),
        scheme=Scheme(scheme),
        folds=folds,
        trials=trials,
        purge_days=purge_days,
        embargo_days=embargo_days,
        seed=seed,
        pairs=tuple(pair or ()),
    )
    run_search(os.environ, wanted, as_json=json)


def _begin(day: datetime) -> datetime:
    return day.replace(tzinfo=UTC)
