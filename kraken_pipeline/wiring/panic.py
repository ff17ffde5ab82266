"""The panic program, started as a process of its own, and the file that it latches."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from kraken_pipeline.wiring.paper import Edge


@dataclass(frozen=True, slots=True, kw_only=True)
class PanicOutcome:
    """How the panic program ended."""

    exit_code: int
    """0 when nothing is open any more."""
    said: str


def run_panic(edge: Edge, latch: Path) -> PanicOutcome:
    """Latch, cancel all, verify: in a process that needs nothing of ours but the key."""
    command = [sys.executable, "-m", "kraken_pipeline.panic", "--url", edge.url]
    command += ["--latch", str(latch), "--nonce-dir", str(edge.nonce_dir)]
    ended = subprocess.run(  # noqa: S603 - our own program, by a fixed path
        command,
        env={**os.environ, "KRAKEN_API_KEY": edge.key, "KRAKEN_API_SECRET": edge.secret},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return PanicOutcome(exit_code=ended.returncode, said=(ended.stdout + ended.stderr).strip())


def latch_text(latch: Path) -> str:
    """Return what the panic file says and since when; nothing where there is none.

    An empty file made by hand counts as much as one that the program wrote.
    """
    try:
        return f"{latch.stat().st_mtime_ns}: {latch.read_text().strip() or 'made by hand'}"
    except FileNotFoundError:
        return ""


def remove_latch(latch: Path) -> bool:
    """Take the panic file away; False if there was none."""
    existed = latch.exists()
    latch.unlink(missing_ok=True)
    return existed
