"""The specifications of the assets and pairs that the simulator knows of.

Figures that were seen on the exchange stand in `catalog.txt`; the others are derived from the price
and the daily volume in the way that the seen ones show: five significant digits of price, an order
of about five dollars at least.

Source: kraken/rest.md §2-4 and the AssetPairs rows recorded on 2026-09-19.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Final

from kraken_pipeline.simulator.listing import Asset, Pair

FIAT: Final = ("USD", "EUR", "GBP", "CAD", "JPY", "AUD", "CHF")
STABLE: Final = frozenset({
    "USDT", "USDC", "DAI", "PYUSD", "RLUSD", "USD1", "USDE", "USDS", "USDG", "USDQ", "USDR",
    "TUSD", "USDD", "EURC", "EURR", "EUROP", "EURQ",
})  # fmt: skip
"""Assets that follow a currency: their pairs have the fee schedule of their own."""
LEGACY: Final = frozenset({
    "XBT", "ETH", "LTC", "XRP", "XDG", "XLM", "XMR", "ZEC", "ETC", "REP", "MLN",
})  # fmt: skip
EIGHT: Final = frozenset({
    "XRP", "XDG", "XLM", "USDT", "USDC", "ADA", "XTZ", "ATOM", "ALGO", "TRX", "KAVA",
})  # fmt: skip
"""Assets counted in 8 decimals instead of 10."""
UNIT5: Final = frozenset({
    "0G", "TAO", "ZETA", "XU3O8", "XPL", "ASTER", "WLFI", "HYPE",
})  # fmt: skip
MARGIN_USD: Final = 30_000_000.0
"""Pairs that trade more than this a day, USD, are listed with leverage."""

COSTMIN: Final[Mapping[str, str]] = {
    "USD": "0.5", "EUR": "0.45", "GBP": "0.43", "CAD": "1", "JPY": "50",
    "USDT": "0.5", "USDC": "0.5", "XBT": "0.00002", "ETH": "0.0002",
}  # fmt: skip
COST_DECIMALS: Final[Mapping[str, int]] = {
    "XRPUSD": 8, "ADAUSD": 6, "ADAEUR": 6, "XLMUSD": 8, "XMRUSD": 8, "ETCUSD": 8, "TAOUSD": 8,
    "USDCUSD": 8, "ZETAUSD": 8, "XRPEUR": 8, "SOLUSDC": 6, "SOLUSDT": 6, "XMRUSDT": 6,
    "XDGUSDC": 9, "XDGUSDT": 9, "AAVEXBT": 7, "LTCXBT": 8, "XMRXBT": 8, "SOLXBT": 9, "XDGXBT": 9,
    "XLMXBT": 9, "XRPXBT": 9,
}  # fmt: skip
PAIR_DECIMALS: Final[Mapping[str, int]] = {
    "XDGUSDC": 5, "XDGUSDT": 5, "LTCXBT": 6, "XMRXBT": 6,
}  # fmt: skip
"""Where fewer decimals were seen than follow from the price."""
USUAL_COST_DECIMALS: Final = 5
QUOTES: Final[tuple[tuple[str, int, float], ...]] = (
    ("EUR", 75, 0.35), ("USDT", 30, 0.2), ("USDC", 25, 0.12), ("XBT", 25, 0.05), ("ETH", 12, 0.02),
)  # fmt: skip
"""Other quotes: how many of the most traded assets have one, and its share of their volume."""
CANCEL_ONLY: Final = frozenset({
    "ACA", "KEEP", "MIR", "OMG", "REPV2", "YFII",
})  # fmt: skip
POST_ONLY: Final = frozenset({
    "USDR", "EUROP", "ALKIMI",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is known or derived of an asset."""

    ticker: str
    usd: float
    """Price in USD: where the made-up market begins."""
    daily_usd: float
    pair_decimals: int
    ordermin: Decimal


@cache
def figures() -> Mapping[str, Figures]:
    """Return the figures of every asset of the catalog by ticker."""
    return {entry.ticker: entry for entry in _entries()}


def _entries() -> Iterator[Figures]:
    text = files("kraken_pipeline.simulator").joinpath("catalog.txt").read_text(encoding="ascii")
    for line in text.splitlines():
        words = line.split()
        if line.startswith("#"):
            continue
        if words[1][0].isdigit() and words[1].replace(".", "").isdigit():
            yield _entry(*words)
        else:
            yield from (_entry(ticker) for ticker in words)


def _entry(
    ticker: str, usd: str = "-", daily: str = "-", decimals: str = "-", ordermin: str = "-"
) -> Figures:
    digest = hashlib.sha256(ticker.encode()).digest()
    shares = [byte / 256 for byte in digest[:2]]
    price = float(usd) if usd != "-" else float(f"{10 ** (5 * shares[0] - 4):.3g}")
    return Figures(
        ticker=ticker,
        usd=price,
        daily_usd=float(daily) if daily != "-" else 10 ** (3.6 + 3.2 * shares[1]),
        pair_decimals=int(decimals) if decimals != "-" else decimals_for(price),
        ordermin=Decimal(ordermin) if ordermin != "-" else _round_volume(5 / price),
    )


