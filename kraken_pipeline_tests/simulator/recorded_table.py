"""Which question gives which recorded answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from kraken_pipeline_tests.simulator.conftest import Client, Json
from kraken_pipeline_tests.simulator.treasury_client import played

PUBLIC: Final = frozenset({
    "Time", "SystemStatus", "Assets", "AssetPairs", "Ticker", "OHLC", "Depth", "Trades", "Spread",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A recorded answer and the question that it answers."""

    file: str
    method: str
    params: Mapping[str, object] = field(default_factory=dict)
    """A text in braces is something that `world_of` prepared."""

    def asked(self, client: Client, world: Mapping[str, str]) -> Json:
        """Return our answer to the question."""
        params = {name: _filled(value, world) for name, value in self.params.items()}
        if self.method in PUBLIC:
            return client.public(self.method, **params)
        return client.json(self.method, **params)


def _filled(value: object, world: Mapping[str, str]) -> object:
    if isinstance(value, list):
        return [_filled(each, world) for each in value]
    return value.format_map(world) if isinstance(value, str) else value


USDC: Final = {
    "pair": "USDCUSD",
    "type": "buy",
    "ordertype": "limit",
    "price": "0.9000",
    "volume": "5",
}


def world_of(client: Client) -> dict[str, str]:
    """Trade, place, change and cancel orders, move funds, and return the ids of what came of it."""
    bought = {"pair": "XBTUSDT", "type": "buy", "ordertype": "market", "volume": "0.01"}
    client.did("AddOrder", **bought)
    client.did("AddOrder", **bought | {"pair": "XETHZUSD", "volume": "0.1"})
    client.did("AddOrder", **bought | {"pair": "ETHUSDT", "volume": "0.1"})
    trades = client.did("TradesHistory", type="all")["trades"]
    placed = [client.did("AddOrder", **USDC)["txid"][0] for _ in range(6)]
    client.did("AddOrder", **USDC | {"cl_ord_id": "some-uuid"})
    stop = {"ordertype": "stop-loss", "type": "sell", "price": "0.91"}
    client.did("AddOrder", **USDC | stop)
    seen = {"type": "buy", "ordertype": "limit", "userref": 2025}
    client.did("AddOrder", **seen, pair="ETHUSDT", volume="0.002", price="1065.54")
    client.did("AddOrder", **seen, pair="XBTUSDT", volume="0.0005", price="10153.6")
    client.did("AmendOrder", txid=placed[0], order_qty="6", limit_price="0.9500", post_only=True)
    client.did("CancelOrder", txid=placed[1])
    asked = client.did("AddExport", report="ledgers", description="Test Export")["id"]
    client.control("clock", advance_seconds=3)
    made = {"asset": "XBT", "method": "Bitcoin", "new": True}
    client.did("DepositAddresses", **made)
    played(client, "deposit", asset="XBT", amount="0.5")
    played(client, "withdraw_key", key="btc-wallet-1", asset="XBT")
    canceled = client.did("Withdraw", asset="XBT", key="btc-wallet-1", amount="0.1")["refid"]
    client.did("WithdrawCancel", asset="XBT", refid=canceled)
    waiting = client.did("Withdraw", asset="XBT", key="btc-wallet-1", amount="0.1")["refid"]
    client.control("clock", advance_seconds=20)
    [strategy] = client.did("Earn/Strategies", asset="ADA")["items"]
    client.did("Earn/Allocate", strategy_id=strategy["id"], amount="2")
    [entry] = list(client.did("Ledgers", asset="USD", type="trade")["ledger"])[:1]
    keys = ("amended", "canceled", "edited", "cancelable", "batched", "another")
    return dict(zip(keys, placed, strict=True)) | {
        "trade": next(iter(trades)),
        "export": asked,
        "waiting": waiting,
        "strategy": strategy["id"],
        "entry": entry,
    }


