"""Deposits, withdrawals and wallet transfers.

They move the simulated account's funds and nothing else. Addresses that funds may be withdrawn to
are written down by the control call for flows, as people do on Kraken's site.

Source: kraken/rest.md §5, errors.md, and the fields of Kraken's OpenAPI file.
"""

from decimal import Decimal
from typing import Final

from kraken_pipeline.simulator import funding_terms, treasury, wire
from kraken_pipeline.simulator.api import named
from kraken_pipeline.simulator.bookings import AddressMade, TransferNoted, WithdrawKeyKept
from kraken_pipeline.simulator.engine import NOTHING
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.funding_terms import Method
from kraken_pipeline.simulator.listing import Asset
from kraken_pipeline.simulator.params import Params, RefusedError, invalid
from kraken_pipeline.simulator.treasury import Draft

UNKNOWN_ASSET: Final = "EFunding:Unknown asset"
NO_METHOD: Final = "EFunding:No funding method"
UNKNOWN_KEY: Final = "EFunding:Unknown withdraw key"
INVALID_AMOUNT: Final = "EFunding:Invalid amount"
MOST_UNUSED: Final = 5
"""New addresses of one method that nothing has come to yet."""


def deposit_methods(exchange: Exchange, params: Params) -> str:
    """Answer DepositMethods."""
    asset = _asset(exchange, params)
    rows = []
    for way in funding_terms.methods(exchange.market.listing, asset):
        row: dict[str, object] = {"method": way.name, "limit": False}
        if way.has_addresses:
            row["gen-address"] = True
        rows.append(row | {"minimum": wire.amount(way.minimum, asset)})
    return wire.text(rows)


def deposit_addresses(exchange: Exchange, params: Params) -> str:
    """Answer DepositAddresses; `new` makes one more."""
    asset = _asset(exchange, params)
    way = _way(exchange, asset, params)
    if not way.has_addresses:
        raise RefusedError(NO_METHOD)
    made = [
        each
        for each in exchange.account.funding.addresses
        if (each.asset, each.method) == (asset.id, way.name)
    ]
    if params.flag("new"):
        if len([each for each in made if not _is_used(exchange, each)]) >= MOST_UNUSED:
            raise RefusedError("EFunding:Too many addresses")
        fresh = AddressMade(
            at=exchange.stamp(exchange.clock.now()),
            asset=asset.id,
            method=way.name,
            address=_address(asset, way, len(made), *exchange.run_id()),
        )
        exchange.record(fresh)
        made.insert(0, fresh)
    return wire.text([_shown_address(exchange, asset, each) for each in made])


def _shown_address(exchange: Exchange, asset: Asset, made: AddressMade) -> dict[str, object]:
    row: dict[str, object] = {"address": made.address, "expiretm": "0"}
    if not _is_used(exchange, made):
        row["new"] = True
    if asset.altname in funding_terms.TAGGED:
        number = int(funding_terms.lookalike(made.address), 16) % 10**10
        row[funding_terms.TAGGED[asset.altname]] = str(number)
    return row


def _is_used(exchange: Exchange, made: AddressMade) -> bool:
    return any(each.info == made.address for each in exchange.account.funding.transfers.values())


def _address(asset: Asset, way: Method, *parts: object) -> str:
    """Return what looks like an address, on no chain at all."""
    return f"sim{funding_terms.lookalike(asset.id, way.name, *parts)}"[:42]


def withdraw_methods(exchange: Exchange, params: Params) -> str:
    """Answer WithdrawMethods, of all assets if none is named."""
    listing = exchange.market.listing
    assets = [_asset(exchange, params)] if "asset" in params else listing.assets.values()
    network = params.text("network").lower()
    return wire.text(
        [
            {
                "asset": asset.id,
                "method": way.name,
                "network": way.network,
                "minimum": f"{way.minimum:f}",
            }
            for asset in assets
            for way in funding_terms.methods(listing, asset)
            if not network or (way.network or "").lower() == network
        ]
    )


def withdraw_addresses(exchange: Exchange, params: Params) -> str:
    """Answer WithdrawAddresses: those that were written down."""
    listing = exchange.market.listing
    asset = _asset(exchange, params).id if "asset" in params else ""
    wanted = {
        "asset": asset,
        "method": params.text("method"),
        "key": params.text("key"),
    }
    return wire.text(
        [
            {
                "address": kept.address,
                "asset": listing.assets[kept.asset].altname,
                "method": kept.method,
                "key": kept.key,
                "verified": True,
            }
            for kept in exchange.account.funding.withdraw_keys.values()
            if params.flag("verified", default=True)
            and all(value in {"", getattr(kept, name)} for name, value in wanted.items())
        ]
    )


