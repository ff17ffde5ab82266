from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kraken_pipeline.domain.closes import Close
from kraken_pipeline.domain.timeframes import closes_at
from kraken_pipeline.wiring.signs import WARM, Presence, dismiss
from kraken_pipeline.wiring.warm_sign import WarmSign, new_name, place_of, told, warm_sign

NOW = datetime(2024, 3, 5, 12, 0, 1, tzinfo=UTC)
NOON = NOW.replace(second=0)
CLOSE = Close(closed_at=NOON, frames=closes_at(NOON))


def sign_after(folder: Path, seconds: int = 0, **how: object) -> WarmSign:
    """Return what is read some seconds after a worker gave this sign and was killed."""
    shown = {"worker": "me", "close": CLOSE, "busy_since": None, "hindrance": "", **how}
    presence = Presence(folder, WARM)
    presence.show(NOW, **told(**shown))  # type: ignore[arg-type]  # each is what it is named for
    found = warm_sign(folder, NOW + timedelta(seconds=seconds))
    presence.drop()
    assert found is not None
    return found


def test_what_was_told_is_read(tmp_path: Path) -> None:
    sign = sign_after(tmp_path, busy_since=NOW)

    assert (sign.worker, sign.close, sign.busy_since) == ("me", CLOSE, NOW)
    assert sign.is_alive
    assert sign.is_at_work(NOW, at_most=timedelta(seconds=1))
    assert not sign.is_at_work(NOW + timedelta(seconds=2), at_most=timedelta(seconds=1))


@pytest.mark.parametrize(
    ("how", "seconds", "said"),
    [
        ({"busy_since": NOW}, 0, "there, spoke 0 s ago, at work on the close of 2024-03-05 12:00"),
        ({}, 1, "there, spoke 1 s ago, done with the close of 2024-03-05 12:00"),
        ({"close": None}, 0, "there, spoke 0 s ago, and was told of no close yet"),
        ({"hindrance": "no Dagster"}, 0, "decides nothing: no Dagster; closes go by the schedule"),
        ({}, 60, "frozen, spoke 60 s ago: closes go by the schedule"),
    ],
)
def test_a_person_reads_how_it_is(
    tmp_path: Path, how: dict[str, object], seconds: int, said: str
) -> None:
    assert said in sign_after(tmp_path, seconds, **how).said


def test_who_was_killed_is_lost_at_once_until_that_is_forgotten(tmp_path: Path) -> None:
    sign_after(tmp_path)

    lost = warm_sign(tmp_path, NOW)
    assert lost is not None
    assert (lost.is_there, lost.is_alive) == (False, False)
    assert lost.said.startswith("lost, spoke 0 s ago")
    assert dismiss(tmp_path)
    assert warm_sign(tmp_path, NOW) is None


def test_a_sign_that_is_none_says_nothing(tmp_path: Path) -> None:
    (tmp_path / WARM).write_text('{"close": "x", "busy_since": "y"}')

    sign = warm_sign(tmp_path, NOW)

    assert sign is not None
    assert (sign.close, sign.busy_since, sign.age, sign.is_alive) == (None, None, None, False)
    assert "never spoke" in sign.said


def test_a_workers_name_is_its_own_and_tells_its_place(tmp_path: Path) -> None:
    one, other = new_name(tmp_path), new_name(tmp_path)

    assert one != other
    assert one.startswith(place_of(tmp_path))
    assert not one.startswith(place_of(tmp_path / "elsewhere"))
