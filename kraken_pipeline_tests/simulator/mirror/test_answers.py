"""Public calls of a mirror: what the other exchange says, and never as newer than it is."""

import json
from typing import Any

import pytest

from kraken_pipeline.simulator.auth import Key
from kraken_pipeline.simulator.params import Params, RefusedError
from kraken_pipeline.simulator.service import Service
from kraken_pipeline_tests.simulator.mirror.conftest import PAIR, Glass, silence

Json = Any  # answers have as many shapes as there are methods


def asked(glass: Glass, method: str, **params: object) -> Json:
    """Return the result of a public method of the mirror."""
    return json.loads(glass.mirror.public[method](glass.exchange, Params(params)))


def theirs(glass: Glass, method: str, **params: object) -> Json:
    """Return the result of a public method of the mirrored exchange itself."""
    service = Service(glass.upstream.exchange, Key(name="other", secret=b"none"))
    return json.loads(service.public(method, Params(params)).content)["result"]


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("SystemStatus", {}),
        ("Assets", {}),
        ("Assets", {"asset": "XBT,USD", "assetVersion": "1"}),
        ("AssetPairs", {}),
        ("AssetPairs", {"pair": "XBTUSD", "info": "leverage"}),
        ("Ticker", {}),
        ("Ticker", {"pair": "XBT/USD"}),
        ("OHLC", {"pair": "XBTUSD", "interval": 60}),
        ("Depth", {"pair": "XBT/USD", "count": 3}),
        ("Depth", {"pair": "XBTUSD"}),
        ("GroupedBook", {"pair": "XBTUSD", "depth": 10, "grouping": 5}),
        ("Trades", {"pair": "XBTUSD", "count": 5}),
        ("Trades", {"pair": "XBTUSD", "since": 0, "count": 3}),
        ("Spread", {"pair": "XBTUSD"}),
        ("Time", {}),
    ],
)
def test_an_answer_is_that_of_the_mirrored_exchange(
    glass: Glass, method: str, params: dict[str, object]
) -> None:
    assert asked(glass, method, **params) == theirs(glass, method, **params)


def test_a_refusal_is_that_of_the_mirrored_exchange(glass: Glass) -> None:
    with pytest.raises(RefusedError, match="EQuery:Unknown asset pair"):
        asked(glass, "Ticker", pair="NOPE")


def test_while_nobody_answers_what_has_a_time_is_answered_with_it(glass: Glass) -> None:
    """F-EVT-5: a market that has gone silent shows its age."""
    known = {
        method: asked(glass, method, pair=PAIR) for method in ("Depth", "Trades", "OHLC", "Spread")
    }
    silence(glass.upstream)
    glass.turn(minutes=5)

    for method, before in known.items():
        assert asked(glass, method, pair=PAIR) == before


@pytest.mark.parametrize("method", ["Ticker", "SystemStatus"])
def test_while_nobody_answers_what_has_no_time_is_soon_refused(glass: Glass, method: str) -> None:
    """F-EVT-5: nobody could see that such an answer is old."""
    before = asked(glass, method)
    silence(glass.upstream)
    glass.turn(seconds=9)
    assert asked(glass, method) == before
    glass.turn(seconds=2)

    with pytest.raises(RefusedError, match="EService:Unavailable"):
        asked(glass, method)


def test_what_was_never_answered_is_refused(glass: Glass) -> None:
    silence(glass.upstream)

    with pytest.raises(RefusedError, match="EService:Unavailable"):
        asked(glass, "OHLC", pair="XBTUSD")
