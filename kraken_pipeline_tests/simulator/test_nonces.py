"""Which nonces are good, and what outlives a stop."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.simulator.nonces import Nonces


@pytest.fixture
def file(tmp_path: Path) -> Iterator[int]:
    opened = os.open(tmp_path / "nonces", os.O_RDWR | os.O_CREAT)
    yield opened
    os.close(opened)


@given(
    nonces=st.lists(st.integers(0, 40), max_size=40),
    window=st.sampled_from([0, 1, 5, 40]),
)
def test_a_nonce_is_good_once_and_within_its_window(
    tmp_path_factory: pytest.TempPathFactory, nonces: list[int], window: int
) -> None:
    path = tmp_path_factory.mktemp("nonces") / "nonces"
    opened = os.open(path, os.O_RDWR | os.O_CREAT)
    kept, used = Nonces(opened), set[int]()
    for nonce in nonces:
        highest = max(used, default=-1)
        should = nonce > highest or (nonce >= highest - window and nonce not in used)

        assert kept.spend("key", nonce, window) == should
        if should:
            used.add(nonce)
    os.close(opened)


def test_each_key_has_its_own_and_all_outlive_a_stop(file: int) -> None:
    nonces = Nonces(file)
    nonces.spend("alice", 2**64 - 1, 0)
    nonces.spend("bob", 5, 0)
    nonces.spend("bob", 7, 0)

    again = Nonces(file)

    assert [again.highest(key) for key in ("alice", "bob", "carol")] == [2**64 - 1, 7, -1]
    assert again.spend("carol", 1, 0)
    assert Nonces(file).highest("alice") == 2**64 - 1


def test_a_stop_closes_the_window_below_the_highest(file: int) -> None:
    Nonces(file).spend("key", 100, 50)

    again = Nonces(file)

    assert not again.spend("key", 99, 50)
    assert not again.spend("key", 100, 50)
    assert again.spend("key", 101, 50)


def test_a_wider_window_does_not_open_what_was_passed(file: int) -> None:
    nonces = Nonces(file)
    nonces.spend("key", 90, 0)
    nonces.spend("key", 100, 0)

    assert not nonces.spend("key", 90, 50)
    assert not nonces.spend("key", 95, 50)
