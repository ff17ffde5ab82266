"""The commands: each calls one use of the pipeline and prints what came of it."""

import logging
import os
import sys
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from kraken_pipeline.cli.commands import (
    audit,
    backtest,
    config,
    dust,
    explain,
    history,
    keys,
    locks,
    orders,
    portfolio,
    reconcile,
    risk,
    simulator,
    strategy,
    universe,
)
from kraken_pipeline.cli.exits import code_of, document
from kraken_pipeline.cli.options import (
    OFF,
    Db,
    Json,
    Reason,
    ScopeAsset,
    ScopePair,
    ScopeStrategy,
    Yes,
    with_books,
)
from kraken_pipeline.cli.stopping import told_of_ctrl_c
from kraken_pipeline.domain.errors import PipelineError
from kraken_pipeline.secrets.redact import RedactingFilter, Redactor, exception_hook
from kraken_pipeline.wiring.secrecy import keep_secrets, redactor

TRADE, LOOK, SAFETY, SET_UP = "Trading", "Looking", "Safety", "Setting up"
"""What commands are for; in this order they are listed where the first of each is."""
LEFT: Final = "what was sent stays at the exchange and in the books"
"""What is said of orders when a command is interrupted."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A Kraken spot trading pipeline. Paper unless the configuration opens every live gate.",
)
app.add_typer(orders.app, name="orders", rich_help_panel=TRADE)
app.add_typer(explain.app, name="explain", rich_help_panel=LOOK)
app.add_typer(audit.app, name="audit", rich_help_panel=LOOK)
app.add_typer(backtest.app, name="backtest", rich_help_panel=LOOK)
app.add_typer(config.app, name="config", rich_help_panel=SET_UP)
app.add_typer(dust.app, name="dust", rich_help_panel=TRADE)
app.add_typer(history.app, name="history", rich_help_panel=SET_UP)
app.add_typer(keys.app, name="keys", rich_help_panel=SET_UP)
app.add_typer(locks.app, name="locks", rich_help_panel=SAFETY)
app.add_typer(portfolio.app, name="portfolio", rich_help_panel=LOOK)
app.add_typer(reconcile.app, name="reconcile", rich_help_panel=SAFETY)
app.add_typer(risk.app, name="risk", rich_help_panel=SAFETY)
app.add_typer(simulator.app, name="simulator", rich_help_panel=SET_UP)
app.add_typer(strategy.app, name="strategy", rich_help_panel=SET_UP)
app.add_typer(universe.app, name="universe", rich_help_panel=LOOK)


@app.command(rich_help_panel=TRADE)
@told_of_ctrl_c(f"{LEFT}; the next cycle goes on from there")
def cycle(
    replay: Annotated[
        Path | None, typer.Option(help="Folder of recorded candles to trade on.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="Where in the recorded range to begin, ISO-8601, UTC.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the made-up market.")] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The simulator's port; 0 takes any.")
    ] = 0,
    json: Json = OFF,
) -> None:
    """Run one full cycle through Dagster, against a simulator that is started for it."""
    from kraken_pipeline.cli.cycle import market_choice, run  # noqa: PLC0415 - Dagster is heavy, others wait less

    run(os.environ, market_choice(replay=replay, at=at, seed=seed, port=port), as_json=json)


@app.command(rich_help_panel=TRADE)
def dev(
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="Port of Dagster's UI on this machine.")
    ] = 3000,
    seed: Annotated[int | None, typer.Option(help="Seed of the made-up market.")] = None,
    simulator_port: Annotated[
        int, typer.Option(min=0, max=65535, help="The simulator's port; 0 takes any.")
    ] = 0,
) -> None:
    """Open Dagster's UI with schedules and sensors running against a simulator."""
    from kraken_pipeline.cli.dev import run  # noqa: PLC0415 - only this command needs it

    run(os.environ, port=port, seed=seed, simulator_port=simulator_port)


@app.command(name="run-once", rich_help_panel=TRADE)
def run_once(json: Json = OFF) -> None:
    """Do one cycle without Dagster: paper, and orders are only validated, never placed."""
    from kraken_pipeline.cli.run_once import run  # noqa: PLC0415 - heavy

    run(os.environ, as_json=json)


@app.command(rich_help_panel=LOOK)
def status(json: Json = OFF, db: Db = None) -> None:
    """Show mode, halts, open orders, equity and the last results."""
    from kraken_pipeline.cli.status import show_status  # noqa: PLC0415 - only what is asked for

    show_status(with_books(db), as_json=json)


@app.command(rich_help_panel=SET_UP)
def doctor(json: Json = OFF, db: Db = None) -> None:
    """Check everything that must be right before trading; each failure comes with its remedy."""
    from kraken_pipeline.cli.doctor import run  # noqa: PLC0415 - only what is asked for

    raise typer.Exit(run(with_books(db), as_json=json))


