"""Funds that stay the account's by script: exchanged, staked, moved between buckets."""

from collections.abc import Iterable, Mapping
from typing import Final

from kraken_pipeline.simulator import buckets
from kraken_pipeline.simulator.accounts import in_ledger
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.flows.script import (
    FlowError,
    Story,
    amount_of,
    bucket_of,
    check_funds,
    fee_of,
    refid_of,
)
from kraken_pipeline.simulator.params import Params
from kraken_pipeline.simulator.treasury import Draft

STAKING_LEGS: Final[Mapping[tuple[str, str], str]] = {
    ("in", "leave"): "spottostaking",
    ("in", "arrive"): "stakingfromspot",
    ("out", "leave"): "stakingtospot",
    ("out", "arrive"): "spotfromstaking",
}
"""The subtype of each leg of a staking move, by whether it goes in or out of staking."""
EARN_SUBTYPES: Final[Mapping[str, str]] = {
    "F": "autoallocation",
    "B": "allocation",
    buckets.VAULT: "allocation",
}
"""What a move into a bucket of the newer products is called, by its suffix."""
STAKED: Final = frozenset({"S", "M", "P"})


def spend_receive(exchange: Exchange, params: Params) -> Story:
    """A purchase or conversion by the button: a spend and a receive under one refid.

    A side that rounds to zero in its asset's decimals has no row.
    """
    refid = refid_of(exchange, params)
    spent = Draft(
        type="spend",
        bucket=bucket_of(exchange, params, "spend"),
        amount=-amount_of(params),
        fee=fee_of(params),
        refid=refid,
    )
    got = Draft(
        type="receive",
        bucket=bucket_of(exchange, params, "receive"),
        amount=amount_of(params, "received"),
        refid=refid,
    )
    check_funds(exchange, spent.bucket, spent.fee - spent.amount)
    return _without_zeros(exchange, [spent, got]), []


def dust_sweep(exchange: Exchange, params: Params) -> Story:
    """Small balances, `spend` as an object of amounts by asset, become one asset."""
    swept = params.raw("spend")
    if not isinstance(swept, dict) or not swept:
        raise FlowError('give spend, an object of amounts by asset as {"ADA": "0.5"}')
    refid = refid_of(exchange, params)
    drafts = [
        Draft(
            type="spend",
            subtype="dustsweeping",
            bucket=bucket_of(exchange, Params({"asset": name})),
            amount=-amount_of(Params(swept), name),
            refid=refid,
        )
        for name in swept
    ]
    for draft in drafts:
        check_funds(exchange, draft.bucket, -draft.amount)
    got = Draft(
        type="receive",
        subtype="dustsweeping",
        bucket=bucket_of(exchange, params, "receive"),
        amount=amount_of(params, "received"),
        fee=fee_of(params),
        refid=refid,
    )
    return _without_zeros(exchange, [*drafts, got]), []


def _without_zeros(exchange: Exchange, drafts: Iterable[Draft]) -> list[Draft]:
    listing = exchange.market.listing
    return [
        draft
        for draft in drafts
        if draft.fee or in_ledger(draft.amount, buckets.held_asset(listing, draft.bucket))
    ]


def conversion(exchange: Exchange, params: Params) -> Story:
    """An asset becomes another: `type` is conversion, or adjustment as after a delisting."""
    kind, refid = params.text("type") or "conversion", refid_of(exchange, params)
    source, target = bucket_of(exchange, params, "source"), bucket_of(exchange, params, "target")
    amount = amount_of(params)
    check_funds(exchange, source, amount)
    return [
        Draft(type=kind, bucket=source, amount=-amount, refid=refid),
        Draft(type=kind, bucket=target, amount=amount_of(params, "received"), refid=refid),
    ], []


def staking_leg(exchange: Exchange, params: Params) -> Story:
    """One leg of a staking move, `leave` or `arrive`; the other may follow hours later.

    `way` says whether the move goes in or out of staking.
    """
    subtype = STAKING_LEGS.get((params.text("way") or "in", params.text("leg")))
    if subtype is None:
        raise FlowError("give leg, leave or arrive, and way, in or out")
    leaves = params.text("leg") == "leave"
    bucket, amount = bucket_of(exchange, params), amount_of(params)
    if leaves:
        check_funds(exchange, bucket, amount)
    return [
        Draft(
            type="transfer",
            subtype=subtype,
            bucket=bucket,
            amount=-amount if leaves else amount,
            refid=refid_of(exchange, params),
        )
    ], []


def bucket_transfer(exchange: Exchange, params: Params) -> Story:
    """Funds go from one bucket to another at once: .F and .B as earn, the older ones as staking."""
    source, target = bucket_of(exchange, params, "source"), bucket_of(exchange, params, "target")
    amount, refid = amount_of(params), refid_of(exchange, params)
    check_funds(exchange, source, amount)
    into, out_of = target.partition(".")[2], source.partition(".")[2]
    if into in STAKED or out_of in STAKED:
        way = "in" if into in STAKED else "out"
        types = [("transfer", STAKING_LEGS[way, leg]) for leg in ("leave", "arrive")]
    else:
        types = [("earn", EARN_SUBTYPES.get(into, "deallocation"))] * 2
    return [
        Draft(type=kind, subtype=subtype, bucket=bucket, amount=signed, refid=refid)
        for (kind, subtype), bucket, signed in zip(
            types, (source, target), (-amount, amount), strict=True
        )
    ], []
