"""`portfolio`: what the account is worth and how well it did."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kraken_pipeline.cli.options import OFF, Db, Json, Reason, with_books

if TYPE_CHECKING:
    from kraken_pipeline.cli.sheets import Form
    from kraken_pipeline.domain.accounting.periods import Days

Csv = Annotated[
    Path | None, typer.Option("--csv", help="A file to write as a table of text; - prints it.")
]
Method = Annotated[
    Literal["wac", "fifo", "lifo", "hifo"] | None,
    typer.Option(help="Of cost; without it, the configured one."),
]
Since = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="The first day, UTC; without it, from the first on."),
]
Until = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="The last day, UTC; without it, the newest."),
]

app = typer.Typer(no_args_is_help=True, help="What the account is worth, and how well it did.")


@app.callback()
def portfolio() -> None:
    """What the account is worth, and how well it did."""


@app.command()
def show(json: Json = OFF, db: Db = None) -> None:
    """Show what is held, what it is worth and cost, and what became of the account."""
    from kraken_pipeline.cli.portfolio import show_portfolio  # noqa: PLC0415 - only what is asked

    show_portfolio(with_books(db), as_json=json)


@app.command()
def positions(
    *,
    by: Annotated[
        Literal["asset", "book"],
        typer.Option(help="Of the whole account, or of each strategy's book."),
    ] = "asset",
    csv: Csv = None,
    json: Json = OFF,
    db: Db = None,
) -> None:
    """Show what is held: qty, average cost, price, value, gains, fees, quality of the price."""
    from kraken_pipeline.cli.portfolio_lists import (  # noqa: PLC0415 - only what is asked for
        HeldBy,
        list_positions,
    )

    list_positions(with_books(db), HeldBy(by), _form(csv, as_json=json))


@app.command()
def trades(
    *,
    since: Since = None,
    until: Until = None,
    csv: Csv = None,
    json: Json = OFF,
    db: Db = None,
) -> None:
    """Show the account's trades, whose book each belongs to, and what it cost."""
    from kraken_pipeline.cli.portfolio_lists import (  # noqa: PLC0415 - only what is asked for
        list_trades,
    )

    list_trades(with_books(db), _days(since, until), _form(csv, as_json=json))


@app.command()
def fees(
    *,
    by: Annotated[
        Literal["asset", "pair"],
        typer.Option(help="By the asset that paid and what for, or by pair and book."),
    ] = "asset",
    since: Since = None,
    until: Until = None,
    csv: Csv = None,
    json: Json = OFF,
    db: Db = None,
) -> None:
    """Show what was paid in fees, in base currency at the time.

    By asset as the ledger took them, withdrawals and rewards included; by pair as the trades tell.
    """
    from kraken_pipeline.cli.portfolio_lists import (  # noqa: PLC0415 - only what is asked for
        PaidFor,
        list_fees,
    )

    list_fees(with_books(db), _days(since, until), PaidFor(by), _form(csv, as_json=json))


@app.command()
def flows(
    *,
    since: Since = None,
    until: Until = None,
    csv: Csv = None,
    json: Json = OFF,
    db: Db = None,
) -> None:
    """Show deposits, withdrawals, rewards, corrections and what nobody can explain.

    `value` is after the fee: the two together are what `pnl` counts as flows, or as income.
    """
    from kraken_pipeline.cli.portfolio_lists import (  # noqa: PLC0415 - only what is asked for
        list_flows,
    )

    list_flows(with_books(db), _days(since, until), _form(csv, as_json=json))


@app.command()
def pnl(  # noqa: PLR0913 - each is an option of the command line
    *,
    period: Annotated[
        Literal["day", "week", "month", "year", "all"],
        typer.Option(help="What is added up; weeks begin on Monday."),
    ] = "month",
    method: Method = None,
    view: Annotated[
        Literal["trading", "tax"],
        typer.Option(help="Fees are lost when paid, or belong to cost and proceeds."),
    ] = "trading",
    since: Since = None,
    until: Until = None,
    csv: Csv = None,
    json: Json = OFF,
    db: Db = None,
) -> None:
    """Show profit and loss by period: realised, unrealised, income, fees, flows, and what is left.

    `residual` is what nothing explains: anything but zero is a fault of the books.
    """
    from kraken_pipeline.cli.portfolio_lists import (  # noqa: PLC0415 - only what is asked for
        Asked,
        list_pnl,
    )
    from kraken_pipeline.domain.accounting import lots  # noqa: PLC0415 - the same
    from kraken_pipeline.domain.accounting.periods import Period  # noqa: PLC0415 - the same
    from kraken_pipeline.domain.accounting.profit import View  # noqa: PLC0415 - the same

    chosen = None if method is None else lots.Method(method)
    asked = Asked(period=Period(period), method=chosen, view=View(view))
    list_pnl(with_books(db), _days(since, until), asked, _form(csv, as_json=json))


