"""Public calls, answered with what the mirrored exchange says: its shapes, its times.

What has a time of its own is answered however old it is, with that time. What has none is refused
once it is old, as Kraken refuses where it can't tell: nobody could see that it is.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from types import MappingProxyType
from typing import Final

from kraken_pipeline.simulator import wire
from kraken_pipeline.simulator.api import named, public
from kraken_pipeline.simulator.api.books import MAX_LEVELS
from kraken_pipeline.simulator.api.methods import Answer
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.mirror.depths import STALE
from kraken_pipeline.simulator.mirror.follower import depth_params
from kraken_pipeline.simulator.mirror.source import Said, Source
from kraken_pipeline.simulator.mirror.upstream import (
    METHODS,
    RefusedUpstreamError,
    UpstreamError,
)
from kraken_pipeline.simulator.params import Params, RefusedError, invalid

UNAVAILABLE: Final = "EService:Unavailable"
PATIENCE: Final = 5.0
"""Seconds that a call may wait for its turn to be asked on."""
USUAL: Final = timedelta(seconds=1)
AGES: Final[Mapping[str, timedelta]] = MappingProxyType(
    {"Assets": timedelta(minutes=10), "AssetPairs": timedelta(minutes=1)}
)
"""How old an answer may be without being asked for again, where it is not the usual."""
UNDATED: Final = frozenset({"SystemStatus", "Ticker", "GroupedBook"})
"""What shows no time and changes all the time."""
PARAMS: Final = (
    *("pair", "asset", "aclass", "aclass_base", "asset_class", "assetVersion", "info"),
    *("country_code", "execution_venue", "interval", "since", "count", "depth", "grouping"),
)
"""What is asked on; any other parameter is left out."""


def answers(source: Source) -> Mapping[str, Answer]:
    """Return the public methods of a mirror; the time is its own."""
    passed = {method: partial(_passed, source, method) for method in sorted(METHODS)}
    return MappingProxyType({**passed, "Depth": partial(_depth, source), "Time": public.time})


def _passed(source: Source, method: str, exchange: Exchange, params: Params) -> str:
    asked = {name: params.text(name) for name in PARAMS if name in params}
    return wire.text(_said(source, method, asked).result)


def _depth(source: Source, exchange: Exchange, params: Params) -> str:
    """Answer Depth out of the book that orders meet, so that it is asked for once."""
    key, pair = named.one_market(exchange.market.listing, params)
    count = params.integer("count", default=100)
    if not 1 <= count <= MAX_LEVELS:
        raise invalid("count")
    result = _said(source, "Depth", depth_params(pair.key)).result
    books = list(result.values()) if isinstance(result, dict) else []
    cut = {side: rows[:count] for side, rows in books[0].items()} if books else {}
    return wire.text({key: cut})


def _said(source: Source, method: str, asked: Mapping[str, str]) -> Said:
    """Return what is answered to a question.

    Raises:
        RefusedError: the question is refused, or nothing fit to be answered is known.
    """
    max_age = AGES.get(method, USUAL)
    try:
        source.refresh(method, asked, max_age=max_age, patience=PATIENCE)
    except RefusedUpstreamError as refusal:
        raise RefusedError(str(refusal)) from refusal
    except UpstreamError as trouble:
        found = source.said(method, asked)
        if found is None or (method in UNDATED and source.age(found) > STALE):
            raise RefusedError(UNAVAILABLE) from trouble
        return found
    found = source.said(method, asked)
    if found is None:
        raise RefusedError(UNAVAILABLE)
    return found
