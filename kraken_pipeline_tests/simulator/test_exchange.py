"""What holds whatever is done, and a restart in the middle of it."""

import random
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from kraken_pipeline.simulator import desk
from kraken_pipeline.simulator.accounts import Account
from kraken_pipeline.simulator.api import trading
from kraken_pipeline.simulator.clock import FixedClock
from kraken_pipeline.simulator.engine import NOTHING, Side
from kraken_pipeline.simulator.engine_limits import TIERS
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.order_rules import wanted
from kraken_pipeline.simulator.params import Params, RefusedError
from kraken_pipeline.simulator.simulation import Settings, opened

PAIRS = ("XBTUSD", "ETHXBT", "XDGUSD", "WELLUSD", "SOLUSDT", "USDTUSD")
STEPS = 150


def dice_of(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 repeatable, not secret


def trade_something(exchange: Exchange, dice: random.Random) -> None:
    """Place an order near the market, of any kind."""
    pair = exchange.market.listing.pair(dice.choice(PAIRS))
    assert pair is not None
    now = exchange.advance()
    last = exchange.last(pair, now)
    near = (last * Decimal(1000 + dice.randint(-20, 20)) / 1000).quantize(pair.tick)
    params = Params({
        "type": dice.choice(["buy", "sell"]),
        "ordertype": dice.choice(["limit", "limit", "market"]),
        "volume": str((pair.ordermin * dice.choice([1, 3, 20, 90])).quantize(pair.lot)),
        "price": str(near),
        "oflags": dice.choice(["", "fcib", "fciq"]),
        "timeinforce": dice.choice(["GTC", "GTC", "IOC", "FOK"]),
    })  # fmt: skip
    with suppress(RefusedError):  # the account may not have the funds
        desk.place(exchange, wanted(params, pair, last, now), now)


def trigger_something(exchange: Exchange, dice: random.Random) -> None:
    """Place an order that waits, shows a part of itself, or brings forth another."""
    pair = exchange.market.listing.pair(dice.choice(PAIRS))
    assert pair is not None
    stops = ["stop-loss", "take-profit", "stop-loss-limit", "take-profit-limit"]
    trails = ["trailing-stop", "trailing-stop-limit"]
    ordertype = dice.choice([*stops, *trails, "iceberg"])
    qty = (pair.ordermin * dice.choice([1, 3, 20])).quantize(pair.lot)
    params = {
        "pair": pair.altname,
        "type": dice.choice(["buy", "sell"]),
        "ordertype": ordertype,
        "volume": str(qty),
        "displayvol": str((qty / 4).quantize(pair.lot)) if ordertype == "iceberg" else "",
        "price": f"{'+' if ordertype in trails else '#'}{dice.randint(1, 20) / 10}%",
        "price2": f"{dice.choice('+-')}{dice.randint(0, 20) / 10}%",
        "starttm": dice.choice(["", "", "+90"]),
        "expiretm": dice.choice(["", "", "+50000"]),
        "oflags": dice.choice(["", "fcib"]),
        "stptype": dice.choice(["cancel-newest", "cancel-oldest", "cancel-both"]),
        "close[ordertype]": dice.choice(["", "limit", "stop-loss", "trailing-stop"]),
        "close[price]": f"+{dice.randint(1, 20) / 10}%",
    }
    if not params["close[ordertype]"]:
        del params["close[price]"]
    with suppress(RefusedError):  # the account may not have the funds
        trading.add_order(exchange, Params(params))


def change_something(exchange: Exchange, dice: random.Random) -> None:
    """Amend or edit any open order."""
    alive = list(exchange.account.open.values())
    if not alive:
        return
    order = dice.choice(alive)
    more = str((order.volume * dice.choice([1, 2, 5]) / 2).quantize(Decimal("1e-8")))
    price = f"{dice.choice('+-')}{dice.randint(0, 10) / 10}%"
    amend = {
        "txid": order.id,
        "order_qty": more,
        dice.choice(["limit_price", "trigger_price"]): price,
    }
    edit = {"txid": order.id, "pair": order.pair, "volume": more, "price": price}
    with suppress(RefusedError):  # not every order can be changed so
        if dice.random() < 0.5:
            trading.amend_order(exchange, Params(amend))
        else:
            trading.edit_order(exchange, Params(edit))


def shut_something(exchange: Exchange, dice: random.Random) -> None:
    """Change what may be done, and back."""
    exchange.set_system(dice.choice(["online", "online", "post_only", "maintenance"]))


def cancel_something(exchange: Exchange, dice: random.Random) -> None:
    """Cancel any open order."""
    alive = list(exchange.account.open.values())
    exchange.cancel(dice.sample(alive, min(len(alive), 1)))


def let_time_pass(exchange: Exchange, dice: random.Random) -> None:
    """Turn the clock by anything from a second to a day."""
    assert isinstance(exchange.clock, FixedClock)
    span = timedelta(seconds=dice.choice([1, 7, 60, 900, 7200, 90_000]))
    exchange.clock.turn(exchange.clock.now() + span)
    exchange.advance()


def known(account: Account) -> tuple[object, ...]:
    """Return all that an account knows."""
    return (
        account.balances,
        account.orders,
        account.open,
        account.ledger,
        account.amends,
        account.before_amends,
        account.system,
    )


STEPS_OF_ALL_KINDS = [
    trade_something,
    trigger_something,
    trigger_something,
    change_something,
    shut_something,
    cancel_something,
    let_time_pass,
]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_is_done_nothing_is_overdrawn_crossed_or_lost(
    settings: Settings, seed: int
) -> None:
    dice = dice_of(seed)
    steps = [*STEPS_OF_ALL_KINDS, trade_something, let_time_pass]
    with opened(replace(settings, seed=seed)) as service:
        exchange = service.exchange
        exchange.counters.tier = TIERS["pro"]
        for _ in range(3 * STEPS):
            dice.choice(steps)(exchange, dice)

            assert min(exchange.account.balances.values()) >= 0
            held = exchange.account.holds()
            assert all(amount >= held.get(a, 0) for a, amount in exchange.account.balances.items())
        assert len(exchange.account.trades) > 20
        kept = known(exchange.account)

    with opened(replace(settings, seed=seed)) as service:
        assert known(service.exchange.account) == kept


@pytest.mark.parametrize("seed", [4, 5])
def test_orders_are_the_sum_of_their_trades_none_worse_than_its_limit(
    settings: Settings, seed: int
) -> None:
    dice = dice_of(seed)
    with opened(settings) as service:
        exchange = service.exchange
        for _ in range(STEPS):
            dice.choice([trade_something, let_time_pass])(exchange, dice)

        for order in exchange.account.orders.values():
            trades = [exchange.account.trades[trade] for trade in order.trades]
            assert sum((trade.qty for trade in trades), NOTHING) == order.executed <= order.volume
            assert sum((trade.cost for trade in trades), NOTHING) == order.cost
            sign = 1 if order.side is Side.BUY else -1
            limit = order.price
            assert limit is None or all(sign * (limit - trade.price) >= 0 for trade in trades)


@pytest.mark.parametrize("seed", [6, 7])
def test_the_book_is_never_crossed_by_our_orders(settings: Settings, seed: int) -> None:
    dice = dice_of(seed)
    with opened(settings) as service:
        exchange = service.exchange
        for _ in range(STEPS):
            dice.choice([trade_something, let_time_pass])(exchange, dice)
            pair = exchange.market.listing.pair(dice.choice(PAIRS))
            assert pair is not None

            book = exchange.book(pair, exchange.clock.now())

            assert book.bids[0].price < book.asks[0].price


def test_no_two_events_have_one_time_or_one_id(settings: Settings) -> None:
    dice = dice_of(8)
    with opened(settings) as service:
        account = service.exchange.account
        for _ in range(STEPS):
            dice.choice([trade_something, let_time_pass])(service.exchange, dice)

        assert len({trade.at for trade in account.trades.values()}) == len(account.trades)
        ids = [*account.orders, *account.trades, *account.ledger]
        assert len(ids) == len(set(ids)) == len(account.orders) + 3 * len(account.trades) + 1
        times = [entry.at for entry in account.ledger.values()]
        assert times == sorted(times)
