"""`portfolio export`: files for tax tools and accountants."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Final

from kraken_pipeline.cli import kraken_ledger
from kraken_pipeline.cli.files import PRINTED
from kraken_pipeline.cli.output import print_json
from kraken_pipeline.cli.sheets import Row, Sheet, write_csv
from kraken_pipeline.domain.accounting.causes import Explained
from kraken_pipeline.domain.accounting.exchanged import Exchanged
from kraken_pipeline.domain.accounting.lots import Method
from kraken_pipeline.domain.accounting.periods import Days
from kraken_pipeline.domain.symbols import Asset, modern
from kraken_pipeline.services.books import exports
from kraken_pipeline.services.books.exports import LotRow
from kraken_pipeline.wiring.pipeline import Pipeline, connect
from kraken_pipeline.wiring.reading import portfolio_desk


class What(StrEnum):
    """What is exported."""

    LEDGER = "ledger"
    KRAKEN = "kraken"
    TRADES = "trades"
    LOTS = "lots"


LEDGER_COLUMNS: Final = (
    "txid",
    "refid",
    "time",
    "type",
    "subtype",
    "asset",
    "amount",
    "fee",
    "balance",
    "event",
    "cause",
    "why",
)
"""Kraken's own names of a ledger's columns, and then what we say of the entry."""
TRADE_COLUMNS: Final = (
    "Date",
    "Sent Amount",
    "Sent Currency",
    "Received Amount",
    "Received Currency",
    "Fee Amount",
    "Fee Currency",
    "Net Worth Amount",
    "Net Worth Currency",
    "Label",
    "Description",
    "TxHash",
)
"""Those of Koinly's universal template, with assets by the names that most people use: BTC."""
COLUMNS: Final[Mapping[What, Sequence[str]]] = MappingProxyType(
    {
        What.LEDGER: LEDGER_COLUMNS,
        What.KRAKEN: kraken_ledger.COLUMNS,
        What.TRADES: TRADE_COLUMNS,
        What.LOTS: tuple(each.name for each in fields(LotRow)),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be exported, and where to."""

    what: What
    days: Days
    method: Method | None
    """Of lots; None for the one that the books are kept by."""
    file: Path


def export(environ: Mapping[str, str], asked: Asked, *, as_json: bool) -> None:
    """Write a file of the books, and say how many rows it has.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    pipeline = connect(environ)
    try:
        rows = _ROWS[asked.what](pipeline, asked)
    finally:
        pipeline.close()
    columns = COLUMNS[asked.what]
    write_csv(Sheet(title=asked.what, columns=columns, rows=rows, nothing=""), asked.file)
    if as_json:
        print_json({"what": asked.what, "rows": len(rows), "file": str(asked.file)})
    else:
        # rows that are printed must be alone there
        told = sys.stderr if asked.file == PRINTED else sys.stdout
        told.write(f"{len(rows)} rows written to {asked.file}\n")


def _ledger(pipeline: Pipeline, asked: Asked) -> list[Row]:
    return [_entry(each) for each in exports.ledger(pipeline.stores.ledger, asked.days)]


def _entry(each: Explained) -> Row:
    entry = each.entry
    told = (entry.entry_id, entry.refid, entry.at, entry.type, entry.subtype, entry.asset)
    amounts = (entry.amount, entry.fee, entry.balance)
    said = (each.event_id, each.cause.value, each.why)
    return dict(zip(LEDGER_COLUMNS, told + amounts + said, strict=True))


def _kraken(pipeline: Pipeline, asked: Asked) -> list[Row]:
    return kraken_ledger.kraken_rows(exports.ledger(pipeline.stores.ledger, asked.days))


def _trades(pipeline: Pipeline, asked: Asked) -> list[Row]:
    desk = portfolio_desk(pipeline)
    found = exports.traded(desk, pipeline.stores.ledger, asked.days)
    return [_trade(each, desk.base_currency) for each in found]


def _trade(each: Exchanged, base_currency: Asset) -> Row:
    told = (
        each.at,
        each.sent or None,
        _name(each.sent_asset),
        each.received or None,
        _name(each.received_asset),
        each.fee or None,
        _name(each.fee_asset),
        each.worth,
        None if each.worth is None else _name(base_currency),
        "",
        each.cause.value,
        each.event_id,
    )
    return dict(zip(TRADE_COLUMNS, told, strict=True))


def _name(asset: Asset | None) -> str:
    return "" if asset is None else modern(asset)


def _lots(pipeline: Pipeline, asked: Asked) -> list[Row]:
    found = exports.lots(portfolio_desk(pipeline), asked.days, asked.method)
    return [asdict(each) for each in found]


_ROWS: Final[Mapping[What, Callable[[Pipeline, Asked], list[Row]]]] = MappingProxyType(
    {What.LEDGER: _ledger, What.KRAKEN: _kraken, What.TRADES: _trades, What.LOTS: _lots}
)
