"""Rows that two sources tell of the same bars, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kraken_pipeline.domain.bars import Admitted
from kraken_pipeline.domain.certificates import MOST_DIFFERENCES
from kraken_pipeline.domain.money import plain
from kraken_pipeline.store.arrow import integers, numbers
from kraken_pipeline.store.bar_amounts import words
from kraken_pipeline.store.bar_parts import AMOUNTS

Ints = NDArray[np.int64]
NOTHING: Final = Admitted(added=0, same=0, differing=0, differences=())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """Rows that were told, beside those that are there. pyarrow ships no types."""

    fresh: Any
    """Those that are new."""
    changed: Any
    """Those that differ from what is there."""
    stale: Any
    """What is there in their place, row by row."""
    admitted: Mapping[str, Admitted]
    """What becomes of each pair's if what is there stays."""


def split(told: Any, kept: Any) -> Split:  # noqa: ANN401 - as above
    """Compare rows with those that are there.

    Args:
        told: rows as `bar_parts.SCHEMA` has them; no bar twice.
        kept: rows that are there; no bar twice.
    """
    names = told.column("pair").combine_chunks().dictionary.to_pylist()
    own, theirs = _keys(told, names), _keys(kept, names)
    order = np.argsort(theirs, kind="stable")
    if len(order):
        place = order[np.minimum(np.searchsorted(theirs[order], own), len(order) - 1)]
        is_known = theirs[place] == own
    else:
        place, is_known = np.zeros(len(own), dtype=np.int64), np.zeros(len(own), dtype=bool)
    fresh = told.take(integers(np.flatnonzero(~is_known)))
    again = told.take(integers(np.flatnonzero(is_known)))
    found = kept.take(integers(place[is_known]))
    unlike = _unlike(again, found)
    differs = np.logical_or.reduce(list(unlike.values()))
    places = integers(np.flatnonzero(differs))
    return Split(
        fresh=fresh,
        changed=again.take(places),
        stale=found.take(places),
        admitted=_admitted(names, fresh, _Pairwise(again, found, unlike, differs)),
    )


def added_all(told: Any) -> dict[str, Admitted]:  # noqa: ANN401 - as above
    """Return what became of rows that are new, all of them."""
    names = told.column("pair").combine_chunks().dictionary.to_pylist()
    counts = np.bincount(_codes(told), minlength=len(names)).tolist()
    return {name: replace(NOTHING, added=added) for name, added in zip(names, counts, strict=True)}


def of_pairs(table: Any, like: Any) -> Any:  # noqa: ANN401 - as above
    """Return the rows of the pairs that some other rows are of."""
    wanted = set(like.column("pair").combine_chunks().dictionary.to_pylist())
    pairs = table.column("pair").combine_chunks()
    is_wanted = np.array([each in wanted for each in pairs.dictionary.to_pylist()], dtype=bool)
    return table.take(integers(np.flatnonzero(is_wanted[numbers(pairs.indices)])))


def together(parts: Sequence[Mapping[str, Admitted]]) -> dict[str, Admitted]:
    """Add up what became of rows that were written in several pieces."""
    found: dict[str, Admitted] = {}
    for part in parts:
        for pair, more in part.items():
            before = found.get(pair, NOTHING)
            found[pair] = Admitted(
                added=before.added + more.added,
                same=before.same + more.same,
                differing=before.differing + more.differing,
                differences=(*before.differences, *more.differences)[:MOST_DIFFERENCES],
            )
    return found


class _Pairwise(NamedTuple):
    """Rows of the same bars, and what differs."""

    again: Any
    found: Any
    unlike: Mapping[str, NDArray[np.bool_]]
    differs: NDArray[np.bool_]


def _admitted(names: Sequence[str], fresh: Any, both: _Pairwise) -> dict[str, Admitted]:  # noqa: ANN401 - as above
    codes = _codes(both.again)
    counts = {
        "added": np.bincount(_codes(fresh), minlength=len(names)),
        "same": np.bincount(codes[~both.differs], minlength=len(names)),
        "differing": np.bincount(codes[both.differs], minlength=len(names)),
    }
    return {
        name: Admitted(
            **{what: int(count[code]) for what, count in counts.items()},
            differences=_differences(both, codes == code),
        )
        for code, name in enumerate(names)
    }


def _differences(both: _Pairwise, own: NDArray[np.bool_]) -> tuple[tuple[int, str, str, str], ...]:
    if not (both.differs & own).any():
        return ()
    told = []
    for name, differs in both.unlike.items():
        rows = integers(np.flatnonzero(differs & own)[:MOST_DIFFERENCES])
        opened = both.again.column("opened_at").take(rows).to_pylist()
        kept, other = (
            each.column(name).take(rows).to_pylist() for each in (both.found, both.again)
        )
        told += [
            (at, name, _text(a), _text(b)) for at, a, b in zip(opened, kept, other, strict=True)
        ]
    return tuple(sorted(told)[:MOST_DIFFERENCES])


def _unlike(one: Any, other: Any) -> dict[str, NDArray[np.bool_]]:  # noqa: ANN401 - as above
    """Return for each field which rows differ in it; a number of trades that nobody told is any."""
    unlike = {
        name: (words(one.column(name)) != words(other.column(name))).any(axis=1) for name in AMOUNTS
    }
    trades = numbers(one.column("trades")), numbers(other.column("trades"))
    known = (trades[0] >= 0) & (trades[1] >= 0)
    unlike["trades"] = known & (trades[0] != trades[1])
    return unlike


def _codes(table: Any) -> Ints:  # noqa: ANN401 - as above
    return np.asarray(numbers(table.column("pair").combine_chunks().indices), dtype=np.int64)


def _keys(table: Any, names: Sequence[str]) -> Ints:  # noqa: ANN401 - as above
    """Return a number for each row's bar; -1 where its pair is not among the names."""
    pairs = table.column("pair").combine_chunks()
    places = {name: place for place, name in enumerate(names)}
    own = np.array([places.get(each, -1) for each in pairs.dictionary.to_pylist()], dtype=np.int64)
    codes = own[numbers(pairs.indices)] if len(own) else np.zeros(0, dtype=np.int64)
    keys = numbers(table.column("opened_at")) * len(names) + codes
    return np.where(codes >= 0, keys, -1)


def _text(value: Any) -> str:  # noqa: ANN401 - as above
    return str(value) if isinstance(value, int) else plain(value)