def decimals_for(price: float) -> int:
    """Return the price decimals that give five significant digits, between 1 and 11."""
    return min(max(4 - math.floor(math.log10(price)), 1), 11)


def _round_volume(volume: float) -> Decimal:
    digits = math.floor(math.log10(volume))
    return max(round(Decimal(f"{volume:.12f}"), 1 - digits), Decimal("0.00001")).normalize()


def asset(ticker: str) -> Asset:
    """Return the asset of a ticker; one the catalog does not know is a coin of 10 decimals."""
    if ticker in FIAT:
        decimals = 2 if ticker == "JPY" else 4
        identity = ticker if ticker == "CHF" else f"Z{ticker}"
        return Asset(id=identity, altname=ticker, decimals=decimals, display_decimals=2)
    decimals = 5 if ticker in UNIT5 else 8 if ticker in EIGHT else 10
    return Asset(
        id=f"X{ticker}" if ticker in LEGACY else ticker,
        altname=ticker,
        decimals=decimals,
        display_decimals=5 if ticker not in STABLE else 4,
    )


def _key(base: Asset, quote: Asset) -> str:
    if (base.altname, quote.altname) == ("USDT", "USD"):
        return base.id + quote.id
    both_legacy = base.id != base.altname and quote.id != quote.altname
    if both_legacy and (base.altname, quote.altname) != ("XDG", "USD"):
        return base.id + quote.id
    return base.altname + quote.altname


def usd_price(ticker: str) -> float:
    """Return the price in USD that the catalog gives a ticker."""
    return 1.0 if ticker == "USD" else figures()[ticker].usd


def derived(ticker: str, *, usd: float, daily_base: float, pair_decimals: int) -> Figures:
    """Return figures for an asset that the catalog does not know, from what was seen of it.

    Args:
        ticker: its altname.
        usd: its price in USD.
        daily_base: how many of it trade in a day.
        pair_decimals: decimals of its prices.
    """
    return Figures(
        ticker=ticker,
        usd=usd,
        daily_usd=max(usd * daily_base, 1.0),
        pair_decimals=pair_decimals,
        ordermin=_round_volume(5 / usd),
    )


def pair(base: str, quote: str, *, share: float = 1.0) -> Pair:
    """Return a pair of the catalog.

    Args:
        base: ticker of an asset of the catalog.
        quote: ticker of an asset of the catalog, or USD.
        share: which part of the base's daily volume trades in this quote, 0 to 1.
    """
    return pair_of(figures()[base], quote, share=share)


def pair_of(known: Figures, quote: str, *, share: float = 1.0) -> Pair:
    """Return the pair of an asset and a quote; see `pair`."""
    first, second = asset(known.ticker), asset(quote)
    near_dollar = quote in FIAT or quote in STABLE
    price = known.usd / usd_price(quote)
    pair_decimals = known.pair_decimals if near_dollar else min(decimals_for(price), 9)
    pair_decimals = PAIR_DECIMALS.get(known.ticker + quote, pair_decimals)
    lot_decimals = first.decimals if known.ticker in UNIT5 else 8
    daily_usd = known.daily_usd * share
    daily_base = max(daily_usd / known.usd, 1.0)
    return Pair(
        key=_key(first, second),
        base=first,
        quote=second,
        pair_decimals=pair_decimals,
        price_decimals=pair_decimals,
        lot_decimals=lot_decimals,
        volume_decimals=min(max(14 - math.ceil(math.log10(daily_base)), 0), lot_decimals),
        cost_decimals=_cost_decimals(known.ticker + quote, pair_decimals, near_dollar=near_dollar),
        ordermin=known.ordermin,
        costmin=Decimal(COSTMIN[quote]),
        status=_status(known.ticker, quote),
        leverage=tuple(range(2, 11)) if daily_usd > MARGIN_USD else (),
        daily_usd=daily_usd,
        quote_usd=usd_price(quote),
    )


def _cost_decimals(altname: str, pair_decimals: int, *, near_dollar: bool) -> int:
    if altname in COST_DECIMALS:
        return COST_DECIMALS[altname]
    if not near_dollar:
        return 10
    return USUAL_COST_DECIMALS if pair_decimals <= USUAL_COST_DECIMALS else 8


def _status(base: str, quote: str) -> str:
    if base in CANCEL_ONLY:
        return "cancel_only"
    return "post_only" if base in POST_ONLY and quote == "USD" else "online"


def made_up_pairs() -> tuple[Pair, ...]:
    """Return the pairs of the made-up market: all in USD, the most traded in other quotes too."""
    by_volume = sorted(figures().values(), key=lambda entry: -entry.daily_usd)
    pairs = [pair(entry.ticker, "USD") for entry in by_volume]
    for quote, how_many, share in QUOTES:
        others = [e.ticker for e in by_volume if e.ticker not in STABLE and e.ticker not in FIAT]
        candidates = [ticker for ticker in others if usd_price(ticker) < usd_price(quote)]
        chosen = candidates if quote in {"XBT", "ETH"} else others
        pairs += [pair(ticker, quote, share=share) for ticker in chosen[:how_many]]
    return tuple(sorted(pairs, key=lambda each: each.key))
