"""Every recorded answer of an endpoint that we read goes through the parser that reads it.

What is recorded and not read, and what is read and refused, is named with its reason; a file that
is new in the folder and in no table fails.
"""

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.domain.symbols import Asset, SymbolTable
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.kraken.account_replies import (
    allocations_from,
    amends_from,
    earn_locks_from,
    moves_from,
    totals_from,
    worth_from,
)
from kraken_pipeline.kraken.book_replies import depth_from, spreads_from, trades_from
from kraken_pipeline.kraken.failures import Call
from kraken_pipeline.kraken.fields import Record, exact, record
from kraken_pipeline.kraken.http import Answer, result_of
from kraken_pipeline.kraken.keys import token_from
from kraken_pipeline.kraken.market_replies import (
    candles_from,
    listing_from,
    status_from,
    tickers_from,
    time_from,
)
from kraken_pipeline.kraken.replies import (
    balances_from,
    count_from,
    entry_from,
    fee_rates_from,
    order_from,
    placed_id_from,
    trade_from,
)
from kraken_pipeline_tests.builders import pair

NO_NAMES: Final = SymbolTable(assets={}, pairs=[])
MINUTE: Final = timeframe("1m")
Parser = Callable[[object], object]


def each_of(field: str | None, read: Callable[[str, Record], object]) -> Parser:
    """Read every row of a map by id, which stands in a field or is the whole answer."""

    def parse(result: object) -> object:
        rows = record(result, "answer")
        rows = rows if field is None else rows.record(field)
        return [read(key, row) for key, row in rows.records()]

    return parse


def of_key(read: Callable[..., object], **more: object) -> Parser:
    """Read an answer about one pair, whichever that is."""

    def parse(result: object) -> object:
        [key] = record(result, "answer").fields.keys() - {"last"}
        return read(result, pair=pair(key=key, name=key), **more)

    return parse


def pairs(result: object) -> object:
    """Read AssetPairs beside assets under their own keys, and let no row be left out."""
    sides = {
        row.text(side) for _, row in record(result, "").records() for side in ("base", "quote")
    }
    altnames = {key: {"altname": re.sub(r"^[XZ](?=[A-Z]{3}$)", "", key)} for key in sides}
    listing = listing_from(altnames, result)
    assert listing.left_out == {}
    return listing.pairs


def assets(result: object) -> object:
    listing = listing_from(result, {})
    assert listing.left_out == {}
    return listing.assets


def tickers(result: object) -> object:
    """Read Ticker with each key taken for a pair of its own."""
    keys = record(result, "").fields
    rows = {key: {**LISTED, "altname": key, "base": f"A{key}"} for key in keys}
    named = {name: {"altname": name} for name in ("B", *(f"A{key}" for key in keys))}
    found = tickers_from(result, listing_from(named, rows).symbols)
    assert set(found) == set(keys)
    return found


LISTED: Final = {
    "quote": "B",
    "aclass_base": "currency",
    "status": "online",
    "tick_size": "1",
    "lot_decimals": 8,
    "ordermin": "1",
    "costmin": "0",
}


def order(key: str, row: Record) -> object:
    return order_from(key, row, NO_NAMES)


def trade(key: str, row: Record) -> object:
    return trade_from(key, row, NO_NAMES)


def fees(result: object) -> object:
    keys = record(result, "").record("fees").fields
    return fee_rates_from(result, [pair(key=key, name=key, base=Asset(key)) for key in keys])


def count(result: object) -> object:
    return count_from(result, "Cancel")


def moves(result: object) -> object:
    return moves_from(result, "DepositStatus")[0]


def batch(result: object) -> object:
    rows = record(result, "").items("orders")
    return [record(each, "").name_in("txid") for each in rows]


