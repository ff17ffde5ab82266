"""The commands: each calls one use of the pipeline and prints what came of it."""

import logging
import os
import sys
from pathlib import Path
from typing import Annotated, Final, Literal, NoReturn

import typer

from kraken_pipeline.domain import errors
from kraken_pipeline.domain.keys import Role
from kraken_pipeline.secrets.redact import RedactingFilter, Redactor, exception_hook
from kraken_pipeline.wiring.secrecy import keep_secrets, redactor

EXIT_CODES: Final = (
    (errors.ConfigurationError, 2),
    (errors.InvalidValueError, 2),
    (errors.RefusedError, 3),
    (errors.LeaseLostError, 3),
    (errors.OrderRefusedError, 4),
    (errors.AuthError, 8),
    (errors.UnreachableError, 7),
    (errors.OutcomeUnknownError, 5),
    (errors.UnexpectedReplyError, 5),
    (errors.ImpossibleFactError, 6),
    (errors.PipelineError, 1),
)
"""Error to exit code; the first that fits holds. 0 is success."""

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
OFF: Final = False
"""A flag that was not given."""
Port = Annotated[
    int, typer.Option(min=0, max=65535, help="The simulator's port; 0 takes any free one.")
]
KeyRole = Annotated[Role | None, typer.Option("--role", help="Of one role only; else of all.")]
KeyUrl = Annotated[
    str | None, typer.Option("--url", help="Of a simulator on this machine; else it is Kraken's.")
]
Reason = Annotated[str, typer.Option("--reason", help="Kept in the journal.")]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A Kraken spot trading pipeline. Paper unless the configuration opens every live gate.",
)
orders = typer.Typer(no_args_is_help=True, help="Orders in our books.")
config = typer.Typer(no_args_is_help=True, help="The configuration in force.")
key_commands = typer.Typer(no_args_is_help=True, help="The API keys of this machine.")
simulator = typer.Typer(no_args_is_help=True, help="An exchange on this machine.")
app.add_typer(orders, name="orders")
app.add_typer(config, name="config")
app.add_typer(key_commands, name="keys")
app.add_typer(simulator, name="simulator")


@app.command()
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
) -> None:
    """Run one full cycle through Dagster, against a simulator that is started for it."""
    from kraken_pipeline.cli.cycle import run  # noqa: PLC0415 - Dagster is heavy, others wait less

    run(os.environ, replay=replay, at=at, seed=seed, port=port)


@app.command()
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


@app.command(name="run-once")
def run_once(json: Json = OFF) -> None:
    """Do one cycle without Dagster: paper, and orders are only validated, never placed."""
    from kraken_pipeline.cli.run_once import run  # noqa: PLC0415 - heavy

    run(os.environ, as_json=json)


@app.command()
def status(json: Json = OFF) -> None:
    """Show mode, halts, open orders, equity and the last results."""
    from kraken_pipeline.cli.status import show_status  # noqa: PLC0415 - only what is asked for

    show_status(os.environ, as_json=json)


@app.command()
def panic() -> None:
    """Latch, cancel every order of the account, verify. Opening stays stopped until `resume`."""
    from kraken_pipeline.cli.halts import run_panic  # noqa: PLC0415 - only what is asked for

    raise typer.Exit(run_panic(os.environ))


@app.command()
def guard() -> None:
    """Keep the dead man's switch in a process of its own, while the order service lives."""
    from kraken_pipeline.cli.guard import run  # noqa: PLC0415 - only what is asked for

    run(os.environ)


@app.command()
def halt(reason: Reason) -> None:
    """Stop opening positions until `resume`; open orders stay."""
    from kraken_pipeline.cli.halts import run_halt  # noqa: PLC0415 - only what is asked for

    run_halt(os.environ, reason=reason)


@app.command()
def resume(reason: Reason) -> None:
    """Clear every halt and the panic file."""
    from kraken_pipeline.cli.halts import run_resume  # noqa: PLC0415 - only what is asked for

    run_resume(os.environ, reason=reason)


@orders.command("list-open")
def list_open(json: Json = OFF) -> None:
    """List orders that may still fill."""
    from kraken_pipeline.cli.orders import list_open_orders  # noqa: PLC0415 - the same

    list_open_orders(os.environ, as_json=json)


@orders.command("recent-executions")
def recent_executions(
    json: Json = OFF,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 20,
) -> None:
    """List the newest orders with what became of them."""
    from kraken_pipeline.cli.orders import list_recent  # noqa: PLC0415 - the same

    list_recent(os.environ, limit=limit, as_json=json)


