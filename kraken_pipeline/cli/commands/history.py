"""`history`: candles from files and from trades, and what is stored of them."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from kraken_pipeline.cli.options import OFF, Json

app = typer.Typer(
    no_args_is_help=True, help="Candles from files and trades, and what is stored of them."
)
Pair = Annotated[str, typer.Argument(help="Any spelling of the pair, such as XBTUSD or BTC/USD.")]
Since = Annotated[
    datetime,
    typer.Option(formats=["%Y-%m-%d"], help="The first day, UTC, such as 2024-01-01."),
]


@app.command("import")
def bring_in(
    path: Annotated[
        Path, typer.Argument(help="Kraken's OHLCVT archive: a zip, a folder, or one PAIR_60.csv.")
    ],
    *,
    pair: Annotated[
        list[str] | None, typer.Option(help="Only this pair, such as XBTUSD; may be repeated.")
    ] = None,
    timeframe: Annotated[
        list[str] | None, typer.Option(help="Only this one, such as 1h; may be repeated.")
    ] = None,
    json: Json = OFF,
) -> None:
    """Take in candles that are new, and compare the others with those that are stored."""
    from kraken_pipeline.cli.history import Wanted, run_import  # noqa: PLC0415 - Arrow is heavy

    wanted = Wanted(pairs=frozenset(pair or ()), frames=frozenset(timeframe or ()))
    raise typer.Exit(run_import(os.environ, path, wanted, as_json=json))


@app.command()
def show(
    pair: Annotated[str | None, typer.Argument(help="Only this pair, such as XBTUSD.")] = None,
    *,
    json: Json = OFF,
) -> None:
    """Show what is stored, where it comes from, and how much is missing for which reason."""
    from kraken_pipeline.cli.history import show_coverage  # noqa: PLC0415 - Arrow is heavy

    show_coverage(os.environ, pair, as_json=json)


@app.command()
def gaps(
    pair: Annotated[str, typer.Argument(help="Our name of the pair, such as XBTUSD.")],
    timeframe: Annotated[str, typer.Argument(help="Such as 1h.")],
    *,
    json: Json = OFF,
) -> None:
    """List the bars that are missing between the first and the newest, and why."""
    from kraken_pipeline.cli.history import show_gaps  # noqa: PLC0415 - Arrow is heavy

    show_gaps(os.environ, pair, timeframe, as_json=json)


@app.command()
def plan(pair: Pair, *, since: Since, json: Json = OFF) -> None:
    """Tell how many calls and how long it takes to fill a pair's history from its trades."""
    from kraken_pipeline.cli.fill import show_plan  # noqa: PLC0415 - Arrow is heavy

    show_plan(os.environ, pair, since.replace(tzinfo=UTC), as_json=json)


@app.command()
def fetch(pair: Pair, *, since: Since, json: Json = OFF) -> None:
    """Fill a pair's history from its trades, whole days up to the last midnight, UTC.

    What it takes is told first. Whole days are kept as they come: if it is stopped, the same
    command goes on from there.
    """
    from kraken_pipeline.cli.fill import run_fetch  # noqa: PLC0415 - Arrow is heavy

    run_fetch(os.environ, pair, since.replace(tzinfo=UTC), as_json=json)


@app.command()
def chart(
    *,
    out: Annotated[Path, typer.Option(help="The folder to write the PNG files into.")],
    pair: Annotated[
        str | None, typer.Option(help="Whose candles; without it those of the pair with most.")
    ] = None,
    timeframe: Annotated[str | None, typer.Option(help="Only this one, such as 1h.")] = None,
    json: Json = OFF,
) -> None:
    """Draw how much of each month is stored of each pair, and the newest candles of one."""
    from kraken_pipeline.cli.charts import run  # noqa: PLC0415 - Arrow is heavy

    run(os.environ, out, pair, timeframe, as_json=json)
