"""What the account has, as the stream tells it. Pure.

Source: docs.kraken.com/api/docs/websocket-v2/balances. It does not show what open orders hold.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.kraken.fields import Record
from kraken_pipeline.kraken.stream.news import BalanceNews, LedgerNews, News, Source
from kraken_pipeline.kraken.stream.numbers import moment_of


class Balances:
    """Totals by asset, and the ledger entries that were told. Used by one thread."""

    def __init__(self) -> None:
        self._wallets: dict[str, dict[str, Decimal]] = {}

    def totals(self) -> dict[str, Decimal]:
        """Return what there is of each asset over all wallets, as the stream spells assets."""
        return {asset: sum(each.values(), ZERO) for asset, each in self._wallets.items()}

    def load(self, rows: Sequence[Mapping[str, object]]) -> tuple[News, ...]:
        """Take a snapshot in place of what was known, and return what differs.

        Raises:
            UnexpectedReplyError: a field is missing or odd; nothing is kept.
        """
        known = self.totals()
        wallets = dict(_wallets_of(Record("balances", row)) for row in rows)
        self._wallets = wallets
        now = self.totals()
        return tuple(
            BalanceNews(asset=asset, total=now.get(asset, ZERO), source=Source.SNAPSHOT)
            for asset in sorted({*known, *now})
            if now.get(asset, ZERO) != known.get(asset, ZERO)
        )

    def hear(self, row: Mapping[str, object]) -> tuple[News, ...]:
        """Take a ledger entry, and return it with the balance that it left.

        Raises:
            UnexpectedReplyError: a field is missing or odd; nothing is kept.
        """
        entry = _entry_of(Record("balances", row))
        self._wallets.setdefault(entry.asset, {})[entry.wallet] = entry.balance
        total = self.totals()[entry.asset]
        return entry, BalanceNews(asset=entry.asset, total=total, source=Source.LIVE)


def _wallets_of(fields: Record) -> tuple[str, dict[str, Decimal]]:
    """Read a row of a snapshot. What its wallets do not hold is kept as a wallet without a name."""
    asset, total = fields.name_in("asset"), fields.amount("balance")
    wallets: dict[str, Decimal] = {}
    for index in range(len(fields.items("wallets"))):
        each = fields.item("wallets", index).record("wallets")
        name = f"{each.name_in('type')}/{each.name_in('id')}"
        wallets[name] = wallets.get(name, ZERO) + each.amount("balance")
    rest = total - sum(wallets.values(), ZERO)
    return asset, {**wallets, "": rest} if rest else wallets


def _entry_of(fields: Record) -> LedgerNews:
    return LedgerNews(
        entry_id=fields.name_in("ledger_id"),
        refid=fields.text("ref_id"),
        type=fields.name_in("type"),
        subtype=fields.text_or_none("subtype") or "",
        asset=fields.name_in("asset"),
        wallet=f"{fields.text('wallet_type')}/{fields.text('wallet_id')}",
        amount=fields.amount("amount"),
        fee=fields.amount("fee"),
        balance=fields.amount("balance"),
        at=moment_of(fields.text("timestamp")),
    )
