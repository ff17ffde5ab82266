"""Where our answers differ from recorded ones on purpose, each with its reason."""

from typing import Final

HAND: Final = "written by hand from the documents, not captured"
OLDER: Final = "captured before the field came"
NO_MARGIN: Final = "there is no margin here, so no position is ever open"
NO_TOKENS: Final = "there are no tokenized assets here"
NO_FEES: Final = "fees are no longer told here since September 2026"
FIGURES: Final = "the pair's figures have changed since; ours are those of September 2026"
OTHER_PAIRS: Final = "of pairs that are not listed here, with decimals of their own"
DOCUMENTED: Final = "copied from the documents, where it has 8 decimals; users see the asset's own"
ECHO: Final = "the volume as it was sent; the documents and other captures pad it to 8 decimals"

EXCEPTIONS: Final[tuple[tuple[str, tuple[str, ...], str], ...]] = (
    ("kasync_asset_info_json", ("extra /*/margin_rate",), OLDER),
    (
        "kasync_asset_info_json",
        tuple(f"kind /{asset}/collateral_value" for asset in ("XXBT", "ZEUR", "ZUSD")),
        "copied from the documents, where it is a whole number; captured ones have a point",
    ),
    *(
        (file, ("missing /*/fees[]", "missing /*/fees_maker[]"), NO_FEES)
        for file in (
            "live2026-08_assetpairs_XBTUSDT",
            "nautilus_http_asset_pairs",
            "xchange2025_assetpairs",
            "kasync_tradable_asset_pairs_json",
        )
    ),
    *(
        (file, ("extra /*/execution_venue",), OLDER)
        for file in (
            "nautilus_http_asset_pairs",
            "xchange2025_assetpairs",
            "kasync_tradable_asset_pairs_json",
        )
    ),
    (
        "kasync_tradable_asset_pairs_json",
        (
            "kind /XETHXXBT/ordermin",
            "kind /XETHXXBT/tick_size",
            "kind /XXBTZUSD/ordermin",
        ),
        FIGURES,
    ),
    ("nautilus_http_asset_pairs_tokenized", ("missing /*",), NO_TOKENS),
    *(
        (file, ("missing /*",), NO_MARGIN)
        for file in (
            "kasync_open_positions_json",
            "kasync_open_positions_json_do_calc_optional_fields",
            "nautilus_http_spot_open_positions",
            "xchange2025_openpositions",
        )
    ),
    ("nautilus_http_spot_balance", ("kind /XXBT", "kind /ZUSD"), HAND),
    ("kasync_trade_balance_json", ("extra /mfo",), OLDER),
    (
        "nautilus_http_spot_trade_balance",
        (
            "extra /mfo",
            "missing /ml",
            *(f"kind /{name}" for name in ["c", "e", "eb", "m", "mf", "n", "tb", "uv", "v"]),
        ),
        HAND,
    ),
    ("kasync_trade_volume_json", ("extra /asset_class", "extra /inputs"), OLDER),
    ("kasync_trade_volume_per_pair_json", ("extra /asset_class", "extra /inputs"), OLDER),
    ("kasync_open_orders_json", ("extra /open/*/descr/aclass",), OLDER),
    (
        "kasync_open_orders_json",
        tuple(
            f"kind /open/*/{name}"
            for name in ("descr/order", "descr/price", "limitprice", "price", "stopprice")
        ),
        OTHER_PAIRS,
    ),
    (
        "kasync_open_orders_json",
        ("missing /open/*/link_id",),
        "only on old orders; what it links to is not known",
    ),
    (
        "kasync_open_orders_json",
        ("missing /open/*/margin",),
        "only on some orders; none is on margin",
    ),
    (
        "nautilus_http_open_orders",
        (
            "extra /open/*/cl_ord_id",
            "extra /open/*/descr/aclass",
            "extra /open/*/trigger",
            *(
                f"kind /open/*/{name}"
                for name in (
                    "cost",
                    "descr/order",
                    "descr/price",
                    "fee",
                    "limitprice",
                    "price",
                    "stopprice",
                )
            ),
        ),
        HAND,
    ),
    (
        "nautilus_http_closed_orders",
        (
            "extra /closed/*/descr/aclass",
            *(
                f"kind /closed/*/{name}"
                for name in (
                    "cost",
                    "descr/order",
                    "descr/price",
                    "fee",
                    "limitprice",
                    "price",
                    "reason",
                    "stopprice",
                )
            ),
        ),
        HAND,
    ),
    ("kasync_query_order_info_json", ("extra /*/descr/aclass",), OLDER),
    (
        "kasync_query_order_info_json",
        ("missing /*/link_id",),
        "only on old orders; what it links to is not known",
    ),
    ("kasync_trades_history_json", ("extra /trades/*/aclass",), OLDER),
    (
        "nautilus_http_trades_history",
        (
            "extra /trades/*/aclass",
            "extra /trades/*/leverage",
            "kind /trades/*/cost",
            "kind /trades/*/fee",
            "kind /trades/*/price",
        ),
        HAND,
    ),
    ("kasync_query_trades_info_json", ("extra /*/aclass",), OLDER),
    (
        "kasync_query_trades_info_json",
        tuple(f"kind /*/{name}" for name in ("cost", "fee", "margin", "price")),
        OTHER_PAIRS,
    ),
    (
        "nautilus_http_add_order_spot",
        tuple(
            f"missing /descr/{name}"
            for name in ("leverage", "ordertype", "pair", "price", "price2", "type")
        ),
        HAND,
    ),
    ("xchange2025_addorder_01ec8b", ("kind /descr/order",), ECHO),
    ("xchange2025_addorder_1219ed", ("kind /descr/order",), ECHO),
    ("xchange2025_addorder_578407", ("kind /descr/order",), ECHO),
    ("xchange2025_addorder_98408e", ("kind /descr/order",), ECHO),
    (
        "kasync_edit_order_json",
        ("kind /descr/order",),
        "the price as it was sent; other captures pad it to the pair's decimals",
    ),
    (
        "kasync_deposit_addresses_json",
        ("extra []/new",),
        "the documents have it on addresses that nothing has come to yet, as ours",
    ),
    (
        "kasync_status_of_recent_deposits_json",
        ("kind []/refid",),
        "the author of the capture changed the id; its shape is that of no deposit",
    ),
    (
        "kasync_withdrawal_methods_json",
        ("kind []/minimum",),
        "ours follow the smallest orders, some of which have three decimals",
    ),
    (
        "kasync_withdrawal_addresses_json",
        ("missing []/memo",),
        "only for assets with memos; addresses are written down without",
    ),
    (
        "kasync_withdrawal_info_json",
        ("kind /amount", "kind /fee", "kind /limit"),
        DOCUMENTED,
    ),
    ("kasync_status_of_recent_withdrawals_json", ("extra []/network",), OLDER),
    (
        "kasync_status_of_recent_withdrawals_json",
        ("kind []/amount", "kind []/fee"),
        DOCUMENTED,
    ),
    (
        "kasync_status_of_recent_withdrawals_json",
        ("kind []/txid",),
        "the author of the capture changed the id; its shape is that of no chain",
    ),
)
"""Where our answers differ from recorded ones on purpose: file, differences, reason.

A difference covers what lies below its place.
"""

NO_QUESTION: Final = {
    "kasync_create_sub_account_json": "only institutions have subaccounts; ours is refused",
    "kasync_account_transfer_json": "only institutions have subaccounts; ours is refused",
    "kasync_errors": "refusals, each compared as a whole in a test of its own",
    "live2026-09-03_errors": "refusals, each compared as a whole in a test of its own",
}
"""Recorded answers that are not in the table, and why."""
