"""The balances channel: what there is of each asset, then the rows of the ledger.

Source: kraken/ws_v2.md §5, balances.
"""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from kraken_pipeline.simulator.accounts import Account
from kraken_pipeline.simulator.buckets import held_asset, underlying
from kraken_pipeline.simulator.engine import NOTHING
from kraken_pipeline.simulator.entries import Entry
from kraken_pipeline.simulator.listing import Asset, display_name
from kraken_pipeline.simulator.stream import frames
from kraken_pipeline.simulator.wire import amount

Wallet = tuple[str, str]
"""The type of a wallet and its id."""

MAIN: Final[Wallet] = ("spot", "main")
WALLETS: Final[Mapping[str, Wallet]] = MappingProxyType(
    {"F": ("earn", "flexible"), "S": ("earn", "locked"), "M": ("earn", "flexible"),
     "B": ("earn", "bonded"), "P": ("earn", "locked")}
)  # fmt: skip
"""By what follows the point in a bucket's id."""
TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {"spend": "conversion", "receive": "conversion", "earn": "staking"}
)
"""Types of the ledger that the channel calls otherwise."""
CATEGORIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "trade": "trade",
        "deposit": "deposit",
        "withdrawal": "withdrawal",
        "spend": "instant",
        "receive": "instant",
        "conversion": "conversion",
        "credit": "credit",
        "margin": "margin-trade",
        "settled": "margin-settle",
        "rollover": "marginrollover",
        "staking": "staking-rewards",
        "earn": "staking-rewards",
        "reward": "reward-bonus",
        "dividend": "equity-dividend",
        "transfer": "airdrop",
    }
)
SUBTYPES: Final = frozenset(
    {"spotfromfutures", "spottofutures", "stakingfromspot", "spotfromstaking"}
    | {"stakingtospot", "spottostaking"}
)


def wallet(bucket: str) -> Wallet:
    """Return the wallet that a bucket is."""
    return WALLETS.get(bucket.partition(".")[2], MAIN)


def _asset(account: Account, bucket: str) -> Asset:
    return underlying(account.listing, bucket) or held_asset(account.listing, bucket)


def snapshot(account: Account) -> list[str]:
    """Return every asset that there is something of: in total, and in which wallets."""
    found: dict[str, dict[Wallet, Decimal]] = {}
    assets: dict[str, Asset] = {}
    for bucket, kept in account.balances.items():
        asset = _asset(account, bucket)
        assets[asset.id] = asset
        wallets = found.setdefault(asset.id, {})
        wallets[wallet(bucket)] = wallets.get(wallet(bucket), NOTHING) + kept
    return [_row(assets[name], wallets) for name, wallets in found.items()]


def _row(asset: Asset, wallets: Mapping[Wallet, Decimal]) -> str:
    parts = (
        frames.members(
            {"type": frames.text(kind), "id": frames.text(name), "balance": amount(kept, asset)}
        )
        for (kind, name), kept in wallets.items()
    )
    return frames.members(
        {
            "asset": frames.text(display_name(asset.altname)),
            "asset_class": frames.text("currency"),
            "balance": amount(sum(wallets.values(), NOTHING), asset),
            "wallets": frames.listed(parts),
        }
    )


def entry(account: Account, row: Entry) -> str:
    """Return a row of the ledger."""
    asset, (kind, name) = _asset(account, row.asset), wallet(row.asset)
    fields = {
        "ledger_id": frames.text(row.id),
        "ref_id": frames.text(row.refid),
        "timestamp": frames.micros(row.at),
        "type": frames.text(TYPES.get(row.type, row.type)),
    }
    if row.subtype in SUBTYPES:
        fields["subtype"] = frames.text(row.subtype)
    fields |= {
        "asset": frames.text(display_name(asset.altname)),
        "asset_class": frames.text("currency"),
        "category": frames.text(CATEGORIES.get(row.type, row.type)),
        "wallet_type": frames.text(kind),
        "wallet_id": frames.text(name),
        "amount": amount(row.amount, asset),
        "fee": amount(row.fee, asset),
        "balance": amount(row.balance, asset),
    }
    return frames.members(fields)