@app.command()
def attribution(
    *,
    by: Annotated[
        Literal["strategy", "pair", "day"], typer.Option(help="What it is put down to.")
    ] = "strategy",
    since: Since = None,
    until: Until = None,
    csv: Csv = None,
    json: Json = OFF,
    db: Db = None,
) -> None:
    """Show which strategy, pair or day the realised profit came from, at average cost."""
    from kraken_pipeline.cli.portfolio_lists import (  # noqa: PLC0415 - only what is asked for
        list_attribution,
    )
    from kraken_pipeline.domain.accounting.attribution import (  # noqa: PLC0415 - the same
        Dimension,
    )

    form = _form(csv, as_json=json)
    list_attribution(with_books(db), _days(since, until), Dimension(by), form)


@app.command()
def days(
    *,
    since: Since = None,
    until: Until = None,
    csv: Csv = None,
    json: Json = OFF,
    db: Db = None,
) -> None:
    """Show how each day ended: equity, exposure, unit price, how far that fell, flows."""
    from kraken_pipeline.cli.portfolio_lists import (  # noqa: PLC0415 - only what is asked for
        list_days,
    )

    list_days(with_books(db), _days(since, until), _form(csv, as_json=json))


@app.command()
def export(  # noqa: PLR0913 - each is an option of the command line
    *,
    what: Annotated[
        Literal["ledger", "kraken", "trades", "lots"],
        typer.Option(
            help="Every entry with what explains it; the same in the file that Kraken's own export "
            "is, which tax tools read; what was given for what, in the columns of Koinly's "
            "universal template; or every lot that was sold or is held."
        ),
    ],
    csv: Annotated[Path, typer.Option("--csv", help="The file to write, over what was there.")],
    method: Method = None,
    since: Since = None,
    until: Until = None,
    json: Json = OFF,
    db: Db = None,
) -> None:
    """Write the books for a tax tool or an accountant: plain digits, times in UTC."""
    from kraken_pipeline.cli import portfolio_export  # noqa: PLC0415 - only what is asked for
    from kraken_pipeline.domain.accounting import lots  # noqa: PLC0415 - the same

    asked = portfolio_export.Asked(
        what=portfolio_export.What(what),
        days=_days(since, until),
        method=None if method is None else lots.Method(method),
        file=csv,
    )
    portfolio_export.export(with_books(db), asked, as_json=json)


@app.command()
def report(
    *,
    out: Annotated[Path, typer.Option("--out", help="The file to write, over what was there.")],
    since: Since = None,
    until: Until = None,
    json: Json = OFF,
    db: Db = None,
) -> None:
    """Write all of it as one HTML file with charts, that any browser opens without a network."""
    from kraken_pipeline.cli.portfolio_report import (  # noqa: PLC0415 - only what is asked for
        write_report,
    )

    write_report(with_books(db), _days(since, until), out, as_json=json)


@app.command()
def performance(
    *,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The first day, UTC; without it, all of them."),
    ] = None,
    json: Json = OFF,
    db: Db = None,
) -> None:
    """Show returns, falls and ratios by unit price, which no deposit and no withdrawal moves."""
    from kraken_pipeline.cli.portfolio import show_performance  # noqa: PLC0415 - only what is asked

    show_performance(with_books(db), None if since is None else since.date(), as_json=json)


# an amount below zero is no option, and is refused as an amount
@app.command(context_settings={"ignore_unknown_options": True})
def cost(
    entry: Annotated[str, typer.Argument(help="The ledger entry that brought it, `L...`.")],
    amount: Annotated[str, typer.Argument(help="What it had cost in all, in base currency.")],
    *,
    reason: Reason = "",
    json: Json = OFF,
    db: Db = None,
) -> None:
    """State what coins had cost that came without a trade; else their price on the day counts."""
    from kraken_pipeline.cli.stated import state_cost  # noqa: PLC0415 - only what is asked for

    state_cost(with_books(db), entry, amount, reason=reason, as_json=json)


def _form(csv: Path | None, *, as_json: bool) -> "Form":
    from kraken_pipeline.cli.sheets import Form  # noqa: PLC0415 - only what is asked for

    return Form(as_json=as_json, csv=csv)


def _days(since: datetime | None, until: datetime | None) -> "Days":
    """Return the days that were asked for.

    Raises:
        InvalidValueError: the last is before the first.
    """
    from kraken_pipeline.domain.accounting.periods import Days  # noqa: PLC0415 - the same

    return Days(
        first=date.min if since is None else since.date(),
        last=date.max if until is None else until.date(),
    )
