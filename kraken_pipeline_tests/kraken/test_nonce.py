import fcntl
import multiprocessing
import os
import threading
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import ConfigurationError, UnreachableError
from kraken_pipeline.kraken.nonce import BLOCK, SCALES, Hand, UrgentNonces
from kraken_pipeline_tests.kraken.lines import CREDENTIAL, nonces_in

NOON = 1_793_620_800_000_000


def noon() -> int:
    return NOON


def take(folder: Path, log: Path, count: int) -> None:
    """In another process: write down each nonce while its turn lasts, as an exchange would."""
    nonces = nonces_in(folder, noon)
    for _ in range(count):
        with nonces.turn() as nonce, log.open("a") as heard:
            heard.write(f"{nonce}\n")


def urgent(folder: Path) -> UrgentNonces:
    return UrgentNonces(folder, CREDENTIAL.key_id, clock=noon, patience_seconds=0.02)


def mark_in(folder: Path) -> Path:
    return folder / f"nonce-{CREDENTIAL.key_id}.mark"


def test_the_first_nonce_is_the_clock_in_microseconds(tmp_path: Path) -> None:
    with nonces_in(tmp_path, noon).turn() as nonce:
        assert nonce == NOON


def test_nonces_rise_over_threads(tmp_path: Path) -> None:
    nonces, heard = nonces_in(tmp_path, noon), list[int]()

    def send() -> None:
        for _ in range(300):
            with nonces.turn() as nonce:
                heard.append(nonce)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert len(heard) == 2400
    assert all(a < b for a, b in pairwise(heard))


@pytest.mark.slow
def test_nonces_rise_over_processes_in_the_order_in_which_they_are_sent(tmp_path: Path) -> None:
    log, spawn = tmp_path / "heard", multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=take, args=(tmp_path, log, 200)) for _ in range(3)]
    for each in processes:
        each.start()
    for each in processes:
        each.join()

    heard = [int(line) for line in log.read_text().split()]
    assert len(heard) == 600
    assert all(a < b for a, b in pairwise(heard))


