"""The exported trades and ledger: a table of text in a zip archive.

Source: the columns of Kraken's exported files. The exported ledger has rows that Ledgers does not
show: an announcement without id and balance before the row of some deposits.
"""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from kraken_pipeline.simulator import wire
from kraken_pipeline.simulator.accounts import Account
from kraken_pipeline.simulator.bookings import Booking, ExportAsked
from kraken_pipeline.simulator.buckets import held_asset
from kraken_pipeline.simulator.catalog import FIAT
from kraken_pipeline.simulator.entries import Entry
from kraken_pipeline.simulator.events import OrderFilled
from kraken_pipeline.simulator.fees import fee_in_quote

LEDGER_FIELDS: Final = (
    "txid", "refid", "time", "type", "subtype", "aclass", "subclass", "asset", "wallet", "amount",
    "fee", "balance",
)  # fmt: skip
TRADE_FIELDS: Final = (
    "txid", "ordertxid", "pair", "time", "type", "ordertype", "price", "cost", "fee", "vol",
    "margin", "misc", "ledgers",
)  # fmt: skip
FIELDS: Final = {"ledgers": LEDGER_FIELDS, "trades": TRADE_FIELDS}
DELIMITERS: Final = {"CSV": ",", "TSV": "\t"}
_FIXED_DATE: Final = (1980, 1, 1, 0, 0, 0)
"""Archives of the same rows are the same bytes."""


def archive(account: Account, asked: ExportAsked) -> bytes:
    """Return a report as a zip archive with one file."""
    rows = _trades(account, asked) if asked.report == "trades" else _ledger(account, asked)
    chosen = asked.fields or FIELDS[asked.report]
    table = io.StringIO()
    writer = csv.writer(table, delimiter=DELIMITERS[asked.format], quoting=csv.QUOTE_ALL)
    writer.writerow(chosen)
    writer.writerows([row[name] for name in chosen] for row in rows)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        name = f"{asked.report}.{asked.format.lower()}"
        file.writestr(zipfile.ZipInfo(name, _FIXED_DATE), table.getvalue())
    return packed.getvalue()


def _ledger(account: Account, asked: ExportAsked) -> Iterator[dict[str, str]]:
    rows: list[tuple[datetime, Entry | Booking]] = list(account.announced)
    rows += [(entry.at, entry) for entry in account.ledger.values()]
    for at, row in sorted(rows, key=lambda each: each[0]):
        if asked.start <= at <= asked.end and asked.asset in {"all", row.asset}:
            yield _ledger_row(account, at, row)


def _ledger_row(account: Account, at: datetime, row: Entry | Booking) -> dict[str, str]:
    asset = held_asset(account.listing, row.asset)
    return {
        "txid": row.id,
        "refid": row.refid,
        "time": _moment(at),
        "type": row.type,
        "subtype": row.subtype,
        "aclass": row.aclass,
        "subclass": "fiat" if asset.altname in FIAT else "crypto",
        "asset": asset.altname,
        "wallet": "spot / main",
        "amount": wire.amount(row.amount, asset),
        "fee": wire.amount(row.fee, asset),
        "balance": wire.amount(row.balance, asset) if isinstance(row, Entry) else "",
    }


def _trades(account: Account, asked: ExportAsked) -> Iterator[dict[str, str]]:
    for fill in account.trades.values():
        if asked.start <= fill.at <= asked.end:
            yield _trade_row(account, fill)


def _trade_row(account: Account, fill: OrderFilled) -> dict[str, str]:
    order = account.orders[fill.order_id]
    pair = account.pair_of(order)
    decimals = wire.cost_decimals(pair)
    return {
        "txid": fill.trade_id,
        "ordertxid": order.id,
        "pair": pair.key,
        "time": f"{_moment(fill.at)}.{fill.at.microsecond // 100:04d}",
        "type": str(order.side),
        "ordertype": order.ordertype,
        "price": wire.fixed(fill.price, decimals),
        "cost": wire.fixed(fill.cost, decimals),
        "fee": wire.fixed(fee_in_quote(fill, pair, in_base=order.fee_in_base), decimals),
        "vol": wire.fixed(fill.qty, pair.lot_decimals),
        "margin": wire.fixed(0, decimals),
        "misc": "",
        "ledgers": ",".join(account.entries_of(fill)),
    }


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")
