import gc
import weakref

import pytest

from kraken_pipeline.wiring.collecting import keep_what_is_there, without_collecting


def test_nothing_is_collected_within_and_everything_after() -> None:
    with without_collecting():
        assert not gc.isenabled()

    assert gc.isenabled()


def test_it_is_collected_again_after_a_fault() -> None:
    with pytest.raises(ValueError, match="fault"), without_collecting():
        raise ValueError("fault")

    assert gc.isenabled()


def test_who_had_turned_it_off_finds_it_off() -> None:
    gc.disable()
    try:
        with without_collecting():
            pass

        assert not gc.isenabled()
    finally:
        gc.enable()


def test_what_is_kept_is_not_looked_through_again_and_garbage_still_ends() -> None:
    class Node:
        me: "Node"

    before, old = gc.get_freeze_count(), Node()
    try:
        keep_what_is_there()
        new = Node()
        new.me, gone = new, weakref.ref(new)
        del new
        gc.collect()

        assert gc.get_freeze_count() > before
        assert gone() is None
        assert isinstance(old, Node)
    finally:
        gc.unfreeze()
