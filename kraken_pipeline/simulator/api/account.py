"""What the account has: balances, orders, trades, ledger, fees, the key.

Source: kraken/rest.md §5 and §7.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from kraken_pipeline.simulator import collateral, wire
from kraken_pipeline.simulator.accounts import Account
from kraken_pipeline.simulator.api import named, order_shapes, shapes
from kraken_pipeline.simulator.api.paging import Page, newest_first, page
from kraken_pipeline.simulator.buckets import held_asset, underlying
from kraken_pipeline.simulator.engine import NOTHING
from kraken_pipeline.simulator.entries import Entry
from kraken_pipeline.simulator.events import OrderFilled
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.orders import Order
from kraken_pipeline.simulator.params import Params, RefusedError, invalid

MOST_ORDERS: Final = 50
MOST_ENTRIES: Final = 20
TRADE_TYPES: Final = frozenset({"all", "no position"})
POSITION_TYPES: Final = frozenset({"any position", "closed position", "closing position"})
"""Kinds of trades that a spot account has none of."""
LEDGER_TYPES: Final = frozenset({
    "all", "trade", "deposit", "withdrawal", "transfer", "margin", "adjustment", "rollover",
    "spend", "receive", "settled", "credit", "staking", "reward", "dividend", "sale", "conversion",
    "earn", "nfttrade", "nftcreatorfee", "nftrebate", "nft_rebate", "custodytransfer", "none",
})  # fmt: skip


def balance(exchange: Exchange, params: Params) -> str:
    """Answer Balance: with what orders hold, without assets of which there is nothing."""
    exchange.advance()
    listing, kept = exchange.market.listing, exchange.account.balances
    return wire.text(
        {
            bucket: wire.amount(value, held_asset(listing, bucket))
            for bucket, value in kept.items()
            if value
        }
    )


def balance_ex(exchange: Exchange, params: Params) -> str:
    """Answer BalanceEx."""
    exchange.advance()
    listing, held = exchange.market.listing, exchange.account.holds()
    rows = {}
    for bucket, value in exchange.account.balances.items():
        asset = held_asset(listing, bucket)
        rows[bucket] = {
            "balance": wire.amount(value, asset),
            "hold_trade": wire.amount(held.get(bucket, NOTHING), asset),
        }
    return wire.text(rows)


def trade_balance(exchange: Exchange, params: Params) -> str:
    """Answer TradeBalance: all at last prices, and what of it is collateral; no margin is used."""
    now = exchange.advance()
    listing = exchange.market.listing
    into = named.found_asset(listing, params.text("asset") or "ZUSD")
    unit = exchange.usd_value(into, Decimal(1), now)
    if not unit:
        raise RefusedError(named.UNKNOWN_ASSET)
    total = pledged = NOTHING
    for bucket, value in exchange.account.balances.items():
        asset = underlying(listing, bucket)
        worth = (exchange.usd_value(asset, value, now) if asset else None) or NOTHING
        total += worth
        if asset and asset.altname in collateral.TERMS:
            pledged += worth * collateral.TERMS[asset.altname].value
    same = dict.fromkeys(("tb", "e", "mf", "mfo"), wire.fixed(pledged / unit, 4))
    same["eb"] = wire.fixed(total / unit, 4)
    none = dict.fromkeys(("m", "uv", "n", "c", "v"), "0.0000")
    order = ("eb", "tb", "m", "uv", "n", "c", "v", "e", "mf", "mfo")
    return wire.text({name: (same | none)[name] for name in order})


def open_orders(exchange: Exchange, params: Params) -> str:
    """Answer OpenOrders, newest first."""
    exchange.advance()
    found = [o for o in exchange.account.open.values() if _is_asked(o, params)]
    return wire.text({"open": _orders(exchange.account, reversed(found), params)})


def closed_orders(exchange: Exchange, params: Params) -> str:
    """Answer ClosedOrders."""
    exchange.advance()
    account = exchange.account
    ended = [o for o in account.orders.values() if o.ended and _is_asked(o, params)]
    which = params.text("closetime") or "both"
    if which not in {"open", "close", "both"}:
        raise invalid("closetime")

    def moment(order: Order) -> datetime:
        return order.opened if which == "open" else order.ended or order.opened

    found = page(newest_first(ended, moment), params, moment, _opening_of(account))
    return wire.text(_paged("closed", _orders(account, found.rows, params), found, params))


def query_orders(exchange: Exchange, params: Params) -> str:
    """Answer QueryOrders: an id that was never issued is just absent."""
    exchange.advance()
    asked = params.names("txid")
    if not asked and "cl_ord_id" not in params:
        raise invalid("txid")
    if len(asked) > MOST_ORDERS:
        raise invalid()
    known = exchange.account.orders
    chosen = [known[each] for each in asked if each in known] if asked else list(known.values())
    found = [order for order in chosen if _is_asked(order, params)]
    return wire.text(_orders(exchange.account, found, params))


def trades_history(exchange: Exchange, params: Params) -> str:
    """Answer TradesHistory: a taker's fills of one moment as one trade, unless told not to."""
    exchange.advance()
    kind = params.text("type") or "all"
    if kind not in TRADE_TYPES | POSITION_TYPES:
        raise invalid("type")
    account = exchange.account
    fills = list(account.trades.values()) if kind in TRADE_TYPES else []
    if params.flag("consolidate_taker", default=True):
        fills = shapes.consolidated(fills)
    by_time = newest_first(fills, lambda fill: fill.at)
    found = page(by_time, params, lambda fill: fill.at, _moment_of(account.trades))
    rows = {fill.trade_id: shapes.trade(account, fill, params) for fill in found.rows}
    return wire.text(_paged("trades", rows, found, params))


