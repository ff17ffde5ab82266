import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kraken_pipeline.kraken.kinds import (
    ANSWERS,
    GRAVEST_FIRST,
    KINDS,
    Effect,
    Kind,
    Retry,
    kind_of,
    speaks_against_the_key,
)

EXAMPLES = [
    ("EAPI:Invalid key", Kind.AUTH),
    ("EAPI:Invalid nonce", Kind.NONCE),
    ("EAPI:Rate limit exceeded", Kind.TEMPORARY),
    ("EAccount:Invalid permissions:USDT trading restricted for AT.", Kind.ORDER),
    ("EGeneral:Internal error:7a", Kind.AMBIGUOUS),
    ("EGeneral:Invalid arguments:volume minimum not met", Kind.ORDER),
    ("EGeneral:Invalid arguments:cl_ord_id not unique", Kind.AMBIGUOUS),
    ("EGeneral:Permission denied", Kind.AUTH),
    ("EGeneral:Temporary lockout", Kind.LOCKOUT),
    ("EOrder:Insufficient funds", Kind.ORDER),
    ("EOrder:Rate limit exceeded", Kind.TEMPORARY),
    ("EService: Throttled: 1793620800", Kind.TEMPORARY),
    ("EService:Deadline elapsed", Kind.EXPIRED),
    ("EService:Market in post_only mode", Kind.MODE),
    ("EService:Unavailable", Kind.AMBIGUOUS),
    ("Limit_price field must be a number_float", Kind.AMBIGUOUS),
    ("never heard", Kind.UNKNOWN),
]


@pytest.mark.parametrize(("said", "kind"), EXAMPLES)
def test_an_error_string_is_of_the_kind_that_its_beginning_says(said: str, kind: Kind) -> None:
    assert kind_of(said) is kind


def test_a_longer_beginning_stands_before_a_shorter_one() -> None:
    starts = [start for start, _ in KINDS]

    assert not [
        (a, b) for index, a in enumerate(starts) for b in starts[index + 1 :] if b.startswith(a)
    ]


def test_every_kind_has_its_four_answers_and_its_gravity() -> None:
    assert set(ANSWERS) == set(Kind)
    assert sorted(GRAVEST_FIRST) == sorted(Kind)


def test_what_may_have_taken_effect_is_never_simply_repeated() -> None:
    unclear = {each for each in Kind if ANSWERS[each].took_effect is Effect.MAYBE}

    assert unclear == {Kind.AMBIGUOUS, Kind.EXPIRED, Kind.UNKNOWN}
    assert {ANSWERS[each].retry for each in unclear} == {Retry.IF_READ, Retry.NEVER}


@pytest.mark.parametrize(
    ("said", "speaks"),
    [
        ("EAPI:Invalid key", True),
        ("EAPI:Invalid signature", True),
        ("EAuth:Account temporary disabled", True),
        ("EAuth:Too many requests", False),
        ("EGeneral:Permission denied", False),
        ("EAPI:Invalid nonce", False),
    ],
)
def test_a_missing_permission_speaks_of_a_method_and_not_against_the_key(
    said: str, *, speaks: bool
) -> None:
    assert speaks_against_the_key(said) is speaks


def expanded(cell: str) -> Iterator[str]:
    """Yield every string that a cell of the catalogue names: `EA:x` / `:y`, `EA:z[:<more>]`."""
    category = ""
    for name in re.findall(r"`([^`]+)`", cell):
        whole = f"{category}{name}" if name.startswith(":") else name
        if not re.match(r"E[A-Z][A-Za-z]+:", whole):
            continue
        category = whole.split(":")[0]
        yield re.sub(r"\[:?<.*", "", whole).replace("<unix ts>", "1793620800")


def catalogued(text: str) -> list[str]:
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    return [each for row in rows for each in expanded(row.split(" | ")[0])]


def test_every_error_of_the_catalogue_is_of_exactly_one_known_kind(recorded: Path) -> None:
    catalogue = recorded.parent / "errors.md"
    if not catalogue.is_file():
        pytest.skip(f"no catalogue of errors at {catalogue}")
    names = catalogued(catalogue.read_text(encoding="utf-8"))

    assert len(names) > 60
    assert [each for each in names if kind_of(each) is Kind.UNKNOWN] == []


def test_every_recorded_error_is_of_exactly_one_known_kind(recorded: Path) -> None:
    said = []
    for file in (recorded / "rest").glob("*errors*.jsonl"):
        for line in file.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            said += row.get("body", row)["error"]

    assert said
    assert [each for each in said if kind_of(each) is Kind.UNKNOWN] == []
