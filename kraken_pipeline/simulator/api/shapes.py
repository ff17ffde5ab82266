"""Trades, ledger entries and fees as the answers show them."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from kraken_pipeline.simulator import fees, wire
from kraken_pipeline.simulator.accounts import Account
from kraken_pipeline.simulator.api.order_shapes import traded_as
from kraken_pipeline.simulator.buckets import held_asset
from kraken_pipeline.simulator.engine import NOTHING
from kraken_pipeline.simulator.entries import Entry
from kraken_pipeline.simulator.events import OrderFilled
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.params import Params

NO_POSITION = "TKH2SE-M7IF5-CFI7LT"
"""The `postxid` of spot trades: a placeholder that is always the same."""


def _step(decimals: int) -> Decimal:
    return Decimal(1).scaleb(-decimals)


def consolidated(fills: Iterable[OrderFilled]) -> list[OrderFilled]:
    """Return fills with those that one taker made at once put together, under the first's id."""
    together: dict[str, OrderFilled] = {}
    for fill in fills:
        first = together.get(fill.first_trade_id)
        if first is None:
            together[fill.first_trade_id] = fill
            continue
        qty, cost = first.qty + fill.qty, first.cost + fill.cost
        together[fill.first_trade_id] = replace(
            first, qty=qty, cost=cost, fee=first.fee + fill.fee, price=cost / qty
        )
    return list(together.values())


def trade(account: Account, fill: OrderFilled, params: Params) -> dict[str, object]:
    """Return a trade as TradesHistory and QueryTrades show it."""
    order = account.orders[fill.order_id]
    pair = account.pair_of(order)
    decimals = wire.cost_decimals(pair)
    price = fill.price.quantize(_step(decimals), rounding=ROUND_HALF_UP)
    shown: dict[str, object] = {
        "ordertxid": order.id,
        "postxid": NO_POSITION,
        "pair": pair.key,
        "aclass": "forex",
        "time": wire.seconds(fill.at),
        "type": str(order.side),
        "ordertype": traded_as(order),
        "price": wire.fixed(price, decimals),
        "cost": wire.fixed(fill.cost, decimals),
        "fee": wire.fixed(fees.fee_in_quote(fill, pair, in_base=order.fee_in_base), decimals),
        "vol": wire.fixed(fill.qty, pair.lot_decimals),
        "margin": wire.fixed(NOTHING, decimals),
        "leverage": "0",
        "misc": "",
        "trade_id": fill.number,
        "maker": fill.maker,
    }
    if params.flag("ledgers"):
        shown["ledgers"] = account.entries_of(fill)
    return shown


def entry(account: Account, entry: Entry) -> dict[str, object]:
    """Return a ledger entry."""
    asset = held_asset(account.listing, entry.asset)
    return {
        "aclass": entry.aclass,
        "amount": wire.amount(entry.amount, asset),
        "asset": entry.asset,
        "balance": wire.amount(entry.balance, asset),
        "fee": wire.amount(entry.fee, asset),
        "refid": entry.refid,
        "time": wire.seconds(entry.at),
        "type": entry.type,
        "subtype": entry.subtype,
    }


def _rate(tier: fees.Tier, kind: str) -> Decimal:
    return tier.maker if kind == "maker" else tier.taker


def fee(pair: Pair, volume: Decimal, kind: str) -> dict[str, str | None]:
    """Return a pair's maker or taker fee as TradeVolume shows it: percent, 4 decimals."""
    tiers = fees.schedule(pair)
    held = fees.tier(pair, volume)
    after = tiers[tiers.index(held) + 1 :]
    return {
        "fee": wire.fixed(_rate(held, kind), 4),
        "minfee": wire.fixed(_rate(tiers[-1], kind), 4),
        "maxfee": wire.fixed(_rate(tiers[0], kind), 4),
        "nextfee": wire.fixed(_rate(after[0], kind), 4) if after else None,
        "tiervolume": wire.fixed(held.volume, 4),
        "nextvolume": wire.fixed(after[0].volume, 4) if after else None,
    }


def schedule(key: str, pair: Pair, volume: Decimal) -> dict[str, object]:
    """Return a pair's whole fee schedule."""
    held = fees.tier(pair, volume)
    return {
        "pair": key,
        "class": "pegged" if fees.schedule(pair) is fees.PEGGED else "crypto",
        "tiers": [
            {
                "maker_fee": wire.fixed(tier.maker, 4),
                "taker_fee": wire.fixed(tier.taker, 4),
                "min_spot_volume": wire.fixed(tier.volume, 4),
                "min_futures_volume": None,
                "min_assets_on_platform": None,
                "active": tier is held,
            }
            for tier in fees.schedule(pair)
        ],
    }
