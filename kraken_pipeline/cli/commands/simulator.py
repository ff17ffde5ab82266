"""`simulator`: an exchange on this machine."""

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

Port = Annotated[
    int, typer.Option(min=0, max=65535, help="The simulator's port; 0 takes any free one.")
]
app = typer.Typer(no_args_is_help=True, help="An exchange on this machine.")


@app.command()
def serve(  # noqa: PLR0913 - a command has as many options as it has
    *,
    port: Port = 0,
    host: Annotated[str, typer.Option(help="A loopback address.")] = "127.0.0.1",
    replay: Annotated[Path | None, typer.Option(help="Folder of recorded candles.")] = None,
    mirror: Annotated[
        str | None,
        typer.Option(help="URL of an exchange whose public data is the market: Kraken's REST."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the made-up market.")] = 1,
    at: Annotated[str | None, typer.Option(help="Where time begins, ISO-8601, UTC.")] = None,
    speed: Annotated[float, typer.Option(help="Seconds that pass in a real one.")] = 1.0,
    clock: Annotated[
        Literal["real", "fixed"], typer.Option(help="fixed stands until /_sim/clock turns it.")
    ] = "real",
    key: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=BASE64SECRET; NAME alone takes KRAKEN_SIMULATOR_SECRET. One is made if none"
            " is given. Again for more keys."
        ),
    ] = None,
    balance: Annotated[
        list[str] | None, typer.Option(help="ASSET=AMOUNT of a new account. Again for more.")
    ] = None,
    state_dir: Annotated[
        Path | None, typer.Option(help="Where orders and balances are kept; else they are not.")
    ] = None,
    limits: Annotated[
        Literal["none", "private", "all"], typer.Option(help="Which REST limits hold.")
    ] = "private",
    tier: Annotated[
        Literal["starter", "intermediate", "pro"], typer.Option(help="Verification level.")
    ] = "starter",
) -> None:
    """Serve a simulated Kraken SPOT exchange: REST and WebSocket v2, until Ctrl-C."""
    from kraken_pipeline.cli.simulator import Wish, serve  # noqa: PLC0415 - numpy is heavy

    wish = Wish(
        host=host,
        port=port,
        seed=seed,
        replay=replay,
        mirror=mirror,
        at=at,
        clock=clock,
        speed=speed,
        keys=key or (),
        balances=balance or (),
        state_dir=state_dir,
        limits=limits,
        tier=tier,
    )
    serve(os.environ, wish)
