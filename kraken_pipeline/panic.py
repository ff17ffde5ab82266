"""Panic: latch, cancel everything, look until nothing is left. Stands alone (PAN-1).

    python -m kraken_pipeline.panic --url URL --latch FILE [--nonce-dir DIR] [--timeout 60] [--json]

The key comes from KRAKEN_API_KEY and KRAKEN_API_SECRET. Running it twice is harmless. Exit code: 0
nothing is open any more; 4 the exchange refused; 5 it can't be told what is open.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from kraken_pipeline.domain.errors import (
    AuthError,
    ConfigurationError,
    ExchangeError,
    OrderRefusedError,
    PipelineError,
    RateLimitedError,
)
from kraken_pipeline.kraken.guard import Guard
from kraken_pipeline.kraken.http import PrivateLine, Timeouts
from kraken_pipeline.kraken.nonce import UrgentNonces
from kraken_pipeline.kraken.signing import Credential

CLEAR, REFUSED, CANNOT_TELL = 0, 4, 5
"""Exit codes."""
CLEAN_READS: Final = 3
"""Reads in a row that must find nothing."""
MOST_REFUSALS: Final = 2
"""After so many refusals of the key it is left alone: a further one could lock it."""
ROUND_SECONDS: Final = 1.0
PAUSE_SECONDS: Final = 3.0
"""Between rounds after the exchange said that we ask too often."""
TIMEOUTS: Final = Timeouts(connect_seconds=3, read_seconds=10)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Outcome:
    """What was learned so far."""

    settle: float
    """Seconds after the first cancel in which an order that was on its way can still appear."""
    latched: bool = False
    canceled: int = 0
    """Orders that the exchange counted."""
    canceled_once: bool = False
    may_list: bool = True
    remaining: dict[str, str] | None = None
    """Open orders of the last read with their descriptions; None where it is not known."""
    clean_since: list[float] = field(default_factory=list)
    """When each read of the present row found nothing, in seconds after the first cancel."""
    refusals: int = 0
    troubles: list[str] = field(default_factory=list)
    """What went wrong, in order; repeated words once."""

    def note(self, trouble: str) -> None:
        """Keep what went wrong."""
        if trouble not in self.troubles:
            self.troubles.append(trouble)

    def saw(self, remaining: dict[str, str], *, after: float) -> None:
        """Take in what a read found."""
        self.remaining = remaining
        self.clean_since = [] if remaining else [*self.clean_since, after]

    @property
    def is_clear(self) -> bool:
        """Enough reads in a row, and late enough for what was on its way, found nothing."""
        return sum(each >= self.settle for each in self.clean_since) >= CLEAN_READS

    @property
    def exit_code(self) -> int:
        """What this run ends with."""
        if self.is_clear:
            return CLEAR
        return REFUSED if self.refusals >= MOST_REFUSALS else CANNOT_TELL


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    told = _parser().parse_args(arguments)
    outcome = Outcome(settle=told.settle)
    _latch(told.latch, told.reason, outcome)
    try:
        guard = _guard(told.url, told.nonce_dir or told.latch.parent)
    except PipelineError as wrong:
        outcome.note(str(wrong))
    else:
        _clear(guard, outcome, timeout=told.timeout)
    sys.stdout.write(_as_json(outcome) if told.json else _as_text(outcome, told.latch))
    return outcome.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m kraken_pipeline.panic",
        description="Stop new orders, cancel all open ones and verify that none is left.",
        epilog="The key is read from KRAKEN_API_KEY and KRAKEN_API_SECRET.",
    )
    parser.add_argument("--url", required=True, help="the exchange's address")
    parser.add_argument("--latch", required=True, type=Path, help="file that stops all sending")
    parser.add_argument("--nonce-dir", type=Path, help="folder of nonce marks; the latch's own")
    parser.add_argument("--timeout", type=float, default=60, help="seconds to go on at the most")
    parser.add_argument(
        "--settle",
        type=float,
        default=6,
        help="seconds after which no order that was on its way can still appear; as the orders' "
        "own deadline, and one",
    )
    parser.add_argument("--reason", default="panic", help="written into the latch")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _latch(file: Path, reason: str, outcome: Outcome) -> None:
    """Put the latch on disk whole, or say why not: canceling matters more.

    One that lies there already stays as it is: it says since when and why.
    """
    at = EPOCH + timedelta(microseconds=_microseconds())
    text = json.dumps({"at": at.isoformat(), "by": "panic", "reason": reason}) + "\n"
    try:
        if not file.exists():
            _replace(file, text)
    except OSError as failure:
        outcome.note(f"the latch {file} could not be written: {failure}; sending is NOT stopped")
    else:
        outcome.latched = True


def _replace(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=file.name)
    try:
        with os.fdopen(handle, "w") as beside:
            beside.write(text)
            beside.flush()
            os.fsync(handle)
        Path(name).replace(file)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _guard(url: str, nonce_dir: Path) -> Guard:
    key, secret = os.environ.get("KRAKEN_API_KEY"), os.environ.get("KRAKEN_API_SECRET")
    if not key or not secret:
        raise ConfigurationError("set KRAKEN_API_KEY and KRAKEN_API_SECRET; nothing was canceled")
    credential = Credential(key=key, secret=secret)
    nonces = UrgentNonces(nonce_dir, credential.key_id, clock=_microseconds)
    return Guard(PrivateLine(url, credential=credential, nonces=nonces, timeouts=TIMEOUTS))


def _clear(guard: Guard, outcome: Outcome, *, timeout: float) -> None:
    """Cancel and look, round after round, until it is clear, refused or too late."""
    started = time.monotonic()
    while True:
        pause = _round(guard, outcome, started)
        late = time.monotonic() - started + pause >= timeout
        if outcome.is_clear or outcome.refusals >= MOST_REFUSALS or late:
            return
        time.sleep(pause)


def _round(guard: Guard, outcome: Outcome, started: float) -> float:
    """Cancel where something may be open, look, and return how long to wait."""
    pause = ROUND_SECONDS
    if outcome.remaining is None or outcome.remaining or not outcome.canceled_once:
        pause = _cancel(guard, outcome, started)
    if outcome.may_list:
        pause = max(pause, _look(guard, outcome, started))
    return pause


def _cancel(guard: Guard, outcome: Outcome, started: float) -> float:
    try:
        count = guard.cancel_all()
    except ExchangeError as trouble:
        outcome.refusals += isinstance(trouble, AuthError | OrderRefusedError)
        outcome.note(str(trouble))
        if not outcome.may_list:
            outcome.clean_since = []
        return PAUSE_SECONDS if isinstance(trouble, RateLimitedError) else ROUND_SECONDS
    else:
        outcome.canceled += count
        outcome.canceled_once = True
        if not outcome.may_list:
            _trust_the_count(count, outcome, started)
    return ROUND_SECONDS


def _trust_the_count(count: int, outcome: Outcome, started: float) -> None:
    """A key that may only cancel sees by it: a cancel that reached none found none open."""
    outcome.clean_since = [*outcome.clean_since, time.monotonic() - started] if not count else []


def _look(guard: Guard, outcome: Outcome, started: float) -> float:
    try:
        outcome.saw(guard.open_orders(), after=time.monotonic() - started)
    except AuthError as refusal:
        outcome.may_list = False
        outcome.note(f"{refusal}; what is left is told from the cancels' counts")
    except ExchangeError as trouble:
        outcome.remaining, outcome.clean_since = None, []
        outcome.note(str(trouble))
        return PAUSE_SECONDS if isinstance(trouble, RateLimitedError) else ROUND_SECONDS
    return ROUND_SECONDS


def _as_json(outcome: Outcome) -> str:
    shown = {
        "exit_code": outcome.exit_code,
        "latched": outcome.latched,
        "canceled": outcome.canceled,
        "remaining": outcome.remaining,
        "clean_reads": len(outcome.clean_since),
        "troubles": outcome.troubles,
    }
    return json.dumps(shown) + "\n"


def _as_text(outcome: Outcome, latch: Path) -> str:
    endings = {
        CLEAR: f"Nothing is open: {len(outcome.clean_since)} reads in a row found no order.",
        REFUSED: "The exchange refused. Cancel by hand on its site NOW.",
        CANNOT_TELL: "It can't be told whether orders are open. Look on the exchange's site NOW.",
    }
    lines = [f"Latched: {latch}"] if outcome.latched else []
    lines += [f"Trouble: {each}" for each in outcome.troubles]
    lines += [f"Canceled: {outcome.canceled}"]
    lines += [f"Still open: {key}: {order}" for key, order in (outcome.remaining or {}).items()]
    return "\n".join([*lines, endings[outcome.exit_code], ""])


def _microseconds() -> int:
    """The wall clock; the only place here that reads it."""
    return time.time_ns() // 1000


if __name__ == "__main__":
    sys.exit(main())
