"""Certificates of histories: a JSON file for each timeframe, beside the folders of its bars."""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from kraken_pipeline.domain.certificates import (
    Certificate,
    Difference,
    Source,
    Span,
    Stretch,
    absent,
)
from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.domain.timeframes import Timeframe

FOLDER: Final = "certificates"
_FORMAT: Final = 1
Identity = tuple[int, int, int]
"""A file as it was: which one, when it was changed, how long it is."""


class CertificateFiles:
    """Certificates under one folder. Any number of processes may read and write."""

    def __init__(self, root: Path) -> None:
        """Take the folder of the bars; it need not be there yet."""
        self._folder = root / FOLDER
        self._known: dict[str, tuple[Identity, Mapping[str, Certificate]]] = {}

    def of(self, frame: Timeframe) -> Mapping[str, Certificate]:
        """Return the certificate of each pair that has one.

        Raises:
            ConfigurationError: the file is torn or not ours.
        """
        path = self._path(frame)
        try:
            found = path.stat()
        except FileNotFoundError:
            return {}
        identity = found.st_ino, found.st_mtime_ns, found.st_size
        known = self._known.get(frame.name)
        if known is None or known[0] != identity:
            # read after it was looked at: should it change in between, it is read once more
            known = identity, self._read(path, frame)
            self._known[frame.name] = known
        return known[1]

    def _read(self, path: Path, frame: Timeframe) -> Mapping[str, Certificate]:
        try:
            told = json.loads(path.read_text())
            if told["format"] != _FORMAT:
                raise ConfigurationError(f"{path} is of a format that this version does not know")
            return {pair: _read(pair, frame, each) for pair, each in told["pairs"].items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigurationError(
                f"{path} cannot be read: {error}. Move it away and import again; nothing that is "
                "there will be added twice"
            ) from error

    def extend(
        self, frame: Timeframe, told: Iterable[tuple[str, Span, Iterable[Difference]]]
    ) -> None:
        """Add what sources told of pairs; the same told again changes nothing.

        After a crash the file is as it was before or as it is after.

        Raises:
            ConfigurationError: the file that is there is torn or not ours.
        """
        with self._changing(frame) as known:
            for pair, span, differences in told:
                found = known.get(pair) or Certificate(pair=pair, timeframe=frame.name)
                known[pair] = found.with_span(span, differences)

    def withdraw(
        self, frame: Timeframe, within: Stretch, present: Mapping[str, Sequence[Stretch]]
    ) -> None:
        """Take back what was said of bars that are absent, as they may have been lost.

        After a crash the file is as it was before or as it is after.

        Args:
            frame: the timeframe.
            within: where bars may have been lost.
            present: pair to where it has bars there, by time; a pair may lack.

        Raises:
            ConfigurationError: the file that is there is torn or not ours.
        """
        with self._changing(frame) as known:
            for pair, certificate in known.items():
                known[pair] = certificate.without(absent(present.get(pair, ()), within))

    def _path(self, frame: Timeframe) -> Path:
        return self._folder / f"{frame.name}.json"

    def _write(self, frame: Timeframe, known: Mapping[str, Certificate]) -> None:
        pairs = {pair: _written(each) for pair, each in sorted(known.items())}
        path = self._path(frame)
        temporary = path.with_suffix(".tmp")
        with temporary.open("w") as file:
            json.dump({"format": _FORMAT, "pairs": pairs}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    @contextmanager
    def _changing(self, frame: Timeframe) -> Iterator[dict[str, Certificate]]:
        """Give what is known, and write it where it was changed."""
        with self._locked(frame):
            known = dict(self.of(frame))
            before = dict(known)
            yield known
            if known != before:
                self._write(frame, known)

    @contextmanager
    def _locked(self, frame: Timeframe) -> Iterator[None]:
        """Let one writer at a time change a timeframe's; the lock dies with its process."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / f"{frame.name}.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _written(certificate: Certificate) -> dict[str, object]:
    return {
        "spans": [
            asdict(each) | {"fetched_at": each.fetched_at.isoformat()} for each in certificate.spans
        ],
        "differences": [asdict(each) for each in certificate.differences],
    }


def _read(pair: str, frame: Timeframe, told: Mapping[str, Any]) -> Certificate:
    return Certificate(
        pair=pair,
        timeframe=frame.name,
        spans=tuple(_span(each) for each in told["spans"]),
        differences=tuple(Difference(**each) for each in told["differences"]),
    )


def _span(told: Mapping[str, Any]) -> Span:
    return Span(
        first=int(told["first"]),
        until=int(told["until"]),
        source=Source(told["source"]),
        origin=told["origin"],
        fetched_at=datetime.fromisoformat(told["fetched_at"]),
    )
