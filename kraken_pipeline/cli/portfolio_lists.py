"""`portfolio positions`, `trades`, `fees`, `flows`, `pnl`, `attribution`, `days`: what is kept."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from decimal import Decimal, localcontext
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import Final, TypeVar

from kraken_pipeline.cli.sheets import Form, Row, Sheet, give, in_cents, ten_digits
from kraken_pipeline.domain.accounting.attribution import Dimension, Share
from kraken_pipeline.domain.accounting.lots import Method
from kraken_pipeline.domain.accounting.periods import Days, Period
from kraken_pipeline.domain.accounting.profit import Profit, View
from kraken_pipeline.domain.lots import Fill
from kraken_pipeline.domain.money import EXACT
from kraken_pipeline.services.books import portfolio
from kraken_pipeline.services.books.holdings import Held, positions_by_asset, positions_by_book
from kraken_pipeline.services.books.portfolio import Day, Fee, Flow, PortfolioDesk
from kraken_pipeline.wiring.pipeline import connect
from kraken_pipeline.wiring.reading import portfolio_desk

T = TypeVar("T")
NOT_READ: Final = "the account was not read yet: `run-once` reads it"
TRADE_COLUMNS: Final = (
    "at",
    "trade_id",
    "kraken_order_id",
    "book",
    "pair",
    "side",
    "price",
    "qty",
    "cost",
    "fee",
    "liquidity",
    "base_currency_cost",
    "base_currency_fee",
)
RARE: Final = ("adjusted", "unexplained", "stated", "uncosted", "incomplete")
"""What a person is shown only where there is any of it."""
_OF_PROFIT: Final = tuple(each.name for each in fields(Profit))
_IN_CENTS: Final = tuple(
    each
    for each in _OF_PROFIT
    if each not in {"period", "first", "last", "residual", "priced_at", "incomplete"}
)


class HeldBy(StrEnum):
    """Whose positions are shown."""

    ASSET = "asset"
    BOOK = "book"


class PaidFor(StrEnum):
    """What fees are added up by."""

    ASSET = "asset"
    PAIR = "pair"


_AS_THEY_ARE: Final[Mapping[str, str]] = MappingProxyType({})
_OF_FEES: Final[Mapping[PaidFor, Mapping[str, str]]] = MappingProxyType(
    {
        PaidFor.ASSET: {"what": "asset", "why": "cause"},
        PaidFor.PAIR: {"what": "pair", "why": "book"},
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How profit is to be reckoned."""

    period: Period
    method: Method | None
    """None for the one that the books are kept by."""
    view: View


def list_positions(environ: Mapping[str, str], by: HeldBy, form: Form) -> None:
    """Give what the account holds of each asset, or each book of each pair."""
    read = positions_by_asset if by is HeldBy.ASSET else positions_by_book
    named = {} if by is HeldBy.ASSET else {"asset": "pair"}
    # where an asset lies is the account's: of a book nobody could say
    columns = [each for each in _names(Held, named) if by is HeldBy.ASSET or each != "locked"]
    rows = [_named(each, named) for each in _read(environ, read)]
    sheet = Sheet(
        title=f"positions by {by}, in base currency",
        columns=columns,
        rows=[{name: row[name] for name in columns} for row in rows],
        nothing=f"no position: {NOT_READ}",
    )
    money = ("value", "unrealised", "realised", "income", "fees")
    give(sheet, form, lambda row: _rounded(in_cents(row, money), ("average_cost", "price")))


def list_trades(environ: Mapping[str, str], days: Days, form: Form) -> None:
    """Give the fills of some days."""
    sheet = Sheet(
        title="trades",
        columns=TRADE_COLUMNS,
        rows=[_trade(each) for each in _read(environ, partial(portfolio.trades, days=days))],
        nothing="no trade is kept of these days",
    )
    shown = TRADE_COLUMNS[:1] + TRADE_COLUMNS[3:]
    give(sheet, form, lambda row: {name: row[name] for name in shown})


def _trade(fill: Fill) -> Row:
    told = asdict(fill)
    told |= {"side": fill.side.value, "liquidity": "maker" if fill.maker else "taker"}
    with localcontext(EXACT):
        told |= {"base_currency_cost": fill.cost * fill.quote_rate}
        told |= {"base_currency_fee": fill.fee * fill.quote_rate}
    return {name: told[name] for name in TRADE_COLUMNS}


