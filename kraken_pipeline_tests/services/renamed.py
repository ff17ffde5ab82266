"""A paper account in whose world one asset was given another name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from kraken_pipeline.domain.fees import FeeRates
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.market import Pair, Ticker
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.renames import Alias
from kraken_pipeline.domain.reports import Balance, Listing
from kraken_pipeline.domain.symbols import Asset, PairName, SymbolTable
from kraken_pipeline.services.books.renames import RenameDesk, follow_renames
from kraken_pipeline.store.conversions import SqlConversionStore
from kraken_pipeline_tests.builders import entry
from kraken_pipeline_tests.fakes import overriding
from kraken_pipeline_tests.services.paper import Paper


@dataclass(frozen=True, kw_only=True)
class Renamed:
    """XBT is NEW from now on, each of it so many units."""

    desk: Paper
    ratio: Decimal
    is_converted: bool = True
    """Whether the account was given the new asset for the old one."""

    @property
    def alias(self) -> Alias:
        return Alias(old=Asset("XBT"), new=Asset("NEW"), since=self.desk.clock(), ratio=self.ratio)

    def listing(self) -> Listing:
        told = self.desk.market.listing()
        pairs = {name: each for name, each in told.pairs.items() if each.base != "XBT"}
        old = told.pairs["XBTUSD"]
        pairs["NEWUSD"] = replace(
            old, name="NEWUSD", key="NEWUSD", base=Asset("NEW"), tick=old.tick / self.ratio
        )
        assets = {"NEW": "NEW", "XETH": "ETH", "ZUSD": "USD", "ZEUR": "EUR"}
        names = [
            PairName(pair=each.name, key=each.key, base=each.base, quote=each.quote)
            for each in pairs.values()
        ]
        return Listing(symbols=SymbolTable(assets=assets, pairs=names), pairs=pairs)

    def tickers(self) -> Mapping[str, Ticker]:
        told = dict(self.desk.market.tickers())
        old = told.pop("XBTUSD")
        bid, ask, last = (Price(each / self.ratio) for each in (old.bid, old.ask, old.last))
        return {**told, "NEWUSD": replace(old, bid=bid, ask=ask, last=last)}

    def balances(self) -> Mapping[str, Balance]:
        told = dict(self.desk.account.balances())
        if self.is_converted and "XXBT" in told:
            old = told.pop("XXBT")
            told["NEW"] = Balance(total=old.total * self.ratio, held=old.held * self.ratio)
        return told

    def ledger(self, *, since: object) -> tuple[LedgerEntry, ...]:
        told = self.desk.account.ledger(since=None)
        old = sum((each.net for each in told if each.asset == "XXBT"), Decimal(0))
        if not self.is_converted:
            return tuple(told)
        legs = {"XXBT": -old, "NEW": old * self.ratio}
        return (
            *told,
            *(
                entry(
                    entry_id=f"LC-{asset}",
                    refid="C1",
                    type="conversion",
                    subtype="",
                    asset=asset,
                    amount=amount,
                    balance=max(amount, Decimal(0)),
                    at=self.alias.since,
                )
                for asset, amount in legs.items()
            ),
        )

    def rename_desk(self) -> RenameDesk:
        stores = self.desk.stores
        return RenameDesk(
            books=stores.books,
            conversions=SqlConversionStore(stores.database),
            halts=stores.halts,
            base_currency=Asset("USD"),
            aliases=(self.alias,),
        )

    def market(self) -> Any:  # noqa: ANN401 - the market with two methods replaced
        return overriding(self.desk.market, listing=self.listing, tickers=self.tickers)

    def fee_rates(self, pairs: Sequence[Pair]) -> Mapping[str, FeeRates]:
        old = self.desk.market.listing().pairs["XBTUSD"]
        told = self.desk.account.fee_rates(
            [old if each.name == "NEWUSD" else each for each in pairs]
        )
        return {"NEWUSD" if name == "XBTUSD" else name: each for name, each in told.items()}

    def account(self) -> Any:  # noqa: ANN401 - the account with three methods replaced
        return overriding(
            self.desk.account,
            balances=self.balances,
            ledger=self.ledger,
            fee_rates=self.fee_rates,
        )

    def book(self) -> None:
        """Keep the books as they are after the change of names."""
        desk = self.rename_desk()
        self.desk.book(
            market=self.market(),
            account=self.account(),
            follow=lambda listing, totals, at: follow_renames(desk, listing, totals, at),
        )