PARSERS: Final[dict[str, Parser]] = {
    "kasync_account_balance_json.json": totals_from,
    "kasync_add_order_batch_json.json": batch,
    "kasync_add_order_json.json": placed_id_from,
    "kasync_amend_order_json.json": lambda result: record(result, "").name_in("amend_id"),
    "kasync_asset_info_json.json": assets,
    "kasync_cancel_all_orders_json.json": count,
    "kasync_cancel_order_batch_json.json": count,
    "kasync_cancel_order_json.json": count,
    "kasync_extended_balance_json.json": balances_from,
    "kasync_list_earn_allocations_json.json": lambda result: allocations_from(result)[0],
    "kasync_list_earn_strategies_json.json": lambda result: earn_locks_from(result)[0],
    "kasync_ohlc_data_json.json": of_key(candles_from, frame=MINUTE, since=None),
    "kasync_open_orders_json.json": each_of("open", order),
    "kasync_order_amends_json.json": amends_from,
    "kasync_orderbook_json.json": of_key(depth_from),
    "kasync_query_ledgers_json.json": each_of(None, entry_from),
    "kasync_query_order_info_json.json": each_of(None, order),
    "kasync_query_trades_info_json.json": each_of(None, trade),
    "kasync_recent_spreads_json.json": of_key(spreads_from),
    "kasync_recent_trades_json.json": of_key(trades_from),
    "kasync_server_time_json.json": time_from,
    "kasync_status_of_recent_deposits_json.json": moves,
    "kasync_status_of_recent_withdrawals_json.json": moves,
    "kasync_system_status_json.json": status_from,
    "kasync_ticker_information_json.json": tickers,
    "kasync_tradable_asset_pairs_json.json": pairs,
    "kasync_trade_balance_json.json": lambda result: worth_from(result, "ZUSD"),
    "kasync_trade_volume_per_pair_json.json": fees,
    "kasync_trades_history_json.json": each_of("trades", trade),
    "kasync_websockets_token_json.json": token_from,
    "live2026-08_assetpairs_XBTUSDT.json": pairs,
    "live2026-09-03_assets.json": assets,
    "live2026-09-03_ohlc_XBTUSD_1m.json": of_key(candles_from, frame=MINUTE, since=None),
    "live2026-09-03_time.json": time_from,
    "live2026-09-19_assetpairs_subset.json": pairs,
    "nautilus_http_add_order_spot.json": placed_id_from,
    "nautilus_http_asset_pairs.json": pairs,
    "nautilus_http_asset_pairs_tokenized.json": pairs,
    "nautilus_http_cancel_order_spot.json": count,
    "nautilus_http_closed_orders.json": each_of("closed", order),
    "nautilus_http_ohlc.json": of_key(candles_from, frame=MINUTE, since=None),
    "nautilus_http_open_orders.json": each_of("open", order),
    "nautilus_http_order_book.json": of_key(depth_from),
    "nautilus_http_server_time.json": time_from,
    "nautilus_http_spot_balance.json": totals_from,
    "nautilus_http_spot_trade_balance.json": lambda result: worth_from(result, "ZUSD"),
    "nautilus_http_system_status.json": status_from,
    "nautilus_http_ticker.json": tickers,
    "nautilus_http_trades.json": of_key(trades_from),
    "nautilus_http_trades_history.json": each_of("trades", trade),
    "xchange2025_addorder_01ec8b.json": placed_id_from,
    "xchange2025_addorder_1219ed.json": placed_id_from,
    "xchange2025_addorder_578407.json": placed_id_from,
    "xchange2025_addorder_98408e.json": placed_id_from,
    "xchange2025_assetpairs.json": pairs,
    "xchange2025_assets.json": assets,
    "xchange2025_balance.json": totals_from,
    "xchange2025_balanceex.json": balances_from,
    "xchange2025_cancelorder.json": count,
    "xchange2025_ledgers.json": each_of("ledger", entry_from),
    "xchange2025_openorders.json": each_of("open", order),
    "xchange2025_tradebalance.json": lambda result: worth_from(result, "ZUSD"),
    "xchangeold_assets.json": assets,
    "xchangeold_depth.json": of_key(depth_from),
    "xchangeold_ledgerinfo.json": each_of("ledger", entry_from),
    "xchangeold_ohlc.json": of_key(candles_from, frame=timeframe("1m"), since=None),
    "xchangeold_openorders.json": each_of("open", order),
    "xchangeold_spreads.json": of_key(spreads_from),
    "xchangeold_trades.json": of_key(trades_from),
    "xchangeold_tradevolume-2.json": fees,
}
REFUSED: Final[dict[str, tuple[Parser, str]]] = {
    "xchangeold_assetpairs.json": (pairs, "missing"),
    "xchangeold_tradehistory.json": (each_of("trades", trade), "'maker' is missing"),
    "kasync_trade_volume_json.json": (
        lambda result: fee_rates_from(result, [pair()]),
        "not an object",
    ),
}
"""Answers without what a decision needs: of years ago, or to a question without a pair."""
NOT_READ: Final = {
    "fee_schedule_2026-09-19.json": "a page of the web, no answer of the API",
    "kasync_account_transfer_json.json": "moves between accounts",
    "kasync_allocate_earn_funds_json.json": "earn",
    "kasync_allocation_status_json.json": "earn",
    "kasync_cancel_all_orders_after_json.json": "read by the guard",
    "kasync_create_sub_account_json.json": "makes accounts",
    "kasync_deallocate_earn_funds_json.json": "earn",
    "kasync_deallocation_status_json.json": "earn",
    "kasync_delete_export_report_json.json": "export",
    "kasync_deposit_addresses_json.json": "pays in",
    "kasync_deposit_methods_json.json": "pays in",
    "kasync_edit_order_json.json": "edits cancel and place anew; we amend",
    "kasync_export_report_status_json.json": "export",
    "kasync_open_positions_json.json": "margin",
    "kasync_open_positions_json_do_calc_optional_fields.json": "margin",
    "kasync_request_export_report_json.json": "export",
    "kasync_request_wallet_transfer_json.json": "moves between wallets",
    "kasync_request_withdrawal_cancellation_json.json": "withdraws",
    "kasync_withdraw_funds_json.json": "withdraws",
    "kasync_withdrawal_addresses_json.json": "withdraws",
    "kasync_withdrawal_info_json.json": "withdraws",
    "kasync_withdrawal_methods_json.json": "withdraws",
    "nautilus_http_spot_open_positions.json": "margin",
    "xchange2025_openpositions.json": "margin",
}


