"""`portfolio show` and `portfolio performance`."""

import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Final

from kraken_pipeline.cli.open_points import point_row, show_points
from kraken_pipeline.cli.output import print_json, print_rows, text
from kraken_pipeline.cli.sheets import cents, ten_digits
from kraken_pipeline.domain.accounting.fold import AssetBook
from kraken_pipeline.domain.accounting.performance import LEAST_DAYS, Month, Performance
from kraken_pipeline.domain.nav import Valuation
from kraken_pipeline.wiring.pipeline import connect
from kraken_pipeline.wiring.trading import Account

WIDTH: Final = 19
PERCENT: Final = frozenset(
    {"coverage", "gained", "deepest_fall", "yearly", "volatility", "fee_share"}
)
"""Shares that a person reads as percent."""
NOTHING: Final = "no day is kept of that yet: `run-once` keeps the first\n"
NOT_READ: Final = "the account was not read yet: `run-once` reads it\n"
FROM_A_YEAR: Final = ("yearly", "volatility", "sharpe", "sortino", "calmar")


def show_portfolio(environ: Mapping[str, str], *, as_json: bool) -> None:
    """Print what is held and what became of it, as last read; nothing is asked of the exchange."""
    pipeline = connect(environ)
    try:
        account, points = pipeline.account(), pipeline.open_points()
    finally:
        pipeline.close()
    if account is None:
        sys.stdout.write("null\n" if as_json else NOT_READ)
        return
    snapshot = account.snapshot
    assets = [_asset(each, account) for each in snapshot.valuations]
    head = {
        "at": snapshot.at,
        "equity": snapshot.equity,
        "coverage": snapshot.coverage,
        "frozen": snapshot.frozen or "no",
    }
    became = {name: each for name, each in asdict(account.result).items() if name != "equity"}
    if as_json:
        whole = {**head, "assets": assets, "result": became, "differing": dict(account.differing)}
        whole["open_points"] = [point_row(each, account.snapshot.at) for each in points]
        print_json(whole)
        return
    _print_lines(head)
    print_rows("assets", [_rounded(each) for each in assets], nothing="nothing is held")
    sys.stdout.write("\nwhat became of the account\n")
    _print_lines(became)
    for asset, how in account.differing.items():
        sys.stdout.write(f"{asset} differs: {how}\n")
    show_points(points, account.snapshot.at)


def _asset(each: Valuation, account: Account) -> dict[str, object]:
    """Return an asset with its worth, and what the account's books say of it."""
    book = account.books.get(each.asset, AssetBook(asset=each.asset))
    equity = account.snapshot.equity
    return {
        "asset": each.asset,
        "qty": each.qty,
        "locked": each.locked,
        "price": each.price,
        "value": each.value,
        "share": None if each.value is None or not equity else each.value / equity,
        "quality": each.quality,
        "stale_since": each.stale_since,
        "priced_by": each.source,
        "cost": book.cost if book.lots else None,
        "realised": book.realised,
        "income": book.income,
        "fees": book.fees,
    }


def _rounded(row: Mapping[str, object]) -> dict[str, object]:
    """Return a row as a person reads it: amounts of money in cents, prices in ten digits."""
    found = dict(row)
    for name in ("value", "cost", "realised", "income", "fees"):
        value = found[name]
        found[name] = cents(value) if isinstance(value, Decimal) else ""
    price, share = found["price"], found["share"]
    found["price"] = ten_digits(price) if isinstance(price, Decimal) else ""
    found["share"] = f"{share * 100:.1f} %" if isinstance(share, Decimal) else ""
    return found


def _print_lines(told: Mapping[str, object]) -> None:
    for name, value in told.items():
        sys.stdout.write(f"{name.replace('_', ' '):<{WIDTH}} {said(name, value, days=0)}\n")


def show_performance(environ: Mapping[str, str], since: date | None, *, as_json: bool) -> None:
    """Print how the account did; nothing is asked of the exchange."""
    pipeline = connect(environ)
    try:
        found = pipeline.performance(since or date.min)
    finally:
        pipeline.close()
    if as_json:
        print_json(None if found is None else asdict(found))
    elif found is None:
        sys.stdout.write(NOTHING)
    else:
        _show(found)


def _show(found: Performance) -> None:
    for name, value in asdict(found).items():
        if name != "months":
            shown = said(name, value, days=found.days)
            sys.stdout.write(f"{name.replace('_', ' '):<{WIDTH}} {shown}\n")
    print_rows("months", [_row(each) for each in found.months], nothing="no month yet")


def _row(month: Month) -> dict[str, object]:
    return {"month": month.month, "gained": f"{month.gained * 100:+.2f} %"}


def said(name: str, value: object, *, days: int) -> str:
    """Write a figure of the account as a person reads it.

    Args:
        name: of the field of `Performance` or `Result`.
        value: what is in it.
        days: of how many days it is.
    """
    if value is None:
        few = name in FROM_A_YEAR and days < LEAST_DAYS
        return f"not before {LEAST_DAYS} days" if few else "none"
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    # of what nothing explains, the last digit counts
    if not isinstance(value, Decimal) or name == "residual":
        return text(value)
    return f"{value * 100:.2f} %" if name in PERCENT else cents(value)
