"""What a private line does around a request: counts, gives way, writes down, and stops."""

import itertools
import json
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from kraken_pipeline.domain.errors import (
    AuthError,
    ConfigurationError,
    ExchangeError,
    KeySharedError,
    OutcomeUnknownError,
    UnexpectedReplyError,
    UnreachableError,
)
from kraken_pipeline.kraken.audit import AuditLog
from kraken_pipeline.kraken.budget import SharedBudget
from kraken_pipeline.kraken.failures import Call
from kraken_pipeline.kraken.http import PrivateLine, Timeouts
from kraken_pipeline.kraken.limits import TIERS
from kraken_pipeline.kraken.nonce import Hand, Nonces, UrgentNonces
from kraken_pipeline.kraken.shared_lines import Household, private_line
from kraken_pipeline_tests.kraken.lines import CREDENTIAL, SECRET, Counting, line_to
from kraken_pipeline_tests.kraken.scripted import (
    Heard,
    Reply,
    always,
    closes,
    in_turn,
    ok,
    page,
    refuses,
    scripted,
)

NOON = 1_793_620_800_000_000
INVALID_NONCE = "EAPI:Invalid nonce"


def house(folder: Path) -> Household:
    return Household(folder=folder, tier=TIERS["pro"], clock=lambda: NOON)


def line_in(folder: Path, url: str, *, read_seconds: float = 2) -> PrivateLine:
    timeouts = Timeouts(connect_seconds=2, read_seconds=read_seconds)
    return private_line(url, CREDENTIAL, house(folder), timeouts=timeouts)


def audited(folder: Path) -> list[dict[str, Any]]:
    log = folder / f"audit-{CREDENTIAL.key_id}.jsonl"
    return [json.loads(each) for each in log.read_text().splitlines()] if log.exists() else []


def exchange(first: int = 0) -> Any:  # noqa: ANN401 - picks a reply, and can be asked what it saw
    """Answer as one that keeps the highest nonce, from the first on."""
    highest = [first]
    lock = threading.Lock()

    def pick(heard: Heard) -> Reply:
        with lock:
            nonce = int(heard.form["nonce"])
            if nonce <= highest[0]:
                return refuses(INVALID_NONCE)
            highest[0] = nonce
            return ok({"nonce": str(highest[0]), "count": 0})

    return pick, highest


def test_a_read_that_a_cancel_overtook_is_asked_again() -> None:
    with scripted(in_turn(refuses(INVALID_NONCE), ok("late"))) as server:
        line = line_to(server.url, Counting(Hand.OURS))

        assert line.call("Balance", {}, call=Call.READ) == "late"
        assert len(server.heard) == 2


@pytest.mark.parametrize("hand", [Hand.OURS, Hand.UNTOLD])
def test_nothing_that_writes_is_asked_again_whoever_overtook_it(hand: Hand) -> None:
    with scripted(always(refuses(INVALID_NONCE))) as server:
        line = line_to(server.url, Counting(hand))
        for call in (Call.WRITE, Call.REHEARSAL):
            with pytest.raises(UnreachableError):
                line.call("AddOrder", {}, call=call)

        assert len(server.heard) == 2


def test_a_read_is_asked_again_once_and_no_more() -> None:
    with scripted(always(refuses(INVALID_NONCE))) as server:
        with pytest.raises(UnreachableError):
            line_to(server.url, Counting(Hand.OURS)).call("Balance", {}, call=Call.READ)

        assert len(server.heard) == 2


def test_a_cancel_leaves_while_a_slow_read_is_under_way(tmp_path: Path) -> None:
    """F-EXC-4: the read is under way for a second; the cancel does not wait for it."""
    arrived: dict[str, float] = {}

    def pick(heard: Heard) -> Reply:
        arrived[heard.path.rpartition("/")[2]] = time.monotonic()
        if heard.path.endswith("Ledgers"):
            time.sleep(1)
        return ok({"count": 0})

    with scripted(pick) as server:
        line = line_in(tmp_path, server.url, read_seconds=3)
        reading = threading.Thread(
            target=line.call, args=("Ledgers", {}), kwargs={"call": Call.READ}
        )
        reading.start()
        time.sleep(0.1)
        asked_at = time.monotonic()
        line_in(tmp_path, server.url).call("CancelAll", {}, call=Call.WRITE)
        reading.join()

    assert arrived["CancelAll"] - asked_at < 0.5


