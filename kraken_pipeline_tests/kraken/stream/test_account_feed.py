"""What the account's feed makes of a frame that shows that another one is missing."""

import json
from datetime import UTC, datetime
from typing import cast

from kraken_pipeline.domain.symbols import SymbolTable
from kraken_pipeline.kraken.stream.account import AccountFeed, CatchUp, Surroundings
from kraken_pipeline.kraken.stream.outbox import Outbox

SINCE = datetime(2026, 3, 2, tzinfo=UTC)
NAME = "OAAAAA-BBBBB-CCCCCC"


def feed(outbox: Outbox) -> AccountFeed:
    needs = Surroundings(
        fetch_token=str,
        symbols=lambda: cast("SymbolTable", None),
        catch_up=cast("CatchUp", None),
        halt=lambda why: None,
        count=lambda pair, counter: None,
    )
    return AccountFeed(needs, since=SINCE, outbox=outbox)


def frame(kind: str, number: int, status: str) -> bytes:
    row = {
        "order_id": NAME,
        "exec_type": status,
        "order_status": status,
        "timestamp": "2026-03-02T00:00:01.000000Z",
    }
    told = {"channel": "executions", "type": kind, "data": [row], "sequence": number}
    return json.dumps(told).encode()


def test_a_row_after_a_gap_is_not_laid_over_what_is_known_from_before() -> None:
    outbox = Outbox(100)
    listening = feed(outbox)
    listening.hear(b"executions", frame("snapshot", 1, "new"), 0.0)
    before = outbox.take(0)

    # number 2 told of a change of the order
    listening.hear(b"executions", frame("update", 3, "canceled"), 1.0)

    assert len(before) == 1
    assert outbox.take(0) == ()
    assert listening.mind(1.0) == "executions: a message is missing before 3, after 1"


def test_a_row_that_follows_is_told() -> None:
    outbox = Outbox(100)
    listening = feed(outbox)
    listening.hear(b"executions", frame("snapshot", 1, "new"), 0.0)
    outbox.take(0)

    listening.hear(b"executions", frame("update", 2, "canceled"), 1.0)

    assert len(outbox.take(0)) == 1
    assert listening.mind(1.0) == ""
