"""What the filters said of every pair, packed into a few kilobytes.

A pair's answers repeat the names and bounds of the filters over and over; packed, they take a
tenth of the room.
"""

import json
import zlib
from collections.abc import Mapping

from kraken_pipeline.domain.symbols import Asset, PairName
from kraken_pipeline.domain.universe import Judged
from kraken_pipeline.domain.universe_filters import Step, Verdict
from kraken_pipeline.domain.universe_standing import Standing


def pack(judged: Mapping[str, Judged]) -> bytes:
    """Write what was said of each pair."""
    rows = [
        [
            [each.name.pair, each.name.key, each.name.base, each.name.quote],
            [each.standing.fits, each.standing.contrary, each.standing.needed],
            [[step.name, step.code, step.found, step.asked, step.verdict] for step in each.steps],
        ]
        for each in judged.values()
    ]
    return zlib.compress(json.dumps(rows, separators=(",", ":"), ensure_ascii=False).encode())


def unpack(packed: bytes) -> dict[str, Judged]:
    """Read what `pack` wrote."""
    rows = json.loads(zlib.decompress(packed))
    return {
        pair: Judged(
            name=PairName(pair=pair, key=key, base=Asset(base), quote=Asset(quote)),
            standing=Standing(fits=fits, contrary=contrary, needed=needed),
            steps=tuple(
                Step(name=name, code=code, found=found, asked=asked, verdict=Verdict(verdict))
                for name, code, found, asked, verdict in steps
            ),
        )
        for (pair, key, base, quote), (fits, contrary, needed), steps in rows
    }
