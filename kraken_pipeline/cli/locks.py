"""`locks list` and `locks clear`."""

import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from kraken_pipeline.cli.consent import Asked, actor, require_consent
from kraken_pipeline.cli.names import pair_named
from kraken_pipeline.cli.output import print_json, print_rows
from kraken_pipeline.domain.errors import InvalidValueError, UnknownNameError
from kraken_pipeline.domain.locks import CODES, Lock
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.locking import clear_locks, locks_in_force
from kraken_pipeline.wiring.pipeline import Pipeline, connect


def now_in_the_books(pipeline: Pipeline) -> datetime:
    """Return the present of the account, without asking the exchange.

    A simulator may live at another time than this machine: there it is when it was last read.
    """
    snapshot = None if pipeline.is_live else pipeline.stores.books.latest_snapshot()
    return system_now() if snapshot is None else snapshot.at


def list_locks(environ: Mapping[str, str], *, as_json: bool) -> None:
    """Print what keeps pairs from being opened now."""
    pipeline = connect(environ)
    try:
        rows = [_row(each) for each in locks_in_force(pipeline, now_in_the_books(pipeline))]
    finally:
        pipeline.close()
    if as_json:
        print_json(rows)
    else:
        print_rows("locks", rows, nothing="no lock")


def clear_some(
    environ: Mapping[str, str], asked: Asked, *, lock: str | None, pair: str | None
) -> None:
    """Clear locks and print which.

    Raises:
        InvalidValueError: no reason was given, or both a lock and a pair.
        UnknownNameError: there is no such lock in force, or no such pair.
        RefusedError: in live, and nobody agreed.
    """
    if lock is not None and pair is not None:
        raise InvalidValueError("give the id of a lock or --pair, not both")
    pipeline = connect(environ)
    try:
        now = now_in_the_books(pipeline)
        meant = _meant(pipeline, now, lock=lock, pair=pair)
        if pipeline.is_live and meant:
            require_consent([f"clear {each}: {each.reason}" for each in meant], asked, word="clear")
        cleared = clear_locks(pipeline, meant, reason=asked.reason, at=now, by=actor())
    finally:
        pipeline.close()
    if asked.as_json:
        print_json({"cleared": cleared, "locks": [_row(each) for each in meant]})
        return
    sys.stdout.write("".join(f"cleared {each}: {each.reason}\n" for each in meant) or "no lock\n")


def _meant(pipeline: Pipeline, now: datetime, *, lock: str | None, pair: str | None) -> list[Lock]:
    """Return the locks that are meant; of a pair its own, not those of all pairs."""
    known = locks_in_force(pipeline, now)
    if pair is not None:
        name = pair_named(pipeline, pair)
        return [each for each in known if each.pair == name]
    if lock is None:
        return list(known)
    found = [each for each in known if each.lock_id.startswith(lock)]
    if len(found) != 1:
        raise UnknownNameError(
            f"{len(found)} locks in force have an id that begins with {lock!r}: "
            "`kraken-pipeline locks list` shows them"
        )
    return found


def _row(lock: Lock) -> dict[str, object]:
    return {**asdict(lock), "code": CODES[lock.kind], "pair": lock.pair or "all"}
