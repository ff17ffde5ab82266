"""What the exchange does, and what others do with the same account on its site."""

from decimal import Decimal
from typing import Final

from kraken_pipeline.simulator import desk
from kraken_pipeline.simulator.flows.play import play
from kraken_pipeline.simulator.flows.script import FlowError
from kraken_pipeline.simulator.params import Params, RefusedError
from kraken_pipeline_tests.simulation.life import Life
from kraken_pipeline_tests.simulation.moves.trading import PAIRS

TRANSFERS: Final = (
    {"flow": "deposit", "asset": "USD", "amount": "900"},
    {"flow": "deposit", "asset": "XBT", "amount": "0.01"},
    {"flow": "withdrawal", "asset": "USD", "amount": "700", "fee": "4"},
    {"flow": "withdrawal", "asset": "EUR", "amount": "350"},
    {"flow": "withdrawal_failed", "asset": "USD", "amount": "250"},
)
"""Funds that come and go while orders rest."""


def close_the_exchange(life: Life) -> None:
    """Let the exchange or a pair take less for a while."""
    exchange, dice = life.world.exchange, life.dice
    life.world.tape.count("exchange modes")
    if dice.random() < 0.5:
        exchange.set_system(dice.choice(["maintenance", "cancel_only", "post_only"]))
    else:
        pair = exchange.market.listing.pair(dice.choice(PAIRS))
        assert pair is not None
        status = dice.choice(["cancel_only", "post_only", "limit_only", "reduce_only"])
        exchange.set_pair_status(pair, status)
    life.world.time.later(dice.choice([20, 100, 300]), lambda: reopen(life))


def reopen(life: Life) -> None:
    """Let the exchange and every pair take all again."""
    exchange = life.world.exchange
    exchange.set_system("online")
    for pair in exchange.market.listing.pairs:
        exchange.set_pair_status(pair, None)


def trade_by_hand(life: Life) -> None:
    """Somebody trades the same account on the exchange's site."""
    exchange, dice = life.world.exchange, life.dice
    now = exchange.advance()
    pair = exchange.market.listing.pair(dice.choice(PAIRS))
    assert pair is not None
    others = [each for each in exchange.account.open.values() if not each.cl_ord_id]
    if others and dice.random() < 0.4:
        exchange.cancel([dice.choice(others)])
        return
    away = Decimal(dice.choice([-100, -20, 5, 30])) / 10_000
    side = dice.choice(["buy", "sell"])
    price = exchange.last(pair, now) * (1 + (away if side == "buy" else -away))
    wanted = {
        "pair": pair.altname,
        "type": side,
        "ordertype": dice.choice(["limit", "limit", "market"]),
        "volume": str((pair.ordermin * dice.randint(1, 30)).quantize(pair.lot)),
        "price": str(price.quantize(pair.tick)),
    }
    try:
        desk.place(exchange, desk.accept(exchange, Params(wanted), now), now)
    except RefusedError as refusal:
        life.world.tape.say(f"by hand refused: {refusal.text}")


def cancel_ours_on_the_site(life: Life) -> None:
    """Somebody cancels one of our orders where we do not see it."""
    exchange = life.world.exchange
    exchange.advance()
    ours = [each for each in exchange.account.open.values() if each.cl_ord_id]
    if ours:
        exchange.cancel([life.dice.choice(ours)])


def move_funds(life: Life) -> None:
    """Funds come in or go out in the middle of everything (F-MON-1)."""
    told = dict(life.dice.choice(TRANSFERS))
    try:
        found = play(life.world.exchange, Params(told))
    except (FlowError, RefusedError) as refusal:
        life.world.tape.say(f"{told['flow']} refused: {refusal}")
        return
    life.world.tape.count("transfers")
    if told["flow"] == "withdrawal_failed":
        refids = found["refids"]
        assert isinstance(refids, list)
        back = Params({"flow": "withdrawal_returned", "refid": refids[0]})
        life.world.time.later(life.dice.choice([5, 200]), lambda: play(life.world.exchange, back))
