import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from kraken_pipeline.domain.locks import CODES, LockKind
from kraken_pipeline.settings.complaints import schema_problems
from kraken_pipeline.settings.documents import parse
from kraken_pipeline.settings.protections import KINDS, Cooldown, SlippageGuard
from kraken_pipeline.settings.sections import Settings
from kraken_pipeline.settings.showing import digest, dump


def settings(*entries: object) -> Settings:
    return Settings.model_validate({"risk": {"protections": list(entries)}})


def problem(text: str) -> str:
    [said] = schema_problems(parse(f"risk:\n  protections: {text}\n", name="c", place="/c"))
    return said


def test_there_is_an_entry_for_every_kind_of_lock() -> None:
    assert set(KINDS) == set(LockKind)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_kind_alone_is_an_entry_with_all_else_by_default(kind: str) -> None:
    assert settings(kind) == settings({"kind": kind})


def test_an_entry_may_say_more() -> None:
    told = settings({"kind": "cooldown", "lock_minutes": 5}, "slippage_guard").risk.protections

    assert told == (Cooldown(lock_minutes=5), SlippageGuard())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[cooldwn]", "risk.protections.0 is a mapping, but must be of one of the kinds"),
        ("[{lock_minutes: 3}]", "risk.protections.0 is a mapping, but must say its `kind`"),
        (
            "[{kind: cooldown, lock_minute: 3}]",
            "The nearest valid key is risk.protections.0.lock_minutes: rename it",
        ),
        (
            "[cooldown, {kind: loss_streak, trades: 0}]",
            "risk.protections.1.trades is 0, but must be at least 1 (default 5)",
        ),
        (
            "[{kind: cooldown, lock_minutes: 0}]",
            "lock_minutes is 0, but must be at least 1 (counted in min, default 60)",
        ),
        ("[{kind: low_profit_pair, required_profit_pct: -101}]", "must be at least -100"),
        ("cooldown", "must be a list"),
        ("[cooldown, cooldown]", "lists the same protection twice"),
        (
            "[volatility_spike, {kind: volatility_spike, bars: 5}]",
            "has volatility_spike twice: keep one",
        ),
    ],
)
def test_what_is_wrong_with_an_entry_is_said_with_its_place(text: str, says: str) -> None:
    assert says in problem(text)


@pytest.mark.parametrize(
    "entries",
    [
        ["cooldown"],
        [{"kind": "slippage_guard", "modelled_bps": "12.5", "scope": "all"}, *sorted(KINDS)],
    ],
)
def test_a_dump_gives_the_same_protections_again(entries: list[Any]) -> None:
    told = settings(*entries)

    again = Settings.model_validate(parse(dump(told), name="c", place="/c").tree)

    assert again == told
    assert digest(again) == digest(told) != digest(Settings())


def test_a_bound_is_a_number_as_it_was_written() -> None:
    with pytest.raises(ValidationError):
        settings({"kind": "slippage_guard", "modelled_bps": 12.5})
    assert SlippageGuard(modelled_bps=Decimal(3)).modelled_bps == 3


PAGE = Path(__file__).parents[2] / "docs" / "protections.md"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_page_for_people_has_every_kind_with_its_code_and_its_defaults(kind: str) -> None:
    rows = [each for each in PAGE.read_text().splitlines() if each.startswith(f"| `{kind}`")]
    usual = KINDS[kind]().model_dump()

    assert len(rows) == 1
    assert f"`{CODES[LockKind(kind)]}`" in rows[0]
    for name, value in usual.items():
        if name not in {"kind", "scope"}:
            assert re.search(rf"\b{value}\b", rows[0]), name