def withdraw_info(exchange: Exchange, params: Params) -> str:
    """Answer WithdrawInfo: what would arrive, and how much could be sent at most."""
    exchange.advance()
    asset = _asset(exchange, params)
    kept = _kept(exchange, asset, params)
    way = _way_of(exchange, asset, kept)
    most = max(treasury.spendable(exchange, asset.id) - way.fee, NOTHING)
    return wire.text(
        {
            "method": kept.method,
            "limit": wire.amount(most, asset),
            "amount": wire.amount(max(params.number("amount") - way.fee, NOTHING), asset),
            "fee": wire.amount(way.fee, asset),
        }
    )


def withdraw(exchange: Exchange, params: Params) -> str:
    """Answer Withdraw: the funds are gone from the account at once, the fee among them.

    Source: WithdrawInfo as recorded, whose amount is the asked one less the fee.
    """
    now = exchange.advance()
    asset = _asset(exchange, params)
    kept = _kept(exchange, asset, params)
    if "address" in params and params.text("address") != kept.address:
        raise RefusedError("EFunding:Invalid withdrawal address")
    way = _way_of(exchange, asset, kept)
    if "max_fee" in params and params.number("max_fee") < way.fee:
        raise RefusedError("EFunding:Max fee exceeded")
    amount = _affordable(exchange, asset, params)
    if amount - way.fee < way.minimum:
        raise RefusedError(INVALID_AMOUNT)
    noted = TransferNoted(
        at=exchange.stamp(now),
        direction="withdrawal",
        refid=treasury.reference(exchange),
        asset=asset.id,
        method=kept.method,
        amount=amount - way.fee,
        fee=way.fee,
        asked=now,
        status=funding_terms.LADDER[0][1],
        info=kept.address,
        txid=funding_terms.lookalike("chain", exchange.account.events, *exchange.run_id()),
        key=kept.key,
    )
    treasury.book(exchange, [taken(noted)], noted)
    return wire.text({"refid": noted.refid})


def taken(transfer: TransferNoted) -> Draft:
    """Return the ledger row of a withdrawal."""
    return Draft(
        type="withdrawal",
        bucket=transfer.asset,
        amount=-transfer.amount,
        fee=transfer.fee,
        refid=transfer.refid,
    )


def returned(transfer: TransferNoted) -> Draft:
    """Return the ledger row by which a withdrawal comes back, its fee with it."""
    return Draft(
        type="withdrawal",
        bucket=transfer.asset,
        amount=transfer.amount,
        fee=-transfer.fee,
        refid=transfer.refid,
    )


def wallet_transfer(exchange: Exchange, params: Params) -> str:
    """Answer WalletTransfer: from the spot to the futures wallet, which is not seen here."""
    exchange.advance()
    for name, only in (("from", "Spot Wallet"), ("to", "Futures Wallet")):
        if params.text(name) != only:
            raise invalid(name)
    asset = _asset(exchange, params)
    refid = treasury.reference(exchange)
    moved = Draft(
        type="transfer",
        subtype="spottofutures",
        bucket=asset.id,
        amount=-_affordable(exchange, asset, params),
        refid=refid,
    )
    treasury.book(exchange, [moved])
    return wire.text({"refid": refid})


def subaccounts(exchange: Exchange, params: Params) -> str:
    """Refuse what only institutions have: CreateSubaccount and AccountTransfer.

    Raises:
        RefusedError: always.
    """
    raise RefusedError("EGeneral:Permission denied")


def _asset(exchange: Exchange, params: Params) -> Asset:
    if "asset" not in params:
        raise invalid("asset")
    asset = exchange.market.listing.asset(params.text("asset"))
    if asset is None or not named.is_listed_class(params, "aclass"):
        raise RefusedError(UNKNOWN_ASSET)
    return asset


def _way(exchange: Exchange, asset: Asset, params: Params) -> Method:
    way = funding_terms.method(exchange.market.listing, asset, params.text("method"))
    if way is None:
        raise RefusedError(NO_METHOD)
    return way


def _way_of(exchange: Exchange, asset: Asset, kept: WithdrawKeyKept) -> Method:
    way = funding_terms.method(exchange.market.listing, asset, kept.method)
    if way is None:
        raise RefusedError(NO_METHOD)
    return way


def _kept(exchange: Exchange, asset: Asset, params: Params) -> WithdrawKeyKept:
    kept = exchange.account.funding.withdraw_keys.get(params.text("key"))
    if kept is None or kept.asset != asset.id:
        raise RefusedError(UNKNOWN_KEY)
    return kept


def _affordable(exchange: Exchange, asset: Asset, params: Params) -> Decimal:
    """Return the amount that was asked for.

    Raises:
        RefusedError: it is not above zero, or more than open orders leave.
    """
    amount = params.number("amount")
    if not NOTHING < amount <= treasury.spendable(exchange, asset.id):
        raise RefusedError(INVALID_AMOUNT)
    return amount
