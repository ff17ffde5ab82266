"""`config`: the configuration in force."""

import os
from typing import Annotated

import typer

from kraken_pipeline.cli.options import OFF, Db, Json, Reason, Yes, with_books

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


@app.command("acknowledge")
def acknowledge(*, reason: Reason, yes: Yes = OFF, json: Json = OFF, db: Db = None) -> None:
    """Agree to bounds of live that were loosened since; until then nothing opens."""
    from kraken_pipeline.cli.acknowledge import run_acknowledge  # noqa: PLC0415 - the same
    from kraken_pipeline.cli.consent import Asked  # noqa: PLC0415 - the same

    run_acknowledge(with_books(db), Asked(yes=yes, as_json=json, reason=reason))
