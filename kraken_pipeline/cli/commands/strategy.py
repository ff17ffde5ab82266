"""`strategy`: which strategies there are, and which of them run."""

import os

import typer

from kraken_pipeline.cli.options import OFF, Json

app = typer.Typer(no_args_is_help=True, help="Strategies: those there are, and those of your own.")


@app.command("list")
def list_strategies(json: Json = OFF) -> None:
    """List every strategy that can be run, who brings it, and under which ids it runs."""
    from kraken_pipeline.cli.strategies import list_kinds  # noqa: PLC0415 - only what is asked for

    list_kinds(os.environ, as_json=json)
