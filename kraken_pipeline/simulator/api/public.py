"""What is listed, the time, and the exchange's status.

Source: kraken/rest.md §4.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from kraken_pipeline.simulator import collateral, wire
from kraken_pipeline.simulator.api import named
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.listing import Asset, Listing, Pair
from kraken_pipeline.simulator.params import Params, invalid

_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "leverage": ("leverage_buy", "leverage_sell"),
    "fees": ("fees", "fees_maker", "fee_volume_currency"),
    "margin": ("margin_call", "margin_stop"),
}
_INFOS: Final = frozenset({"", "info", *_PARTS})
_COUNTRY: Final = re.compile(r"([A-Z]{2}(:[A-Z0-9]{1,3})?)?")
_VENUES: Final = frozenset({"international", "bitnomial_exchange"})
LARGEST_POSITION: Final = 1_000_000
"""How many smallest orders the largest margin position is told to be: about as was seen."""


def time(exchange: Exchange, params: Params) -> str:
    """Answer Time."""
    now = exchange.clock.now()
    rfc1123 = now.strftime("%a, %d %b %y %H:%M:%S +0000")
    return wire.text({"unixtime": int(now.timestamp()), "rfc1123": rfc1123})


def system_status(exchange: Exchange, params: Params) -> str:
    """Answer SystemStatus."""
    stamp = wire.iso_seconds(exchange.clock.now())
    return wire.text({"status": exchange.account.system, "timestamp": stamp})


def assets(exchange: Exchange, params: Params) -> str:
    """Answer Assets."""
    listing, display = exchange.market.listing, named.by_display(params)
    if not named.is_listed_class(params, "aclass"):
        return "{}"
    asked = params.names("asset")
    if not asked:
        return _all_assets(listing, display=display)
    return _assets([named.found_asset(listing, name) for name in asked], display=display)


def asset_pairs(exchange: Exchange, params: Params) -> str:
    """Answer AssetPairs; there are no tokenized assets here, and all pairs trade everywhere."""
    info = params.text("info")
    if info not in _INFOS:
        raise invalid("info")
    if not _COUNTRY.fullmatch(params.text("country_code")):
        raise invalid("country_code")
    venues = set(params.names("execution_venue"))
    if not venues <= _VENUES:
        raise invalid("execution_venue")
    if not named.is_listed_class(params, "aclass_base") or venues == {"bitnomial_exchange"}:
        return "{}"
    listing, now, display = exchange.market.listing, exchange.clock.now(), named.by_display(params)
    chosen = named.pairs(listing, params) if "pair" in params else None
    pairs = listing.pairs if chosen is None else chosen.values()
    statuses = tuple(exchange.status(pair, now) for pair in pairs)
    if chosen is None:
        return _all_pairs(listing, statuses, info, display=display)
    return _pairs(chosen, statuses, info, display=display)


@lru_cache(maxsize=4)
def _all_assets(listing: Listing, *, display: bool) -> str:
    return _assets(listing.assets.values(), display=display)


def _assets(chosen: Iterable[Asset], *, display: bool) -> str:
    rows = {named.asset_key(asset, display=display): _asset(asset) for asset in chosen}
    return wire.text(rows)


@lru_cache(maxsize=8)
def _all_pairs(listing: Listing, statuses: tuple[str, ...], info: str, *, display: bool) -> str:
    chosen = {pair.display if display else pair.key: pair for pair in listing.pairs}
    return _pairs(chosen, statuses, info, display=display)


def _pairs(chosen: Mapping[str, Pair], statuses: Iterable[str], info: str, *, display: bool) -> str:
    rows = {
        key: _pair(pair, status, display=display)
        for (key, pair), status in zip(chosen.items(), statuses, strict=True)
    }
    names = _PARTS.get(info)
    if names:
        rows = {key: {name: row[name] for name in names} for key, row in rows.items()}
    return wire.text(rows)


def _asset(asset: Asset) -> dict[str, object]:
    row: dict[str, object] = {
        "aclass": "currency",
        "altname": asset.altname,
        "decimals": asset.decimals,
        "display_decimals": asset.display_decimals,
    }
    pledged = collateral.TERMS.get(asset.altname)
    if pledged is None:
        return row | {"status": asset.status}
    row |= {"collateral_value": float(pledged.value), "status": asset.status}
    return row | {"margin_rate": str(pledged.margin_rate)}


def _pair(pair: Pair, status: str, *, display: bool) -> dict[str, object]:
    row: dict[str, object] = {
        "altname": pair.altname,
        "wsname": pair.wsname,
        "aclass_base": "currency",
        "base": named.asset_key(pair.base, display=display),
        "aclass_quote": "currency",
        "quote": named.asset_key(pair.quote, display=display),
        "lot": "unit" if pair.lot_decimals == wire.VOLUME_DECIMALS else "unit5",
        "cost_decimals": pair.cost_decimals,
        "pair_decimals": pair.pair_decimals,
        "lot_decimals": pair.lot_decimals,
        "lot_multiplier": 1,
        "leverage_buy": pair.leverage,
        "leverage_sell": pair.leverage,
        "fees": [],
        "fees_maker": [],
        "fee_volume_currency": "USD" if display else "ZUSD",
        "margin_call": 80,
        "margin_stop": 40,
        "ordermin": wire.trimmed(pair.ordermin),
        "costmin": wire.trimmed(pair.costmin),
        "tick_size": wire.trimmed(pair.tick),
        "status": status,
        "execution_venue": "international",
    }
    if pair.leverage:
        largest = int(pair.ordermin * LARGEST_POSITION)
        row |= {"long_position_limit": largest, "short_position_limit": largest}
    return row
