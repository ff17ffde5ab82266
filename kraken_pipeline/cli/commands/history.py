"""`history`: candles from files and from trades, and what is stored of them."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from kraken_pipeline.cli.options import OFF, Json

app = typer.Typer(
    no_args_is_help=True, help="Candles from files and trades, and what is stored of them."
)
Pairs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PAIR]...", help="In any spelling, such as XBTUSD or BTC/USD; none is all managed."
    ),
]
Frames = Annotated[
    list[str] | None,
    typer.Option("--timeframe", help="Only this one, such as 1h; may be repeated."),
]
Since = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"],
        help="The first day, UTC; without it, the newest 720 candles of each timeframe.",
    ),
]
Archive = Annotated[
    Path | None, typer.Option(help="Kraken's OHLCVT archive, which is taken in first.")
]
Prove = Annotated[
    bool,
    typer.Option("--prove", help="Read trades also where another source lacks a candle."),
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
def plan(
    pair: Pairs = None,
    *,
    timeframe: Frames = None,
    since: Since = None,
    archive: Archive = None,
    prove: Prove = OFF,
    json: Json = OFF,
) -> None:
    """Tell how many calls of which source, and how long, it takes to have a history."""
    from kraken_pipeline.cli.fill import Asked, show_plan  # noqa: PLC0415 - Arrow is heavy

    asked = Asked(
        pairs=tuple(pair or ()),
        frames=frames_named(timeframe or ()),
        since=None if since is None else since.replace(tzinfo=UTC),
        archive=archive,
        prove=prove,
    )
    show_plan(os.environ, asked, as_json=json)


@app.command()
def fetch(
    pair: Pairs = None,
    *,
    timeframe: Frames = None,
    since: Since = None,
    archive: Archive = None,
    prove: Prove = OFF,
    json: Json = OFF,
) -> None:
    """Have a history in as few calls as there are, and say first what it takes.

    Every page is kept as it comes: if it is stopped, the same command goes on from there.
    """
    from kraken_pipeline.cli.fill import Asked, run_fetch  # noqa: PLC0415 - Arrow is heavy

    asked = Asked(
        pairs=tuple(pair or ()),
        frames=frames_named(timeframe or ()),
        since=None if since is None else since.replace(tzinfo=UTC),
        archive=archive,
        prove=prove,
    )
    raise typer.Exit(run_fetch(os.environ, asked, as_json=json))


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


def frames_named(names: Sequence[str]) -> frozenset[str]:
    """Return names of timeframes.

    Raises:
        UnknownNameError: there is none of that name.
    """
    from kraken_pipeline.domain.timeframes import (  # noqa: PLC0415 - as the commands
        timeframe as frame_named,
    )

    return frozenset(frame_named(each).name for each in names)


@app.command()
def verify(*, json: Json = OFF) -> None:
    """Read every byte of the stored candles, and name what is not as it was written."""
    from kraken_pipeline.cli.bar_care import run_verify  # noqa: PLC0415 - Arrow is heavy

    raise typer.Exit(run_verify(os.environ, as_json=json))


@app.command()
def repair(*, json: Json = OFF) -> None:
    """Take out what is damaged of the stored candles, so that it can be fetched again.

    Damaged files are put aside. Nothing counts as known of what is missing there then.
    """
    from kraken_pipeline.cli.bar_care import run_repair  # noqa: PLC0415 - Arrow is heavy

    run_repair(os.environ, as_json=json)


@app.command()
def compact(*, json: Json = OFF) -> None:
    """Merge the stored candles into fewer, larger parts; the same bars are read from them."""
    from kraken_pipeline.cli.bar_care import run_compact  # noqa: PLC0415 - Arrow is heavy

    run_compact(os.environ, as_json=json)
