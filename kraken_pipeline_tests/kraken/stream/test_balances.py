from decimal import Decimal
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.kraken.stream.balances import Balances
from kraken_pipeline.kraken.stream.frames import message_of
from kraken_pipeline.kraken.stream.news import BalanceNews, LedgerNews, Source
from kraken_pipeline_tests.kraken.stream.recorded_frames import lines


def snapshot(**totals: str) -> list[dict[str, object]]:
    return [
        {
            "asset": asset,
            "balance": total,
            "wallets": [{"type": "spot", "id": "main", "balance": total}],
        }
        for asset, total in totals.items()
    ]


def test_the_recorded_frames_are_read_to_the_last_digit(recorded: Path) -> None:
    first, *updates = [message_of(frame) for frame in lines(recorded, "kasync_balances.jsonl")]
    balances = Balances()
    balances.load(first.data)
    for update in updates:
        for row in update.data:
            balances.hear(row)

    # 1.34 of 160.2405 USD were in the wallet that the update speaks of
    assert balances.totals()["USD"] == Decimal("160.2405") - Decimal("1.34") + Decimal("118.0677")
    assert str(balances.totals()["KAR"]) == "774.6366982600"
    assert str(balances.totals()["ADX"]) == "147.1906006900"


def test_a_second_snapshot_tells_only_what_differs() -> None:
    balances = Balances()
    balances.load(snapshot(USD="10", BTC="1"))

    assert balances.load(snapshot(USD="9", BTC="1", ETH="2")) == (
        BalanceNews(asset="ETH", total=Decimal(2), source=Source.SNAPSHOT),
        BalanceNews(asset="USD", total=Decimal(9), source=Source.SNAPSHOT),
    )


def test_an_asset_that_is_gone_from_the_snapshot_is_at_zero() -> None:
    balances = Balances()
    balances.load(snapshot(USD="10"))

    [news] = balances.load([])
    assert news == BalanceNews(asset="USD", total=Decimal(0), source=Source.SNAPSHOT)


def test_a_ledger_entry_is_told_with_what_it_leaves() -> None:
    balances = Balances()
    balances.load(snapshot(USD="100"))
    entry, left = balances.hear(
        {
            "ledger_id": "L1",
            "ref_id": "T1",
            "timestamp": "2024-05-24T14:01:53.526524Z",
            "type": "trade",
            "asset": "USD",
            "wallet_type": "spot",
            "wallet_id": "main",
            "amount": "-19.9743",
            "fee": "0.0499",
            "balance": "79.9758",
        }
    )

    assert isinstance(entry, LedgerNews)
    assert (entry.refid, entry.amount, entry.fee) == ("T1", Decimal("-19.9743"), Decimal("0.0499"))
    assert left == BalanceNews(asset="USD", total=Decimal("79.9758"), source=Source.LIVE)


def test_an_odd_row_changes_nothing() -> None:
    balances = Balances()
    balances.load(snapshot(USD="100"))
    with pytest.raises(UnexpectedReplyError):
        balances.load([{"asset": "USD"}])

    assert balances.totals() == {"USD": Decimal(100)}
