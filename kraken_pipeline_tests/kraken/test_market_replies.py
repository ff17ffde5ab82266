from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.kraken.market_replies import (
    candles_from,
    listing_from,
    status_from,
    tickers_from,
    time_from,
)
from kraken_pipeline_tests.builders import pair
from kraken_pipeline_tests.kraken.lines import SYMBOLS
from kraken_pipeline_tests.kraken.samples import ASSETS, PAIR, ROWS, TICKER

MINUTE = timeframe("1m")


def candles(rows: object, last: object = 1788415320, since: datetime | None = None) -> object:
    return candles_from({"XXBTZUSD": rows, "last": last}, pair=pair(), frame=MINUTE, since=since)


def test_a_listed_pair_has_the_rules_of_its_orders() -> None:
    listed = listing_from(ASSETS, {"XXBTZUSD": PAIR}).pairs["XBTUSD"]

    assert (listed.key, listed.base, listed.quote) == ("XXBTZUSD", "XBT", "USD")
    assert (listed.tick, listed.lot) == (Decimal("0.1"), Decimal("0.00000001"))
    assert (listed.min_qty, listed.min_cost) == (Decimal("0.00005"), Decimal("0.5"))
    assert (listed.status, listed.asset_class) == ("online", "currency")


def test_every_spelling_of_a_listed_pair_means_it() -> None:
    symbols = listing_from(ASSETS, {"XXBTZUSD": PAIR}).symbols

    for spelling in ("XBTUSD", "XXBTZUSD", "BTC/USD", "XBT/USD", "BTCUSD"):
        assert symbols.pair(spelling).pair == "XBTUSD"


def test_a_bucket_that_is_listed_as_an_asset_is_part_of_its_asset() -> None:
    symbols = listing_from(ASSETS, {}).symbols

    assert symbols.asset("USDT.M") == "USDT"
    assert symbols.asset("DOT28.S") == "DOT"


@pytest.mark.parametrize(
    "name",
    ["altname", "base", "quote", "aclass_base", "status", "tick_size", "lot_decimals", "ordermin",
     "costmin"],
)  # fmt: skip
@given(junk=st.none() | st.booleans() | st.text(max_size=5) | st.lists(st.none()))
def test_a_pair_with_an_odd_rule_is_refused_or_means_what_it_says(name: str, junk: object) -> None:
    try:
        listing = listing_from(ASSETS, {"XXBTZUSD": {**PAIR, name: junk}})
    except UnexpectedReplyError as error:
        told = str(error)
    else:
        [listed] = listing.pairs.values()
        told = f"{listed} {name}"
        assert listed.tick > 0
        assert listed.min_qty > 0
    assert name in told or "asset name" in told or "pair name" in told


def test_a_pair_whose_asset_is_not_listed_is_refused() -> None:
    with pytest.raises(UnexpectedReplyError, match="'NEW' is not among the assets"):
        listing_from(ASSETS, {"NEWUSD": {**PAIR, "base": "NEW"}})


@pytest.mark.parametrize("odd", [None, {**PAIR, "tick_size": "0"}, {**PAIR, "base": "NEW"}])
def test_a_pair_that_can_not_be_read_is_left_out_and_named(odd: object) -> None:
    listing = listing_from(ASSETS, {"ODD": odd, "XXBTZUSD": PAIR})

    assert set(listing.pairs) == {"XBTUSD"}
    assert set(listing.left_out) == {"ODD"}
    assert "ODD" in listing.left_out["ODD"]


def test_a_pair_of_an_asset_that_can_not_be_read_is_left_out_with_it() -> None:
    sick = {"altname": None, "aclass": "currency"}
    other = {**PAIR, "altname": "SICKUSD", "wsname": "SICK/USD", "base": "SICK"}

    listing = listing_from({**ASSETS, "SICK": sick}, {"XXBTZUSD": PAIR, "SICKUSD": other})

    assert set(listing.pairs) == {"XBTUSD"}
    assert set(listing.left_out) == {"SICK", "SICKUSD"}


def test_a_listed_asset_says_what_may_be_done_with_it() -> None:
    asset = listing_from(ASSETS, {}).assets["XXBT"]

    assert (asset.name, asset.decimals, asset.status) == ("XBT", 10, "enabled")
    assert asset.collateral_value is None


def test_two_pairs_of_one_name_are_refused() -> None:
    with pytest.raises(UnexpectedReplyError, match="XBTUSD"):
        listing_from(ASSETS, {"XXBTZUSD": PAIR, "XETHZUSD": {**PAIR, "base": "XETH"}})


def test_a_ticker_has_the_figures_of_the_last_day() -> None:
    ticker = tickers_from({"XXBTZUSD": TICKER}, SYMBOLS)["XBTUSD"]

    assert (ticker.bid, ticker.ask) == (Decimal(77726), Decimal("77726.1"))
    assert ticker.last == Decimal("77726.1")
    assert ticker.volume_24h == Decimal("2388.56785114")
    assert ticker.vwap_24h == Decimal("77160.53032")


def test_a_pair_that_is_not_listed_has_no_ticker() -> None:
    assert tickers_from({"XXBTZUSD:BTNL": TICKER}, SYMBOLS) == {}


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_a_pair_without_a_price_has_no_ticker(name: str) -> None:
    assert tickers_from({"XXBTZUSD": {**TICKER, name: ["0.00000", "0"]}}, SYMBOLS) == {}


