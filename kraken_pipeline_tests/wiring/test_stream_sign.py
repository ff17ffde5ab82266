"""What other processes learn of the listener."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from kraken_pipeline.domain.continuity import StreamProof
from kraken_pipeline.wiring import signs
from kraken_pipeline.wiring.stream_sign import (
    stream_objection,
    stream_sign,
    told,
)

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
PROOF = StreamProof(continuous_since=NOW - timedelta(hours=1), last_seen=NOW)
HEARD = told(is_told=True, why="", proof=PROOF, gaps=2)


def test_where_no_listener_was_started_nothing_is_said_and_nothing_stops(tmp_path: Path) -> None:
    assert stream_sign(tmp_path, NOW) is None
    assert stream_objection(tmp_path, NOW) == ""


def test_what_a_listener_says_is_read_as_it_was_said(tmp_path: Path) -> None:
    presence = signs.Presence(tmp_path, signs.STREAM)
    presence.show(NOW, **HEARD)
    sign = stream_sign(tmp_path, NOW + timedelta(seconds=2))
    objection = stream_objection(tmp_path, NOW)
    presence.leave()

    assert sign is not None
    assert (sign.is_alive, sign.is_told, sign.proof, sign.gaps) == (True, True, PROOF, 2)
    assert sign.said.startswith("heard, spoke 2 s ago, without a gap since 2026-05-01 11:00:00")
    assert objection == ""


def test_a_listener_that_is_not_told_of_anything_stops_what_opens(tmp_path: Path) -> None:
    presence = signs.Presence(tmp_path, signs.STREAM)
    presence.show(NOW, **told(is_told=False, why="silent for 4.6 s", proof=None, gaps=3))
    objection = stream_objection(tmp_path, NOW)
    presence.leave()

    assert objection == (
        "STREAM_SILENT: the private stream is not heard, spoke 0 s ago: silent for 4.6 s"
    )


def test_a_listener_that_was_killed_stops_what_opens_until_it_is_forgotten(tmp_path: Path) -> None:
    presence = signs.Presence(tmp_path, signs.STREAM)
    presence.show(NOW, **HEARD)
    presence.drop()
    objection = stream_objection(tmp_path, NOW)
    sign = stream_sign(tmp_path, NOW)
    signs.dismiss(tmp_path)

    assert "the private stream is lost" in objection
    assert sign is not None
    assert sign.proof == PROOF  # what it heard it heard
    assert stream_objection(tmp_path, NOW) == ""


def test_a_listener_that_froze_stops_what_opens_until_it_is_ended(tmp_path: Path) -> None:
    presence = signs.Presence(tmp_path, signs.STREAM)
    presence.show(NOW, **HEARD)
    later = NOW + timedelta(seconds=9)
    is_forgotten = signs.dismiss(tmp_path)
    objection = stream_objection(tmp_path, later)
    presence.drop()

    assert not is_forgotten
    assert "the private stream is frozen, spoke 9 s ago: end its process, then" in objection
    assert "the private stream is lost" in stream_objection(tmp_path, later)


def test_one_that_left_in_good_order_is_missed_by_nobody(tmp_path: Path) -> None:
    presence = signs.Presence(tmp_path, signs.STREAM)
    presence.show(NOW, **HEARD)
    presence.leave()

    assert stream_sign(tmp_path, NOW) is None


def test_a_sign_that_cannot_be_read_proves_nothing(tmp_path: Path) -> None:
    (tmp_path / signs.STREAM).write_text("{")

    sign = stream_sign(tmp_path, NOW)

    assert sign is not None
    assert sign.proof is None
    assert "never spoke" in stream_objection(tmp_path, NOW)
