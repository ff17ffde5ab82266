"""PF-3: every odd shape that a ledger of Kraken's has, read over HTTP, booked and explained."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from kraken_pipeline.domain.accounting.causes import Cause, Explained, Lack
from kraken_pipeline.domain.accounting.explain import explain
from kraken_pipeline.domain.accounting.lookup import Lookup
from kraken_pipeline.domain.money import plain
from kraken_pipeline.domain.nav import Snapshot
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.timeframes import EPOCH
from kraken_pipeline.kraken.fields import record
from kraken_pipeline.kraken.replies import entry_from
from kraken_pipeline.simulator.flows.play import play
from kraken_pipeline.simulator.params import Params
from kraken_pipeline_tests.services.paper import Paper

Told = list[tuple[str, Cause]]


def happens(desk: Paper, *scripts: dict[str, object]) -> tuple[Explained, ...]:
    """Book what there is, let funds move by script, and return how the new entries are explained.

    The books agree with the exchange to the last unit after each step.
    """
    desk.book()
    known = {each.entry.entry_id for each in desk.stores.ledger.explained(None)}
    desk.turn(seconds=1)
    for script in scripts:
        play(desk.exchange, Params(script))
        desk.turn(seconds=1)
        assert desk.book().snapshot.drift == {}
        assert desk.balances_agree()
    kept = desk.stores.ledger.explained(None)
    return tuple(each for each in kept if each.entry.entry_id not in known)


def told(found: tuple[Explained, ...]) -> Told:
    return [(f"{plain(each.entry.net)} {each.entry.asset}", each.cause) for each in found]


def snapshot(desk: Paper) -> Snapshot:
    return desk.book().snapshot


def funded(desk: Paper) -> None:
    """Let the account have some of two assets beside its cash, as their worth in its units."""
    for asset, amount in (("ETH", "100"), ("XBT", "0.5")):
        play(desk.exchange, Params({"flow": "deposit", "asset": asset, "amount": amount}))
    desk.turn(seconds=1)
    desk.book()


def test_u_fee_5_two_rows_of_one_deposit_count_once(desk: Paper) -> None:
    before = snapshot(desk)
    script = {"flow": "deposit", "asset": "USD", "amount": "500", "fee": "1.5", "announced": True}

    found = happens(desk, script)

    assert told(found) == [("498.5 ZUSD", Cause.FLOW)]
    assert snapshot(desk).equity - before.equity == Decimal("498.5")
    assert snapshot(desk).unit_price == before.unit_price


def test_u_fee_5_deposits_whose_rows_interleave_count_once_each(desk: Paper) -> None:
    found = happens(
        desk, {"flow": "deposits_interleaved", "asset": "USD", "amounts": ["10", "20", "10"]}
    )

    assert sorted(told(found)) == [
        ("10 ZUSD", Cause.FLOW), ("10 ZUSD", Cause.FLOW), ("20 ZUSD", Cause.FLOW),
    ]  # fmt: skip
    assert len({each.event_id for each in found}) == 3


def test_u_fee_5_a_deposit_that_is_taken_back_leaves_nothing(desk: Paper) -> None:
    before = snapshot(desk)

    found = happens(
        desk,
        {"flow": "deposit", "asset": "XBT", "amount": "0.1", "refid": "FTTAKEN-back"},
        {"flow": "reversal", "asset": "XBT", "amount": "0.1", "refid": "FTTAKEN-back"},
    )

    assert [each.why for each in found] == ["deposit", "a deposit that was taken back"]
    assert {each.event_id for each in found} == {"FTTAKEN-back"}
    assert (snapshot(desk).equity, snapshot(desk).units) == (before.equity, before.units)


def test_u_fee_5_a_withdrawal_that_fails_comes_back_with_its_fee(desk: Paper) -> None:
    before = snapshot(desk)
    out = {"flow": "withdrawal_failed", "asset": "USD", "amount": "30", "fee": "4"}

    found = happens(
        desk, {**out, "refid": "FTBACK"}, {"flow": "withdrawal_returned", "refid": "FTBACK"}
    )

    assert told(found) == [("-34 ZUSD", Cause.FLOW), ("34 ZUSD", Cause.FLOW)]
    assert (snapshot(desk).equity, snapshot(desk).unit_price) == (before.equity, before.unit_price)


def test_u_fee_5_a_fiat_side_that_rounds_to_nothing_has_no_row(desk: Paper) -> None:
    funded(desk)

    found = happens(
        desk,
        {"flow": "spend_receive", "spend": "ETH", "amount": "0.000001", "receive": "USD",
         "received": "0.000006"},
    )  # fmt: skip

    assert told(found) == [("-0.000001 XETH", Cause.CONVERSION)]
    assert found[0].why == "its other side rounds to nothing and has no row"


def test_u_fee_5_credits_pay_the_fee_of_a_trade_and_are_no_money(desk: Paper) -> None:
    desk.call("AddOrder", {"pair": "XBTUSD", "type": "buy", "ordertype": "market",
                           "volume": "0.01", "oflags": "fciq"})  # fmt: skip
    desk.turn(seconds=1)
    [trade] = desk.exchange.account.trades
    before = snapshot(desk)

    found = happens(
        desk,
        {"flow": "fee_credits", "amount": "100"},
        {"flow": "fee_credits", "fee": "12.34", "refid": trade},
    )

    assert told(found) == [("100 KFEE", Cause.FEE), ("-12.34 KFEE", Cause.FILL)]
    assert found[1].event_id == trade
    assert snapshot(desk).equity == before.equity


@pytest.mark.parametrize(
    "script",
    [
        {"flow": "spend_receive", "spend": "USD", "amount": "90", "fee": "1", "receive": "ETH",
         "received": "200"},
        {"flow": "dust_sweep", "spend": {"ETH": "0.5", "XBT": "0.00001"}, "receive": "USD",
         "received": "0.3"},
        {"flow": "conversion", "source": "ETH", "amount": "5", "target": "USD", "received": "2"},
        {"flow": "conversion", "source": "ETH", "amount": "5", "target": "NEWETH",
         "received": "5000", "type": "adjustment"},
    ],
    ids=["button", "dust", "conversion", "rename"],
)  # fmt: skip
def test_u_fee_4_what_no_trade_tells_of_is_in_the_books_by_its_ledger(
    desk: Paper, script: dict[str, object]
) -> None:
    funded(desk)

    found = happens(desk, script)

    assert {each.cause for each in found} == {Cause.CONVERSION}
    assert len({each.event_id for each in found}) == 1
    assert desk.stores.books.fills_after(None) == ()
    assert desk.stores.books.unvalued_flows() == ()


def test_u_fee_4b_what_a_trade_costs_beyond_the_ledgers_decimals_is_kept(desk: Paper) -> None:
    for volume in ("0.01234567", "0.00765433"):
        order = {"pair": "XBTUSD", "type": "buy", "ordertype": "market", "volume": volume}
        desk.call("AddOrder", {**order, "oflags": "fciq"})
        desk.turn(seconds=1)
    desk.book()

    fills = {each.trade_id: each for each in desk.stores.books.fills_after(None)}
    left = desk.stores.ledger.residuals(sorted(fills))
    cash = [each for each in desk.stores.ledger.explained(None) if each.entry.asset == "ZUSD"]
    paid = {each.event_id: each.entry for each in cash if each.cause is Cause.FILL}
    assert left.keys() == fills.keys()
    for trade_id, fill in fills.items():
        assert 0 < abs(left[trade_id].quote) < Decimal("0.0001")
        assert fill.cost + left[trade_id].quote == -paid[trade_id].amount
    assert desk.balances_agree()


@pytest.mark.parametrize(("flag", "asset"), [("fcib", "XXBT"), ("fciq", "ZUSD")])
def test_u_fee_1_the_ledger_says_which_asset_a_fee_was_taken_in(
    desk: Paper, flag: str, asset: str
) -> None:
    desk.call("AddOrder", {"pair": "XBTUSD", "type": "buy", "ordertype": "market",
                           "volume": "0.01", "oflags": flag})  # fmt: skip
    desk.turn(seconds=1)
    desk.book()

    found = [each for each in desk.stores.ledger.explained(None) if each.cause is Cause.FILL]
    assert {each.entry.asset for each in found if each.entry.fee} == {asset}
    assert desk.balances_agree()


def test_u_ast_1_a_move_to_staking_is_no_dip_while_it_is_on_its_way(desk: Paper) -> None:
    funded(desk)
    before = snapshot(desk)
    moves: list[dict[str, object]] = [
        {"flow": "staking_leg", "leg": "leave", "asset": "ETH", "amount": "50"},
        {"flow": "staking_leg", "leg": "arrive", "asset": "ETH.S", "amount": "50"},
    ]

    leaving = happens(desk, moves[0])
    between = snapshot(desk)
    desk.turn(hours=20)
    arrived = happens(desk, moves[1])

    assert [(each.cause, each.lacks) for each in leaving] == [(Cause.INTERNAL, Lack.LEG)]
    assert (between.equity, between.unit_price) == (before.equity, before.unit_price)
    assert [(each.cause, each.lacks) for each in arrived] == [(Cause.INTERNAL, Lack.NOTHING)]
    assert arrived[0].event_id == leaving[0].event_id
    assert {each.asset: each.qty for each in snapshot(desk).valuations}[Asset("ETH")] == 100


@pytest.mark.parametrize(
    ("source", "target"), [("ETH", "ETH.F"), ("ETH", "ETH.S"), ("XBT", "XBT.B")]
)
def test_u_ast_1_buckets_of_one_asset_are_one_asset(desk: Paper, source: str, target: str) -> None:
    funded(desk)
    before = snapshot(desk)
    move = {"flow": "bucket_transfer", "amount": "0.1"}

    found = happens(
        desk,
        {**move, "source": source, "target": target},
        {**move, "source": target, "target": source},
    )

    assert {each.cause for each in found} == {Cause.INTERNAL}
    assert desk.stores.ledger.in_flight() == ()
    assert (snapshot(desk).equity, snapshot(desk).units) == (before.equity, before.units)


def test_u_ast_1_a_bucket_that_is_renamed_moves_nothing(desk: Paper) -> None:
    funded(desk)
    play(desk.exchange, Params({"flow": "bucket_transfer", "source": "ETH", "target": "ETH.F",
                                "amount": "40"}))  # fmt: skip
    moved = {"type": "earn", "subtype": "migration", "refid": "ELMOVED"}
    rows = [{**moved, "asset": "ETH.F", "amount": "-40"}, {**moved, "asset": "ETH", "amount": "40"}]

    found = happens(desk, {"flow": "rows", "rows": rows})

    assert [each.cause for each in found] == [Cause.INTERNAL] * 2


@pytest.mark.parametrize("kind", ["staking", "earn", "reward"])
def test_a_reward_is_no_flow(desk: Paper, kind: str) -> None:
    funded(desk)
    before = snapshot(desk)

    found = happens(desk, {"flow": "reward", "asset": "ETH", "amount": "10", "kind": kind})

    assert told(found) == [("10 XETH", Cause.REWARD)]
    assert snapshot(desk).units == before.units
    assert snapshot(desk).unit_price > before.unit_price


RECORDED: dict[str, list[tuple[str, Cause]]] = {
    "kasync_query_ledgers_json": [("trade", Cause.FILL)],
    "xchange2025_ledgers": [
        ("deposit", Cause.FLOW), ("trade", Cause.FILL), ("rollover", Cause.FEE),
    ],
    "xchangeold_ledgerinfo": [
        ("settled", Cause.UNKNOWN), ("deposit", Cause.FLOW), ("staking", Cause.REWARD),
        ("trade", Cause.FILL), ("trade", Cause.FILL), ("withdrawal", Cause.FLOW),
        ("deposit", Cause.FLOW), ("adjustment", Cause.ADJUSTMENT),
    ],
}  # fmt: skip
"""What each recorded ledger holds, oldest first."""


@pytest.mark.parametrize("name", list(RECORDED))
def test_the_entries_of_recorded_ledgers_have_one_cause_each(recorded: Path, name: str) -> None:
    result = json.loads((recorded / "rest" / f"{name}.json").read_text(), parse_float=Decimal)[
        "result"
    ]
    rows = record(result.get("ledger", result), name).records()
    known = Lookup(at=EPOCH, asset_of=Asset, worth_of=lambda asset, qty: None)

    found = explain([entry_from(key, each) for key, each in rows], {}, known)

    assert [(each.entry.type, each.cause) for each in found] == RECORDED[name]
