"""History: how far candles reach, and whether three sources tell the same (A7, HIS-1, HIS-2)."""

import csv
import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.longer_bars import made_of
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.domain.trade_bars import bars_of, mismatches
from kraken_pipeline.kraken.book_replies import trades_from
from kraken_pipeline.kraken.market_replies import candles_from
from kraken_pipeline.services.bars.plan_history import Wanted, plan
from kraken_pipeline.services.bars.rebuild import seconds
from kraken_pipeline.wiring import histories
from kraken_pipeline_tests.builders import pair
from kraken_pipeline_tests.paper_market import MOMENT, NOON, paper_market

MINUTE = timeframe("1m")
PRICES = ("open", "high", "low", "close", "volume")


def test_u_his_1_what_candles_do_not_reach_back_to_is_planned_from_trades(tmp_path: Path) -> None:
    hourly, since = timeframe("1h"), NOON - timedelta(days=40)
    with paper_market(tmp_path) as market, market.pipeline() as pipeline:
        ada = pipeline.edge.market.listing().pairs["ADAUSD"]
        told = pipeline.edge.market.candles(ada, hourly, since)
        wanted = Wanted(pairs=(ada,), frames=(hourly,), since=since, prove=False)
        [of] = plan(histories.plan_desk(pipeline), wanted, now=MOMENT).pairs

    assert (len(told), told.opened_at[0]) == (720, seconds(NOON) - 720 * 3600)
    [tail], [run] = of.tails, of.runs
    assert (tail.first, tail.until) == (told.opened_at[0], seconds(NOON))
    assert run.first <= seconds(since) < told.opened_at[0] <= run.until
    assert run.calls > 1


def test_u_his_3_the_exchange_s_recorded_trades_make_its_recorded_candles(recorded: Path) -> None:
    xbtusdt = pair(key="XBTUSDT", name="XBTUSDT")
    trades = trades_from(told(recorded, "nautilus_http_trades.json"), xbtusdt).trades
    candles = candles_from(
        told(recorded, "nautilus_http_ohlc.json"), pair=xbtusdt, frame=MINUTE, since=None
    )

    ours = bars_of(trades, MINUTE)
    # of the first minute and the last only a part was told
    first, until = ours[0].opened_at + 60, ours[-1].opened_at
    inner = [each for each in ours if first <= each.opened_at < until]
    assert (len(inner), (until - first) // 60) == (272, 409)
    assert mismatches(ours, candles, first=first, until=until) == ()


@pytest.mark.parametrize(
    ("shorter", "longer", "overlap"),
    [
        ("XBTUSD_15.2023Q1", "XBTUSD_60.2023Q1", 2158),
        ("XBTUSDT_15.2023Q1", "XBTUSDT_60.2023Q1", 2155),
        ("XBTEUR_15.2024Q4", "XBTEUR_60.2024Q4", 2208),
        ("XBTEUR_60.2024Q4", "XBTEUR_240.2024_2025", 552),
        ("XBTEUR_15.2024Q4", "XBTEUR_240.2024_2025", 552),
    ],
)
def test_u_his_3_recorded_candles_make_the_recorded_longer_ones(
    recorded: Path, shorter: str, longer: str, overlap: int
) -> None:
    theirs = archived(recorded / "ohlc" / f"{longer}.csv")
    made = made_of(archived(recorded / "ohlc" / f"{shorter}.csv"), timeframe(theirs.timeframe))

    known = dict(rows(theirs))
    found = [(at, row, known[at]) for at, row in rows(made) if at in known]
    assert len(found) == overlap
    assert [each for each in found if each[1] != each[2]] == []


def told(recorded: Path, name: str) -> object:
    """Return a recorded result, its numbers exact."""
    return json.loads((recorded / "rest" / name).read_text(), parse_float=Decimal)["result"]


def archived(path: Path) -> Candles:
    """Return a recorded file of candles; its name tells the minutes."""
    frame = {"15": "15m", "60": "1h", "240": "4h"}[path.stem.split("_")[1].split(".")[0]]
    opened, *columns, trades = zip(*csv.reader(path.read_text().splitlines()), strict=True)
    amounts = dict(zip(PRICES, columns, strict=True))
    return Candles(
        pair="",
        timeframe=frame,
        opened_at=tuple(map(int, opened)),
        trades=tuple(map(int, trades)),
        **amounts,
    )


def rows(candles: Candles) -> Iterator[tuple[int, tuple[Decimal | int, ...]]]:
    """Yield open time and figures of each."""
    columns = [getattr(candles, name) for name in PRICES]
    for opened, trades, *amounts in zip(candles.opened_at, candles.trades, *columns, strict=True):
        yield opened, (*map(Decimal, amounts), trades)
