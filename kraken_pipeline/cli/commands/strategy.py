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
def prove(  # noqa: PLR0913 - a command has as many options as it has
    strategy_id: Annotated[str, typer.Argument(metavar="ID", help="As the configuration has it.")],
    *,
    look_ahead: Annotated[
        bool, typer.Option("--look-ahead", help="Try it on a made-up market.")
    ] = OFF,
    walk_forward: Annotated[
        bool, typer.Option("--walk-forward", help="Take up the newest search for it.")
    ] = OFF,
    parity: Annotated[
        bool, typer.Option("--parity", help="Compare paper with a backtest of the same days.")
    ] = OFF,
    days: Annotated[
        int | None, typer.Option(min=1, help="Of paper, the last so many; else all that count.")
    ] = None,
    closes: Annotated[int, typer.Option(min=4, max=10_000, help="How many are tried.")] = 48,
    seed: Annotated[int, typer.Option(help="Of the made-up market.")] = 1,
    json: Json = OFF,
) -> None:
    """Show what a strategy needs before it may touch money, and keep it; all if none is named."""
    from kraken_pipeline.cli import proofs  # noqa: PLC0415 - only what is asked for
    from kraken_pipeline.domain.proofs import Proof  # noqa: PLC0415 - the same

    flags = {
        Proof.LOOK_AHEAD: look_ahead,
        Proof.WALK_FORWARD: walk_forward,
        Proof.PARITY: parity,
    }
    chosen = tuple(each for each, given in flags.items() if given) or tuple(flags)
    asked = proofs.Asked(closes=closes, seed=seed, days=days)
    raise typer.Exit(proofs.prove_one(os.environ, strategy_id, chosen, asked, as_json=json))


@app.command("proofs")
def list_proofs(
    strategy_id: Annotated[str, typer.Argument(metavar="ID", help="As the configuration has it.")],
    *,
    adopt: Annotated[
        Path | None, typer.Option(help="First take over those of another data folder.")
    ] = None,
    json: Json = OFF,
) -> None:
    """List what a strategy needs before it may touch money, and what makes what lacks."""
    from kraken_pipeline.cli import proofs  # noqa: PLC0415 - only what is asked for

    raise typer.Exit(proofs.list_proofs(os.environ, strategy_id, adopt, as_json=json))


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
