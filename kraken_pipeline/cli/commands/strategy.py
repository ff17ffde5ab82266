"""`strategy`: which strategies there are, whether they are sound, and one of your own."""

import os
from pathlib import Path
from typing import Annotated

import typer

from kraken_pipeline.cli.options import OFF, Db, Json, Reason, Yes, with_books

app = typer.Typer(no_args_is_help=True, help="Strategies: those there are, and those of your own.")


@app.command("list")
def list_strategies(json: Json = OFF) -> None:
    """List every strategy that can be run, who brings it, and under which ids it runs."""
    from kraken_pipeline.cli.strategies import list_kinds  # noqa: PLC0415 - only what is asked for

    list_kinds(os.environ, as_json=json)


@app.command()
def check(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of a strategy, or a configured id.")],
    *,
    timeframe: Annotated[
        str | None, typer.Option(help="Only on this one; else on all that it decides on.")
    ] = None,
    closes: Annotated[int, typer.Option(min=4, max=10_000, help="How many are tried.")] = 48,
    seed: Annotated[int, typer.Option(help="Of the made-up market that it is tried on.")] = 1,
    json: Json = OFF,
) -> None:
    """Try whether a strategy looks ahead, asks for too few bars, or is not repeatable."""
    from kraken_pipeline.cli import check_strategy  # noqa: PLC0415 - only what is asked for

    asked = check_strategy.Asked(name=name, timeframe=timeframe, closes=closes, seed=seed)
    raise typer.Exit(check_strategy.check(os.environ, asked, as_json=json))


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the strategy, such as my_trend.")],
    into: Annotated[Path, typer.Option(help="Folder in which the package is made.")] = Path(),
    json: Json = OFF,
) -> None:
    """Write a package with a strategy of your own: a module, its test, and how it is installed."""
    from kraken_pipeline.cli.new_strategy import write_package  # noqa: PLC0415 - only what is asked for

    write_package(name, into, as_json=json)


@app.command()
def release(
    strategy_id: Annotated[str, typer.Argument(metavar="ID", help="As the configuration has it.")],
    *,
    reason: Reason,
    yes: Yes = OFF,
    json: Json = OFF,
    db: Db = None,
) -> None:
    """Let a strategy decide again that was kept out as it went wrong too often."""
    from kraken_pipeline.cli.consent import Asked  # noqa: PLC0415 - only what is asked for
    from kraken_pipeline.cli.strategies import release_one  # noqa: PLC0415 - the same

    release_one(with_books(db), strategy_id, Asked(yes=yes, as_json=json, reason=reason))
