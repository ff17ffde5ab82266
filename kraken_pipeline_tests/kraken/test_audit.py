import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.kraken.audit import (
    LONGEST_BODY,
    Arrived,
    AuditLog,
    Leaving,
    kept_calls,
    redacted,
)

NOON = 1_793_620_800_000_000


def log_in(folder: Path) -> AuditLog:
    return AuditLog(folder, "k", clock=lambda: NOON)


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(each) for each in (folder / "audit-k.jsonl").read_text().splitlines()]


def leaving(**params: object) -> Leaving:
    return Leaving(method="AddOrder", nonce=7, params=params, counters={"XBTUSD": 3.5})


def arrived(body: bytes) -> Arrived:
    return Arrived(method="AddOrder", nonce=7, seconds=0.25, kind="done", status=200, body=body)


def test_what_leaves_and_what_comes_back_are_a_line_each(tmp_path: Path) -> None:
    log = log_in(tmp_path)
    log.leaving(leaving(volume="1"))
    log.arrived(arrived(b'{"error":[]}'))

    first, second = rows(tmp_path)
    assert first == {
        "at": "2026-11-02T12:00:00.000000+00:00",
        "event": "leaving",
        "method": "AddOrder",
        "nonce": 7,
        "params": {"volume": "1"},
        "counters": {"XBTUSD": 3.5},
    }
    assert second["seconds"] == 0.25
    assert second["body"] == '{"error":[]}'
    assert second["sha256"] == hashlib.sha256(b'{"error":[]}').hexdigest()


def test_a_long_answer_is_cut_and_its_hash_is_of_all_of_it(tmp_path: Path) -> None:
    log_in(tmp_path).arrived(arrived(b"x" * 100_000))

    [row] = rows(tmp_path)
    assert len(row["body"]) == LONGEST_BODY
    assert row["sha256"] == hashlib.sha256(b"x" * 100_000).hexdigest()


def test_nothing_that_opens_anything_is_kept_however_deep_it_stands(tmp_path: Path) -> None:
    canary = "canary"
    log_in(tmp_path).leaving(
        leaving(otp=canary, orders=[{"Token": canary}, {"deep": {"PASSWORD": canary}}])
    )

    assert canary not in (tmp_path / "audit-k.jsonl").read_text()


def test_any_value_can_be_kept() -> None:
    odd = object()

    assert redacted({"a": odd, "b": (None, True, 1)}) == {"a": str(odd), "b": [None, True, 1]}


def test_the_log_is_for_its_owner_alone(tmp_path: Path) -> None:
    log_in(tmp_path / "new").leaving(leaving())

    assert (tmp_path / "new" / "audit-k.jsonl").stat().st_mode & 0o077 == 0


def test_a_log_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigurationError, match="audit-k"):
        log_in(tmp_path / "file").leaving(leaving())


def _call(nonce: int, **params: object) -> Leaving:
    return Leaving(method="AddOrder", nonce=nonce, params=params, counters={})


def _answer(nonce: int, body: bytes) -> Arrived:
    return Arrived(method="AddOrder", nonce=nonce, seconds=0.1, kind="done", status=200, body=body)


def test_the_calls_of_an_order_are_found_by_what_was_asked_or_answered(tmp_path: Path) -> None:
    first, second = log_in(tmp_path), AuditLog(tmp_path, "other", clock=lambda: NOON + 1)
    first.leaving(_call(1, cl_ord_id="mine"))
    first.leaving(_call(2, cl_ord_id="foreign"))
    first.arrived(_answer(2, b"OTHER"))
    first.arrived(_answer(1, b"O-1"))
    second.leaving(_call(1, txid="?"))
    second.arrived(_answer(1, b"O-1 is gone"))
    second.leaving(_call(3, txid="O-1"))

    found = kept_calls(tmp_path, ["mine", "O-1"])

    asked = [each.leaving["params"] for each in found]
    assert asked == [{"cl_ord_id": "mine"}, {"txid": "?"}, {"txid": "O-1"}]
    assert [each.arrived is None for each in found] == [False, False, True]


def test_a_line_that_a_crash_cut_short_hides_no_other(tmp_path: Path) -> None:
    log = log_in(tmp_path)
    log.leaving(_call(1, cl_ord_id="mine"))
    with (tmp_path / "audit-k.jsonl").open("a") as file:
        file.write('{"event":"arri\n')

    [found] = kept_calls(tmp_path, ["mine"])

    assert found.arrived is None


def test_where_nothing_was_kept_there_are_no_calls(tmp_path: Path) -> None:
    assert kept_calls(tmp_path / "none", ["mine"]) == ()
