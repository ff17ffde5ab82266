"""What holds for every test: exact money, no network but this machine, the same examples."""

import decimal
import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings

settings.register_profile(
    "steady", derandomize=True, deadline=None, max_examples=100, database=None
)
settings.load_profile("steady")

# a float that meets a Decimal raises, in this thread and in those that start later
decimal.getcontext().traps[decimal.FloatOperation] = True
decimal.DefaultContext.traps[decimal.FloatOperation] = True

REPOSITORY = Path(__file__).resolve().parent.parent
FIRST: Final = (
    "kills/test_dagster.py",
    "cli/test_dev.py",
    "simulation/",
    "test_end_to_end.py",
    "wiring/test_live.py",
    "cli/test_wrong_inputs.py",
    "cli/test_panic.py",
    "test_killed_while_sending.py",
    "kills/",
    "defs/",
    "cli/",
    "store/",
    "cases/",
)
"""Where the long tests are, the longest first: begun last, they would leave the cores idle."""
WAITING: Final = 2
"""Tests that only wait, for a close or for time between two reads: others run beside them."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let long files begin first; within a file, and among the others, nothing changes place."""
    tests = Path(__file__).parent

    def rank(item: pytest.Item) -> int:
        name = item.path.relative_to(tests).as_posix()
        return next((at for at, each in enumerate(FIRST) if name.startswith(each)), len(FIRST))

    items.sort(key=rank)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Run as many at a time as there are cores, and some that wait."""
    return (os.cpu_count() or 1) + WAITING


class NetworkForbiddenError(AssertionError):
    """A test tried to leave this machine."""


def _require_loopback(family: int, address: object) -> None:
    if family not in (socket.AF_INET, socket.AF_INET6):
        return
    host = address[0] if isinstance(address, tuple) else address
    if host == "localhost":
        return
    try:
        stays = ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        stays = False
    if not stays:
        raise NetworkForbiddenError(f"a test tried to connect to {address!r}")


@pytest.fixture(scope="session", autouse=True)
def nothing_reaches_past_this_machine() -> Iterator[None]:
    """Refuse every connection but those to loopback and to Unix sockets."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def guarded(self: socket.socket, address: tuple[str, int]) -> None:
        _require_loopback(self.family, address)
        connect(self, address)

    def guarded_ex(self: socket.socket, address: tuple[str, int]) -> int:
        _require_loopback(self.family, address)
        return connect_ex(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        patch.setattr(socket.socket, "connect_ex", guarded_ex)
        yield


@pytest.fixture(scope="session")
def recorded() -> Path:
    """Return the folder of recorded responses and candles of the exchange, or skip."""
    told = os.environ.get("KRAKEN_RECORDED")
    folder = Path(told) if told else REPOSITORY.parent / "shared" / "kraken" / "recorded"
    if not (folder / "rest").is_dir():
        pytest.skip(f"no recorded responses in {folder}; set KRAKEN_RECORDED to their folder")
    return folder
