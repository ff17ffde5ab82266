"""What left and what came back of every call that can move money, written before it is acted on.

One line of JSON each, appended to a file per key. Nothing of the key stands in it: no header is
written, and fields that could open anything are left out.

Source: NET-9, INV-10.
"""

import hashlib
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

import msgspec

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.kraken.locks import opened

SECRET_FIELDS: Final = frozenset({"otp", "token", "password"})
HIDDEN: Final = "(hidden)"
LONGEST_BODY: Final = 4000
"""Bytes of an answer that are kept; the hash is of all of it."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """A call that leaves now."""

    method: str
    nonce: int
    params: Mapping[str, object]
    counters: Mapping[str, float]
    """Where Kraken's counters stand with it, by pair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """How it ended."""

    method: str
    nonce: int
    seconds: float
    """From when it left."""
    kind: str
    """`done`, or the kind of failure."""
    status: int | None
    """Of HTTP; None where nothing came back."""
    body: bytes


class Audit(Protocol):
    """Who keeps it."""

    def leaving(self, call: Leaving) -> None:
        """Keep a call before it leaves.

        Raises:
            ConfigurationError: it cannot be kept, so the call must not leave.
        """
        ...

    def arrived(self, answer: Arrived) -> None:
        """Keep an answer before anybody acts on it.

        Raises:
            ConfigurationError: it cannot be kept.
        """
        ...


class Unaudited:
    """Keeps nothing: for tests, and for panic, which nothing may stop."""

    def leaving(self, call: Leaving) -> None:
        """Keep nothing."""

    def arrived(self, answer: Arrived) -> None:
        """Keep nothing."""


UNAUDITED: Final = Unaudited()


class AuditLog:
    """Keeps it in a file."""

    def __init__(self, folder: Path, key_id: str, *, clock: Callable[[], int]) -> None:
        """Name the file; it is made with the first line.

        Args:
            folder: where it is.
            key_id: the key's name, `Credential.key_id`.
            clock: tells microseconds since 1970.
        """
        self._file = folder / f"audit-{key_id}.jsonl"
        self._clock = clock

    def leaving(self, call: Leaving) -> None:
        """Keep a call before it leaves; see `Audit`."""
        self._append({"event": "leaving", **asdict(call), "params": redacted(call.params)})

    def arrived(self, answer: Arrived) -> None:
        """Keep an answer before anybody acts on it; see `Audit`."""
        shown = answer.body[:LONGEST_BODY].decode("utf-8", "replace")
        digest = hashlib.sha256(answer.body).hexdigest()
        row = {**asdict(answer), "seconds": round(answer.seconds, 6)}
        self._append({"event": "arrived", **row, "body": shown, "sha256": digest})

    def _append(self, row: Mapping[str, object]) -> None:
        at = (EPOCH + timedelta(microseconds=self._clock())).isoformat(timespec="microseconds")
        line = msgspec.json.encode({"at": at, **row}) + b"\n"
        try:
            handle = opened(self._file, flags=os.O_APPEND)
            try:
                # in one piece, so that no other process writes between
                os.write(handle, line)
            finally:
                os.close(handle)
        except OSError as failure:
            raise ConfigurationError(
                f"the audit log {self._file} cannot be written: {failure}. Mend the folder, or "
                "free some space"
            ) from failure


def redacted(value: object) -> object:
    """Return what a call says without what could open anything, however deep it stands."""
    if isinstance(value, Mapping):
        return {
            str(name): HIDDEN if str(name).lower() in SECRET_FIELDS else redacted(each)
            for name, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [redacted(each) for each in value]
    return value if isinstance(value, bool | int | str | None) else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A call as it was kept: what left and, if anything did, what came back."""

    leaving: Mapping[str, object]
    arrived: Mapping[str, object] | None


def kept_calls(folder: Path, names: Collection[str]) -> tuple[Kept, ...]:
    """Return the calls that name one of these ids, whichever key made them, oldest first.

    Args:
        folder: where the files of all keys are.
        names: ids of an order; a call is taken if it, or its answer, holds one of them.
    """
    wanted = [each.encode() for each in names if each]
    found = [each for file in sorted(folder.glob("audit-*.jsonl")) for each in _kept(file, wanted)]
    return tuple(sorted(found, key=lambda each: str(each.leaving["at"])))


def _kept(file: Path, wanted: Sequence[bytes]) -> Iterator[Kept]:
    """Yield a key's calls; a line that a crash cut short holds no answer, and is passed over."""
    under_way: dict[object, tuple[Mapping[str, object], bool]] = {}
    with file.open("rb") as lines:
        for line in lines:
            is_meant = any(each in line for each in wanted)
            row = _row(line)
            if row.get("event") == "leaving":
                under_way[row.get("nonce")] = (row, is_meant)
            elif row.get("nonce") in under_way:
                leaving, was_meant = under_way.pop(row["nonce"])
                if is_meant or was_meant:
                    yield Kept(leaving=leaving, arrived=row)
    for leaving, was_meant in under_way.values():
        if was_meant:
            yield Kept(leaving=leaving, arrived=None)


def _row(line: bytes) -> dict[str, object]:
    try:
        row = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return {}
    return row if isinstance(row, dict) else {}