def list_fees(environ: Mapping[str, str], days: Days, by: PaidFor, form: Form) -> None:
    """Give what was paid, by asset and cause, or by pair and book."""
    read = portfolio.fees_by_asset if by is PaidFor.ASSET else portfolio.fees_by_pair
    named = _OF_FEES[by]
    found = _read(environ, partial(read, days=days))
    sheet = Sheet(
        title=f"fees by {by}, in base currency",
        columns=_names(Fee, named),
        rows=[_named(each, named) for each in found],
        nothing="no fee was paid in these days",
    )
    give(sheet, form, lambda row: in_cents(row, ("traded", "fee")))


def list_flows(environ: Mapping[str, str], days: Days, form: Form) -> None:
    """Give what came from outside or left, rewards, and what nobody can explain."""
    sheet = Sheet(
        title="flows, worth in base currency",
        columns=_names(Flow),
        rows=[asdict(each) for each in _read(environ, partial(portfolio.flows, days=days))],
        nothing="nothing came or left without a trade in these days",
    )
    give(sheet, form, lambda row: in_cents(row, ("value", "fee", "cost")))


def list_pnl(environ: Mapping[str, str], days: Days, asked: Asked, form: Form) -> None:
    """Give what became of the account in each period."""

    def read(desk: PortfolioDesk) -> tuple[Profit, ...]:
        return portfolio.pnl(desk, days, asked.period, method=asked.method, view=asked.view)

    rows = [asdict(each) for each in _read(environ, read)]
    method = "" if asked.method is None else f", {asked.method}"
    sheet = Sheet(
        title=f"profit and loss by {asked.period}, {asked.view} view{method}, in base currency",
        columns=_OF_PROFIT,
        rows=rows,
        nothing=f"nothing was booked in these days; if nothing ever was, {NOT_READ}",
    )
    idle = [name for name in RARE if not any(each[name] for each in rows)]
    give(sheet, form, lambda row: _profit(row, idle))


def list_days(environ: Mapping[str, str], days: Days, form: Form) -> None:
    """Give how each day ended: equity, exposure, unit price and how far it fell."""
    sheet = Sheet(
        title="days, in base currency",
        columns=_names(Day),
        rows=[asdict(each) for each in _read(environ, partial(portfolio.curve, days=days))],
        nothing=f"no day of these is kept; if none ever was, {NOT_READ}",
    )
    give(sheet, form, _day)


def _day(row: Row) -> Row:
    found = _rounded(in_cents(row, ("equity", "exposure", "flows")), ("unit_price",))
    shares = {name: row[name] for name in ("exposed", "gained", "fallen", "deepest")}
    return {**found, **{name: _percent(each) for name, each in shares.items()}}


def _percent(share: object) -> str:
    return f"{share * 100:.2f} %" if isinstance(share, Decimal) else ""


def list_attribution(environ: Mapping[str, str], days: Days, by: Dimension, form: Form) -> None:
    """Give what each strategy, pair or day realised."""
    named = {"name": by.value}
    found = _read(environ, partial(portfolio.attribution, days=days, by=by))
    sheet = Sheet(
        title=f"realised by {by}, after fees, in base currency",
        columns=_names(Share, named),
        rows=[_named(each, named) for each in found],
        nothing="no trade is kept of these days",
    )
    give(sheet, form, lambda row: in_cents(row, ("traded", "realised", "fees")))


def _profit(row: Row, idle: Iterable[str]) -> Row:
    found = in_cents(row, _IN_CENTS)
    found["incomplete"] = ", ".join(row["incomplete"])  # type: ignore[arg-type]  # a tuple of names
    return {name: each for name, each in found.items() if name not in idle}


def _read(environ: Mapping[str, str], read: Callable[[PortfolioDesk], Sequence[T]]) -> Sequence[T]:
    pipeline = connect(environ)
    try:
        return read(portfolio_desk(pipeline))
    finally:
        pipeline.close()


def _names(of: type, named: Mapping[str, str] = _AS_THEY_ARE) -> tuple[str, ...]:
    return tuple(named.get(each.name, each.name) for each in fields(of))


def _named(each: Held | Fee | Share, named: Mapping[str, str]) -> Row:
    """Return a row with some of its columns under other names."""
    return {named.get(name, name): of for name, of in asdict(each).items()}


def _rounded(row: Row, names: Iterable[str]) -> Row:
    """Return a row with prices in ten digits."""
    found = dict(row)
    for name in names:
        value = found[name]
        found[name] = ten_digits(value) if isinstance(value, Decimal) else ""
    return found