def told(folder: Path, name: str) -> object:
    body = (folder / "rest" / name).read_bytes()
    return result_of(Answer(200, body), call=Call.READ, method=name)


def test_every_recorded_answer_is_in_one_of_the_tables(recorded: Path) -> None:
    tables: Iterable[dict[str, object]] = (dict(PARSERS), dict(REFUSED), dict(NOT_READ))
    named = [name for table in tables for name in table]

    assert sorted(named) == sorted(each.name for each in (recorded / "rest").glob("*.json"))


@pytest.mark.parametrize("name", sorted(PARSERS))
def test_a_recorded_answer_is_read(recorded: Path, name: str) -> None:
    parsed = PARSERS[name](told(recorded, name))

    assert parsed is not None
    assert parsed not in ([], {}, ())


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_recorded_answer_that_lacks_something_is_refused(recorded: Path, name: str) -> None:
    read, why = REFUSED[name]

    with pytest.raises(UnexpectedReplyError, match=why):
        read(told(recorded, name))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.123456789012345678", Decimal("0.123456789012345678")),
        ("1e-18", Decimal("0.000000000000000001")),
        ("1.5E+3", Decimal(1500)),
        ("115792089237316195.423570985008687907", Decimal("115792089237316195.423570985008687907")),
    ],
)
def test_numbers_as_text_as_json_and_with_exponents_are_the_same_to_the_last_digit(
    text: str, value: Decimal
) -> None:
    """F-EVT-7: of REST, in each notation and up to 33 digits."""
    body = f'{{"error":[],"result":{{"number":{text},"text":"{text}"}}}}'.encode()
    result = record(result_of(Answer(200, body), call=Call.READ, method="X"), "X")

    assert exact(result.fields["number"]) == value
    assert exact(result.fields["text"]) == value
    assert result.amount("number").as_tuple() == result.amount("text").as_tuple()