@orders.command("show")
def show_order(
    local_id: Annotated[str, typer.Argument(help="Our id of the order.")], json: Json = OFF
) -> None:
    """Show an order with every step, the verdict's figures and the decision behind it."""
    from kraken_pipeline.cli import explain  # noqa: PLC0415 - the same

    explain.show_order(os.environ, local_id, as_json=json)


@app.command()
def audit() -> None:
    """Verify that nothing was written past the journal; exit code 6 if something was."""
    from kraken_pipeline.cli import explain  # noqa: PLC0415 - the same

    raise typer.Exit(explain.audit(os.environ))


@orders.command("cancel")
def cancel(
    plan: Annotated[str | None, typer.Option(help="All of this plan.")] = None,
    strategy: Annotated[str | None, typer.Option(help="All of this strategy.")] = None,
    kraken_id: Annotated[str | None, typer.Option(help="The one with this id at Kraken.")] = None,
    local_id: Annotated[str | None, typer.Option(help="The one with this id of ours.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every open order.")] = OFF,
    json: Json = OFF,
) -> None:
    """Cancel open orders of ours that every given filter names, and prove each cancel."""
    from kraken_pipeline.cli.orders import Filters, cancel_orders  # noqa: PLC0415 - the same

    filters = Filters(
        plan=plan,
        strategy=strategy,
        kraken_id=kraken_id,
        local_id=local_id,
        everything=everything,
    )
    cancel_orders(os.environ, filters, as_json=json)


@config.command("show")
def show(
    effective: Annotated[
        bool, typer.Option("--effective", help="Every value with the layer it comes from.")
    ] = OFF,
) -> None:
    """Print the configuration as it holds after all layers."""
    from kraken_pipeline.cli.status import show_config  # noqa: PLC0415 - only what is asked for

    show_config(os.environ, effective_values=effective)


@simulator.command()
def serve(  # noqa: PLR0913 - a command has as many options as it has
    *,
    port: Port = 0,
    host: Annotated[str, typer.Option(help="A loopback address.")] = "127.0.0.1",
    replay: Annotated[Path | None, typer.Option(help="Folder of recorded candles.")] = None,
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


@key_commands.command("setup")
def set_up_keys(
    *,
    role: KeyRole = None,
    url: KeyUrl = None,
    save_unchecked: Annotated[
        bool, typer.Option("--save-unchecked", help="Keep it also if it could not be checked.")
    ] = OFF,
    keyring: Annotated[
        bool, typer.Option("--keyring", help="Keep the file's password in the system's keyring.")
    ] = OFF,
) -> None:
    """Take an API key, check it with a private call, and keep it sealed in secrets.enc.

    It is typed, or taken from KRAKEN_API_KEY and KRAKEN_API_SECRET, or read as two lines of input.
    KRAKEN_PIPELINE_SECRET_PW gives the file's password where nobody is there to type it.
    """
    from kraken_pipeline.cli.keys import Wish, set_up  # noqa: PLC0415 - only what is asked for

    wish = Wish(role=role, url=url, save_unchecked=save_unchecked, keyring=keyring)
    set_up(os.environ, wish)


@key_commands.command("doctor")
def examine_keys(json: Json = OFF) -> None:
    """Ask Kraken about each key, and say in a sentence what it lacks or has too much."""
    from kraken_pipeline.cli.keys import doctor  # noqa: PLC0415 - only what is asked for

    raise typer.Exit(doctor(os.environ, as_json=json))


@key_commands.command("rotate")
def rotate_keys(
    role: KeyRole = None,
    url: KeyUrl = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Go back to the keys from before the last rotation.")
    ] = OFF,
) -> None:
    """Use another key from now on, if live would take it; the old one is kept for a while."""
    from kraken_pipeline.cli.keys import Wish, rotate, undo_rotation  # noqa: PLC0415 - only what is asked for

    if undo:
        undo_rotation(os.environ)
    else:
        rotate(os.environ, Wish(role=role, url=url))


@key_commands.command("forget")
def forget_keys(
    role: KeyRole = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = OFF,
) -> None:
    """Remove the key of a role, or every key with its file and the password in the keyring."""
    from kraken_pipeline.cli.keys import forget  # noqa: PLC0415 - only what is asked for

    forget(os.environ, role, is_sure=yes)


@key_commands.command("where")
def show_where_keys_are(json: Json = OFF) -> None:
    """Say where the key of each role comes from."""
    from kraken_pipeline.cli.keys import where  # noqa: PLC0415 - only what is asked for

    where(os.environ, as_json=json)


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
    except errors.PipelineError as error:
        sys.stderr.write(known.redact(f"kraken-pipeline: {error}\n"))
        return next(code for kind, code in EXIT_CODES if isinstance(error, kind))
    return 0
