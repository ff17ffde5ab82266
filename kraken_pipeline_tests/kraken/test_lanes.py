import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import UnreachableError
from kraken_pipeline.kraken import lanes
from kraken_pipeline.kraken.lanes import DIED_SECONDS, GIVE_WAY, NOTE
from kraken_pipeline.kraken.limits import Lane
from kraken_pipeline.kraken.nonce import Nonces
from kraken_pipeline_tests.kraken.lines import CREDENTIAL, nonces_in

NOON = 1_793_620_800_000_000


def nonces(folder: Path, patience_seconds: float = 5) -> Nonces:
    return nonces_in(folder, lambda: NOON, patience_seconds=patience_seconds)


@contextmanager
def under_way(folder: Path, lane: Lane) -> Iterator[int]:
    """Another process has a request of a lane under way, for as long as the context lasts."""
    with nonces(folder).turn(lane) as nonce:
        yield nonce


def seconds_until_sent(folder: Path, lane: Lane) -> float:
    began = time.monotonic()
    with nonces(folder).turn(lane):
        return time.monotonic() - began


@pytest.mark.parametrize(("higher", "lower"), list(GIVE_WAY))
def test_a_higher_lane_goes_ahead_of_a_slow_request_of_a_lower_one(
    tmp_path: Path, higher: Lane, lower: Lane
) -> None:
    with under_way(tmp_path, lower) as slow:
        waited = seconds_until_sent(tmp_path, higher)
        with nonces(tmp_path).turn(higher) as nonce:
            assert nonce > slow

    assert GIVE_WAY[higher, lower] - 0.05 <= waited < GIVE_WAY[higher, lower] + 0.5


@pytest.mark.parametrize(
    ("later", "first"),
    [
        (Lane.READ, Lane.READ),
        (Lane.READ, Lane.ORDER),
        (Lane.READ, Lane.GUARD),
        (Lane.ORDER, Lane.ORDER),
        (Lane.ORDER, Lane.GUARD),
        (Lane.GUARD, Lane.GUARD),
    ],
)
def test_nobody_goes_ahead_of_its_own_lane_or_a_higher_one(
    tmp_path: Path, later: Lane, first: Lane
) -> None:
    with (
        under_way(tmp_path, first),
        pytest.raises(UnreachableError, match="nothing was sent"),
        nonces(tmp_path, patience_seconds=0.1).turn(later),
    ):
        pytest.fail("two were under way")


def test_of_those_who_wait_the_higher_lane_goes_first(tmp_path: Path) -> None:
    sent: list[Lane] = []

    def send(lane: Lane) -> None:
        with nonces(tmp_path).turn(lane):
            sent.append(lane)
            time.sleep(0.02)

    with under_way(tmp_path, Lane.GUARD):
        threads = []
        for lane in (Lane.READ, Lane.READ, Lane.ORDER, Lane.READ, Lane.ORDER, Lane.GUARD):
            threads.append(threading.Thread(target=send, args=(lane,)))
            threads[-1].start()
            time.sleep(0.01)
    for each in threads:
        each.join()

    assert sent == sorted(sent, reverse=True)
    assert len(sent) == 6


def test_a_read_that_waits_does_not_hold_a_cancel(tmp_path: Path) -> None:
    with under_way(tmp_path, Lane.READ):
        waiting = threading.Thread(target=seconds_until_sent, args=(tmp_path, Lane.READ))
        waiting.start()
        time.sleep(GIVE_WAY[Lane.GUARD, Lane.READ])

        waited = seconds_until_sent(tmp_path, Lane.GUARD)

    waiting.join()
    assert waited < 0.1


def test_what_a_dead_process_sent_is_let_arrive_first(tmp_path: Path) -> None:
    file = tmp_path / f"lane-read-{CREDENTIAL.key_id}.lock"
    file.write_bytes(NOTE % time.monotonic())

    waited = seconds_until_sent(tmp_path, Lane.GUARD)

    assert DIED_SECONDS - 0.05 < waited < DIED_SECONDS + 0.5


@pytest.mark.parametrize("note", [b"", b"canary", NOTE % 0, NOTE % 1e12, NOTE % 1])
def test_a_note_that_says_nothing_of_now_holds_nobody(tmp_path: Path, note: bytes) -> None:
    (tmp_path / f"lane-read-{CREDENTIAL.key_id}.lock").write_bytes(note)

    assert seconds_until_sent(tmp_path, Lane.READ) < 0.2


def test_waiting_reads_all_get_their_turn_between_orders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In normal load: orders come and go, and no read waits for more than a few of them."""
    monkeypatch.setattr(lanes, "DIED_SECONDS", 0)
    waits: list[float] = []
    ended = threading.Event()

    def order() -> None:
        mine = nonces(tmp_path)
        while not ended.is_set():
            with mine.turn(Lane.ORDER):
                time.sleep(0.002)
            time.sleep(0.01)

    def read() -> None:
        mine = nonces(tmp_path)
        for _ in range(10):
            began = time.monotonic()
            with mine.turn(Lane.READ):
                waits.append(time.monotonic() - began)

    busy = threading.Thread(target=order)
    readers = [threading.Thread(target=read) for _ in range(3)]
    for each in (busy, *readers):
        each.start()
    for each in readers:
        each.join()
    ended.set()
    busy.join()

    assert len(waits) == 30
    assert max(waits) < 2
