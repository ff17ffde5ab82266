from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.kraken.account_replies import (
    amends_from,
    fee_schedule_from,
    moves_from,
    totals_from,
    worth_from,
)
from kraken_pipeline_tests.builders import pair

AMEND: dict[str, object] = {
    "amend_id": "TXH3X2-E4ADJ-CH53N2",
    "amend_type": "user",
    "order_qty": "5.25000000",
    "remaining_qty": "5.25000000",
    "limit_price": "0.9600",
    "reason": "User requested",
    "post_only": True,
    "timestamp": 1728821182969,
}
MOVE: dict[str, object] = {
    "method": "Bitcoin",
    "asset": "XXBT",
    "refid": "FTQcuak-V6Za8qrPnhsTx47yYLz8Tg",
    "amount": "0.72485000",
    "fee": "0.00020000",
    "time": 1688015423,
    "status": "Failure",
    "status-prop": "canceled",
}
TIER = {"maker_fee": "0.4", "taker_fee": "0.8", "min_spot_volume": "0", "active": True}


@pytest.mark.parametrize("timestamp", [1728821182969, 1728821182969000000])
def test_a_change_of_an_order_is_read_with_its_time_in_either_unit(timestamp: int) -> None:
    [amend] = amends_from({"amends": [{**AMEND, "timestamp": timestamp}], "count": 1})

    assert (amend.kind, amend.qty, amend.limit_price) == ("user", Decimal("5.25"), Decimal("0.96"))
    assert (amend.post_only, amend.reason) == (True, "User requested")
    assert amend.at == datetime(2024, 10, 13, 12, 6, 22, 969_000, tzinfo=UTC)
    assert amend.trigger_price is None


def test_a_move_of_funds_is_read_and_its_state_is_kept_as_said() -> None:
    [move], cursor = moves_from([{**MOVE, "status": "Novel"}], "WithdrawStatus")

    assert (move.amount, move.fee) == (Decimal("0.72485"), Decimal("0.0002"))
    assert (move.status, move.note, cursor) == ("Novel", "canceled", None)


def test_a_move_of_funds_whose_fee_is_not_said_has_none_that_is_known() -> None:
    [move], _ = moves_from([{**MOVE, "fee": None}], "DepositStatus")

    assert move.fee is None


@pytest.mark.parametrize("name", sorted(MOVE.keys() - {"fee", "status-prop"}))
def test_a_move_of_funds_lacks_nothing_else(name: str) -> None:
    with pytest.raises(UnexpectedReplyError, match=name):
        moves_from([{key: value for key, value in MOVE.items() if key != name}], "DepositStatus")


@pytest.mark.parametrize(
    "read",
    [
        lambda: totals_from({"XXBT": "x"}),
        lambda: worth_from({"eb": "1"}, "ZUSD"),
        lambda: amends_from({"amends": [{**AMEND, "timestamp": 10**30}]}),
        lambda: amends_from({"amends": [{**AMEND, "timestamp": -1}]}),
        lambda: amends_from({"amends": {}}),
        lambda: moves_from({"a": [], "b": []}, "DepositStatus"),
        lambda: moves_from("none", "DepositStatus"),
        lambda: fee_schedule_from({"currency": "ZUSD", "volume": "1", "schedules": []}, [pair()]),
        lambda: fee_schedule_from({"currency": "ZUSD", "volume": "1"}, [pair()]),
    ],
)
def test_what_can_not_be_so_is_refused(read: Callable[[], object]) -> None:
    with pytest.raises(UnexpectedReplyError):
        read()


def test_a_schedule_may_name_its_pair_by_altname() -> None:
    told = [{"pair": "XBTUSD", "class": "crypto", "tiers": [TIER]}]
    reply = {"currency": "ZUSD", "volume": "1", "schedules": told}

    assert fee_schedule_from(reply, [pair()]).tiers["XBTUSD"][0].taker_pct == Decimal("0.8")