@pytest.mark.parametrize("name", ["a", "b", "c", "v", "p"])
@pytest.mark.parametrize("junk", [None, [], ["x", "x"], "1", [None, None], ["-1", "-1"]])
def test_a_ticker_with_an_odd_figure_is_refused(name: str, junk: object) -> None:
    with pytest.raises(UnexpectedReplyError, match=f"'{name}'"):
        tickers_from({"XXBTZUSD": {**TICKER, name: junk}}, SYMBOLS)


def test_candles_are_columns_of_krakens_own_text() -> None:
    page = candles_from(
        {"XXBTZUSD": ROWS, "last": 1788415320}, pair=pair(), frame=MINUTE, since=None
    )

    assert (page.pair, page.timeframe, len(page)) == ("XBTUSD", "1m", 3)
    assert page.opened_at == (1788415200, 1788415260, 1788415320)
    assert (page.open[0], page.high[0]) == ("77776.4", "77800.0")
    assert (page.low[0], page.close[0]) == ("77717.8", "77736.8")
    assert (page.volume[0], page.trades[0]) == ("4.07649664", 167)


def test_a_row_after_last_is_still_forming_and_left_out() -> None:
    page = candles_from(
        {"XXBTZUSD": ROWS, "last": 1788415260}, pair=pair(), frame=MINUTE, since=None
    )

    assert page.opened_at == (1788415200, 1788415260)


def test_rows_before_since_are_left_out() -> None:
    since = datetime.fromtimestamp(1788415260, tz=UTC)
    page = candles_from(
        {"XXBTZUSD": ROWS, "last": 1788415320}, pair=pair(), frame=MINUTE, since=since
    )

    assert page.opened_at == (1788415260, 1788415320)


def test_no_rows_are_no_candles() -> None:
    page = candles_from({"BTC/USD": [], "last": 0}, pair=pair(), frame=MINUTE, since=None)

    assert len(page) == 0


@pytest.mark.parametrize("place", range(8))
@pytest.mark.parametrize(
    "junk", [None, "", "x", "1\n2", "1\n", "NaN", "1e5", Decimal("1.5"), True, [], -1]
)
def test_a_row_with_an_odd_place_is_refused(place: int, junk: object) -> None:
    row = [*ROWS[2][:place], junk, *ROWS[2][place + 1 :]]

    with pytest.raises(UnexpectedReplyError, match="is no 1m candle"):
        candles([*ROWS[:2], row])


def test_a_row_of_another_timeframe_is_refused() -> None:
    with pytest.raises(UnexpectedReplyError, match="is no 1m candle"):
        candles([[1788415201, *ROWS[0][1:]]])


@pytest.mark.parametrize("rows", [[ROWS[1], ROWS[0]], [ROWS[0], ROWS[0]]])
def test_rows_that_do_not_ascend_are_refused(rows: object) -> None:
    with pytest.raises(UnexpectedReplyError, match="ascend"):
        candles(rows)


@pytest.mark.parametrize("row", [ROWS[0][:7], [*ROWS[0], 1], {}, None, "x"])
def test_a_row_of_another_shape_is_refused(row: object) -> None:
    with pytest.raises(UnexpectedReplyError, match="candle"):
        candles([row])


@pytest.mark.parametrize("reply", [{"last": 1}, {"A": [], "B": [], "last": 1}, {"A": []}, []])
def test_a_reply_that_is_not_of_one_pair_is_refused(reply: object) -> None:
    with pytest.raises(UnexpectedReplyError, match="OHLC"):
        candles_from(reply, pair=pair(), frame=MINUTE, since=None)


def test_the_status_says_what_is_announced() -> None:
    window = {"start": "2026-09-16T07:01:00Z", "services": ["spot_rest"]}
    reply = {"status": "online", "timestamp": "2026-09-16T06:00:00Z"}

    status = status_from({**reply, "upcoming_maintenance": [window], "emergency": []})

    assert (status.status, status.emergency) == ("online", ())
    assert status.at == datetime(2026, 9, 16, 6, tzinfo=UTC)
    assert status.upcoming_maintenance is not None
    assert "07:01" in status.upcoming_maintenance[0]


def test_what_the_status_does_not_announce_is_unknown() -> None:
    status = status_from({"status": "online"})

    assert (status.at, status.upcoming_maintenance, status.emergency) == (None, None, None)


def test_a_status_that_is_new_is_kept_and_is_not_online() -> None:
    assert status_from({"status": "sleepy"}).status == "sleepy"


@pytest.mark.parametrize(
    "reply", [{}, {"status": ""}, {"status": "online", "timestamp": "x"}, {"status": 1}]
)
def test_a_status_without_a_word_or_with_an_odd_time_is_refused(reply: object) -> None:
    with pytest.raises(UnexpectedReplyError):
        status_from(reply)


def test_the_time_is_in_utc() -> None:
    assert time_from({"unixtime": 1788415303}) == datetime(2026, 9, 3, 6, 1, 43, tzinfo=UTC)


def test_a_volume_is_no_finer_than_the_balance_that_it_ends_in() -> None:
    euro = {"ZEUR": {"aclass": "currency", "altname": "EUR", "decimals": 4}}
    listed = listing_from(ASSETS | euro, {"ZEURZUSD": PAIR | {"altname": "EURUSD", "base": "ZEUR"}})

    assert listed.pairs["EURUSD"].lot == Decimal("0.0001")
