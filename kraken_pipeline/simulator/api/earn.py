"""The methods under Earn: strategies, what is allocated to them, and moving funds in and out.

Source: Kraken's OpenAPI file for parameters and errors, recorded answers for the fields.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from kraken_pipeline.simulator import treasury, wire
from kraken_pipeline.simulator.api import named
from kraken_pipeline.simulator.buckets import VAULT
from kraken_pipeline.simulator.engine import NOTHING
from kraken_pipeline.simulator.entries import Entry
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.listing import Asset
from kraken_pipeline.simulator.params import Params, RefusedError, invalid
from kraken_pipeline.simulator.strategies import FLEX, LEAST_USD, Strategy, offered
from kraken_pipeline.simulator.treasury import Draft

PAYOUT_SECONDS: Final = {"opt_in_rewards": 302_400, "staking": 604_800}
BELOW_LEAST: Final = "EEarnings:Below min:(De)allocation operation amount less than minimum"
NO_FUNDS: Final = (
    "EEarnings:Insufficient funds:Insufficient funds to complete the (de)allocation request"
)
LOCK_TYPES: Final = frozenset({"flex", "bonded", "timed", "instant"})
REWARDS: Final = frozenset({"reward", "staking", "earn"})


def strategies(exchange: Exchange, params: Params) -> str:
    """Answer Earn/Strategies: all on one page."""
    listing = exchange.market.listing
    asset = named.found_asset(listing, params.text("asset")).id if "asset" in params else ""
    locks = set(params.names("lock_type"))
    if not locks <= LOCK_TYPES:
        raise invalid("lock_type")
    rows = [
        _shown(each)
        for each in offered(listing)
        if asset in {"", each.asset.id} and (not locks or _lock_type(each) in locks)
    ]
    return wire.text({"next_cursor": None, "items": rows})


def _lock_type(strategy: Strategy) -> str:
    if strategy.kind == FLEX:
        return "flex"
    return "bonded" if strategy.unbonding_seconds else "instant"


def _shown(strategy: Strategy) -> dict[str, object]:
    lock: dict[str, object] = {
        "type": _lock_type(strategy),
        "payout_frequency": PAYOUT_SECONDS[strategy.source],
    }
    if strategy.unbonding_seconds:
        lock |= {
            "bonding_period": 0,
            "bonding_period_variable": False,
            "bonding_rewards": False,
            "unbonding_period": strategy.unbonding_seconds,
            "unbonding_period_variable": False,
            "unbonding_rewards": False,
            "exit_queue_period": 0,
        }
    return {
        "id": strategy.id,
        "asset": strategy.asset.altname,
        "lock_type": lock,
        "apr_estimate": {"low": strategy.low, "high": strategy.high},
        "user_min_allocation": str(LEAST_USD),
        "allocation_fee": "0.0000",
        "deallocation_fee": "0.0000",
        "auto_compound": {"type": "enabled"},
        "yield_source": {"type": strategy.source},
        "can_allocate": strategy.can_be_entered,
        "can_deallocate": strategy.can_be_entered,
        "allocation_restriction_info": [],
    }


def allocations(exchange: Exchange, params: Params) -> str:
    """Answer Earn/Allocations: every strategy that has ever held funds."""
    exchange.advance()
    listing, account = exchange.market.listing, exchange.account
    into = named.found_asset(listing, params.text("converted_asset") or "ZUSD")
    hides = params.flag("hide_zero_allocations")
    items, allocated, rewarded = [], NOTHING, NOTHING
    for strategy in offered(listing):
        rows, held = _rows(exchange, strategy), account.has(strategy.bucket)
        if not rows or (hides and not held):
            continue
        earned = _rewarded(rows)
        allocated += _worth(exchange, strategy.asset, held, into)
        rewarded += _worth(exchange, strategy.asset, earned, into)
        items.append(
            {
                "strategy_id": strategy.id,
                "native_asset": strategy.asset.altname,
                "amount_allocated": {"total": _both(exchange, strategy, held, into)},
                "total_rewarded": _both(exchange, strategy, earned, into),
            }
        )
    return wire.text(
        {
            "converted_asset": into.altname,
            "total_allocated": wire.fixed(allocated, 4),
            "total_rewarded": wire.fixed(rewarded, 4),
            "next_cursor": None,
            "items": items,
        }
    )


def _rows(exchange: Exchange, strategy: Strategy) -> list[Entry]:
    """Return what ever moved in a strategy's bucket."""
    account = exchange.account
    rows = account.vault_rows if strategy.kind == VAULT else account.ledger.values()
    return [row for row in rows if row.asset == strategy.bucket]


def _rewarded(rows: Iterable[Entry]) -> Decimal:
    earned = (row.amount for row in rows if row.type in REWARDS and row.subtype in {"", "reward"})
    return sum(earned, NOTHING)


def _both(exchange: Exchange, strategy: Strategy, amount: Decimal, into: Asset) -> dict[str, str]:
    worth = _worth(exchange, strategy.asset, amount, into)
    return {"native": wire.amount(amount, strategy.asset), "converted": wire.fixed(worth, 4)}


def _worth(exchange: Exchange, asset: Asset, amount: Decimal, into: Asset) -> Decimal:
    now = exchange.position
    unit = exchange.usd_value(into, Decimal(1), now)
    if not unit:
        raise RefusedError(named.UNKNOWN_ASSET)
    return (exchange.usd_value(asset, amount, now) or NOTHING) / unit


def allocate(exchange: Exchange, params: Params) -> str:
    """Answer Earn/Allocate."""
    exchange.advance()
    strategy, amount = _asked(exchange, params)
    _move(exchange, strategy.asset.id, strategy.bucket, amount, "allocation")
    return wire.text(value=True)


def deallocate(exchange: Exchange, params: Params) -> str:
    """Answer Earn/Deallocate."""
    exchange.advance()
    strategy, amount = _asked(exchange, params)
    _move(exchange, strategy.bucket, strategy.asset.id, amount, "deallocation")
    return wire.text(value=True)


def status(exchange: Exchange, params: Params) -> str:
    """Answer Earn/AllocateStatus and DeallocateStatus: here nothing is under way for long."""
    exchange.advance()
    _strategy(exchange, params)
    return wire.text({"pending": False})


def _strategy(exchange: Exchange, params: Params) -> Strategy:
    asked = params.text("strategy_id")
    known = (each for each in offered(exchange.market.listing) if each.id == asked)
    found = next(known, None)
    if found is None:
        raise invalid("Invalid strategy ID")
    return found


def _asked(exchange: Exchange, params: Params) -> tuple[Strategy, Decimal]:
    strategy = _strategy(exchange, params)
    amount = params.number("amount")
    worth = exchange.usd_value(strategy.asset, amount, exchange.position)
    if amount <= NOTHING or (worth is not None and worth < LEAST_USD):
        raise RefusedError(BELOW_LEAST)
    if not strategy.can_be_entered:
        raise RefusedError("EEarnings:Permission denied:The strategy takes no funds")
    return strategy, amount


def _move(exchange: Exchange, source: str, target: str, amount: Decimal, subtype: str) -> None:
    if amount > treasury.spendable(exchange, source):
        raise RefusedError(NO_FUNDS)
    refid = treasury.reference(exchange)
    treasury.book(
        exchange,
        [
            Draft(type="earn", subtype=subtype, bucket=bucket, amount=sign * amount, refid=refid)
            for bucket, sign in ((source, -1), (target, 1))
        ],
    )