def test_a_strangers_use_of_the_key_is_noticed_by_the_next_call_and_named(tmp_path: Path) -> None:
    """U-NON-2, F-SUB-9: another program goes by the clock, in milliseconds or finer."""
    pick, highest = exchange()
    with scripted(pick) as server:
        now = NOON
        nonces = Nonces(tmp_path, CREDENTIAL.key_id, clock=lambda: now)
        line = line_to(server.url, nonces)
        line.call("Balance", {}, call=Call.READ)
        now += 5_000_000
        highest[0] = now - 1  # a call of the stranger's

        with pytest.raises(KeySharedError, match="another program used the key"):
            line.call("Balance", {}, call=Call.READ)
        line.call("Balance", {}, call=Call.READ)


@pytest.mark.parametrize("call", [Call.READ, Call.WRITE])
def test_a_request_that_arrived_twice_is_told_apart_by_whether_it_could_do_anything(
    tmp_path: Path, call: Call
) -> None:
    """The first copy was done; it is the refusal of the second that comes back."""
    told = OutcomeUnknownError if call is Call.WRITE else KeySharedError
    with scripted(in_turn(ok(1), refuses(INVALID_NONCE))) as server:
        line = line_in(tmp_path, server.url)
        line.call("Balance", {}, call=Call.READ)

        with pytest.raises(told, match="another program used the key"):
            line.call("AddOrder", {}, call=call)
        assert len(server.heard) == 2


@pytest.mark.parametrize("unit", [1, 100, 1000])
def test_a_key_that_another_tool_used_in_finer_units_keeps_working(
    tmp_path: Path, unit: int
) -> None:
    pick, _ = exchange(NOON * unit - 1)
    with scripted(pick) as server:
        line = line_in(tmp_path, server.url)

        assert not line.catch_up()
        for _ in range(3):
            line.call("AddOrder", {}, call=Call.WRITE)


@pytest.mark.parametrize("unit", [100, 1000])
def test_a_clock_that_runs_on_does_not_keep_it_below_a_finer_unit(
    tmp_path: Path, unit: int
) -> None:
    pick, highest = exchange()
    with scripted(pick) as server:
        ticks = itertools.count(NOON, 5000)
        line = line_to(server.url, Nonces(tmp_path, CREDENTIAL.key_id, clock=lambda: next(ticks)))
        assert not line.catch_up()
        highest[0] = NOON * unit

        assert line.catch_up()
        line.call("AddOrder", {}, call=Call.WRITE)


def test_at_a_start_it_is_said_that_somebody_used_the_key_meanwhile(tmp_path: Path) -> None:
    pick, highest = exchange()
    with scripted(pick) as server:
        assert not line_in(tmp_path, server.url).catch_up()
        assert not line_in(tmp_path, server.url).catch_up()
        highest[0] = NOON * 1000

        assert line_in(tmp_path, server.url).catch_up()
        line_in(tmp_path, server.url).call("AddOrder", {}, call=Call.WRITE)


@pytest.mark.parametrize("info", [None, {}, {"nonce": "x"}, {"nonce": str(2**70)}])
def test_a_nonce_that_is_none_is_not_learned(tmp_path: Path, info: object) -> None:
    with scripted(always(ok(info))) as server, pytest.raises(UnexpectedReplyError):
        line_in(tmp_path, server.url).catch_up()


def test_two_refusals_of_the_key_are_all_that_the_exchange_hears_of_it(tmp_path: Path) -> None:
    """U-KEY-2."""
    with scripted(always(refuses("EAPI:Invalid key"))) as server:
        for _ in range(6):
            with pytest.raises(AuthError):
                line_in(tmp_path, server.url).call("Balance", {}, call=Call.READ)

        assert len(server.heard) == 2