ROWS: Final = (
    Row("kasync_server_time_json", "Time"),
    Row("nautilus_http_server_time", "Time"),
    Row("live2026-09-03_time", "Time"),
    Row("kasync_system_status_json", "SystemStatus"),
    Row("nautilus_http_system_status", "SystemStatus"),
    Row("kasync_asset_info_json", "Assets", {"asset": "XBT,EUR,USD"}),
    Row("live2026-09-03_assets", "Assets", {"asset": "XXBT,ZUSD,XETH"}),
    Row("xchange2025_assets", "Assets", {"asset": "USDT,XETH,XXBT,ZUSD"}),
    Row("live2026-09-19_assetpairs_subset", "AssetPairs"),
    Row("live2026-08_assetpairs_XBTUSDT", "AssetPairs", {"pair": "XBTUSDT"}),
    Row("nautilus_http_asset_pairs", "AssetPairs", {"pair": "XBTUSDT"}),
    Row("nautilus_http_asset_pairs_tokenized", "AssetPairs", {"aclass_base": "tokenized_asset"}),
    Row("xchange2025_assetpairs", "AssetPairs", {"pair": "ETHUSDT,XBTUSDT"}),
    Row("kasync_tradable_asset_pairs_json", "AssetPairs", {"pair": "XBTUSD,USDCUSD,ETHXBT"}),
    Row("kasync_ticker_information_json", "Ticker", {"pair": "BTCUSD,USDCUSD,ETHUSD"}),
    Row("nautilus_http_ticker", "Ticker", {"pair": "XBTUSDT"}),
    Row("kasync_ohlc_data_json", "OHLC", {"pair": "XBTUSD"}),
    Row("live2026-09-03_ohlc_XBTUSD_1m", "OHLC", {"pair": "XBTUSD"}),
    Row("nautilus_http_ohlc", "OHLC", {"pair": "XBTUSDT"}),
    Row("kasync_orderbook_json", "Depth", {"pair": "XBTUSD"}),
    Row("nautilus_http_order_book", "Depth", {"pair": "XBTUSDT", "count": 10}),
    Row("kasync_recent_trades_json", "Trades", {"pair": "XBTUSD"}),
    Row("nautilus_http_trades", "Trades", {"pair": "XBTUSDT"}),
    Row("kasync_recent_spreads_json", "Spread", {"pair": "XBTUSD"}),
    Row("kasync_account_balance_json", "Balance"),
    Row("nautilus_http_spot_balance", "Balance"),
    Row("xchange2025_balance", "Balance"),
    Row("kasync_extended_balance_json", "BalanceEx"),
    Row("xchange2025_balanceex", "BalanceEx"),
    Row("kasync_trade_balance_json", "TradeBalance"),
    Row("nautilus_http_spot_trade_balance", "TradeBalance"),
    Row("xchange2025_tradebalance", "TradeBalance"),
    Row("kasync_trade_volume_json", "TradeVolume"),
    Row("kasync_trade_volume_per_pair_json", "TradeVolume", {"pair": "XXBTZUSD"}),
    Row("kasync_open_orders_json", "OpenOrders"),
    Row("nautilus_http_open_orders", "OpenOrders"),
    Row("xchange2025_openorders", "OpenOrders", {"userref": 2025}),
    Row("nautilus_http_closed_orders", "ClosedOrders"),
    Row("kasync_query_order_info_json", "QueryOrders", {"txid": "{canceled}"}),
    Row("kasync_order_amends_json", "OrderAmends", {"order_id": "{amended}"}),
    Row("kasync_trades_history_json", "TradesHistory", {"ledgers": True}),
    Row("nautilus_http_trades_history", "TradesHistory", {"ledgers": True}),
    Row("kasync_query_trades_info_json", "QueryTrades", {"txid": "{trade}", "ledgers": True}),
    Row("kasync_query_ledgers_json", "QueryLedgers", {"id": "{entry}"}),
    Row("xchange2025_ledgers", "Ledgers", {"asset": "XETH,USDT"}),
    Row("kasync_open_positions_json", "OpenPositions", {"docalcs": True}),
    Row("kasync_open_positions_json_do_calc_optional_fields", "OpenPositions"),
    Row("nautilus_http_spot_open_positions", "OpenPositions"),
    Row("xchange2025_openpositions", "OpenPositions"),
    Row("kasync_add_order_json", "AddOrder", USDC),
    Row("nautilus_http_add_order_spot", "AddOrder", {
        "pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "30000", "volume": "0.01",
    }),
    Row("xchange2025_addorder_01ec8b", "AddOrder", {
        "pair": "XBTUSDT", "type": "buy", "ordertype": "market", "volume": "0.00005",
    }),
    Row("xchange2025_addorder_1219ed", "AddOrder", {
        "pair": "XBTUSDT", "type": "buy", "ordertype": "limit", "price": "10000.5",
        "volume": "0.00010",
    }),
    Row("xchange2025_addorder_578407", "AddOrder", {
        "pair": "XBTUSDT", "type": "sell", "ordertype": "market", "volume": "0.00005",
    }),
    Row("xchange2025_addorder_98408e", "AddOrder", {
        "pair": "XBTUSDT", "type": "sell", "ordertype": "limit", "price": "130000.5",
        "volume": "0.00005",
    }),
    Row("kasync_add_order_batch_json", "AddOrderBatch", {
        "pair": "USDCUSD", "orders": [
            {"type": "buy", "ordertype": "limit", "price": "0.9", "volume": "5.1"},
            {"type": "buy", "ordertype": "limit", "price": "0.9", "volume": "5.2"},
        ],
    }),
    Row("kasync_amend_order_json", "AmendOrder", {"txid": "{amended}", "order_qty": "7"}),
    Row("kasync_edit_order_json", "EditOrder", {
        "pair": "USDCUSD", "txid": "{edited}", "volume": "5.1", "price": "0.89", "userref": 1234,
    }),
    Row("kasync_cancel_order_json", "CancelOrder", {"txid": "{cancelable}"}),
    Row("nautilus_http_cancel_order_spot", "CancelOrder", {"txid": "{another}"}),
    Row("xchange2025_cancelorder", "CancelOrder", {"txid": "{amended}"}),
    Row("kasync_cancel_order_batch_json", "CancelOrderBatch", {"orders": ["{batched}"]}),
    Row("kasync_cancel_all_orders_json", "CancelAll"),
    Row("kasync_cancel_all_orders_after_json", "CancelAllOrdersAfter", {"timeout": 60}),
    Row("kasync_websockets_token_json", "GetWebSocketsToken"),
    Row("kasync_deposit_methods_json", "DepositMethods", {"asset": "ETH"}),
    Row("kasync_deposit_addresses_json", "DepositAddresses", {
        "asset": "XBT", "method": "Bitcoin",
    }),
    Row("kasync_status_of_recent_deposits_json", "DepositStatus", {"asset": "XBT", "limit": 1}),
    Row("kasync_withdrawal_methods_json", "WithdrawMethods"),
    Row("kasync_withdrawal_addresses_json", "WithdrawAddresses"),
    Row("kasync_withdrawal_info_json", "WithdrawInfo", {
        "asset": "XBT", "key": "btc-wallet-1", "amount": "0.725",
    }),
    Row("kasync_withdraw_funds_json", "Withdraw", {
        "asset": "XBT", "key": "btc-wallet-1", "amount": "0.01",
    }),
    Row("kasync_status_of_recent_withdrawals_json", "WithdrawStatus", {"asset": "XBT"}),
    Row("kasync_request_withdrawal_cancellation_json", "WithdrawCancel", {
        "asset": "XBT", "refid": "{waiting}",
    }),
    Row("kasync_request_wallet_transfer_json", "WalletTransfer", {
        "asset": "XBT", "from": "Spot Wallet", "to": "Futures Wallet", "amount": "0.01",
    }),
    Row("kasync_list_earn_strategies_json", "Earn/Strategies"),
    Row("kasync_list_earn_allocations_json", "Earn/Allocations"),
    Row("kasync_allocate_earn_funds_json", "Earn/Allocate", {
        "strategy_id": "{strategy}", "amount": "0.1",
    }),
    Row("kasync_allocation_status_json", "Earn/AllocateStatus", {"strategy_id": "{strategy}"}),
    Row("kasync_deallocate_earn_funds_json", "Earn/Deallocate", {
        "strategy_id": "{strategy}", "amount": "0.1",
    }),
    Row("kasync_deallocation_status_json", "Earn/DeallocateStatus", {
        "strategy_id": "{strategy}",
    }),
    Row("kasync_request_export_report_json", "AddExport", {
        "report": "ledgers", "description": "Test Export",
    }),
    Row("kasync_export_report_status_json", "ExportStatus", {"report": "ledgers"}),
    Row("kasync_delete_export_report_json", "RemoveExport", {"id": "{export}", "type": "delete"}),
)  # fmt: skip
