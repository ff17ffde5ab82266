"""Deposits and withdrawals by script, the odd ones among them."""

from dataclasses import replace

from kraken_pipeline.simulator import buckets, funding_terms, treasury
from kraken_pipeline.simulator.api.funding import returned, taken
from kraken_pipeline.simulator.bookings import Direction, TransferNoted, WithdrawKeyKept
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
from kraken_pipeline.simulator.params import Params, number
from kraken_pipeline.simulator.treasury import Draft


def _noted(
    exchange: Exchange, direction: Direction, draft: Draft, status: str, prop: str = ""
) -> TransferNoted:
    """Return what DepositStatus or WithdrawStatus says of a row."""
    listing = exchange.market.listing
    asset = buckets.underlying(listing, draft.bucket)
    way = funding_terms.methods(listing, asset)[0].name if asset else draft.bucket
    now = exchange.clock.now()
    chain = asset is not None and funding_terms.methods(listing, asset)[0].has_addresses
    return TransferNoted(
        at=exchange.stamp(now),
        direction=direction,
        refid=draft.refid,
        asset=draft.bucket,
        method=way,
        amount=abs(draft.amount),
        fee=draft.fee,
        asked=now,
        status=status,
        prop=prop,
        info=funding_terms.lookalike("address", draft.bucket)[:40] if chain else "",
        txid=funding_terms.lookalike("chain", draft.refid) if chain else "",
    )


def deposit(exchange: Exchange, params: Params) -> Story:
    """Funds come in; with `announced`, a row without id goes before the one that counts."""
    draft = Draft(
        type="deposit",
        bucket=bucket_of(exchange, params),
        amount=amount_of(params),
        fee=fee_of(params),
        refid=refid_of(exchange, params),
    )
    before = [replace(draft, announced=True)] if params.flag("announced") else []
    return [*before, draft], [_noted(exchange, "deposit", draft, "Success")]


def deposits_interleaved(exchange: Exchange, params: Params) -> Story:
    """Several deposits whose pairs of rows interleave: all announcements, then all rows."""
    amounts = [number(each, "amounts") for each in params.names("amounts")]
    drafts = [
        Draft(
            type="deposit",
            bucket=bucket_of(exchange, params),
            amount=amount,
            refid=treasury.reference(exchange, place),
        )
        for place, amount in enumerate(amounts)
    ]
    announced = [replace(draft, announced=True) for draft in drafts]
    notes = [_noted(exchange, "deposit", draft, "Success") for draft in drafts]
    return [*announced, *drafts], [*notes]


def reversal(exchange: Exchange, params: Params) -> Story:
    """A deposit is taken back: a deposit below zero. The balance may become negative."""
    draft = Draft(
        type="deposit",
        bucket=bucket_of(exchange, params),
        amount=-amount_of(params),
        refid=refid_of(exchange, params),
    )
    return [draft], [_noted(exchange, "deposit", draft, "Failure", "return")]


def withdrawal(exchange: Exchange, params: Params) -> Story:
    """Funds go out, and the fee besides."""
    return _out(exchange, params, "Success")


def withdrawal_failed(exchange: Exchange, params: Params) -> Story:
    """A withdrawal fails when its funds have left; `withdrawal_returned` brings them back."""
    return _out(exchange, params, "Failure")


def _out(exchange: Exchange, params: Params, status: str) -> Story:
    draft = Draft(
        type="withdrawal",
        bucket=bucket_of(exchange, params),
        amount=-amount_of(params),
        fee=fee_of(params),
        refid=refid_of(exchange, params),
    )
    check_funds(exchange, draft.bucket, draft.fee - draft.amount)
    noted = _noted(exchange, "withdrawal", draft, status)
    return [taken(noted)], [noted]


def withdrawal_returned(exchange: Exchange, params: Params) -> Story:
    """What a withdrawal took comes back under the same refid, its fee with it."""
    noted = exchange.account.funding.transfers.get(params.text("refid"))
    if noted is None or noted.direction != "withdrawal":
        raise FlowError(f"refid {params.text('refid')!r} is no withdrawal; give one that was made")
    back = replace(noted, at=exchange.stamp(exchange.clock.now()), status="Failure", prop="return")
    return [returned(noted)], [back]


def withdraw_key(exchange: Exchange, params: Params) -> Story:
    """An address that Withdraw may send to is written down as `key`."""
    listing = exchange.market.listing
    asset = listing.asset(params.text("asset"))
    if asset is None or "key" not in params:
        raise FlowError("give key, a name for the address, and asset, a listed one")
    ways = funding_terms.methods(listing, asset)
    way = funding_terms.method(listing, asset, params.text("method") or ways[0].name)
    if way is None:
        raise FlowError(f"give method, one of {', '.join(each.name for each in ways)}")
    kept = WithdrawKeyKept(
        at=exchange.stamp(exchange.clock.now()),
        key=params.text("key"),
        asset=asset.id,
        method=way.name,
        address=params.text("address") or f"sim-{params.text('key')}",
    )
    return [], [kept]
