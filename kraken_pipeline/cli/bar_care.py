"""`history verify`, `history repair` and `history compact`."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from kraken_pipeline.cli.exits import Exit
from kraken_pipeline.cli.output import print_json, print_rows
from kraken_pipeline.domain.bars import Damage, Verified
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.services.bars.repair import repair
from kraken_pipeline.settings import load
from kraken_pipeline.store.certificates import CertificateFiles
from kraken_pipeline.wiring.histories import kept_store


def run_verify(environ: Mapping[str, str], *, as_json: bool) -> Exit:
    """Read every byte that is stored and print what is damaged; 6 where something is."""
    bars = kept_store(load(environ))
    found = [bars.verify(frame) for frame in TIMEFRAMES.values()]
    if as_json:
        print_json([asdict(each) for each in found])
    else:
        _show(found)
        if _damages(found):
            sys.stdout.write("`kraken-pipeline history repair` takes out what is damaged\n")
    return Exit.DRIFT if _damages(found) else Exit.DONE


def run_repair(environ: Mapping[str, str], *, as_json: bool) -> None:
    """Take out what is damaged, and print what that was.

    Raises:
        ConfigurationError: the list of what is stored is damaged, which only a copy can mend.
    """
    loaded = load(environ)
    bars, certificates = kept_store(loaded), CertificateFiles(loaded.bars_dir)
    found = [repair(bars, certificates, frame) for frame in TIMEFRAMES.values()]
    if as_json:
        print_json([asdict(each) for each in found])
        return
    _show(found)
    if _damages(found):
        sys.stdout.write(
            "taken out; its bars are missing now, and `kraken-pipeline history fetch` brings them "
            "back. Start anew what is running\n"
        )


def run_compact(environ: Mapping[str, str], *, as_json: bool) -> None:
    """Merge what is stored into as few parts as fit in memory, and print how many fewer.

    Raises:
        ConfigurationError: a part is damaged.
    """
    bars = kept_store(load(environ))
    rows = [
        {"timeframe": frame.name, "fewer_parts": bars.compact(frame)}
        for frame in TIMEFRAMES.values()
    ]
    if as_json:
        print_json(rows)
    else:
        print_rows("compacted", rows, nothing="")


def _show(found: Sequence[Verified]) -> None:
    rows = [
        asdict(each) | {"damages": len(each.damages)}
        for each in found
        if each.parts or each.damages
    ]
    print_rows("verified", rows, nothing="no bar is stored")
    for each in _damages(found):
        sys.stdout.write(f"damaged: {each.timeframe} {each.month} {each.part}: {each.why}\n")


def _damages(found: Sequence[Verified]) -> list[Damage]:
    return [damage for each in found for damage in each.damages]
