"""What a pair's status means for what is held of it: whether it can be left, and how (UNI-8)."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.lots import DUST, Position
from kraken_pipeline.domain.money import plain

UNLISTED: Final = "not listed"
"""Stands for the status of a pair that the exchange does not list any more."""


class Way(StrEnum):
    """How a holding of a pair can be left."""

    SALE = "sale"
    """At the market, within the bound of slippage."""
    REST = "rest"
    """By an order that rests until somebody takes it."""
    SHUT = "shut"
    """Not at all, for now."""


WAYS: Final[Mapping[str, Way]] = MappingProxyType(
    {
        "online": Way.SALE,
        "reduce_only": Way.SALE,
        "limit_only": Way.SALE,
        "post_only": Way.REST,
    }
)
"""Status to the way that it leaves open. Whatever is not here leaves none: `cancel_only`,
`maintenance`, `work_in_progress`, `delisted`, and what nobody knows yet.

Source: F-EXC-2; docs.kraken.com, instrument channel, `status`.
"""
_SAID: Final[Mapping[Way, str]] = MappingProxyType(
    {
        Way.SALE: "while that is allowed `kraken-pipeline flatten --pair {pair}` sells it",
        Way.REST: "only an order that rests can sell it: place one at the exchange by hand",
        Way.SHUT: "it can't be sold for now, and is valued only as long as somebody quotes it",
    }
)


def way_out(status: str) -> Way:
    """Return how a holding can be left under a status."""
    return WAYS.get(status, Way.SHUT)


def restriction(pair: str, status: str) -> str:
    """Return why nothing of a pair is opened, and how what is held of it can be left.

    Args:
        pair: our name.
        status: in Kraken's words, or `UNLISTED`.
    """
    return f"status={status}; {_SAID[way_out(status)].format(pair=pair)}"


def proposal(pair: str, status: str, held: Iterable[Position]) -> str:
    """Return in one sentence what is held of a restricted pair, and what can be done about it."""
    shown = [each for each in held if each.qty and each.book != DUST]
    if not shown:
        return f"status={status}; nothing is held of it"
    holdings = ", ".join(f"{plain(each.qty)} in {each.book}" for each in shown)
    return f"{restriction(pair, status)} (held: {holdings})"
