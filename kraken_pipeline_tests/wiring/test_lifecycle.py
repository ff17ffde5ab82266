"""A strategy's stage, from the configuration to what it decides and what is denied to it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.loosening import loosened
from kraken_pipeline.domain.plans import Plan
from kraken_pipeline.domain.proofs import Proof
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.settings import Loaded, Settings, load
from kraken_pipeline.strategies import STRATEGIES
from kraken_pipeline.wiring.backtest_asked import Wanted, asked_of
from kraken_pipeline.wiring.bounds import bounds_of
from kraken_pipeline.wiring.doctor import Finding, examine
from kraken_pipeline.wiring.lifecycle import barring_of, parts_of
from kraken_pipeline_tests.paper_market import MOMENT, PaperMarket
from kraken_pipeline_tests.proven import prove_all

FRAME = timeframe("4h")
CAPS = ("max_per_strategy_pct", "max_daily_loss_per_strategy_pct")


def settings(**stages: str) -> Settings:
    configs = {name: {"stage": stage, "type": "trend_core"} for name, stage in stages.items()}
    return Settings.model_validate({"strategies": {"enabled": list(stages), "configs": configs}})


def at_stage(stage: str) -> str:
    return f"strategies: {{configs: {{trend_core: {{stage: {stage}}}}}}}\n"


def planned(market: PaperMarket, stage: str) -> Plan | None:
    """Decide and assess a close at which at least one pair is wanted."""
    market.configure(at_stage(stage))
    with market.pipeline() as pipeline:
        pipeline.decide(FRAME, run_id="a test")
        return pipeline.assess(Namespace.TRADE, run_id="a test")


def live(root: Path, more: str = "") -> Loaded:
    """Return a configuration in which the strategy is at live, and nothing is proven of it."""
    told = f"{{stage: live, timeframes: [1h, 4h]{more}}}"
    (root / "config.yaml").write_text(f"strategies: {{configs: {{trend_core: {told}}}}}\n")
    return load(
        {"KRAKEN_PIPELINE_CONFIG_DIR": str(root), "KRAKEN_PIPELINE_DATA_DIR": str(root / "data")}
    )


def says(loaded: Loaded, strategy_id: str = "trend_core") -> str:
    return barring_of(loaded.settings, loaded.data_dir, spends=True)(strategy_id)


def test_with_real_money_nothing_opens_without_every_proof_on_every_timeframe(
    tmp_path: Path,
) -> None:
    loaded = live(tmp_path)
    before = says(loaded)
    prove_all(loaded)

    assert before.startswith("stage=live, money=real, lacks=look_ahead 1h+look_ahead 4h+")
    assert {each.value for each in Proof} == {
        each.split()[0] for each in before.split("lacks=")[1].split("+")
    }
    assert says(loaded) == ""
    assert says(loaded, "a_stranger") == "stage=paper, money=real"


@pytest.mark.parametrize(
    "more", [", params: {min_strength_bps: 11}", ", params: {profile: aggressive}"]
)
def test_other_parameters_are_not_proven(tmp_path: Path, more: str) -> None:
    prove_all(live(tmp_path))

    assert "lacks=look_ahead 1h" in says(live(tmp_path, more))


def test_another_version_is_not_proven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prove_all(live(tmp_path))
    newer = replace(STRATEGIES["trend_core"], version="999")
    monkeypatch.setattr("kraken_pipeline.wiring.strategies.STRATEGIES", {"trend_core": newer})

    assert "lacks=look_ahead 1h" in says(live(tmp_path))


def test_a_proof_that_was_changed_by_hand_is_none_and_stops_no_sale(tmp_path: Path) -> None:
    loaded = live(tmp_path)
    prove_all(loaded)
    one = next(loaded.data_dir.glob("proofs/trend_core/*.json"))
    one.write_text(one.read_text().replace("true", "false"))

    assert "is not as it was written: remove it" in says(loaded)


def test_on_paper_no_proof_is_asked_for(tmp_path: Path) -> None:
    loaded = live(tmp_path)

    assert barring_of(loaded.settings, loaded.data_dir, spends=False)("trend_core") == ""


def test_a_canary_alone_is_held_to_a_part() -> None:
    assert {k: str(v) for k, v in parts_of(settings(a="canary", b="live")).items()} == {"a": "0.1"}


@pytest.mark.parametrize("stage", ["shadow", "retired"])
def test_who_may_not_open_decides_and_is_denied_with_a_code(
    market: PaperMarket, stage: str
) -> None:
    plan = planned(market, stage)

    assert plan is not None
    denied = {str(each) for verdict in plan.verdicts for each in verdict.objections}
    assert denied == {f"LIFECYCLE: strategy=trend_core, stage={stage}, money=paper"}
    assert market.orders == []


def test_who_is_in_research_is_not_asked_at_a_close_but_by_hand(market: PaperMarket) -> None:
    market.configure(at_stage("research"))
    with market.pipeline() as pipeline:
        asked = pipeline.decide(FRAME, run_id="a test")
        by_hand = pipeline.decide(FRAME, run_id="a test", namespace=Namespace.RESEARCH)
        frames = pipeline.timeframes

    assert (asked, frames) == ((), frozenset())
    assert [each.strategy_id for each in by_hand] == ["trend_core"]


def test_a_canary_buys_a_tenth(market: PaperMarket) -> None:
    plan = planned(market, "canary")

    assert plan is not None
    assert plan.allocation == {"trend_core": "factor=0.1: stage=0.1"}


@pytest.mark.parametrize("stage", ["research", "shadow", "canary", "live"])
def test_a_backtest_runs_any_stage(stage: str) -> None:
    asked = asked_of(settings(a=stage), Wanted(since=MOMENT, until=MOMENT.replace(day=9)))

    assert [each.strategy_id for each in asked.strategies] == ["a"]


def test_a_backtest_leaves_out_what_is_retired_and_refuses_it_by_name() -> None:
    told = settings(a="retired", b="paper")
    wanted = Wanted(since=MOMENT, until=MOMENT.replace(day=9))

    assert [each.strategy_id for each in asked_of(told, wanted).strategies] == ["b"]
    with pytest.raises(InvalidValueError, match="a is retired: name another strategy"):
        asked_of(told, Wanted(since=MOMENT, until=MOMENT.replace(day=9), strategies=("a",)))


@pytest.mark.parametrize(
    ("was", "now", "looser"),
    [
        ("paper", "shadow", set()),
        ("paper", "canary", {"strategies.stage.canary"}),
        ("canary", "live", {"strategies.stage.live"}),
        ("paper", "live", {"strategies.stage.canary", "strategies.stage.live"}),
        ("live", "canary", set()),
        ("live", "retired", set()),
    ],
)
def test_a_stage_nearer_to_real_money_is_a_looser_bound(
    was: str, now: str, looser: set[str]
) -> None:
    found = loosened(bounds_of(settings(a=was)), bounds_of(settings(a=now)))

    assert {each.split(" was ")[0] for each in found} == looser


def _stages(environ: Mapping[str, str]) -> list[Finding]:
    return [each for each in examine(environ) if each.check == "stages"]


def test_the_doctor_names_who_opens_nothing_with_what_helps(market: PaperMarket) -> None:
    market.configure(at_stage("shadow"))

    [found] = _stages(market.environ)

    assert (found.level.value, found.said) == (
        "warn",
        "trend_core opens nothing: stage=shadow, money=paper",
    )
    assert "strategies.configs.<id>.stage" in found.remedy


def bought(market: PaperMarket) -> list[str]:
    with market.pipeline() as pipeline:
        pipeline.decide(FRAME, run_id="a test")
        pipeline.assess(Namespace.TRADE, run_id="a test")
        pipeline.submit(Namespace.TRADE, owner="a test")
        pipeline.settle()
        pipeline.keep_books()
        return [each.pair for each in pipeline.stores.books.positions() if each.qty]


def test_the_doctor_names_what_nobody_sells_as_its_strategy_is_not_asked(
    market: PaperMarket,
) -> None:
    held = bought(market)
    market.configure(at_stage("research"))

    _, found = _stages(market.environ)

    assert held
    assert "not asked at research, so that nobody sells its" in found.said
    assert all(pair in found.said for pair in held)
    assert "retired" in found.remedy


def test_the_doctor_names_what_nobody_sells_as_its_strategy_runs_no_more(
    market: PaperMarket,
) -> None:
    held = bought(market)
    market.configure("strategies: {enabled: [dca_overlay]}\n")

    _, found = _stages(market.environ)

    assert held
    assert found.said.startswith("trend_core does not run, so that nobody sells its")
    assert all(pair in found.said for pair in held)
    assert "flatten --strategy trend_core" in found.remedy
