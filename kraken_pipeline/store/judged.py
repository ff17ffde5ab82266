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
            _standing_row(each.standing),
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
            standing=_standing_of(*standing),
            steps=tuple(
                Step(name=name, code=code, found=found, asked=asked, verdict=Verdict(verdict))
                for name, code, found, asked, verdict in steps
            ),
        )
        for (pair, key, base, quote), standing, steps in rows
    }


def _standing_row(standing: Standing) -> list[object]:
    return [standing.fits, standing.contrary, standing.needed, standing.is_open]


# an older program did not write whether nothing was said of the pair yet
def _standing_of(
    fits: bool,  # noqa: FBT001 - the parts of a row, in their order
    contrary: int,
    needed: int,
    is_open: bool = False,  # noqa: FBT001, FBT002 - as above
) -> Standing:
    return Standing(fits=fits, contrary=contrary, needed=needed, is_open=is_open)
