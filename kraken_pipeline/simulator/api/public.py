"""What is listed, the time, and the exchange's status.

Source: kraken/rest.md §4.
"""

from kraken_pipeline.simulator import wire
from kraken_pipeline.simulator.api import named
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.listing import Asset, Pair
from kraken_pipeline.simulator.params import Params

_PARTS = {
    "leverage": ("leverage_buy", "leverage_sell"),
    "fees": ("fees", "fees_maker", "fee_volume_currency"),
    "margin": ("margin_call", "margin_stop"),
}


def time(exchange: Exchange, params: Params) -> str:
    """Answer Time."""
    now = exchange.clock.now()
    rfc1123 = now.strftime("%a, %d %b %y %H:%M:%S +0000")
    return wire.text({"unixtime": int(now.timestamp()), "rfc1123": rfc1123})


def system_status(exchange: Exchange, params: Params) -> str:
    """Answer SystemStatus."""
    stamp = wire.iso_seconds(exchange.clock.now())
    return wire.text({"status": "online", "timestamp": stamp})


def assets(exchange: Exchange, params: Params) -> str:
    """Answer Assets."""
    listing = exchange.market.listing
    if params.text("aclass") not in {"", "currency"}:
        return "{}"
    asked = [named.found_asset(listing, name) for name in params.names("asset")]
    chosen = asked or listing.assets.values()
    return wire.text({named.asset_key(asset, params): _asset(asset) for asset in chosen})


def asset_pairs(exchange: Exchange, params: Params) -> str:
    """Answer AssetPairs; there are no tokenized assets here."""
    if params.text("aclass_base") not in {"", "currency"}:
        return "{}"
    listing = exchange.market.listing
    if "pair" in params:
        chosen = named.pairs(listing, params)
    else:
        display = named.by_display(params)
        chosen = {pair.display if display else pair.key: pair for pair in listing.pairs}
    names = _PARTS.get(params.text("info"))
    rows = {
        key: _pair(pair, params, exchange.status(pair, exchange.clock.now()))
        for key, pair in chosen.items()
    }
    if names:
        rows = {key: {name: row[name] for name in names} for key, row in rows.items()}
    return wire.text(rows)


def _asset(asset: Asset) -> dict[str, object]:
    return {
        "aclass": "currency",
        "altname": asset.altname,
        "decimals": asset.decimals,
        "display_decimals": asset.display_decimals,
        "status": asset.status,
    }


def _pair(pair: Pair, params: Params, status: str) -> dict[str, object]:
    return {
        "altname": pair.altname,
        "wsname": pair.wsname,
        "aclass_base": "currency",
        "base": named.asset_key(pair.base, params),
        "aclass_quote": "currency",
        "quote": named.asset_key(pair.quote, params),
        "lot": "unit" if pair.lot_decimals == wire.VOLUME_DECIMALS else "unit5",
        "cost_decimals": pair.cost_decimals,
        "pair_decimals": pair.pair_decimals,
        "lot_decimals": pair.lot_decimals,
        "lot_multiplier": 1,
        "leverage_buy": pair.leverage,
        "leverage_sell": pair.leverage,
        "fees": [],
        "fees_maker": [],
        "fee_volume_currency": "USD" if named.by_display(params) else "ZUSD",
        "margin_call": 80,
        "margin_stop": 40,
        "ordermin": wire.trimmed(pair.ordermin),
        "costmin": wire.trimmed(pair.costmin),
        "tick_size": wire.trimmed(pair.tick),
        "status": status,
        "execution_venue": "international",
    }
