import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.settings.documents import Plain, parse
from kraken_pipeline.settings.sections import Settings
from kraken_pipeline.settings.showing import digest, dump, leaves, without_password

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
IDS = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,9}", fullmatch=True)
PERCENT = st.decimals(0, 100, allow_nan=False, allow_infinity=False).map(lambda d: f"{d:f}"[:40])
USD = st.integers(20, 10**12) | st.decimals("20", "1e12", places=8).map(str)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.decimals("-1e6", "1e6", places=6).filter(lambda d: len(d.as_tuple().digits) <= 15)
    | TEXTS
    | st.sampled_from(
        ["", "true", "NO", "1.5", "12", "~", "null", "a: b", "# x", "1h", "\x85", "é"]
    )
)
PARAMS = st.dictionaries(
    TEXTS,
    st.recursive(
        SCALARS, lambda each: st.lists(each, max_size=3) | st.dictionaries(TEXTS, each, max_size=3)
    ),
    max_size=4,
)


@st.composite
def configurations(draw: st.DrawFn) -> Settings:
    ids = draw(st.lists(IDS, min_size=1, max_size=3, unique=True))
    tree: dict[str, Any] = {
        "region": {"code": draw(TEXTS)},
        "universe": {"include_pairs": draw(st.lists(TEXTS, unique=True, max_size=3))},
        "portfolio": {
            "valuation_pairs": draw(st.dictionaries(TEXTS, TEXTS, max_size=2)),
            "db_path": draw(st.none() | TEXTS),
        },
        "risk": {
            "max_per_asset_pct": draw(PERCENT),
            "max_per_strategy_pct": draw(st.dictionaries(st.sampled_from(ids), PERCENT)),
        },
        "strategies": {
            "enabled": ids,
            "configs": {name: {"params": draw(PARAMS)} for name in ids},
        },
        "execution": {
            "mode": draw(st.sampled_from(["paper", "dry_run"])),
            "max_pair_notional_usd": draw(st.none() | USD),
        },
    }
    return Settings.model_validate(tree)


def loaded(text: str) -> Settings:
    document = parse(text, name="config.yaml", place="/c/config.yaml")
    assert document.problems == ()
    return Settings.model_validate(document.tree)


def shuffled(tree: Plain) -> Plain:
    if isinstance(tree, dict):
        return {key: shuffled(tree[key]) for key in sorted(tree, reverse=True)}
    return tree


@given(settings=configurations())
def test_loading_a_dump_gives_the_same_configuration(settings: Settings) -> None:
    again = loaded(dump(settings))

    assert digest(again) == digest(settings)
    assert [(leaf.path, leaf.value) for leaf in leaves(again)] == [
        (leaf.path, list(leaf.value) if isinstance(leaf.value, list) else leaf.value)
        for leaf in leaves(settings)
    ]


@given(settings=configurations())
def test_the_order_of_keys_does_not_change_the_hash(settings: Settings) -> None:
    tree = parse(dump(settings), name="config.yaml", place="/c/config.yaml").tree

    assert digest(Settings.model_validate(shuffled(tree))) == digest(settings)


@pytest.mark.parametrize("value", [20, "20", "20.0", "020.00", Decimal("20.000"), "+20"])
def test_the_spelling_of_a_number_does_not_change_the_hash(value: object) -> None:
    written = Settings.model_validate({"execution": {"min_order_notional_usd": value}})

    assert digest(written) == digest(Settings())


@pytest.mark.parametrize(
    "tree",
    [
        {"execution": {"min_order_notional_usd": "20.00000000000000000001"}},
        {"execution": {"mode": "dry_run"}},
        {"strategies": {"configs": {"trend_core": {"params": {"fast": 10}}}}},
        {"strategies": {"configs": {"trend_core": {"params": {"fast": "10"}}}}},
        {"strategies": {"configs": {"trend_core": {"params": {"fast": True}}}}},
        {"universe": {"include_pairs": ["A", "B"]}},
        {"universe": {"include_pairs": ["B", "A"]}},
    ],
)
def test_every_other_difference_changes_the_hash(tree: dict[str, Any]) -> None:
    different = {digest(Settings()), digest(Settings.model_validate(tree))}

    assert len(different) == 2


def test_the_hash_of_the_defaults_is_known() -> None:
    # Decisions, orders and runs are stamped with it: a change here is a change to all of them.
    assert digest(Settings()) == "0ead2c7e076082471bd9c3792a19b2bbe5e379aef4e40955b88d58a82d49d9cc"


def test_every_number_with_a_unit_is_dumped_with_it() -> None:
    text = dump(Settings())

    assert "  max_risk_per_trade_pct: 1.0  # % of NAV\n" in text
    assert "    trend_core: 10  # % of NAV\n" in text
    assert "  max_order_pct_of_24h_volume: 1  # % of 24 h volume\n" in text
    assert all("#" in line for line in text.splitlines() if re.search(r"_pct: \d", line))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:p@h:5432/db", "postgresql://u@h:5432/db"),
        ("postgresql://u:p@w@h/db", "postgresql://u@h/db"),
        ("postgresql://u:p/w#?@h/db", "postgresql://u@h/db"),
        ("postgresql://h/db?user=u&password=p", "postgresql://h/db?user=u"),
        ("postgresql://h/db?password=p&user=u", "postgresql://h/db?user=u"),
        ("postgresql://h/db?password=p", "postgresql://h/db"),
        ("postgresql+psycopg2://u@h:5432/db", "postgresql+psycopg2://u@h:5432/db"),
        ("sqlite:////var/books.db", "sqlite:////var/books.db"),
    ],
)
def test_a_database_address_is_shown_without_its_password(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_a_password_is_neither_dumped_nor_hashed() -> None:
    first, second = (
        Settings.model_validate({"portfolio": {"db_url": f"postgresql://u:{word}@h/db"}})
        for word in ("hidden-word", "other-word")
    )

    assert "hidden-word" not in dump(first)
    assert digest(first) == digest(second) == digest(loaded(dump(first)))
