"""U-AST-2: funds in a vault of Earn leave the balances, and stay the account's."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random

import pytest

from kraken_pipeline.domain.accounting.causes import Cause
from kraken_pipeline.domain.errors import AuthError, LockedOutError, OrderRefusedError
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.nav import Snapshot
from kraken_pipeline.domain.reports import Balance
from kraken_pipeline.simulator.flows.play import play
from kraken_pipeline.simulator.params import Params
from kraken_pipeline_tests.fakes import overriding
from kraken_pipeline_tests.services.paper import Paper

SPOT, VAULT, OURS = "XXBT", "XBT.V", "XBT.VAULT"
COIN = Decimal(1)


def moves(desk: Paper, source: str, target: str, amount: str) -> None:
    told = {"flow": "bucket_transfer", "source": source, "target": target, "amount": amount}
    play(desk.exchange, Params(told))


def earns(desk: Paper, amount: str, bucket: str = VAULT) -> None:
    told = {"flow": "reward", "kind": "earn", "asset": bucket, "amount": amount}
    play(desk.exchange, Params(told))


def with_coins(desk: Paper) -> Snapshot:
    play(desk.exchange, Params({"flow": "deposit", "asset": "XBT", "amount": "1"}))
    desk.turn(seconds=1)
    return desk.book().snapshot


def looked(desk: Paper, **span: float) -> Snapshot:
    """Keep the books once more after a while."""
    desk.turn(**span)
    return desk.book().snapshot


def qty(snapshot: Snapshot) -> Decimal:
    [found] = [each for each in snapshot.valuations if each.asset == "XBT"]
    return found.qty


def kept(desk: Paper) -> Decimal:
    return desk.stores.books.replayed_balances().get(OURS, ZERO)


def is_exact(desk: Paper) -> bool:
    """Tell whether the kept ledger adds up to what is at the exchange, vaults among it."""
    replayed = dict(desk.stores.books.replayed_balances())
    assert replayed.pop(OURS, ZERO) == desk.exchange.account.has(VAULT)
    return replayed == desk.exchange.account.balances


def test_u_ast_2_coins_that_go_to_a_vault_stay_the_accounts(desk: Paper) -> None:
    before = with_coins(desk)

    moves(desk, SPOT, VAULT, "0.6")
    after = looked(desk, seconds=1)

    assert qty(after) == 1
    assert (after.equity, after.unit_price) == (before.equity, before.unit_price)
    assert (after.realised, after.unrealised, after.fees) == (ZERO, ZERO, ZERO)
    assert after.drift == {}
    assert kept(desk) == Decimal("0.6")
    assert desk.stores.ledger.in_flight() == ()
    assert is_exact(desk)
    [ours] = desk.stores.books.entries_of(OURS)
    [told] = [e for e in desk.stores.ledger.explained(None) if e.entry == ours]
    assert (told.cause, told.why) == (Cause.INTERNAL, "to Earn: 0.6 came into XBT.VAULT")


def test_u_ast_2_coins_in_a_vault_are_not_for_sale(desk: Paper) -> None:
    desk.planned(qty="0.01")
    desk.submit()
    desk.settle()
    desk.book()
    moves(desk, SPOT, VAULT, "0.006")
    looked(desk, seconds=1)
    desk.wants("XBTUSD", side=Side.SELL)

    verdict = desk.assess()["XBTUSD"]

    assert (verdict.approved, verdict.qty) == (True, Decimal("0.004"))


def test_u_ast_2_what_comes_back_with_its_reward_is_what_was_there(desk: Paper) -> None:
    before = with_coins(desk)
    moves(desk, SPOT, VAULT, "0.6")
    looked(desk, seconds=1)
    earns(desk, "0.01")

    grown = looked(desk, hours=1)
    moves(desk, VAULT, SPOT, "0.61")
    back = looked(desk, seconds=1)

    assert (qty(grown), qty(back)) == (Decimal("1.01"), Decimal("1.01"))
    assert grown.unit_price > before.unit_price
    assert grown.drift == back.drift == {}
    assert kept(desk) == 0
    assert is_exact(desk)
    rewards = [e for e in desk.stores.ledger.explained(None) if e.cause is Cause.REWARD]
    assert [(e.entry.asset, e.entry.amount) for e in rewards] == [(OURS, Decimal("0.01"))]
    assert desk.stores.ledger.in_flight() == ()


def test_u_ast_2_the_first_look_of_all_finds_what_has_long_been_there(desk: Paper) -> None:
    play(desk.exchange, Params({"flow": "deposit", "asset": "XBT", "amount": "1"}))
    moves(desk, SPOT, VAULT, "0.9")
    desk.turn(hours=1)
    earns(desk, "0.02")
    moves(desk, VAULT, SPOT, "0.2")

    first = looked(desk, hours=1)

    assert (qty(first), first.drift) == (Decimal("1.02"), {})
    assert kept(desk) == Decimal("0.72")
    assert is_exact(desk)


def test_u_ast_2_a_move_that_earn_does_not_tell_yet_is_on_its_way(desk: Paper) -> None:
    before = with_coins(desk)
    moves(desk, SPOT, VAULT, "0.6")
    desk.turn(seconds=1)
    late = overriding(desk.account, allocations=lambda: ())

    early = desk.book(account=desk.account, vaults=desk.vault_desk(earning=late)).snapshot
    [flying] = desk.stores.ledger.in_flight()
    soon = looked(desk, minutes=2)

    assert flying.qty == Decimal("0.6")
    assert before.equity == early.equity == soon.equity
    assert kept(desk) == Decimal("0.6")
    assert early.drift == soon.drift == {}


def test_u_ast_2_what_both_show_is_counted_once(desk: Paper) -> None:
    before = with_coins(desk)
    moves(desk, SPOT, "XBT.B", "0.4")
    moves(desk, SPOT, VAULT, "0.5")

    after = looked(desk, seconds=1)

    told = {each.strategy_id: each.qty for each in desk.account.allocations()}
    assert sorted(told.values()) == [Decimal("0.4"), Decimal("0.5")]
    assert (qty(after), after.equity, after.drift) == (COIN, before.equity, {})
    assert kept(desk) == Decimal("0.5")
    assert is_exact(desk)


def test_u_ast_2_allocations_of_coins_that_the_balances_show_add_nothing(desk: Paper) -> None:
    """As were Kraken to cease telling of that bucket, as it did of `.F`."""
    with_coins(desk)
    moves(desk, SPOT, "XBT.B", "0.4")
    desk.turn(seconds=1)
    told = {**desk.account.balances()}
    told[SPOT] = Balance(total=told[SPOT].total + told.pop("XBT.B").total, held=ZERO)
    entries = tuple(e for e in desk.account.ledger(since=None) if e.type != "earn")
    moved = overriding(desk.account, balances=lambda: told, ledger=lambda since: entries)

    after = desk.book(account=moved).snapshot

    assert (qty(after), after.drift) == (COIN, {})


def test_u_ast_2_a_bucket_that_only_the_ledger_knows_is_filled_by_allocations(
    desk: Paper,
) -> None:
    before = with_coins(desk)
    moves(desk, SPOT, "XBT.B", "0.4")
    desk.turn(seconds=1)
    told = {name: each for name, each in desk.account.balances().items() if name != "XBT.B"}
    hiding = overriding(desk.account, balances=lambda: told)

    after = desk.book(account=hiding).snapshot
    passed = desk.reconcile(settling=desk.settle_desk(account=hiding))

    assert (qty(after), after.equity, after.drift) == (COIN, before.equity, {})
    assert passed.found.findings == ()
    assert kept(desk) == 0


def test_u_ast_2_a_vault_is_no_difference_to_whoever_compares_balances(desk: Paper) -> None:
    with_coins(desk)
    moves(desk, SPOT, VAULT, "0.6")
    looked(desk, seconds=1)
    desk.turn(minutes=1)

    passed = desk.reconcile()

    # nothing was read anew for it
    assert (passed.booked, passed.found.findings) == (None, ())


def test_u_ast_2_a_move_without_any_entry_shows_on_both_sides_and_is_no_dip(desk: Paper) -> None:
    before = with_coins(desk)
    moves(desk, SPOT, VAULT, "0.6")
    desk.turn(seconds=1)
    silent = overriding(desk.account, ledger=lambda since: ())

    after = desk.book(account=silent).snapshot

    assert (qty(after), after.equity) == (COIN, before.equity)
    assert set(after.drift) == {SPOT, OURS}


def test_u_ast_2_a_growth_that_no_reward_explains_shows(desk: Paper) -> None:
    with_coins(desk)
    moves(desk, SPOT, VAULT, "0.6")
    looked(desk, seconds=1)
    told = {"flow": "adjustment", "asset": VAULT, "amount": "0.05"}
    play(desk.exchange, Params(told))

    after = looked(desk, hours=1)

    assert set(after.drift) == {OURS}


@pytest.mark.parametrize("refusal", [AuthError("EGeneral:Permission denied")])
def test_u_ast_2_a_key_that_may_not_read_it_is_told_and_stops_nothing(
    desk: Paper, refusal: Exception
) -> None:
    before = with_coins(desk)

    def denied() -> None:
        raise refusal

    earning = desk.vault_desk(earning=overriding(desk.account, allocations=denied))
    moves(desk, SPOT, VAULT, "0.6")
    desk.turn(hours=2)

    after = desk.book(vaults=earning).snapshot

    look = desk.stores.vaults.look()
    assert look is not None
    assert look.refused == "EGeneral:Permission denied"
    # what left is on its way to somewhere that cannot be seen, and stays the account's
    assert after.equity == before.equity
    assert len(desk.stores.ledger.in_flight()) == 1


def test_u_ast_2_a_locked_key_is_a_failure(desk: Paper) -> None:
    def locked() -> None:
        raise LockedOutError("EGeneral:Temporary lockout")

    earning = desk.vault_desk(earning=overriding(desk.account, allocations=locked))
    desk.turn(hours=2)

    with pytest.raises(LockedOutError):
        desk.book(vaults=earning)


def test_u_ast_2_it_is_asked_once_an_hour_and_after_moves(desk: Paper) -> None:
    asked = []

    def counted() -> object:
        asked.append(desk.clock())
        return desk.account.allocations()

    earning = desk.vault_desk(earning=overriding(desk.account, allocations=counted))
    with_coins(desk)
    for _ in range(40):
        desk.turn(minutes=5)
        desk.book(vaults=earning)
    assert len(asked) == 3
    assert min(later - sooner for sooner, later in pairwise(asked)) >= timedelta(hours=1)

    moves(desk, SPOT, VAULT, "0.1")
    desk.turn(seconds=1)
    desk.book(vaults=earning)

    assert len(asked) == 4


BUCKETS = (SPOT, VAULT, "XBT.B", "XBT.F")


def is_looked_at_anew(desk: Paper) -> None:
    """Let the last look be old: a reward in a vault moves nothing that would call for one."""
    last = desk.stores.vaults.look()
    assert last is not None
    desk.stores.vaults.keep(replace(last, at=last.at - timedelta(hours=1)))


def happens(desk: Paper, what: str, chance: Random) -> None:
    source, target = chance.sample(BUCKETS, 2)
    has = desk.exchange.account.has(source)
    amount = (has * chance.choice((1, Decimal("0.3")))).quantize(Decimal("1e-8"))
    if what == "move" and amount:
        moves(desk, source, target, str(amount))
    elif what == "reward" and has and source != SPOT:
        earns(desk, "0.001", source)
        is_looked_at_anew(desk)
    elif what == "trade":
        order = {"pair": "XBTUSD", "type": chance.choice(("buy", "sell")), "volume": "0.001"}
        with suppress(OrderRefusedError):  # there may be nothing to sell
            desk.call("AddOrder", {**order, "ordertype": "market", "oflags": "fciq"})


@pytest.mark.parametrize("seed", range(4))
def test_u_ast_2_whatever_goes_to_earn_and_comes_back_is_no_profit_and_no_dip(
    desk: Paper, seed: int
) -> None:
    chance = Random(seed)  # noqa: S311 - repeatable, not secret
    before = with_coins(desk)
    for _ in range(24):
        what = chance.choice(("move", "move", "move", "reward", "trade", "wait"))
        happens(desk, what, chance)
        # within the minute the market stands still
        after = looked(desk, milliseconds=1)
        if what in {"move", "wait"}:
            assert (after.equity, after.unit_price) == (before.equity, before.unit_price)
        assert qty(after) == sum(desk.exchange.account.has(each) for each in BUCKETS)
        assert after.drift == {}
        before = after
    looked(desk, hours=2)
    assert is_exact(desk)
    assert desk.stores.ledger.in_flight() == ()
