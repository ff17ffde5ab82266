from decimal import Decimal

import pytest

from kraken_pipeline.domain.lots import DUST, Position
from kraken_pipeline.domain.money import Qty
from kraken_pipeline.domain.order_checks import takes
from kraken_pipeline.domain.pair_status import UNLISTED, Way, proposal, restriction, way_out

STATUSES = (
    "online",
    "post_only",
    "limit_only",
    "reduce_only",
    "cancel_only",
    "maintenance",
    "work_in_progress",
    "delisted",
    UNLISTED,
    "halted_for_lunch",
)


def held(book: str = "trend@1h", qty: str = "0.5") -> Position:
    return Position(book=book, pair="XBTUSD", qty=Qty(Decimal(qty)), cost=Decimal(10))


@pytest.mark.parametrize("status", STATUSES)
def test_a_sale_is_proposed_exactly_where_the_rules_of_orders_let_one_pass(status: str) -> None:
    sells = takes(status, opens=False, order_type="limit", post_only=False)
    rests = takes(status, opens=False, order_type="limit", post_only=True)

    assert (way_out(status) is Way.SALE) is sells
    assert (way_out(status) is Way.SHUT) is not rests


@pytest.mark.parametrize("status", STATUSES)
def test_a_restriction_names_the_status_first(status: str) -> None:
    assert restriction("XBTUSD", status).startswith(f"status={status}; ")


def test_what_can_be_sold_is_proposed_with_the_command_and_the_holdings() -> None:
    said = proposal("XBTUSD", "reduce_only", [held(), held(DUST)])

    assert said == (
        "status=reduce_only; while that is allowed `kraken-pipeline flatten --pair XBTUSD` sells "
        "it (held: 0.5 in trend@1h)"
    )


def test_what_is_not_held_needs_no_proposal() -> None:
    assert proposal("XBTUSD", "delisted", [held(qty="0"), held(DUST)]) == (
        "status=delisted; nothing is held of it"
    )
