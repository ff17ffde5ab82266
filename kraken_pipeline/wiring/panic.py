"""The panic program, started as a process of its own, and the file that it latches."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.domain.keys import Role
from kraken_pipeline.kraken.address import LoopbackAddress
from kraken_pipeline.kraken.signing import Credential
from kraken_pipeline.settings.environment import (
    DATA_DIR,
    SIMULATOR_URL,
    config_folder,
    data_folder,
)
from kraken_pipeline.wiring.children import without_secrets
from kraken_pipeline.wiring.credentials import Credentials
from kraken_pipeline.wiring.exchange import KEY, SECRET, MarketChoice, running_simulator
from kraken_pipeline.wiring.modes import REAL, books_of
from kraken_pipeline.wiring.nonces import NONCES
from kraken_pipeline.wiring.secrecy import learn

if TYPE_CHECKING:
    from kraken_pipeline.wiring.live import Origin

LATCH: Final = "panic.latch"
"""The file, in the data folder, that stops what opens."""
LONGEST_SECONDS: Final = 120
"""How long the program may take before nobody waits for it any more."""
UNSURE: Final = 5
"""Exit code where nobody can tell what is still open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PanicOutcome:
    """How the panic program ended."""

    exit_code: int
    """0 when nothing is open any more."""
    said: str


def panic_now(
    environ: Mapping[str, str], *, url: str | None = None, origin: "Origin | None" = None
) -> PanicOutcome:
    """Latch, cancel all, verify, in a process of its own.

    Neither configuration nor books are opened: they may not stand in the way. Where orders are is
    told by whose books lie in the data folder.

    Args:
        environ: the environment, usually `os.environ`.
        url: the exchange's address, where a person names it; the guard's key is used there.
        origin: for live books another exchange than Kraken, for a program that stands one in.
    """
    folder = data_folder(environ)
    latch = folder / LATCH
    with contextlib.suppress(OSError):
        # the program tries once more and tells of it: a disk that takes nothing more, or may not
        # be written, leaves orders at the exchange that can be canceled all the same
        folder.mkdir(parents=True, exist_ok=True)
        # one that lies there stays as it is: a newer time would be another cause to panic, and
        # what panics because of the file would call for the next without end
        latch.touch(exist_ok=False)
    try:
        if url is not None:
            return _program(url, _guard(environ), latch, folder / NONCES)
        if books_of(folder) == REAL:
            return _at_kraken(environ, latch, folder / NONCES, origin)
        return _at_a_simulator(environ, folder)
    except (ConfigurationError, OSError) as failure:
        latched = "Latched" if latch_text(latch) else "NOT latched"
        return PanicOutcome(
            exit_code=UNSURE, said=f"{latched}: {latch}\nnothing was canceled: {failure}"
        )


def _at_kraken(
    environ: Mapping[str, str], latch: Path, nonce_dir: Path, origin: "Origin | None"
) -> PanicOutcome:
    from kraken_pipeline.wiring import live  # noqa: PLC0415 - paper never loads it

    return _program((origin or live.REAL).url, _guard(environ), latch, nonce_dir)


def _at_a_simulator(environ: Mapping[str, str], folder: Path) -> PanicOutcome:
    given = environ.get(SIMULATOR_URL)
    if given is None and not books_of(folder):
        # a simulator that is started here has no order, and its all-clear would be believed
        raise ConfigurationError(
            f"no books lie in {folder}: set {DATA_DIR} to the folder of whoever trades, or name "
            "the exchange with --url"
        )
    with running_simulator(folder, MarketChoice(), given=given) as address:
        paper = Credential(key=KEY, secret=SECRET)
        return _program(LoopbackAddress(address).url, paper, folder / LATCH, folder / NONCES)


def _guard(environ: Mapping[str, str]) -> Credential:
    return Credentials(config_folder(environ), environ, learn=learn).of(Role.GUARD).credential


def _program(url: str, credential: Credential, latch: Path, nonce_dir: Path) -> PanicOutcome:
    command = [sys.executable, "-m", "kraken_pipeline.panic", "--url", url]
    command += ["--latch", str(latch), "--nonce-dir", str(nonce_dir)]
    try:
        ended = subprocess.run(  # noqa: S603 - our own program, by a fixed path
            command,
            env={
                **without_secrets(os.environ),
                "KRAKEN_API_KEY": credential.key,
                "KRAKEN_API_SECRET": credential.secret,
            },
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        heard = late.stdout.decode(errors="replace") if isinstance(late.stdout, bytes) else ""
        late_words = f"not done after {LONGEST_SECONDS} s: look at the exchange yourself"
        return PanicOutcome(exit_code=UNSURE, said=f"{heard}{late_words}")
    return PanicOutcome(exit_code=ended.returncode, said=(ended.stdout + ended.stderr).strip())


def latch_text(latch: Path) -> str:
    """Return what the panic file says and since when; nothing where there is none.

    An empty file counts as much as one that says who wrote it, and so does one that
    somebody else made and that we may not read.
    """
    try:
        words = latch.read_text(errors="replace").strip()
        since = datetime.fromtimestamp(latch.stat().st_mtime, UTC)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as failure:
        return f"it cannot be read: {failure}"
    return f"since {since:%F %T.%f}: {words or 'without a word'}"


@contextlib.contextmanager
def latched_by_signal(data_dir: Path) -> Iterator[None]:
    """Make the panic file when SIGUSR1 comes: neither books nor network are needed (HLT-2)."""

    def latch(number: int, frame: FrameType | None) -> None:
        (data_dir / LATCH).touch()

    before = signal.signal(signal.SIGUSR1, latch)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)
