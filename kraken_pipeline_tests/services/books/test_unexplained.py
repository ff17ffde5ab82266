"""PF-2: an entry that nobody can explain stops opening of its asset, until a person has looked."""

from datetime import timedelta
from decimal import Decimal

import pytest

from kraken_pipeline.domain.halts import Halt, HaltKind, Scope, ScopeKind
from kraken_pipeline.services.books.unexplained import latch_unexplained
from kraken_pipeline.services.risk.halt import READS_LAG
from kraken_pipeline.simulator.flows.play import play
from kraken_pipeline.simulator.params import Params
from kraken_pipeline_tests.services.paper import Paper

ETHER = Scope(kind=ScopeKind.ASSET, name="ETH")


def happens(desk: Paper, **script: object) -> None:
    play(desk.exchange, Params(script))


def odd(desk: Paper, asset: str = "ETH", **more: object) -> None:
    row = {"type": "margin", "asset": asset, "amount": "0.5", **more}
    happens(desk, flow="rows", rows=[row])


def looked(desk: Paper, *, seconds: float = 1) -> list[Halt]:
    """Let time pass, keep the books, latch, and return the halts over what is unexplained."""
    desk.turn(seconds=seconds)
    booked = desk.book()
    latch_unexplained(desk.stores.halts, booked.unexplained, at=booked.snapshot.at)
    return [each for each in desk.stores.halts.latched() if each.kind is HaltKind.UNEXPLAINED]


def test_what_nobody_can_explain_stops_opening_of_that_asset_alone(desk: Paper) -> None:
    odd(desk)
    [latched] = looked(desk)

    assert latched.scope == ETHER
    assert latched.reason.endswith(": margin trades are not booked here")
    desk.wants("XBTUSD", "ETHUSD")
    verdicts = desk.assess()
    assert verdicts["XBTUSD"].approved
    assert "UNEXPLAINED" in {each.code for each in verdicts["ETHUSD"].objections}


def test_what_a_person_has_looked_at_is_halted_for_no_more(desk: Paper) -> None:
    odd(desk)
    looked(desk)
    desk.stores.halts.clear(reason="seen", at=desk.clock(), by="me", scope=ETHER)

    assert looked(desk) == []
    odd(desk)
    [again] = looked(desk)
    assert again.reason.count("margin") == 1


def test_what_was_found_since_is_in_the_reason_of_the_halt_that_stands(desk: Paper) -> None:
    odd(desk)
    looked(desk)
    for _ in range(2):
        odd(desk)

    [latched] = looked(desk)

    assert latched.reason.endswith("; 1 more")
    assert looked(desk) == [latched]


def test_a_side_that_may_be_late_is_waited_for_and_then_clears_the_halt(desk: Paper) -> None:
    spent = {"type": "spend", "asset": "USD", "amount": "-90", "refid": "R"}
    happens(desk, flow="rows", rows=[spent])
    early = looked(desk)
    late = looked(desk, seconds=READS_LAG.total_seconds())
    happens(
        desk, flow="rows", rows=[{"type": "receive", "asset": "ETH", "amount": "1", "refid": "R"}]
    )

    assert early == []
    assert [str(each.scope) for each in late] == ["asset:USD"]
    assert looked(desk) == []


@pytest.mark.parametrize(("asset", "name"), [("ETH.Q", "ETH"), ("MOONLAMBO", "MOONLAMBO")])
def test_f_mon_7_what_is_not_listed_is_named_once_and_is_no_profit(
    desk: Paper, asset: str, name: str
) -> None:
    """Also U-AST-1: a suffix that nobody knows stops opening of the asset before it."""
    before = desk.book().snapshot
    happens(desk, flow="airdrop", asset=asset, amount="1234.5")

    [latched] = looked(desk)

    assert str(latched.scope) == f"asset:{name}"
    assert looked(desk) == [latched]
    after = desk.book().snapshot
    assert (after.unit_price, after.equity) == (before.unit_price, before.equity)


def test_no_entry_is_halted_for_where_all_are_explained(desk: Paper) -> None:
    happens(desk, flow="bucket_transfer", source="USD", target="USD.F", amount="5")
    booked = desk.book()

    assert booked.unexplained == {}
    assert booked.in_flight == ()
    assert desk.balances_agree()


def test_what_is_in_flight_is_told_and_overdue_after_a_day(desk: Paper) -> None:
    happens(desk, flow="staking_leg", leg="leave", asset="USD", amount="50")
    [flying] = desk.book().in_flight
    desk.turn(seconds=timedelta(hours=25).total_seconds())
    happens(desk, flow="staking_leg", leg="arrive", asset="USD.S", amount="50")

    assert flying.qty == Decimal(50)
    assert flying.is_overdue(desk.clock())
    assert desk.book().in_flight == ()
