import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.domain.switch import Keeper
from kraken_pipeline.wiring.signs import (
    AHEAD,
    BEAT,
    GUARDIAN,
    SETTLED,
    SILENCE,
    Presence,
    dismiss,
    give,
    keeper,
    life,
)
from kraken_pipeline_tests.builders import NOW
from kraken_pipeline_tests.conftest import REPOSITORY

SECOND = timedelta(seconds=1)


def test_who_never_gave_a_sign_shows_no_life(tmp_path: Path) -> None:
    shown = life(tmp_path, NOW)

    assert (shown.beat_age, shown.settled_age, shown.epoch) == (None, None, 0)


def test_signs_tell_their_age_and_the_epoch(tmp_path: Path) -> None:
    give(tmp_path / BEAT, NOW, epoch=7)
    give(tmp_path / SETTLED, NOW - SECOND)

    shown = life(tmp_path, NOW + SECOND)

    assert (shown.beat_age, shown.settled_age, shown.epoch) == (SECOND, 2 * SECOND, 7)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"at": "yesterday"}', '{"at": "2026-11-02"}'])
def test_what_is_no_sign_shows_no_life(tmp_path: Path, text: str) -> None:
    (tmp_path / BEAT).write_text(text)

    assert life(tmp_path, NOW).beat_age is None


def test_a_sign_from_the_future_shows_no_life(tmp_path: Path) -> None:
    give(tmp_path / BEAT, NOW + AHEAD + SECOND, epoch=7)

    assert life(tmp_path, NOW).beat_age is None


def test_a_sign_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nowhere"):
        give(tmp_path / "nowhere" / BEAT, NOW)


def test_without_a_guardian_the_schedule_renews(tmp_path: Path) -> None:
    assert keeper(tmp_path, NOW) is Keeper.SCHEDULE


def test_a_guardian_is_there_until_it_leaves(tmp_path: Path) -> None:
    presence = Presence(tmp_path)
    presence.show(NOW)
    assert keeper(tmp_path, NOW + SILENCE) is Keeper.GUARDIAN

    presence.leave()

    assert keeper(tmp_path, NOW) is Keeper.SCHEDULE


def test_there_is_one_guardian(tmp_path: Path) -> None:
    presence = Presence(tmp_path)
    with pytest.raises(ConfigurationError, match="another guardian runs"):
        Presence(tmp_path)
    presence.leave()

    Presence(tmp_path).leave()


def test_a_guardian_that_is_silent_is_lost_also_while_it_holds_its_place(tmp_path: Path) -> None:
    presence = Presence(tmp_path)
    presence.show(NOW)

    assert keeper(tmp_path, NOW + SILENCE + SECOND) is Keeper.LOST
    assert not dismiss(tmp_path)
    presence.leave()


def test_a_guardian_whose_process_is_killed_is_lost_at_once(tmp_path: Path) -> None:
    program = (
        "import os, pathlib, signal, sys\n"
        "from kraken_pipeline.wiring.signs import Presence\n"
        "from kraken_pipeline_tests.builders import NOW\n"
        "Presence(pathlib.Path(sys.argv[1])).show(NOW)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False, cwd=REPOSITORY)

    assert keeper(tmp_path, NOW) is Keeper.LOST
    assert dismiss(tmp_path)
    assert keeper(tmp_path, NOW) is Keeper.SCHEDULE


def test_a_guardian_s_file_that_says_nothing_is_one_of_a_lost_guardian(tmp_path: Path) -> None:
    (tmp_path / GUARDIAN).touch()

    assert keeper(tmp_path, NOW) is Keeper.LOST
