"""`history chart`: pictures of what is stored, as files."""

import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kraken_pipeline.cli.names import stored_pair
from kraken_pipeline.cli.output import print_json
from kraken_pipeline.defs import plots
from kraken_pipeline.domain.errors import ConfigurationError, UnknownNameError
from kraken_pipeline.domain.timeframes import EPOCH, TIMEFRAMES, last_close, months, stretch_of
from kraken_pipeline.domain.timeframes import timeframe as frame_named
from kraken_pipeline.services.bars.completeness import Kept, kept, shares
from kraken_pipeline.settings import load
from kraken_pipeline.store.bar_archive import HistoryBarStore
from kraken_pipeline.store.certificates import CertificateFiles
from kraken_pipeline.wiring.histories import history_store


def run(
    environ: Mapping[str, str],
    out: Path,
    pair: str | None,
    timeframe: str | None,
    *,
    as_json: bool,
) -> None:
    """Write a picture of coverage and one of candles for each timeframe that has bars.

    Args:
        environ: the environment.
        out: a folder; it is made if it is not there.
        pair: whose candles; none takes the pair with most bars.
        timeframe: only this one; none takes all.
        as_json: name the files as a JSON list instead of one a line.

    Raises:
        UnknownNameError: nothing is stored of the pair, or there is no such timeframe.
        ConfigurationError: the folder cannot be written.
    """
    frames = TIMEFRAMES.values() if timeframe is None else (frame_named(timeframe),)
    loaded = load(environ)
    bars, certificates = history_store(loaded), CertificateFiles(loaded.bars_dir)
    if pair is not None:
        pair = stored_pair(environ, bars, pair)
    made = []
    for frame in frames:
        of = kept(bars, certificates, frame, sorted(bars.newest(frame)))
        made += [_written(out, name, picture) for name, picture in _pictures(bars, of, pair)]
    if not made:
        raise UnknownNameError("no bar is stored; `history import` and `history fetch` bring some")
    if as_json:
        print_json([str(each) for each in made])
    else:
        sys.stdout.write("".join(f"{each}\n" for each in made))


def _pictures(bars: HistoryBarStore, of: Kept, pair: str | None) -> Iterator[tuple[str, bytes]]:
    frame, spans = of.frame, [each for present in of.present.values() for each in present]
    if not spans:
        return
    until = EPOCH + timedelta(seconds=max(each[1] for each in spans))
    coverage = _coverage(of, min(each[0] for each in spans), until)
    if coverage is not None:
        yield f"coverage-{frame.name}", coverage
    shown = pair or max(of.present, key=lambda each: _stored(of, each))
    if shown not in of.present:
        return
    read = bars.read(frame, (shown,), closed_by=until, count=plots.CANDLES)
    candles = plots.candles(read, shown)
    if candles is not None:
        yield f"candles-{shown}-{frame.name}", candles


def _coverage(of: Kept, first: int, until: datetime) -> bytes | None:
    names = list(months(datetime.fromtimestamp(first, tz=UTC), until))
    due = int((last_close(of.frame, until) - EPOCH).total_seconds())
    told = shares(of, [stretch_of(each) for each in names], due)
    return plots.coverage(told, names, title=f"{of.frame.name} bars, by month")


def _stored(of: Kept, pair: str) -> int:
    return sum(until - first for first, until in of.present[pair])


def _written(out: Path, name: str, picture: bytes) -> Path:
    path = out / f"{name}.png"
    try:
        out.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error
    return path
