from collections.abc import Iterator

import pytest

from kraken_pipeline.settings.complaints import WORDS, schema_problems
from kraken_pipeline.settings.documents import parse
from kraken_pipeline.settings.fields import Section
from kraken_pipeline.settings.sections import Settings, StrategyConfig


def problems(text: str) -> tuple[str, ...]:
    document = parse(text, name="config.yaml", place="/c/config.yaml")
    assert document.problems == ()
    return schema_problems(document)


def keys(section: type[Section], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, field in section.model_fields.items():
        yield (*above, name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from keys(field.annotation, (*above, name))


KEYS = [*keys(Settings), *keys(StrategyConfig, ("strategies", "configs", "mine"))]


def typos(name: str) -> Iterator[str]:
    for at, character in enumerate(name):
        yield name[:at] + name[at + 1 :]
        yield name[:at] + "x" + name[at:]
        yield name[:at] + ("x" if character != "x" else "z") + name[at + 1 :]
        yield name[:at] + character.upper() + name[at + 1 :]
        yield name[:at] + name[at + 1 : at + 2] + character + name[at + 2 :]


def nested(path: tuple[str, ...]) -> str:
    *above, key = path
    return "".join(f"{' ' * at}{name}:\n" for at, name in enumerate(above)) + (
        f"{' ' * len(above)}? {key}\n{' ' * len(above)}: 1\n" if key else ""
    )


@pytest.mark.parametrize("path", KEYS, ids=".".join)
def test_every_typo_of_every_key_names_the_nearest_key(path: tuple[str, ...]) -> None:
    """F-CFG-1: a letter left out, put in, put wrong, made large or swapped, at each place."""
    for typo in set(typos(path[-1])) - {path[-1], ""}:
        [problem] = problems(nested((*path[:-1], typo)))

        wrong = ".".join((*path[:-1], typo))
        assert problem.startswith(f"/c/config.yaml:{len(path)}: {wrong} (1) is no setting. ")
        meant = problem.split("nearest valid key is ")[1].removesuffix(": rename it or remove it.")
        assert ".".join(path) in meant.split(" or ")


def test_a_typo_between_two_keys_names_both() -> None:
    [problem] = problems("fees:\n  assumed_aker_pct: 1\n")

    assert "is fees.assumed_maker_pct or fees.assumed_taker_pct: rename it" in problem


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "risk:\n  max_per_asset_pct: 150\n",
            (
                "2: risk.max_per_asset_pct is 150, but must be at most 100 "
                "(counted in % of NAV, default 5)."
            ),
        ),
        (
            "risk:\n  max_daily_drawdown_pct: 0\n",
            (
                "2: risk.max_daily_drawdown_pct is 0, but must be above 0 "
                "(counted in % of NAV, default 10)."
            ),
        ),
        (
            "risk:\n  max_per_strategy_pct:\n    trend_core: 101.5\n",
            "3: risk.max_per_strategy_pct.trend_core is 101.5, but must be at most 100.",
        ),
        (
            "execution:\n  mode: lve\n",
            "2: execution.mode is lve, but must be 'dry_run', 'paper' or 'live' (default paper).",
        ),
        (
            "execution:\n  post_only: yes\n",
            (
                "2: execution.post_only is yes, but must be true or false, without quotes "
                "(default false)."
            ),
        ),
        (
            "execution:\n  lease_seconds: 30.5\n",
            (
                "2: execution.lease_seconds is 30.5, but must be a whole number, without quotes "
                "(counted in s, default 30)."
            ),
        ),
        (
            "execution:\n  min_order_notional_usd: 1e-200\n",
            (
                "2: execution.min_order_notional_usd is 1e-200, but must be a number in plain "
                "digits, such as 12.5 (counted in USD, default 20)."
            ),
        ),
        (
            "execution:\n  min_order_notional_usd: true\n",
            (
                "2: execution.min_order_notional_usd is true, but must be a number "
                "(counted in USD, default 20)."
            ),
        ),
        (
            "risk:\n",
            "1: risk is empty, but must have keys below it; write them or remove the line.",
        ),
        (
            "strategies:\n  configs: 5\n",
            (
                "2: strategies.configs is 5, but must have keys below it; write them or remove the "
                "line."
            ),
        ),
        (
            "region:\n  code: 5\n",
            "2: region.code is 5, but must be text; put it in quotes (default US_CA).",
        ),
        (
            "region:\n  code: ''\n",
            "2: region.code is empty, but must not be empty (default US_CA).",
        ),
        (
            "universe:\n  include_pairs: BTC/USD\n",
            "2: universe.include_pairs is BTC/USD, but must be a list, such as [a, b].",
        ),
        (
            "universe:\n  include_pairs:\n  - A\n  - A\n",
            "2: universe.include_pairs is a list, but lists A twice: keep one.",
        ),
        (
            "universe:\n  include_pairs:\n  - 5\n",
            "2: universe.include_pairs.0 is 5, but must be text; put it in quotes.",
        ),
        (
            "market_data:\n  ws_timeframes: []\n",
            "2: market_data.ws_timeframes is a list, but must have at least 1 entry.",
        ),
        (
            "strategies:\n  configs:\n    1x: {}\n",
            (
                "3: strategies.configs.1x is the name 1x, but must look like "
                "^[A-Za-z][A-Za-z0-9_-]{0,39}$."
            ),
        ),
        (
            "strategies:\n  configs:\n    x:\n      strategy_weight: 101\n",
            (
                "4: strategies.configs.x.strategy_weight is 101, but must be at most 100 "
                "(default 100)."
            ),
        ),
    ],
)
def test_a_wrong_value_is_told_with_its_place_its_bound_and_its_unit(text: str, says: str) -> None:
    assert problems(text) == (f"/c/config.yaml:{says}",)


def test_all_that_is_wrong_is_told_in_one_go_from_top_to_bottom() -> None:
    found = problems(
        "nonsense: 1\nfees: 1\nrisk:\n  nonsense: 2\n  max_per_asset_pct: -1\nclock: 1\n"
        "execution:\n\n\n  mode: x\n"
    )

    assert [line.split(":")[1] for line in found] == ["1", "2", "4", "5", "6", "10"]


@pytest.mark.parametrize(
    "text",
    [
        "execution:\n  api_secret: abc-hidden-abc\n",
        "token: abc-hidden-abc\n",
        "whatever: abc-hidden-abc0123456789abcdefghijkl\n",
        "portfolio:\n  db_url: mysql://u:abc-hidden-abc@h/d\n",
        "whatever:\n  deeper: abc-hidden-abc\n",
        "whatever: [abc-hidden-abc]\n",
    ],
)
def test_what_may_be_a_secret_is_not_repeated(text: str) -> None:
    [problem] = problems(text)

    assert "hidden" not in problem


def test_every_sentence_can_be_filled_in() -> None:
    context = dict.fromkeys(
        ("gt", "ge", "lt", "le", "pattern", "expected", "expected_tags", "min_length", "tag"), 1
    )

    for words in WORDS.values():
        assert "{" not in words.format_map({**context, "error": "x"})