def test_a_lock_is_heard_once_and_then_nothing_is_sent(tmp_path: Path) -> None:
    """F-EXC-5."""
    with scripted(always(refuses("EGeneral:Temporary lockout"))) as server:
        for _ in range(4):
            with pytest.raises(AuthError):
                line_in(tmp_path, server.url).call("Balance", {}, call=Call.READ)

        assert len(server.heard) == 1


def test_five_unclear_answers_stop_reads_and_no_cancel(tmp_path: Path) -> None:
    with scripted(always(closes)) as server:
        line = line_in(tmp_path, server.url)
        for _ in range(8):
            with pytest.raises(UnreachableError):
                line.call("Balance", {}, call=Call.READ)
        assert len(server.heard) == 5

        for _ in range(8):
            with pytest.raises(OutcomeUnknownError):
                line.call("CancelAll", {}, call=Call.WRITE)
        assert len(server.heard) == 13


def test_nothing_holds_panics_looks_back_however_unclear_the_answers(tmp_path: Path) -> None:
    with scripted(always(closes)) as server:
        line = line_to(server.url, UrgentNonces(tmp_path, CREDENTIAL.key_id, clock=lambda: NOON))
        for _ in range(8):
            with pytest.raises(UnreachableError):
                line.call("OpenOrders", {}, call=Call.READ)

        assert len(server.heard) == 8


@pytest.mark.parametrize(
    ("reply", "kind", "status"),
    [
        (ok({"txid": ["O1"]}), "done", 200),
        (refuses("EOrder:Insufficient funds"), "refused, order", 200),
        (page(b"<html>", status="502 Bad Gateway"), "ambiguous", 502),
        (closes, "ambiguous", None),
    ],
)
def test_whatever_can_move_money_is_written_down_before_and_after(
    tmp_path: Path, reply: Reply, kind: str, status: int | None
) -> None:
    with scripted(always(reply)) as server:
        line = line_in(tmp_path, server.url)
        with suppress(ExchangeError):
            line.call("AddOrder", {"pair": "XBTUSD", "otp": SECRET}, call=Call.WRITE)

    leaving, arrived = audited(tmp_path)
    assert leaving["params"] == {"pair": "XBTUSD", "otp": "(hidden)"}
    assert leaving["counters"] == {"XBTUSD": 1}
    assert leaving["nonce"] == arrived["nonce"]
    assert (arrived["kind"], arrived["status"]) == (kind, status)
    assert SECRET not in json.dumps(audited(tmp_path))
    assert CREDENTIAL.key not in json.dumps(audited(tmp_path))


def test_an_order_that_cannot_be_written_down_is_not_sent_but_a_cancel_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    audit = AuditLog(tmp_path / "file", CREDENTIAL.key_id, clock=lambda: NOON)
    with scripted(always(ok({"count": 0}))) as server:
        line = PrivateLine(server.url, credential=CREDENTIAL, nonces=Counting(), audit=audit)
        with pytest.raises(ConfigurationError):
            line.call("AddOrder", {}, call=Call.WRITE)
        line.call("CancelAll", {}, call=Call.WRITE)

        assert [each.path for each in server.heard] == ["/0/private/CancelAll"]


def test_an_answer_that_cannot_be_written_down_leaves_an_order_unknown(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    audit = AuditLog(folder, CREDENTIAL.key_id, clock=lambda: NOON)

    def breaks(heard: Heard) -> Reply:
        for each in folder.iterdir():
            each.unlink()
        folder.rmdir()
        folder.write_text("")
        return ok({"txid": ["O1"]})

    with scripted(breaks) as server:
        line = PrivateLine(server.url, credential=CREDENTIAL, nonces=Counting(), audit=audit)
        with pytest.raises(OutcomeUnknownError, match="audit"):
            line.call("AddOrder", {}, call=Call.WRITE)


def test_a_call_that_could_not_be_sent_costs_nothing(tmp_path: Path) -> None:
    budget = SharedBudget(tmp_path, CREDENTIAL, tier=TIERS["pro"])
    line = PrivateLine(
        "http://127.0.0.1:9", credential=CREDENTIAL, nonces=Counting(), budget=budget
    )
    for _ in range(5):
        with pytest.raises(UnreachableError):
            line.call("Balance", {}, call=Call.READ)

    assert budget.reserve("Balance", {}).standing == {"rest": 1}
