"""`flatten`: end positions, with every step told."""

import os
import sys
from collections.abc import Mapping
from dataclasses import replace

from kraken_pipeline.cli.consent import Asked, actor, require_consent
from kraken_pipeline.cli.exits import Exit
from kraken_pipeline.cli.names import pair_named, require_known_strategy
from kraken_pipeline.cli.output import print_json
from kraken_pipeline.domain.lots import MANUAL
from kraken_pipeline.domain.money import plain
from kraken_pipeline.services.orders.flatten import Extent, Flattened, held_in
from kraken_pipeline.wiring.flattening import flatten_positions
from kraken_pipeline.wiring.pipeline import Pipeline, connect


def run_flatten(environ: Mapping[str, str], extent: Extent, asked: Asked) -> int:
    """Sell what the books of an extent hold, and print what came of it.

    Returns:
        0 when nothing is held any more that can be sold, 4 when something is, 5 when the fate of
        one of its orders is open.

    Raises:
        RefusedError: in live, and nobody agreed.
        UnknownNameError: there is no such pair or strategy, so that nothing would be sold.
    """
    pipeline = connect(environ)
    try:
        if extent.pair is not None:
            extent = replace(extent, pair=pair_named(pipeline, extent.pair))
        if extent.strategy_id is not None:
            require_known_strategy(pipeline, extent.strategy_id)
        if pipeline.is_live:
            require_consent(_effect(pipeline, extent), asked, word="flatten")
        done = flatten_positions(
            pipeline,
            extent,
            reason=asked.reason,
            owner=f"flatten-{actor()}-{os.getpid()}",
            tell=_tell,
        )
        kept = _kept(pipeline, extent)
    finally:
        pipeline.close()
    if asked.as_json:
        print_json({**_plain(done), "kept": kept})
    else:
        by_hand = [f"kept  {pair}: {qty} bought by hand" for pair, qty in kept.items()]
        sys.stdout.write("\n".join([*by_hand, *_lines(done)]) + "\n")
    if done.unknown:
        return Exit.UNKNOWN
    return Exit.DONE if done.is_done else Exit.REFUSED


def _effect(pipeline: Pipeline, extent: Extent) -> list[str]:
    held = held_in(pipeline.stores.books, extent)
    said = [f"sell {plain(each.qty)} of {each.pair} in {each.book}" for each in held]
    return ["cancel what buys or protects there", *said]


def _kept(pipeline: Pipeline, extent: Extent) -> dict[str, str]:
    """Return what was bought by hand and is no part of the extent: `flat` does not mean it."""
    return {
        each.pair: plain(each.qty)
        for each in pipeline.stores.books.positions()
        if each.qty and each.book == MANUAL and extent.pair in {None, each.pair}
        if not extent.manual
    }


def _tell(said: str) -> None:
    sys.stderr.write(f"{said}\n")


def _plain(done: Flattened) -> dict[str, object]:
    return {
        "done": done.is_done,
        "rounds": done.rounds,
        "sold": list(done.sold),
        "dust": dict(done.dust),
        "left": dict(done.left),
        "unknown": list(done.unknown),
    }


def _lines(done: Flattened) -> list[str]:
    if not done.rounds and done.is_done:
        return ["nothing to sell"]
    lines = [f"sold  {each}" for each in done.sold]
    lines += [f"dust  {place}: {qty} is too small to be sold" for place, qty in done.dust.items()]
    lines += [f"LEFT  {place}: {why}" for place, why in done.left.items()]
    lines += [f"UNKNOWN  {each}: its fate is open; run flatten again" for each in done.unknown]
    return [*lines, f"{'flat' if done.is_done else 'NOT flat'} after {done.rounds} rounds"]
