"""Which methods there are, and what a key must be allowed to call them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from kraken_pipeline.simulator.api import (
    account,
    books,
    earn,
    export,
    funding,
    prices,
    public,
    trading,
    transfers,
)
from kraken_pipeline.simulator.api.ticker import ticker
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.params import Params

Answer = Callable[[Exchange, Params], str | bytes]
"""What a method does: its result as JSON, or a file."""

PUBLIC: Final[Mapping[str, Answer]] = {
    "Time": public.time,
    "SystemStatus": public.system_status,
    "Assets": public.assets,
    "AssetPairs": public.asset_pairs,
    "Ticker": ticker,
    "OHLC": prices.ohlc,
    "Depth": books.depth,
    "GroupedBook": books.grouped_book,
    "Trades": prices.trades,
    "Spread": prices.spread,
}


@dataclass(frozen=True, slots=True)
class Private:
    """A private method and the permissions of which a key needs one."""

    answer: Answer
    permissions: frozenset[str] = field(default_factory=frozenset)


def _private(answer: Answer, *permissions: str) -> Private:
    return Private(answer, frozenset(permissions))


PRIVATE: Final[Mapping[str, Private]] = {
    "Balance": _private(account.balance, "query-funds"),
    "BalanceEx": _private(account.balance_ex, "query-funds"),
    "TradeBalance": _private(account.trade_balance, "query-funds"),
    "OpenOrders": _private(account.open_orders, "query-open-trades"),
    "ClosedOrders": _private(account.closed_orders, "query-closed-trades"),
    "QueryOrders": _private(account.query_orders, "query-open-trades", "query-closed-trades"),
    "TradesHistory": _private(account.trades_history, "query-closed-trades"),
    "QueryTrades": _private(account.query_trades, "query-closed-trades"),
    "Ledgers": _private(account.ledgers, "query-ledger"),
    "QueryLedgers": _private(account.query_ledgers, "query-ledger"),
    "TradeVolume": _private(account.trade_volume, "query-funds"),
    "Level3": _private(books.level3, "query-open-trades"),
    "DepositMethods": _private(funding.deposit_methods, "add-funds"),
    "DepositAddresses": _private(funding.deposit_addresses, "query-funds", "add-funds"),
    "DepositStatus": _private(transfers.deposit_status, "query-funds", "add-funds"),
    "WithdrawMethods": _private(funding.withdraw_methods, "withdraw-funds"),
    "WithdrawAddresses": _private(funding.withdraw_addresses, "withdraw-funds"),
    "WithdrawInfo": _private(funding.withdraw_info, "withdraw-funds"),
    "Withdraw": _private(funding.withdraw, "withdraw-funds"),
    "WithdrawStatus": _private(transfers.withdraw_status, "withdraw-funds", "query-ledger"),
    "WithdrawCancel": _private(transfers.withdraw_cancel, "withdraw-funds"),
    "WalletTransfer": _private(funding.wallet_transfer, "query-funds"),
    "CreateSubaccount": _private(funding.subaccounts, "withdraw-funds"),
    "AccountTransfer": _private(funding.subaccounts, "withdraw-funds"),
    "Earn/Strategies": _private(earn.strategies),
    "Earn/Allocations": _private(earn.allocations, "query-funds"),
    "Earn/Allocate": _private(earn.allocate, "earn-funds"),
    "Earn/Deallocate": _private(earn.deallocate, "earn-funds"),
    "Earn/AllocateStatus": _private(earn.status, "earn-funds", "query-funds"),
    "Earn/DeallocateStatus": _private(earn.status, "earn-funds", "query-funds"),
    "AddExport": _private(export.add_export, "export-data"),
    "ExportStatus": _private(export.export_status, "export-data"),
    "RetrieveExport": _private(export.retrieve_export, "export-data"),
    "RemoveExport": _private(export.remove_export, "export-data"),
    "OpenPositions": _private(account.open_positions, "query-open-trades"),
    "AddOrder": _private(trading.add_order, "modify-trades"),
    "AddOrderBatch": _private(trading.add_order_batch, "modify-trades"),
    "AmendOrder": _private(trading.amend_order, "modify-trades"),
    "EditOrder": _private(trading.edit_order, "modify-trades"),
    "OrderAmends": _private(trading.order_amends, "query-open-trades", "query-closed-trades"),
    "CancelOrder": _private(trading.cancel_order, "modify-trades", "close-trades"),
    "CancelOrderBatch": _private(trading.cancel_order_batch, "modify-trades", "close-trades"),
    "CancelAll": _private(trading.cancel_all, "modify-trades", "close-trades"),
    "CancelAllOrdersAfter": _private(
        trading.cancel_all_orders_after, "modify-trades", "close-trades"
    ),
}
