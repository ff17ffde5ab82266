"""Assets under new names: which one is meant when, and what holdings become."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.lots import Position
from kraken_pipeline.domain.money import Qty
from kraken_pipeline.domain.renames import Alias, Conversion, alias_from, converted, in_force
from kraken_pipeline.domain.symbols import Asset

DAY = timedelta(days=1)
SINCE = datetime(2024, 9, 4, tzinfo=UTC)


def alias(old: str, new: str, *, days: int = 0, ratio: str = "1") -> Alias:
    return Alias(old=Asset(old), new=Asset(new), since=SINCE + days * DAY, ratio=Decimal(ratio))


def test_an_alias_is_read_with_its_zone_and_ratio() -> None:
    assert alias_from("MATIC POL 2024-09-04T02:00+02:00 24000") == alias(
        "MATIC", "POL", ratio="24000"
    )
    assert alias_from("MATIC POL 2024-09-04T00:00Z").ratio == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "MATIC POL",
        "MATIC POL yesterday",
        "MATIC POL 2024-09-04",
        "MATIC POL 2024-09-04T00:00Z much",
        "MATIC POL 2024-09-04T00:00Z 0",
        "MATIC POL 2024-09-04T00:00Z 1 1",
        "MATIC MATIC 2024-09-04T00:00Z",
    ],
)
def test_what_is_no_alias_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError, match="alias"):
        alias_from(text)


def test_an_alias_counts_from_its_date_on() -> None:
    known = [alias("MATIC", "POL")]

    assert in_force(known, SINCE - DAY) == {}
    assert in_force(known, SINCE) == {"MATIC": known[0]}


def test_a_name_that_was_changed_twice_is_followed_with_both_ratios() -> None:
    known = [alias("A", "B", ratio="10"), alias("B", "C", days=9, ratio="0.5")]

    assert in_force(known, SINCE)[Asset("A")].new == "B"
    assert in_force(known, SINCE + 9 * DAY)[Asset("A")] == alias("A", "C", days=9, ratio="5")


def test_names_that_lead_back_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="lead back"):
        in_force([alias("A", "B"), alias("B", "A")], SINCE)


AMOUNTS = st.decimals("0.00000001", "1000000", places=8)


@given(qty=AMOUNTS, cost=AMOUNTS, held=AMOUNTS, ratio=st.sampled_from(["0.001", "1", "24000"]))
def test_cost_is_carried_over_to_the_last_digit_and_nothing_is_realised(
    qty: Decimal, cost: Decimal, held: Decimal, ratio: str
) -> None:
    old = Position(book="b", pair="OLDUSD", qty=Qty(qty), cost=cost, realised=Decimal(7))
    new = Position(book="b", pair="NEWUSD", qty=Qty(held), cost=Decimal(3))
    conversion = Conversion(
        conversion_id="C1",
        book="b",
        from_asset=Asset("OLD"),
        to_asset=Asset("NEW"),
        ratio=Decimal(ratio),
        effective_at=SINCE,
        from_pair="OLDUSD",
        to_pair="NEWUSD",
        qty=Qty(qty),
        to_qty=Qty(qty * Decimal(ratio)),
        cost=cost,
        at=SINCE,
    )

    left, came = converted(old, conversion), converted(new, conversion)

    assert (left.qty, left.cost, left.realised) == (Decimal(0), Decimal(0), Decimal(7))
    assert (came.qty, came.cost) == (held + qty * Decimal(ratio), 3 + cost)
    with pytest.raises(InvalidValueError, match="C1"):
        converted(replace(old, book="other"), conversion)
