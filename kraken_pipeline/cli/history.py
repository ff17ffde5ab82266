"""`history import`, `history show` and `history gaps`."""

import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Final

from kraken_pipeline.cli.exits import Exit
from kraken_pipeline.cli.names import stored_pair
from kraken_pipeline.cli.output import print_json, print_rows
from kraken_pipeline.domain.certificates import Covered, Difference, Gap
from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.domain.speeds import Speed, Work
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.domain.timeframes import timeframe as frame_named
from kraken_pipeline.services.bars.archive import FileResult, ImportDesk, Imported, import_files
from kraken_pipeline.services.bars.coverage import Coverage, coverage
from kraken_pipeline.services.bars.renamed_history import FollowedCertificates, FollowedStretches
from kraken_pipeline.settings import Loaded, load, prepare_data_dir
from kraken_pipeline.settings.aliases import aliases
from kraken_pipeline.store.bar_csv import CandleFiles
from kraken_pipeline.store.certificates import CertificateFiles
from kraken_pipeline.store.speeds import SpeedFile
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.histories import history_store
from kraken_pipeline.wiring.modes import SIMULATED, claim_data_dir, destination, world_of

MOST_SHOWN: Final = 20
"""Differences that are printed to a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which files; an empty set means all."""

    pairs: frozenset[str]
    frames: frozenset[str]


def run_import(environ: Mapping[str, str], path: Path, wanted: Wanted, *, as_json: bool) -> Exit:
    """Bring in files and print what became of each; 2 where one was refused.

    Raises:
        ConfigurationError: the bars here are of a market that we made up.
        InvalidValueError: nothing there can be taken, or a timeframe is none.
    """
    for name in wanted.frames:
        frame_named(name)
    loaded = load(environ)
    prepare_data_dir(loaded)
    began = perf_counter()
    made = bring_in(loaded, path, wanted)
    rows = sum(each.rows for each in made.files)
    speed = Speed(at=system_now(), done=rows, seconds=perf_counter() - began)
    if rows:
        SpeedFile(loaded.bars_dir).note(Work.IMPORT, speed)
    if as_json:
        print_json(_document(made, speed))
    else:
        _show(made, speed)
    return Exit.USAGE if made.refused else Exit.DONE


def bring_in(loaded: Loaded, path: Path, wanted: Wanted) -> Imported:
    """Bring in files, and say on stderr how far it is.

    Raises:
        ConfigurationError: the bars here are of a market that we made up.
        InvalidValueError: nothing there can be taken.
    """
    _require_real_market(loaded)
    now, began = system_now(), perf_counter()
    with closing(CandleFiles(path, now=now)) as files:
        desk = ImportDesk(
            files=files,
            bars=history_store(loaded),
            certificates=CertificateFiles(loaded.bars_dir),
            progress=lambda done, due, rows: _say(began, done, due, rows),
        )
        return import_files(desk, now=now, pairs=wanted.pairs, frames=wanted.frames)


def show_coverage(environ: Mapping[str, str], pair: str | None, *, as_json: bool) -> None:
    """Print what is stored of one pair or of all.

    Raises:
        UnknownNameError: nothing is stored of it.
    """
    bars, certificates = _opened(environ)
    if pair is not None:
        pair = stored_pair(environ, bars, pair)
    found = [
        each
        for frame in TIMEFRAMES.values()
        for each in coverage(bars, certificates, frame, pair=pair)
    ]
    if as_json:
        print_json([_coverage(each) for each in found])
        return
    print_rows("history", [_row(each) for each in found], nothing="no bar is stored")
    if pair is not None:
        rows = [
            {"timeframe": each.timeframe} | _source(one) for each in found for one in each.covered
        ]
        print_rows("sources", rows, nothing="")
        unlike = [
            {"timeframe": each.timeframe} | _difference(one)
            for each in found
            for one in each.differences
        ]
        print_rows(
            f"told differently, the first {min(len(unlike), MOST_SHOWN)} of {len(unlike)}",
            unlike[:MOST_SHOWN],
            nothing="no two sources differ",
        )


def show_gaps(environ: Mapping[str, str], pair: str, timeframe: str, *, as_json: bool) -> None:
    """Print what is missing of a pair on a timeframe.

    Raises:
        UnknownNameError: nothing is stored of the pair, or there is no such timeframe.
    """
    frame = frame_named(timeframe)
    bars, certificates = _opened(environ)
    pair = stored_pair(environ, bars, pair)
    rows = [
        _gap(gap) for each in coverage(bars, certificates, frame, pair=pair) for gap in each.gaps
    ]
    if as_json:
        print_json(rows)
    else:
        print_rows(f"missing of {pair} {frame.name}", rows, nothing="nothing is missing")


