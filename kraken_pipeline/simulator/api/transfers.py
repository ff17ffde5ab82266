"""DepositStatus, WithdrawStatus and WithdrawCancel: what became of transfers.

Source: kraken/rest.md §5. A page is a list, or with `cursor` an object with the next one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Final

from kraken_pipeline.simulator import buckets, funding_terms, treasury, wire
from kraken_pipeline.simulator.api import funding, named
from kraken_pipeline.simulator.api.paging import seconds
from kraken_pipeline.simulator.bookings import Direction, TransferNoted
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.params import Params, RefusedError, invalid

DEPOSITS_A_PAGE: Final = 25
WITHDRAWALS_A_PAGE: Final = 500


def deposit_status(exchange: Exchange, params: Params) -> str:
    """Answer DepositStatus, the latest first."""
    exchange.advance()
    deposits = [*_noted(exchange, "deposit"), *_plain_deposits(exchange)]
    return _paged(exchange, params, deposits, "deposit", DEPOSITS_A_PAGE)


def withdraw_status(exchange: Exchange, params: Params) -> str:
    """Answer WithdrawStatus, the latest first."""
    exchange.advance()
    withdrawals = _noted(exchange, "withdrawal")
    return _paged(exchange, params, withdrawals, "withdrawals", WITHDRAWALS_A_PAGE)


def withdraw_cancel(exchange: Exchange, params: Params) -> str:
    """Answer WithdrawCancel: a withdrawal that is not on its way yet comes back whole."""
    now = exchange.advance()
    asset = named.found_asset(exchange.market.listing, params.text("asset"))
    noted = exchange.account.funding.transfers.get(params.text("refid"))
    if noted is None or noted.direction != "withdrawal" or noted.asset != asset.id:
        raise RefusedError("EFunding:Unknown reference id")
    if funding_terms.status(noted, now) not in funding_terms.CANCELABLE:
        return wire.text(value=False)
    gone = replace(noted, at=exchange.stamp(now), status="Failure", prop="canceled")
    treasury.book(exchange, [funding.returned(noted)], gone)
    return wire.text(value=True)


def _noted(exchange: Exchange, direction: Direction) -> Iterator[TransferNoted]:
    kept = exchange.account.funding.transfers.values()
    return (each for each in kept if each.direction == direction)


def _plain_deposits(exchange: Exchange) -> Iterator[TransferNoted]:
    """Yield the deposits of which nothing but the ledger tells: those the account began with."""
    account, listing = exchange.account, exchange.market.listing
    for entry in account.ledger.values():
        if entry.type != "deposit" or entry.refid in account.funding.transfers:
            continue
        asset = buckets.underlying(listing, entry.asset)
        if asset is None:
            continue
        yield TransferNoted(
            at=entry.at,
            direction="deposit",
            refid=entry.refid,
            asset=entry.asset,
            method=funding_terms.methods(listing, asset)[0].name,
            amount=entry.amount,
            fee=entry.fee,
            asked=entry.at,
            status="Success",
        )


def _paged(
    exchange: Exchange,
    params: Params,
    transfers: Iterable[TransferNoted],
    name: str,
    rows_a_page: int,
) -> str:
    listing = exchange.market.listing
    asset = named.found_asset(listing, params.text("asset")).id if "asset" in params else ""
    start, end = _bound(params, "start"), _bound(params, "end")
    found = [
        each
        for each in sorted(transfers, key=lambda each: each.asked, reverse=True)
        if asset in {"", each.asset}
        and params.text("method").lower() in {"", each.method.lower()}
        and (start is None or seconds(each.asked) >= start)
        and (end is None or seconds(each.asked) <= end)
    ]
    limit = params.integer("limit", default=rows_a_page)
    if limit < 1:
        raise invalid("limit")
    cursor = params.text("cursor").lower()
    paged = cursor not in {"", "false"}
    first = _place(cursor) if paged and cursor != "true" else 0
    page = [_shown(exchange, each) for each in found[first : first + limit]]
    if not paged:
        return wire.text(page)
    more = first + limit < len(found)
    return wire.text({name: page, "next_cursor": f"p{first + limit}" if more else None})


def _place(cursor: str) -> int:
    """Return the place that a cursor of ours stands for."""
    if not cursor.startswith("p") or not cursor[1:].isdigit():
        raise invalid("cursor")
    return int(cursor[1:])


def _bound(params: Params, name: str) -> Decimal | None:
    return params.number(name) if name in params else None


def _shown(exchange: Exchange, transfer: TransferNoted) -> dict[str, object]:
    asset = buckets.held_asset(exchange.market.listing, transfer.asset)
    row: dict[str, object] = {
        "method": transfer.method,
        "aclass": "currency",
        "asset": transfer.asset,
        "refid": transfer.refid,
        "txid": transfer.txid or None,
        "info": transfer.info or None,
        "amount": wire.amount(transfer.amount, asset),
        "fee": wire.amount(transfer.fee, asset),
        "time": int(transfer.asked.timestamp()),
        "status": funding_terms.status(transfer, exchange.clock.now()),
    }
    if transfer.prop:
        row["status-prop"] = transfer.prop
    if transfer.direction == "withdrawal":
        way = _way(exchange, transfer)
        row |= {"key": transfer.key} | ({"network": way.network} if way else {})
    return row


def _way(exchange: Exchange, transfer: TransferNoted) -> funding_terms.Method | None:
    asset = buckets.underlying(exchange.market.listing, transfer.asset)
    return funding_terms.method(exchange.market.listing, asset, transfer.method) if asset else None
