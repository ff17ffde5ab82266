"""Looser bounds wait for a person's word; tighter ones hold at once."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import update

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.services.risk.acknowledge import BoundsDesk, acknowledge, unacknowledged
from kraken_pipeline.store.bounds import KEY, SqlBoundsStore
from kraken_pipeline.store.schema.shared import meta
from kraken_pipeline_tests.services.paper import Paper

CAP = "risk.max_gross_exposure_pct"


def bounds(desk: Paper, cap: int, *, is_live: bool = True) -> BoundsDesk:
    return BoundsDesk(
        store=SqlBoundsStore(desk.stores.database),
        bounds={CAP: Decimal(cap)},
        config_hash="h",
        is_live=lambda: is_live,
        clock=desk.clock,
    )


def test_what_live_begins_with_was_agreed_to_by_its_gates(desk: Paper) -> None:
    assert unacknowledged(bounds(desk, 10)) == ()
    assert unacknowledged(bounds(desk, 11)) == (f"{CAP} was 10 and is 11",)


def test_what_is_tightened_holds_at_once_and_loosening_it_again_is_loosening(desk: Paper) -> None:
    unacknowledged(bounds(desk, 10))

    assert unacknowledged(bounds(desk, 5)) == ()
    assert unacknowledged(bounds(desk, 10)) == (f"{CAP} was 5 and is 10",)


def test_a_person_agrees_once_and_says_why(desk: Paper) -> None:
    unacknowledged(bounds(desk, 10))
    with pytest.raises(InvalidValueError, match="reason"):
        acknowledge(bounds(desk, 50), reason=" ", by="me")

    assert acknowledge(bounds(desk, 50), reason="more money", by="me") == (
        f"{CAP} was 10 and is 50",
    )
    assert unacknowledged(bounds(desk, 50)) == ()


def test_bounds_that_cannot_be_read_are_agreed_to_anew(desk: Paper) -> None:
    unacknowledged(bounds(desk, 10))
    with desk.stores.database.writing() as connection:
        connection.execute(update(meta).where(meta.c.key == KEY).values(value="{"))

    [why] = unacknowledged(bounds(desk, 10))
    acknowledge(bounds(desk, 10), reason="looked", by="me")

    assert "cannot be read" in why
    assert unacknowledged(bounds(desk, 10)) == ()


def test_paper_needs_nobody(desk: Paper) -> None:
    unacknowledged(bounds(desk, 10))

    assert unacknowledged(bounds(desk, 99, is_live=False)) == ()
    assert unacknowledged(replace(bounds(desk, 10), config_hash="other")) == ()
