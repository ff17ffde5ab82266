"""What is known of an asset's history, whatever the asset was called (UNI-9, HIS-3).

The bars of the old name stand for those that the new one lacks; see `renamed_bars`. So does what is
certified of them, up to when the alias counts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from kraken_pipeline.domain.certificates import Certificate, Stretch, joined
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.renames import Alias, in_force
from kraken_pipeline.domain.timeframes import EPOCH, Timeframe
from kraken_pipeline.services.bars.coverage import NO_CERTIFICATE, Bars, Certificates

_FAR: datetime = datetime.max.replace(tzinfo=UTC)


class FollowedCertificates:
    """Certificates in which a pair begins where the pair of its asset's old name began."""

    def __init__(self, certificates: Certificates, aliases: Sequence[Alias]) -> None:
        """Read through, with the aliases that there are, of whatever date."""
        self._certificates = certificates
        self._aliases = tuple(in_force(aliases, _FAR).values())

    def of(self, frame: Timeframe) -> Mapping[str, Certificate]:
        """Return the certificate of each pair that has one, under this name or an old one."""
        told = self._certificates.of(frame)
        found = dict(told)
        for old, new, alias in _followed(told, self._aliases):
            own = found.get(new, replace(NO_CERTIFICATE, pair=new, timeframe=frame.name))
            found[new] = _with_former(own, told[old], _end(frame, alias))
        return found


class FollowedStretches:
    """Where pairs have bars, counting those of their assets' old names."""

    def __init__(self, bars: Bars, aliases: Sequence[Alias]) -> None:
        """Read through, with the aliases that there are, of whatever date."""
        self._bars = bars
        self._aliases = tuple(in_force(aliases, _FAR).values())

    def newest(self, frame: Timeframe) -> Mapping[str, datetime]:
        """Return the open time of each pair's newest bar."""
        return self._bars.newest(frame)

    def stretches(
        self, frame: Timeframe, pairs: Sequence[str]
    ) -> Mapping[str, tuple[Stretch, ...]]:
        """Return where each pair has bars without a hole, by time."""
        former = [
            (old, new, _end(frame, alias))
            for old, new, alias in _followed(self._bars.newest(frame), self._aliases)
            if new in pairs
        ]
        names = dict.fromkeys([*pairs, *(old for old, _, _ in former)])
        told = self._bars.stretches(frame, list(names))
        found = {pair: told[pair] for pair in pairs}
        for old, new, end in former:
            before = [(first, min(until, end)) for first, until in told[old] if first < end]
            found[new] = joined([*before, *found[new]])
        return found


def former_pairs(
    pairs: Iterable[Pair], listed: Mapping[str, Pair], aliases: Sequence[Alias]
) -> Mapping[str, tuple[Pair, datetime]]:
    """Return the pairs of old names that the exchange lists still, and until when each counts."""
    found = {}
    for pair in pairs:
        for name, alias in former_names(pair, aliases):
            if name in listed:
                found[name] = listed[name], alias.since
    return found


def former_names(pair: Pair, aliases: Sequence[Alias]) -> tuple[tuple[str, Alias], ...]:
    """Return how a pair was called before, with the alias that ended each name."""
    return tuple(
        (f"{alias.old}{pair.quote}", alias)
        for alias in in_force(aliases, _FAR).values()
        if alias.new == pair.base
    )


def _followed(
    known: Mapping[str, object], aliases: Sequence[Alias]
) -> Iterator[tuple[str, str, Alias]]:
    """Yield each known pair of an asset that has another name by now, and that pair's name."""
    for alias in aliases:
        for old in known:
            if old.startswith(alias.old):
                yield old, f"{alias.new}{old[len(alias.old) :]}", alias


def _end(frame: Timeframe, alias: Alias) -> int:
    """Return when the last bar of the old name that counts is over, Unix seconds."""
    return int((alias.since - EPOCH).total_seconds()) // frame.seconds * frame.seconds


def _with_former(own: Certificate, former: Certificate, end: int) -> Certificate:
    spans = [replace(each, until=min(each.until, end)) for each in former.spans if each.first < end]
    differences = [each for each in former.differences if each.opened_at < end]
    return replace(
        own,
        spans=tuple(sorted([*spans, *own.spans], key=lambda each: (each.first, each.until))),
        differences=tuple(sorted([*differences, *own.differences])),
    )
