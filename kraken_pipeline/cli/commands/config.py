"""`config`: the configuration in force."""

import os
from typing import Annotated

import typer

from kraken_pipeline.cli.options import OFF, Json

app = typer.Typer(no_args_is_help=True, help="The configuration in force.")


@app.command("show")
def show(
    effective: Annotated[
        bool, typer.Option("--effective", help="Every value with the layer it comes from.")
    ] = OFF,
    json: Json = OFF,
) -> None:
    """Print the configuration as it holds after all layers."""
    from kraken_pipeline.cli.status import show_config  # noqa: PLC0415 - only what is asked for

    show_config(os.environ, effective_values=effective, as_json=json)
