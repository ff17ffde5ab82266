"""Ledger rows and what was known of assets, for tests of what the ledger means."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.accounting.lookup import Lookup
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.lots import Fill
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.symbols import Asset

NOON: Final = datetime(2026, 11, 2, 12, tzinfo=UTC)
WHOLES: Final = {"ZUSD": "USD", "XXBT": "XBT", "XETH": "ETH", "ADA": "ADA"}
PRICES: Final = {"USD": Decimal(1), "XBT": Decimal(50_000), "ADA": Decimal("0.4")}


def asset_of(bucket: str) -> Asset | None:
    stem, dot, suffix = bucket.partition(".")
    if dot and suffix not in {"S", "M", "F", "B"}:
        return None
    known = WHOLES.get(stem) or (stem if dot and stem in WHOLES.values() else None)
    return None if known is None else Asset(known)


def worth_of(asset: Asset, qty: Decimal) -> Decimal | None:
    return PRICES[asset] * qty if asset in PRICES else None


LOOKUP: Final = Lookup(at=NOON, asset_of=asset_of, worth_of=worth_of)


def row(entry_id: str, told: str, amount: str, asset: str = "ZUSD", **more: str) -> LedgerEntry:
    """Return an entry of a type and subtype as in `earn/reward`; `hours` and `fee` where given."""
    kind, _, subtype = told.partition("/")
    return LedgerEntry(
        entry_id=entry_id,
        refid=more.get("refid", f"R-{entry_id}"),
        type=kind,
        subtype=subtype,
        asset=asset,
        amount=Decimal(amount),
        fee=Decimal(more.get("fee", "0")),
        balance=Decimal(0),
        at=NOON + timedelta(hours=float(more.get("hours", "0"))),
    )


def trade(trade_id: str, side: Side, qty: str, cost: str, fee: str = "0") -> Fill:
    """Return a fill of XBTUSD."""
    return Fill(
        trade_id=trade_id,
        kraken_order_id="O1",
        pair="XBTUSD",
        side=side,
        price=Price(Decimal(cost) / Decimal(qty)),
        qty=Qty(Decimal(qty)),
        cost=Decimal(cost),
        fee=Decimal(fee),
        maker=False,
        at=NOON,
        quote_rate=Decimal(1),
        book="manual",
    )