def query_trades(exchange: Exchange, params: Params) -> str:
    """Answer QueryTrades, with the single fills."""
    exchange.advance()
    known = exchange.account.trades
    asked = _ids(params, "txid")
    found = [known[each] for each in asked if each in known]
    return wire.text({f.trade_id: shapes.trade(exchange.account, f, params) for f in found})


def ledgers(exchange: Exchange, params: Params) -> str:
    """Answer Ledgers."""
    exchange.advance()
    account = exchange.account
    names = [name for name in params.names("asset") if name != "all"]
    assets = {named.found_bucket(exchange.account, name) for name in names}
    kind = params.text("type") or "all"
    if kind not in LEDGER_TYPES:
        raise invalid("type")
    aclass = params.text("aclass")
    entries = account.entries()
    if assets or kind != "all" or aclass not in {"", "currency"}:
        entries = [
            entry
            for entry in entries
            if (not assets or entry.asset in assets)
            and kind in {"all", entry.type}
            and aclass in {"", "currency", entry.aclass}
        ]
    found = page(entries, params, lambda entry: entry.at, _moment_of(account.ledger))
    rows = {entry.id: shapes.entry(account, entry) for entry in found.rows}
    return wire.text(_paged("ledger", rows, found, params))


def query_ledgers(exchange: Exchange, params: Params) -> str:
    """Answer QueryLedgers."""
    exchange.advance()
    known = exchange.account.ledger
    asked = _ids(params, "id")
    found = [known[each] for each in asked if each in known]
    return wire.text({entry.id: shapes.entry(exchange.account, entry) for entry in found})


def open_positions(exchange: Exchange, params: Params) -> str:
    """Answer OpenPositions: there never are any, which is a list when they are consolidated."""
    return "[]" if params.text("consolidation") == "market" else "{}"


def trade_volume(exchange: Exchange, params: Params) -> str:
    """Answer TradeVolume: the account's volume and, for pairs that are named, its fees."""
    now = exchange.advance()
    if params.text("fee_schedule") not in {"", "true", "false"}:
        raise invalid()
    volume = exchange.account.volume_usd(now)
    asked = _volume_pairs(exchange, params)
    answer: dict[str, object] = {
        "currency": "ZUSD",
        "asset_class": "currency",
        "volume": wire.fixed(volume, 4),
        "inputs": {
            "domain_spot_volume_30d": wire.fixed(volume, 4),
            "domain_futures_volume_30d": "0.0000",
            "domain_assets_on_platform": "0.0000",
        },
    }
    for name, kind in (("fees", "taker"), ("fees_maker", "maker")):
        rows = {key: shapes.fee(pair, volume, kind) for key, pair in asked.items()}
        answer[name] = rows or None
    if params.text("fee_schedule") == "true":
        answer["schedules"] = [shapes.schedule(key, pair, volume) for key, pair in asked.items()]
    return wire.text(answer)


def _volume_pairs(exchange: Exchange, params: Params) -> Mapping[str, Pair]:
    """Return the pairs of a TradeVolume call: names, or objects with an `asset`.

    A form carries a list of objects as JSON text.
    """
    listed = params.raw("pair")
    if isinstance(listed, str) and listed.lstrip().startswith("["):
        try:
            listed = json.loads(listed)
        except ValueError as wrong:
            raise invalid("pair") from wrong
    if isinstance(listed, list):
        names = [item.get("asset", "") if isinstance(item, dict) else item for item in listed]
        return named.pairs(exchange.market.listing, Params({"pair": names}))
    return named.pairs(exchange.market.listing, params)


def _ids(params: Params, name: str) -> list[str]:
    asked = params.names(name)
    if not asked or len(asked) > MOST_ENTRIES:
        raise invalid(name)
    return asked


def _is_asked(order: Order, params: Params) -> bool:
    if "cl_ord_id" in params and order.cl_ord_id != params.text("cl_ord_id"):
        return False
    return "userref" not in params or order.userref == params.integer("userref")


def _orders(account: Account, orders: Iterable[Order], params: Params) -> dict[str, object]:
    with_trades = params.flag("trades")
    return {
        order.id: order_shapes.order(account, order, with_trades=with_trades) for order in orders
    }


def _opening_of(account: Account) -> Callable[[str], datetime | None]:
    def opening(identity: str) -> datetime | None:
        order = account.orders.get(identity)
        return order.opened if order else None

    return opening


def _moment_of(
    known: Mapping[str, OrderFilled] | Mapping[str, Entry],
) -> Callable[[str], datetime | None]:
    def moment(identity: str) -> datetime | None:
        found = known.get(identity)
        return found.at if found else None

    return moment


def _paged(
    name: str, rows: Mapping[str, object], found: Page[object], params: Params
) -> dict[str, object]:
    if params.flag("without_count"):
        return {name: rows}
    return {name: rows, "count": found.count}
