import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.kraken.audit import LONGEST_BODY, Arrived, AuditLog, Leaving, redacted

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