def _opened(environ: Mapping[str, str]) -> tuple[FollowedStretches, FollowedCertificates]:
    loaded = load(environ)
    known = aliases(loaded.settings)
    return (
        FollowedStretches(history_store(loaded), known),
        FollowedCertificates(CertificateFiles(loaded.bars_dir), known),
    )


def _require_real_market(loaded: Loaded) -> None:
    """Refuse to put the exchange's history beside bars of a made-up market.

    Raises:
        ConfigurationError: it would be put there.
    """
    world = world_of(loaded.settings, is_kraken=destination(loaded).is_kraken)
    if world == SIMULATED:
        raise ConfigurationError(
            "these settings trade on a market that is made up, and real candles would stand "
            "beside its own: set paper.market: kraken, and KRAKEN_PIPELINE_DATA_DIR to a folder "
            "that has no books of the made-up market"
        )
    claim_data_dir(loaded.data_dir, world)


def _say(began: float, done: int, due: int, rows: int) -> None:
    """Say on stderr how far an import is, and how long the rest will take at this pace."""
    seconds = perf_counter() - began
    left = seconds * (due - done) / max(done, 1)
    end = "\r" if sys.stderr.isatty() and done < due else "\n"
    sys.stderr.write(f"  {rows} candles, {100 * done // max(due, 1)} %, {left:.0f} s left{end}")
    sys.stderr.flush()


def _show(made: Imported, speed: Speed) -> None:
    print_rows("imported", [_result(each) for each in made.files], nothing="")
    for name, why in made.skipped.items():
        sys.stdout.write(f"passed over: {name}: {why}\n")
    for each in made.refused:
        sys.stdout.write(f"refused: {each.refused}\n")
    differing = sum(each.admitted.differing for each in made.files)
    where = ", see `history show PAIR`" if differing else ""
    sys.stdout.write(
        f"{made.added} new bars of {speed.done} read in {speed.seconds:.1f} s, "
        f"{speed.a_second:.0f} a second; {differing} are told differently from what is "
        f"stored{where}\n"
    )


def _result(each: FileResult) -> dict[str, object]:
    return {
        "file": each.file.name,
        "pair": each.file.pair,
        "timeframe": each.file.frame.name,
        "source": each.file.source.value,
        "read": each.rows,
        "added": each.admitted.added,
        "same": each.admitted.same,
        "differing": each.admitted.differing,
        "notes": "refused" if each.refused else "; ".join(each.notes),
    }


def _document(made: Imported, speed: Speed) -> dict[str, object]:
    return {
        "added": made.added,
        "seconds": speed.seconds,
        "candles_a_second": speed.a_second,
        "files": [_result(each) | {"refused": each.refused} for each in made.files],
        "skipped": dict(made.skipped),
    }


def _row(each: Coverage) -> dict[str, object]:
    missing = ", ".join(f"{count} {reason.value}" for reason, count in each.missing.items())
    return {
        "pair": each.pair,
        "timeframe": each.timeframe,
        "bars": each.bars,
        "first": _moment(each.first),
        "should_reach": _moment(each.until),
        "sources": ", ".join(sorted({one.source.value for one in each.covered})),
        "missing": missing or "nothing",
        "differing": len({one.opened_at for one in each.differences}),
    }


def _coverage(each: Coverage) -> dict[str, object]:
    return {
        "pair": each.pair,
        "timeframe": each.timeframe,
        "bars": each.bars,
        "first": _moment(each.first),
        "should_reach": _moment(each.until),
        "covered": [_source(one) for one in each.covered],
        "missing": {reason.value: count for reason, count in each.missing.items()},
        "differences": [_difference(one) for one in each.differences],
    }


def _source(each: Covered) -> dict[str, object]:
    return {
        "first": _moment(each.first),
        "until": _moment(each.until),
        "source": each.source.value,
        "file": each.origin,
        "fetched_at": each.fetched_at,
    }


def _difference(each: Difference) -> dict[str, object]:
    return asdict(each) | {"opened_at": _moment(each.opened_at)}


def _gap(each: Gap) -> dict[str, object]:
    return {
        "first": _moment(each.first),
        "until": _moment(each.until),
        "bars": each.bars,
        "reason": each.reason.value,
    }


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)
