"""P-7 and P-8: whatever fills of what was approved, no cap breaks; more caution never allows more.

The caps are worked out again here, from balances after the fills, in fractions: nothing of ours
adds up but what is tried.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from itertools import product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_pipeline.domain.exposure import COUNTS_FROM
from kraken_pipeline.domain.halts import EVERYTHING, Halt, HaltKind, Scope, ScopeKind
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.risk import Limits
from kraken_pipeline.domain.staleness import Doubt
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline_tests.builders import NOW
from kraken_pipeline_tests.domain.risk.test_review import tighter
from kraken_pipeline_tests.services.worlds import EUR, MIDS, PAIRS, RATES, USD, Life, life

CHANCES = st.randoms(use_true_random=False)
MOST_TRIED = 6
"""Orders of which every subset is tried; of more, some."""
MIDS_OF = {
    **{Asset(name): rate for name, rate in RATES.items()},
    **{each.base: MIDS[f"{each.base}USD"] for each in PAIRS.values()},
}
TINY = Fraction(1, 10**12)
"""Of what 28 digits may round off."""
Sums = dict[str, Fraction]


def _subsets(chance: Random, orders: Sequence[Order]) -> Iterator[tuple[Fraction, ...]]:
    """Give how much of each order fills: all or nothing of each, and some partial fills."""
    if len(orders) <= MOST_TRIED:
        yield from product((Fraction(0), Fraction(1)), repeat=len(orders))
    else:
        yield (Fraction(1),) * len(orders)
        for _ in range(2**MOST_TRIED):
            yield tuple(Fraction(chance.randint(0, 1)) for _ in orders)
    for _ in range(4):
        yield tuple(Fraction(chance.randint(0, 4), 4) for _ in orders)


def _after(told: Life, orders: Sequence[Order], shares: Sequence[Fraction]) -> Sums:
    """Return what every cap is about, once those shares of the orders have filled."""
    sums: defaultdict[str, Fraction] = defaultdict(Fraction)
    price = {each.asset: Fraction(each.price or 0) for each in told.world.valuations.values()}
    for asset, balance in told.world.balances.items():
        sums[f"left {asset}"] = Fraction(balance.total)
        if asset != USD:
            _add(sums, asset, "manual", "", Fraction(balance.total) * price[asset])
    for each in told.books.held:
        worth = Fraction(each.qty) * price[PAIRS[each.pair].base]
        strategy = each.book.partition("@")[0]
        # the balance counted it as nobody's
        _add(sums, PAIRS[each.pair].base, "manual", "", -worth)
        _add(sums, PAIRS[each.pair].base, strategy, each.pair, worth)
        sums["stop risk"] += worth * Fraction(told.books.stops[each.book, each.pair])
    for order, share in zip(orders, shares, strict=True):
        _fill(told, sums, order, Fraction(order.open_qty) * share)
    return dict(sums)


def _add(sums: Sums, asset: str, strategy: str, pair: str, worth: Fraction) -> None:
    for name in (f"asset {asset}", f"strategy {strategy}", f"pair {pair}", "gross"):
        sums[name] += worth


def _fill(told: Life, sums: Sums, order: Order, qty: Fraction) -> None:
    pair = PAIRS[order.pair]
    cost = qty * Fraction(order.limit_price)
    fee = cost * Fraction(told.world.fees[order.pair].worst_share)
    rate = Fraction(RATES[pair.quote])
    sign = 1 if order.side is Side.BUY else -1
    paid = cost * sign + fee
    worth = (cost + fee if sign > 0 else -cost) * rate
    _add(sums, pair.base, order.strategy_id, order.pair, worth)
    sums[f"left {pair.quote}"] -= paid
    if pair.quote == EUR:
        _add(sums, EUR, "manual", "", -paid * rate)
    sums["turnover"] += cost * rate
    sums["fees"] += fee * rate
    if sign > 0:
        sums["stop risk"] += cost * rate * Fraction(order.stop_distance)


def _bounds(told: Life, approved: Sequence[Order]) -> dict[str, Fraction]:
    """Return what every cap that an approved buy bears on allows, by what it is about."""
    limits, lately = told.desk.limits, told.books.done
    equity = Fraction(told.world.snapshot.equity) if told.world.snapshot else Fraction(0)

    def share(percent: object) -> Fraction:
        return equity * Fraction(str(percent)) / 100

    found = {
        "gross": share(limits.max_gross_exposure_pct),
        "stop risk": share(limits.max_portfolio_stop_risk_pct),
        "turnover": share(limits.max_turnover_pct_per_day) - Fraction(lately.traded),
        "fees": share(limits.max_fees_pct_per_day) - Fraction(lately.fees),
    }
    if limits.max_total_notional is not None:
        found["gross"] = min(found["gross"], Fraction(limits.max_total_notional))
    for each in approved:
        cap = told.desk.strategy_caps.get(each.strategy_id, limits.max_per_strategy_pct)
        found[f"strategy {each.strategy_id}"] = share(cap)
        found[f"asset {each.base}"] = share(limits.max_per_asset_pct)
        if limits.max_pair_notional is not None:
            found[f"pair {each.pair}"] = Fraction(limits.max_pair_notional)
    return found


def _is_in_the_cluster(name: str, clustered: set[str]) -> bool:
    return name.startswith("asset ") and name.removeprefix("asset ") in clustered


@settings(max_examples=150)
@given(CHANCES)
def test_p_7_no_subset_of_fills_breaks_a_cap_that_an_approval_bears_on(chance: Random) -> None:
    told = life(chance)
    _, orders = told.answered()
    approved = [each for each in orders if each.side is Side.BUY]
    there = [*told.books.reserving, *orders]
    bounds = _bounds(told, approved) if approved else {}

    for shares in _subsets(chance, there):
        after = _after(told, there, shares)
        assert {
            name: (float(after.get(name, Fraction(0))), float(most))
            for name, most in bounds.items()
            if after.get(name, Fraction(0)) > most + TINY
        } == {}


@settings(max_examples=60)
@given(CHANCES)
def test_p_7_no_subset_of_fills_takes_the_reserve_or_more_than_there_is(chance: Random) -> None:
    told = life(chance)
    _, orders = told.answered()
    approved = [each for each in orders if each.side is Side.BUY]
    buys = [each for each in (*told.books.reserving, *approved) if each.side is Side.BUY]
    equity = Fraction(told.world.snapshot.equity) if told.world.snapshot else Fraction(0)
    reserve = equity * Fraction(told.desk.limits.min_cash_reserve_pct) / 100

    for shares in _subsets(chance, buys) if approved else ():
        after = _after(told, buys, shares)
        spendable = after["left USD"] + after["left EUR"] * Fraction(RATES["EUR"])
        quotes = {PAIRS[each.pair].quote for each in approved}
        assert all(after[f"left {each}"] >= -TINY for each in quotes)
        assert spendable >= reserve - TINY


@settings(max_examples=60)
@given(CHANCES)
def test_p_7_nor_does_any_break_the_cap_of_what_moves_as_one(chance: Random) -> None:
    told = life(chance)
    percent = told.desk.limits.max_per_cluster_pct
    _, orders = told.answered()
    buys = [each for each in orders if each.side is Side.BUY and each.base != "SOL"]
    there = [*told.books.reserving, *orders]

    if percent is None or not buys or told.world.snapshot is None:
        return
    most = Fraction(told.world.snapshot.equity) * Fraction(percent) / 100
    for shares in _subsets(chance, there):
        after = _after(told, there, shares)
        clustered = sum(
            (of for name, of in after.items() if _is_in_the_cluster(name, {"XBT", "ETH"})),
            Fraction(0),
        )
        assert clustered <= most + TINY


@settings(max_examples=60)
@given(CHANCES)
def test_p_7_each_order_and_their_number_are_within_their_caps(chance: Random) -> None:
    told = life(chance)
    limits, lately = told.desk.limits, told.books.done
    _, orders = told.answered()
    approved = [each for each in orders if each.side is Side.BUY]

    if approved:
        assert lately.orders_of_minute + len(orders) <= limits.max_orders_per_minute
        assert lately.orders_of_day + len(orders) <= limits.max_orders_per_day
    for each in approved:
        assert each.qty <= told.world.qty_caps.get(each.pair, each.qty)
        assert each.open_notional <= (limits.max_order_notional or each.open_notional)
    worth = {asset: of.total * MIDS_OF[asset] for asset, of in told.world.balances.items()}
    there = {asset for asset, of in worth.items() if of >= COUNTS_FROM}
    bought = {each.base for each in (*told.books.reserving, *approved) if each.side is Side.BUY}
    new = {each.base for each in approved} - there
    if new - {each.base for each in told.books.reserving}:
        assert len((there | bought) - {USD}) <= limits.max_open_positions


@settings(max_examples=60)
@given(CHANCES)
def test_p_9_and_p_10_what_is_approved_is_large_enough_and_on_the_pairs_steps(
    chance: Random,
) -> None:
    told = life(chance)
    plan, orders = told.answered()

    for each in orders:
        pair = PAIRS[each.pair]
        assert each.qty >= pair.min_qty > 0
        assert each.qty * each.limit_price >= pair.min_cost
        assert each.qty % pair.lot == each.limit_price % pair.tick == 0
        if each.side is Side.BUY:
            assert each.open_notional >= told.desk.style.min_notional
    assert len(orders) == sum(each.approved for each in plan.verdicts)


def _halted(told: Life, chance: Random) -> Life:
    scope = chance.choice([EVERYTHING, Scope(kind=ScopeKind.PAIR, name="XBTUSD")])
    halt = Halt(
        halt_id=1,
        kind=chance.choice(list(HaltKind)),
        scope=scope,
        reason="a test",
        action="",
        latched_at=NOW,
        latched_by="me",
    )
    return replace(told, books=replace(told.books, latched=(halt,)))


def _staler(told: Life, chance: Random) -> Life:
    name = chance.choice(list(PAIRS))
    quoted, world = told.world.quoted, told.world
    old = replace(quoted.quotes[name], received_at=NOW - timedelta(hours=1))
    doubted = {**quoted.doubts, name: frozenset({chance.choice(sorted(Doubt))})}
    worlds = [
        replace(world, quoted=replace(quoted, quotes={**quoted.quotes, name: old})),
        replace(world, quoted=replace(quoted, doubts=doubted)),
        replace(world, snapshot=None),
        replace(world, system_status="maintenance"),
        replace(world, day_began=None),
    ]
    return replace(told, world=chance.choice(worlds))


def _tighter(told: Life, chance: Random) -> Life:
    names = [each for each in Limits.__slots__ if not each.startswith("max_risk_per")]
    bounds = tighter(told.desk.limits, chance.choice(names))
    return replace(told, desk=replace(told.desk, limits=bounds))


@pytest.mark.parametrize("more_careful", [_halted, _staler, _tighter])
@settings(max_examples=60)
@given(chance=CHANCES)
def test_p_8_more_caution_never_turns_the_first_denial_into_an_approval(
    more_careful: Callable[[Life, Random], Life], chance: Random
) -> None:
    told = life(chance)
    first = replace(told, wishes=told.wishes[:1])
    careful = more_careful(first, chance)

    (plan, bought), (careful_plan, still) = first.answered(), careful.answered()

    [before], [after] = plan.verdicts, careful_plan.verdicts
    assert before.approved or not after.approved
    if bought and still:
        assert still[0].qty <= bought[0].qty


@settings(max_examples=40)
@given(CHANCES)
def test_p_8_no_halt_of_everything_lets_any_buy_through(chance: Random) -> None:
    told = life(chance)
    halt = Halt(
        halt_id=1,
        kind=chance.choice(list(HaltKind)),
        scope=EVERYTHING,
        reason="a test",
        action="",
        latched_at=NOW,
        latched_by="me",
    )
    _, orders = replace(told, books=replace(told.books, latched=(halt,))).answered()

    assert [each for each in orders if each.side is Side.BUY] == []