@given(
    steps=st.lists(
        st.tuples(st.integers(-(10**12), 10**12), st.booleans(), st.integers(1, 3)), max_size=20
    )
)
def test_no_restart_and_no_clock_gives_a_nonce_twice(
    steps: list[tuple[int, bool, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """F-CLK-1: however the clock steps."""
    folder, now, heard = tmp_path_factory.mktemp("marks"), [NOON], [0]
    nonces = nonces_in(folder, lambda: now[0])
    for step, restarts, count in steps:
        now[0] += step
        nonces = nonces_in(folder, lambda: now[0]) if restarts else nonces
        for _ in range(count):
            with nonces.turn() as nonce:
                heard.append(nonce)

    assert all(a < b for a, b in pairwise(heard))


def test_two_senders_of_one_key_take_turns_without_running_ahead_of_the_clock(
    tmp_path: Path,
) -> None:
    one, other, heard = nonces_in(tmp_path, noon), nonces_in(tmp_path, noon), list[int]()
    for _ in range(50):
        with one.turn() as nonce:
            heard.append(nonce)
        with other.turn() as nonce:
            heard.append(nonce)

    assert all(a < b for a, b in pairwise(heard))
    assert heard[-1] - NOON <= 100 * BLOCK


def test_the_mark_is_on_disk_before_a_nonce_below_it_is_used(tmp_path: Path) -> None:
    nonces = nonces_in(tmp_path, noon)
    for _ in range(BLOCK + 2):
        with nonces.turn() as nonce:
            assert nonce <= int(mark_in(tmp_path).read_text())


def test_a_forked_child_does_not_reuse_its_parents_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nonces = nonces_in(tmp_path, noon)
    with nonces.turn() as nonce:
        first = nonce
    monkeypatch.setattr(os, "getpid", lambda: -1)

    with nonces.turn() as nonce:
        assert nonce == first + BLOCK


def test_after_a_refusal_the_clock_counts_again(tmp_path: Path) -> None:
    now = NOON
    nonces = nonces_in(tmp_path, lambda: now)
    with nonces.turn() as nonce:
        now += 10**9
    nonces.renew(nonce)

    with nonces.turn() as later:
        assert later == now


def test_whoever_goes_by_the_clock_is_above_us_from_its_first_use_of_the_key(
    tmp_path: Path,
) -> None:
    now = NOON
    nonces = nonces_in(tmp_path, lambda: now)
    with nonces.turn() as nonce:
        now += 10**9
    with nonces.turn() as later:
        assert later == nonce + 1
    with nonces_in(tmp_path, lambda: now).turn() as anew:
        assert later < anew < now


def test_a_nonce_that_is_refused_although_it_was_our_highest_tells_of_a_stranger(
    tmp_path: Path,
) -> None:
    with nonces_in(tmp_path, noon).turn():
        pass
    nonces = nonces_in(tmp_path, noon)
    with nonces.turn() as nonce:
        pass

    assert nonces.renew(nonce) is Hand.STRANGE


def test_a_nonce_that_another_call_of_ours_overtook_tells_of_no_stranger(tmp_path: Path) -> None:
    nonces = nonces_in(tmp_path, noon)
    with nonces.turn() as nonce, urgent(tmp_path).turn():
        pass

    assert nonces.renew(nonce) is Hand.OURS


def test_the_first_nonces_of_a_new_mark_accuse_nobody_and_pass_every_unit(tmp_path: Path) -> None:
    nonces, heard = nonces_in(tmp_path, noon), []
    for _ in SCALES:
        with nonces.turn() as nonce:
            heard.append(nonce)
        assert nonces.renew(nonce) is Hand.UNTOLD

    with nonces.turn() as last:
        assert heard == [NOON * each for each in SCALES]
        assert last > NOON * SCALES[-1]


def test_what_one_process_learns_of_the_key_all_of_them_know(tmp_path: Path) -> None:
    one, other = nonces_in(tmp_path, noon), nonces_in(tmp_path, noon)
    with other.turn():
        pass
    one.raise_to(NOON * 1000)

    with other.turn() as nonce:
        assert nonce == NOON * 1000 + 1


def test_nothing_is_sent_while_another_process_sends_for_too_long(tmp_path: Path) -> None:
    with (
        nonces_in(tmp_path, noon).turn(),
        pytest.raises(UnreachableError, match="nothing was sent"),
        nonces_in(tmp_path, noon, patience_seconds=0.02).turn(),
    ):
        pytest.fail("two had the turn at once")


@pytest.mark.parametrize("content", ["canary", "-5\n", "1.5", "99999999999999999999"])
def test_a_damaged_mark_stops_sending_and_names_the_file(tmp_path: Path, content: str) -> None:
    mark_in(tmp_path).write_text(content)

    with pytest.raises(ConfigurationError, match=r"nonce-.*mark"), nonces_in(tmp_path, noon).turn():
        pytest.fail("a nonce was given")


def test_a_mark_that_cannot_be_kept_stops_sending(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigurationError), nonces_in(tmp_path / "file", noon).turn():
        pytest.fail("a nonce was given")


def test_an_error_while_sending_gives_the_turn_back(tmp_path: Path) -> None:
    nonces = nonces_in(tmp_path, noon)
    with pytest.raises(ZeroDivisionError), nonces.turn():
        _ = 1 // 0

    with nonces.turn() as nonce:
        assert nonce == NOON + 1


def test_panic_does_not_wait_for_the_lock_and_goes_above_its_holder(tmp_path: Path) -> None:
    holder = nonces_in(tmp_path, noon)
    with holder.turn() as held, urgent(tmp_path).turn() as nonce:
        assert nonce >= held + BLOCK

    with holder.turn() as later:
        assert later > nonce


def test_panic_needs_no_disk(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    nonces = urgent(tmp_path / "file")
    with nonces.turn() as first, nonces.turn() as second:
        assert NOON <= first < second


def test_panic_passes_a_damaged_mark(tmp_path: Path) -> None:
    mark_in(tmp_path).write_text("canary")

    with urgent(tmp_path).turn() as nonce:
        assert nonce == NOON


def test_seven_refusals_bring_panic_past_a_key_that_was_used_in_nanoseconds(
    tmp_path: Path,
) -> None:
    nonces = urgent(tmp_path)
    for _ in range(7):
        nonces.renew(NOON)

    with nonces.turn() as nonce:
        assert NOON * 1000 < nonce < 2**64


def test_the_mark_is_for_its_owner_alone(tmp_path: Path) -> None:
    with nonces_in(tmp_path / "new", noon).turn():
        pass

    assert mark_in(tmp_path / "new").stat().st_mode & 0o077 == 0


def test_the_lock_is_free_after_the_turn(tmp_path: Path) -> None:
    with nonces_in(tmp_path, noon).turn():
        pass

    with mark_in(tmp_path).open("r+") as mark:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
