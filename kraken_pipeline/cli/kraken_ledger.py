"""The kept ledger as Kraken's own export writes one: what tax tools read without being told how."""

from collections.abc import Iterable
from typing import Final

from kraken_pipeline.cli.sheets import Row
from kraken_pipeline.domain.accounting.causes import Cause, Explained
from kraken_pipeline.domain.accounting.kinds import OPERATOR
from kraken_pipeline.domain.accounting.vaults import is_vault
from kraken_pipeline.domain.symbols import VAULT

COLUMNS: Final = (
    "txid",
    "refid",
    "time",
    "type",
    "subtype",
    "aclass",
    "asset",
    "amount",
    "fee",
    "balance",
)
"""Exactly these, in this order: tools know the file by its first line.

Source: Kraken's exported ledgers; the parsers of bittytax 0.7.
"""
ACLASS: Final = "currency"
"""Of all that the spot ledger holds; tools do not go by it."""
TIME: Final = "%Y-%m-%d %H:%M:%S"


def kraken_rows(told: Iterable[Explained]) -> list[Row]:
    """Return entries as rows of such a file.

    Entries that a person added to our books are left out: Kraken has none such, and no tool knows
    their type. So are our ends of moves to and from vaults; what was earned there is income, and
    is told of the asset itself.
    """
    return [_row(each) for each in told if not _is_ours_alone(each)]


def _is_ours_alone(each: Explained) -> bool:
    is_move = is_vault(each.entry.asset) and each.cause is not Cause.REWARD
    return each.entry.type == OPERATOR or is_move


def _row(each: Explained) -> Row:
    entry = each.entry
    identity = (entry.entry_id, entry.refid, f"{entry.at:{TIME}}", entry.type, entry.subtype)
    asset = entry.asset.removesuffix(f".{VAULT}")
    amounts = (ACLASS, asset, entry.amount, entry.fee, entry.balance)
    return dict(zip(COLUMNS, identity + amounts, strict=True))
