"""Every code that may stand in a verdict has one line of meaning, and one of what would help."""

import re
from pathlib import Path

import pytest

from kraken_pipeline import domain, services
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.locks import CODES
from kraken_pipeline.domain.remedies import REMEDIES
from kraken_pipeline.domain.risk.codes import MEANINGS, meaning

ASKED_FOR = [
    "NO_MODE",
    "NOT_ALLOWLISTED",
    "HALTED",
    "REDUCE_ONLY",
    "KILL_MANUAL",
    "KILL_DRAWDOWN",
    "KILL_DRIFT",
    "KILL_LOSS",
    "DATA_STALE_SOCKET",
    "DATA_STALE_SUB",
    "DATA_STALE_EVENT",
    "DATA_CONTENT",
    "BAR_NOT_CERTIFIED",
    "CLOCK_SKEW",
    "SYNC_STALE",
    "NAV_COVERAGE",
    "RECON_RUNNING",
    "UNKNOWN_ORDER",
    "PAIR_STATUS",
    "SYSTEM_STATUS",
    "UNIVERSE",
    "LIQUIDITY",
    "SPREAD",
    "DEPTH",
    "VOLATILITY",
    "COOLDOWN",
    "STOP_GUARD",
    "LOW_PROFIT_PAIR",
    "MAX_DRAWDOWN_PROTECTION",
    "CAP_ORDER",
    "CAP_STRATEGY",
    "CAP_PAIR",
    "CAP_ASSET",
    "CAP_CLUSTER",
    "CAP_GROSS",
    "CAP_STOP_RISK",
    "CAP_POSITIONS",
    "RATE_ORDERS",
    "TURNOVER",
    "FEE_EDGE",
    "CASH",
    "FUNDS",
    "NOT_OWNED",
    "MIN_QTY",
    "MIN_COST",
    "TICK",
    "LOT",
    "PRICE_BAND",
    "PLAN_AGE",
    "DUPLICATE_INTENT",
    "INTENT_EXPIRED",
    "BAD_INTENT",
]
DOMAIN, SERVICES = (Path(next(iter(each.__path__))) for each in (domain, services))
DENYING = (
    *sorted(DOMAIN.glob("risk/*.py")),
    DOMAIN / "order_checks.py",
    DOMAIN / "unknowns.py",
    SERVICES / "risk" / "assess.py",
    SERVICES / "orders" / "submit.py",
)
CODE = re.compile(r'(?:Objection\(|code=|f")\s*"?([A-Z_]{4,})(?:"|: )')
GUIDE = DOMAIN.parent.parent / "docs" / "risk.md"


@pytest.mark.parametrize("code", ASKED_FOR)
def test_rsk_5_every_code_that_is_asked_for_exists(code: str) -> None:
    assert MEANINGS[code]


@pytest.mark.parametrize("module", DENYING, ids=lambda each: each.stem)
def test_every_code_of_a_denial_has_a_meaning(module: Path) -> None:
    assert set(CODE.findall(module.read_text())) <= MEANINGS.keys()


def test_every_halt_and_every_lock_has_a_meaning() -> None:
    assert {each.value for each in HaltKind} | set(CODES.values()) <= MEANINGS.keys()


def test_every_code_says_what_would_help() -> None:
    assert MEANINGS.keys() <= REMEDIES.keys()


def test_a_code_of_a_newer_version_is_called_so() -> None:
    assert meaning("NEWEST") == "a code of a newer version"


def test_the_guide_lists_each_code_with_what_the_program_says_of_it() -> None:
    rows = [f"| `{code}` | {says} | {REMEDIES[code]} |" for code, says in MEANINGS.items()]

    text = GUIDE.read_text()
    assert [each for each in rows if each not in text] == []
