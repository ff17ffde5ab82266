"""The last look at the ways to earn: when it was, and what it told beyond the balances."""

from collections.abc import Collection, Mapping
from decimal import Decimal, localcontext
from typing import Any, Final

from sqlalchemy import BindParameter, and_, bindparam, delete, insert, or_, select

from kraken_pipeline.domain.accounting.vaults import Look
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.order_rows import in_chunks
from kraken_pipeline.store.prepared import Prepared
from kraken_pipeline.store.schema.ledger import ledger_entries, vault_holdings, vault_looks

_BUCKETS: Final[BindParameter[Any]] = bindparam("buckets", expanding=True)
_LOOK: Final = Prepared(select(vault_looks))
_HIDDEN: Final = Prepared(select(vault_holdings.c.asset, vault_holdings.c.qty))
_FORGET_LOOK: Final = Prepared(delete(vault_looks))
_FORGET_HIDDEN: Final = Prepared(delete(vault_holdings))
_SET_LOOK: Final = Prepared(insert(vault_looks))
_ADD: Final = Prepared(insert(vault_holdings))
_REWARDS: Final = Prepared(
    select(ledger_entries.c.amount).where(
        ledger_entries.c.asset.in_(_BUCKETS),
        or_(
            ledger_entries.c.type == "reward",
            and_(ledger_entries.c.type == "earn", ledger_entries.c.subtype == "reward"),
        ),
    )
)


class SqlVaultStore:
    """The last look in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def look(self) -> Look | None:
        """Return the last look; None before the first."""
        with self._database.reading() as connection:
            row = _LOOK.first(connection)
            hidden = {Asset(asset): qty for asset, qty in _HIDDEN.rows(connection)}
        return None if row is None else Look(at=row["at"], refused=row["refused"], hidden=hidden)

    def hidden(self) -> Mapping[Asset, Decimal]:
        """Return what the last look told beyond the balances, by asset."""
        with self._database.reading() as connection:
            return {Asset(asset): qty for asset, qty in _HIDDEN.rows(connection)}

    def keep(self, look: Look) -> None:
        """Keep a look instead of the one before."""
        with self._database.writing() as connection:
            _FORGET_LOOK.run(connection)
            _FORGET_HIDDEN.run(connection)
            _SET_LOOK.run(connection, {"at": look.at, "refused": look.refused})
            rows = [{"asset": asset, "qty": qty} for asset, qty in sorted(look.hidden.items())]
            if rows:
                _ADD.run_each(connection, rows)

    def rewards(self, buckets: Collection[str]) -> Decimal:
        """Return what Earn's rewards in the kept ledger of some buckets add up to."""
        found = ZERO
        with self._database.reading() as connection, localcontext(EXACT):
            for some in in_chunks(sorted(buckets)):
                found += sum((row[0] for row in _REWARDS.rows(connection, {"buckets": some})), ZERO)
        return found
