"""Replies as Kraken writes them, decoded as the client decodes them."""

from decimal import Decimal

ASSETS: dict[str, object] = {
    "XXBT": {"aclass": "currency", "altname": "XBT", "decimals": 10, "status": "enabled"},
    "XETH": {"aclass": "currency", "altname": "ETH", "decimals": 10, "status": "enabled"},
    "ZUSD": {"aclass": "currency", "altname": "USD", "decimals": 4, "status": "enabled"},
    "USDT": {"aclass": "currency", "altname": "USDT", "decimals": 8, "status": "enabled"},
    "USDT.M": {"aclass": "currency", "altname": "USDT.M", "decimals": 8, "status": "enabled"},
    "DOT28.S": {"aclass": "currency", "altname": "DOT28.S", "decimals": 8, "status": "enabled"},
    "DOT": {"aclass": "currency", "altname": "DOT", "decimals": 10, "status": "enabled"},
}
PAIR: dict[str, object] = {
    "altname": "XBTUSD",
    "wsname": "XBT/USD",
    "aclass_base": "currency",
    "base": "XXBT",
    "aclass_quote": "currency",
    "quote": "ZUSD",
    "pair_decimals": 1,
    "lot_decimals": 8,
    "ordermin": "0.00005",
    "costmin": "0.5",
    "tick_size": "0.1",
    "status": "online",
}
TICKER: dict[str, object] = {
    "a": ["77726.10000", "1", "1.000"],
    "b": ["77726.00000", "5", "5.000"],
    "c": ["77726.10000", "0.00001393"],
    "v": ["615.68639239", "2388.56785114"],
    "p": ["77491.92201", "77160.53032"],
    "t": [22946, 103648],
    "o": "77304.90000",
}
ROWS: list[list[object]] = [
    [1788415200, "77776.4", "77800.0", "77717.8", "77736.8", "77777.6", "4.07649664", 167],
    [1788415260, "77736.7", "77741.5", "77714.0", "77714.7", "77727.6", "1.69139349", 65],
    [1788415320, "77714.7", "77730.3", "77682.0", "77707.9", "77694.0", "2.64594439", 90],
]
ORDER: dict[str, object] = {
    "refid": None,
    "userref": 0,
    "cl_ord_id": "0d9bbf1f-6a7f-5c0f-8d0e-0f6e2b1c9a55",
    "status": "open",
    "opentm": Decimal("1756934300.624681"),
    "descr": {
        "pair": "XBTUSD",
        "type": "buy",
        "ordertype": "limit",
        "price": "50000.1",
        "price2": "0",
        "leverage": "none",
        "order": "buy 0.00200000 XBTUSD @ limit 50000.1",
        "close": "",
    },
    "vol": "0.00200000",
    "vol_exec": "0.00100000",
    "cost": "50.00000",
    "fee": "0.13000",
    "price": "50000.00000",
    "misc": "partial",
    "oflags": "fciq",
}
TRADE: dict[str, object] = {
    "ordertxid": "OP2S3K-2SEPL-XTZNO4",
    "postxid": "TKH2SE-M7IF5-CFI7LT",
    "pair": "XXBTZUSD",
    "time": Decimal("1756994672.591762"),
    "type": "sell",
    "ordertype": "limit",
    "price": "110153.60000",
    "cost": "5.50768",
    "fee": "0.01377",
    "vol": "0.00005000",
    "margin": "0.00000",
    "misc": "",
    "trade_id": 9803761,
    "maker": True,
}
ENTRY: dict[str, object] = {
    "aclass": "currency",
    "amount": "-90.0000",
    "asset": "ZUSD",
    "balance": "133.7397",
    "fee": "0.1440",
    "refid": "TAUGAY-Z4ZJO-O3POKN",
    "time": Decimal("1699961059.3636901"),
    "type": "trade",
    "subtype": "tradespot",
}
