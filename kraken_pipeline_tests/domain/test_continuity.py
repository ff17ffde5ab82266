"""What the stream proves of an order that it never showed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.continuity import StreamProof

SENT = datetime(2026, 5, 1, 12, tzinfo=UTC)
SETTLED = SENT + timedelta(seconds=125)
SECONDS = st.integers(-300, 300)


def proof(*, since: int, seen: int) -> StreamProof:
    """Return a proof that begins and ends so many seconds after the order was sent."""
    return StreamProof(
        continuous_since=SENT + timedelta(seconds=since), last_seen=SENT + timedelta(seconds=seen)
    )


@pytest.mark.parametrize(
    ("since", "seen", "shows"),
    [
        (-1, 126, True),
        (0, 126, True),
        (1, 126, False),
        (125, 126, False),
        (126, 126, True),
        (-1, 125, False),
        (-1, 60, False),
    ],
)
def test_absence_is_shown_from_before_the_send_or_by_a_snapshot_after_the_window(
    *, since: int, seen: int, shows: bool
) -> None:
    heard = proof(since=since, seen=seen)

    assert heard.shows_absence(sent_at=SENT, settled_at=SETTLED) is shows


@given(since=SECONDS, seen=SECONDS)
def test_what_is_still_heard_after_the_window_proves_it_or_must_be_told_anew(
    since: int, seen: int
) -> None:
    heard = proof(since=since, seen=seen)

    shows = heard.shows_absence(sent_at=SENT, settled_at=SETTLED)
    anew = heard.must_be_told_anew(sent_at=SENT, settled_at=SETTLED)

    assert (shows or anew) is (seen > 125)
    assert not (shows and anew)
