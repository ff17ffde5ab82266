"""Which absences are proven, and which are lacks."""

from datetime import UTC, datetime

import pytest

from kraken_pipeline.domain.certificates import Certificate, Reason, Source, Span, Stretch
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.services.bars.completeness import (
    REMEDIES,
    Kept,
    behind,
    between,
    lacks,
    shares,
)

HOUR = timeframe("1h")
H = HOUR.seconds
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def kept(*present: Stretch, source: Source | None = None) -> Kept:
    """Return what is stored of a pair; all of ten hours was read from a source, if one is named."""
    certificate = Certificate(pair="XBTUSD", timeframe="1h")
    if source is not None:
        span = Span(first=0, until=10 * H, source=source, origin="", fetched_at=NOW)
        certificate = certificate.with_span(span, ())
    return Kept(
        frame=HOUR,
        present={"XBTUSD": tuple((a * H, b * H) for a, b in present)},
        known={"XBTUSD": certificate},
        down=(),
    )


def found(of: Kept) -> list[tuple[int, int, Reason]]:
    """Return the lacks of ten hours, in hours."""
    return [
        (each.gap.first // H, each.gap.until // H, each.gap.reason)
        for each in lacks(of, (0, 10 * H))
    ]


def test_what_no_source_was_asked_for_is_lacking() -> None:
    assert found(kept((2, 4), (6, 10))) == [
        (0, 2, Reason.NOT_FETCHED),
        (4, 6, Reason.NOT_FETCHED),
    ]


def test_what_trades_prove_empty_is_not_lacking() -> None:
    assert found(kept((2, 4), (6, 10), source=Source.TRADES)) == []


def test_a_month_of_which_nothing_is_stored_is_lacking_whole_unless_it_is_proven() -> None:
    assert found(kept()) == [(0, 10, Reason.NOT_FETCHED)]
    assert found(kept(source=Source.TRADES)) == []


def test_before_the_first_bar_that_a_source_has_the_pair_is_younger_and_later_it_is_a_hole() -> (
    None
):
    assert found(kept((2, 4), (6, 10), source=Source.COPY)) == [(4, 6, Reason.NOT_AVAILABLE)]


def test_holes_are_the_lacks_between_bars() -> None:
    of = kept((2, 4), (6, 8))

    assert [each.gap.first // H for each in between(of, lacks(of, (0, 10 * H)))] == [4]


def test_how_old_a_pair_may_be_is_not_judged_behind_its_first_bar() -> None:
    of = kept((2, 4), (6, 8))

    assert [each.gap.first // H for each in behind(of, lacks(of, (0, 10 * H)))] == [4, 8]


def test_every_reason_that_is_no_proof_has_a_remedy() -> None:
    unproven = {each for each in Reason if each not in {Reason.NO_TRADES, Reason.EXCHANGE_DOWN}}

    assert set(REMEDIES) == unproven


@pytest.mark.parametrize(
    ("due", "expected"), [(10, [0.5, 0.75]), (7, [0.5, 0.5]), (5, [0.5, None])]
)
def test_a_share_is_of_what_is_due(due: int, expected: list[float | None]) -> None:
    of = kept((0, 2), (6, 9))

    assert shares(of, [(0, 4 * H), (5 * H, 9 * H)], due * H) == {"XBTUSD": expected}
