import re
from pathlib import Path

import pytest

from kraken_pipeline import domain
from kraken_pipeline.domain import changes
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.remedies import REMEDIES, remedy

FOLDER = Path(next(iter(domain.__path__)))
CHECKS = ("universe.py", "order_checks.py", "changes.py")
DENYING = [*FOLDER.glob("risk/*.py"), *(each for each in FOLDER.iterdir() if each.name in CHECKS)]
CODE = re.compile(r'(?:Objection\(|_over\(|_cap\(|code=)\s*"([A-Z_]+)"')
CHANGE = re.compile(r'Objection\(f"\{CODE\}(_[A-Z]+)"')


@pytest.mark.parametrize("module", sorted(DENYING), ids=lambda each: each.stem)
def test_every_code_of_a_denial_says_what_would_have_to_change(module: Path) -> None:
    text = module.read_text()
    codes = {*CODE.findall(text), *(f"{changes.CODE}{each}" for each in CHANGE.findall(text))}
    assert codes <= set(REMEDIES)


@pytest.mark.parametrize("kind", HaltKind)
def test_every_halt_says_what_to_do(kind: HaltKind) -> None:
    assert remedy(kind.value)


def test_a_code_that_nobody_wrote_of_is_told_by_its_figures() -> None:
    assert "figures" in remedy("NEWEST_CODE")


def test_every_reason_against_a_change_is_among_them() -> None:
    text = Path(changes.__file__).read_text()

    assert len(CHANGE.findall(text)) == text.count("Objection(f")
