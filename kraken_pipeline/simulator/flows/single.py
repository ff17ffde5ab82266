"""Ledger rows that stand alone by script: rewards, airdrops, fee credits, corrections."""

from collections.abc import Mapping
from typing import Final

from kraken_pipeline.simulator import buckets
from kraken_pipeline.simulator.engine import NOTHING
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.flows.script import (
    FlowError,
    Story,
    amount_of,
    bucket_of,
    fee_of,
    refid_of,
)
from kraken_pipeline.simulator.params import Params
from kraken_pipeline.simulator.treasury import Draft

REWARDS: Final[Mapping[str, tuple[str, str]]] = {
    "staking": ("staking", ""),
    "earn": ("earn", "reward"),
    "reward": ("reward", ""),
}


def reward(exchange: Exchange, params: Params) -> Story:
    """A reward; `kind` is staking, earn or reward."""
    kind = params.text("kind") or "staking"
    if kind not in REWARDS:
        raise FlowError(f"kind is {kind!r}; give one of {', '.join(REWARDS)}")
    name, subtype = REWARDS[kind]
    return [
        Draft(
            type=name,
            subtype=subtype,
            bucket=bucket_of(exchange, params),
            amount=amount_of(params),
            fee=fee_of(params),
            refid=refid_of(exchange, params),
        )
    ], []


def airdrop(exchange: Exchange, params: Params) -> Story:
    """An asset appears, listed or not: a transfer without a subtype."""
    return [
        Draft(
            type="transfer",
            bucket=bucket_of(exchange, params),
            amount=amount_of(params),
            refid=refid_of(exchange, params),
        )
    ], []


def fee_credits(exchange: Exchange, params: Params) -> Story:
    """Fee credits are given by `amount`, or pay the `fee` of the trade `refid`."""
    if "fee" not in params:
        given = {name: params.text(name) for name in ("amount", "refid")}
        return airdrop(exchange, Params(given | {"asset": buckets.KFEE.id}))
    return [
        Draft(
            type="trade",
            subtype="tradespot",
            bucket=buckets.KFEE.id,
            amount=NOTHING,
            fee=amount_of(params, "fee"),
            refid=refid_of(exchange, params),
        )
    ], []


def rollover(exchange: Exchange, params: Params) -> Story:
    """The fee of a margin position: no amount."""
    return [
        Draft(
            type="rollover",
            bucket=bucket_of(exchange, params),
            amount=NOTHING,
            fee=amount_of(params, "fee"),
            refid=refid_of(exchange, params),
        )
    ], []


def adjustment(exchange: Exchange, params: Params) -> Story:
    """A correction, up or down: the amount has a sign."""
    return [
        Draft(
            type="adjustment",
            bucket=bucket_of(exchange, params),
            amount=params.number("amount"),
            refid=refid_of(exchange, params),
        )
    ], []


def rows(exchange: Exchange, params: Params) -> Story:
    """Any rows of one refid, `rows` as a list of objects; amounts have a sign."""
    listed = params.raw("rows")
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise FlowError("give rows, a list of objects with type, asset and amount")
    refid, rows = refid_of(exchange, params), [Params(each) for each in listed]
    return [
        Draft(
            type=row.text("type"),
            subtype=row.text("subtype"),
            bucket=bucket_of(exchange, row),
            amount=row.number("amount"),
            fee=fee_of(row),
            refid=row.text("refid") or refid,
            aclass=row.text("aclass") or "currency",
            announced=row.flag("announced"),
        )
        for row in rows
    ], []