@app.command(rich_help_panel=SAFETY)
@told_of_ctrl_c("it is NOT known what is still open: run `kraken-pipeline panic` again")
def panic(
    url: Annotated[
        str | None, typer.Option(help="The exchange's address, where neither books nor mode tell.")
    ] = None,
    json: Json = OFF,
) -> None:
    """Latch, cancel every order of the account, verify. Opening stays stopped until `resume`."""
    from kraken_pipeline.cli.panic import run_panic  # noqa: PLC0415 - only what is asked for

    raise typer.Exit(run_panic(os.environ, url=url, as_json=json))


@app.command(rich_help_panel=SAFETY)
def guard() -> None:
    """Keep the dead man's switch in a process of its own, while the order service lives."""
    from kraken_pipeline.cli.guard import run  # noqa: PLC0415 - only what is asked for

    run(os.environ)


@app.command(rich_help_panel=TRADE)
def stream(json: Json = OFF) -> None:
    """Hear market and account in a process of its own: quotes, candles and fills as they happen."""
    from kraken_pipeline.cli.stream import run  # noqa: PLC0415 - only what is asked for

    run(os.environ, as_json=json)


@app.command(rich_help_panel=TRADE, hidden=True)
def warm() -> None:
    """Decide and trade the closes that standard input tells; `stream` starts it."""
    from kraken_pipeline.cli.warm import run  # noqa: PLC0415 - Dagster is heavy

    raise typer.Exit(run(os.environ))


@app.command(rich_help_panel=SAFETY)
def halt(
    *,
    reason: Reason,
    pair: ScopePair = None,
    asset: ScopeAsset = None,
    strategy: ScopeStrategy = None,
    json: Json = OFF,
    db: Db = None,
) -> None:
    """Stop opening positions, of everything or in a scope, until `resume`; open orders stay."""
    from kraken_pipeline.cli.halts import run_halt, scope_of  # noqa: PLC0415 - only what is asked for

    scope = scope_of(asset=asset, pair=pair, strategy=strategy)
    run_halt(with_books(db), scope, reason=reason, as_json=json)


@app.command(rich_help_panel=SAFETY)
@told_of_ctrl_c(f"{LEFT}: run flatten again, or `kraken-pipeline status`")
def flatten(  # noqa: PLR0913 - a command has as many options as it has
    *,
    strategy: Annotated[str | None, typer.Option(help="Only books of this strategy.")] = None,
    pair: Annotated[str | None, typer.Option(help="Only this pair.")] = None,
    manual: Annotated[
        bool, typer.Option("--include-manual", help="Also what was bought by hand.")
    ] = OFF,
    reason: Reason,
    yes: Yes = OFF,
    json: Json = OFF,
    db: Db = None,
) -> None:
    """Sell what the books hold, within the slippage bound; nothing is bought meanwhile by them."""
    from kraken_pipeline.cli.consent import Asked  # noqa: PLC0415 - only what is asked for
    from kraken_pipeline.cli.flatten import run_flatten  # noqa: PLC0415 - the same
    from kraken_pipeline.services.orders.flatten import Extent  # noqa: PLC0415 - the same

    extent = Extent(strategy_id=strategy, pair=pair, manual=manual)
    asked = Asked(yes=yes, as_json=json, reason=reason)
    raise typer.Exit(run_flatten(with_books(db), extent, asked))


@app.command(rich_help_panel=SAFETY)
def resume(  # noqa: PLR0913 - a command has as many options as it has
    *,
    reason: Reason,
    pair: ScopePair = None,
    asset: ScopeAsset = None,
    strategy: ScopeStrategy = None,
    yes: Yes = OFF,
    json: Json = OFF,
    db: Db = None,
) -> None:
    """Show what speaks for and against it, and clear every halt with the panic file, or a scope."""
    from kraken_pipeline.cli.consent import Asked  # noqa: PLC0415 - only what is asked for
    from kraken_pipeline.cli.halts import run_resume, scope_of  # noqa: PLC0415 - the same

    scope = scope_of(asset=asset, pair=pair, strategy=strategy)
    run_resume(with_books(db), scope, Asked(yes=yes, as_json=json, reason=reason))


document(app)


def main() -> NoReturn:
    """Run a command; what goes wrong is one sentence and an exit code of its class.

    Leaves without Python's own tidying up, which takes almost a second after a cycle and does
    nothing: each command has closed by then what it opened.
    """
    known = redactor(os.environ)
    keep_secrets(os.environ)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(RedactingFilter(known))
    sys.excepthook = exception_hook(known, sys.stderr.write)
    code = _exit_code_of_command(known)
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _exit_code_of_command(known: Redactor) -> int:
    try:
        app()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except PipelineError as error:
        sys.stderr.write(known.redact(f"kraken-pipeline: {error}\n"))
        return code_of(error)
    return 0
