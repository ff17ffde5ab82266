"""What is shown of a strategy, from what is tried and what was searched to what is kept."""

from collections.abc import Container, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.proofs import Proof, Shown, parameters_hash
from kraken_pipeline.services.research.conduct import (
    Lab,
    SearchDesk,
    conclude,
    do_fold,
    plan_search,
)
from kraken_pipeline.services.research.plan import Evidence, Scheme, Wanted
from kraken_pipeline.settings import Loaded, load
from kraken_pipeline.store.proofs import ProofFiles
from kraken_pipeline.store.searches import SearchFiles
from kraken_pipeline.strategies import STRATEGIES
from kraken_pipeline.strategies.base import Snapshot, Wishes
from kraken_pipeline.wiring.configured import configured, subjects
from kraken_pipeline.wiring.modes import MARK, SIMULATED
from kraken_pipeline.wiring.proving import NOT_TRADED, Asked, adopt, kept, prove
from kraken_pipeline_tests.builders import NOW
from kraken_pipeline_tests.services.research.test_plan import WANTED
from kraken_pipeline_tests.services.research.test_search import Market

TRIED = Asked(closes=24, seed=1, days=None)
TRADED = range(5, 21)


def configuration(root: Path, more: str = "", *, data: str = "data") -> Loaded:
    told = f"{{timeframes: [1h]{more}}}"
    (root / "config.yaml").write_text(f"strategies: {{configs: {{trend_core: {told}}}}}\n")
    return load(
        {"KRAKEN_PIPELINE_CONFIG_DIR": str(root), "KRAKEN_PIPELINE_DATA_DIR": str(root / data)}
    )


def shown(loaded: Loaded, proof: Proof, asked: Asked = TRIED) -> Shown:
    [(found, known)] = prove(loaded, "trend_core", (proof,), asked, now=NOW)
    assert ProofFiles(loaded.data_dir).of("trend_core") == [(found, known)]
    return found


def searched(
    loaded: Loaded,
    wanted: Wanted = WANTED,
    *,
    version: str = "",
    kind: str = "",
    trades: Container[object] = TRADED,
    fills: int = 0,
) -> str:
    """End a search in a made-up world for the strategy as it is configured, and name it.

    Args:
        loaded: the configuration.
        wanted: the search.
        version: of the strategy; as it is if empty, and so is its kind.
        kind: its type.
        trades: with which `atr_bars` positions are closed.
        fills: with which number of fills they stay open otherwise.
    """
    of = configured(loaded.settings, "trend_core")
    world = Market()

    def attempt(parameters: Mapping[str, object], span: object) -> object:
        came = world({**parameters, "fast": parameters["atr_bars"]}, span)  # type: ignore[arg-type]  # the world's own word
        return came if parameters["atr_bars"] in trades else replace(came, trades=0, fills=fills)

    lab = Lab(
        attempt=attempt,  # type: ignore[arg-type]  # spelled above
        configured=of.parameters,
        strategy_type=kind or of.strategy.name,
        strategy_version=version or of.strategy.version,
        config_hash="c",
        data_digest="d",
    )
    desk = SearchDesk(store=SearchFiles(loaded.data_dir), lab=lambda asked: lab)
    plan = plan_search(desk, replace(wanted, choices=("atr_bars=5:20",)))
    for fold in plan.folds:
        do_fold(desk, plan.search_id, fold.number)
    conclude(desk, plan.search_id)
    return plan.search_id


def test_a_sound_strategy_is_shown_to_look_at_nothing_ahead(tmp_path: Path) -> None:
    found = shown(configuration(tmp_path), Proof.LOOK_AHEAD)

    assert found.holds
    assert found.said == ()
    assert (found.report["closes"], found.report["seed"]) == (24, 1)


def test_a_fault_is_no_proof_and_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(seen: Snapshot, state: Mapping[str, str]) -> Wishes:
        raise ValueError("no")

    broken = replace(STRATEGIES["trend_core"], decide=fails)
    monkeypatch.setattr("kraken_pipeline.wiring.strategies.STRATEGIES", {"trend_core": broken})

    found = shown(configuration(tmp_path), Proof.LOOK_AHEAD)

    assert not found.holds
    assert "ValueError: no" in found.said[0]


def test_who_wishes_for_nothing_shows_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def waits(seen: Snapshot, state: Mapping[str, str]) -> Wishes:
        return Wishes(wishes=(), no_signals={}, state={})

    idle = replace(STRATEGIES["trend_core"], decide=waits, awake=None)
    monkeypatch.setattr("kraken_pipeline.wiring.strategies.STRATEGIES", {"trend_core": idle})

    found = shown(configuration(tmp_path), Proof.LOOK_AHEAD)

    assert not found.holds
    assert found.said[0].startswith("it wished for nothing")


def test_without_a_search_there_is_no_walk_forward_and_the_command_is_named(
    tmp_path: Path,
) -> None:
    found = shown(configuration(tmp_path), Proof.WALK_FORWARD)

    assert not found.holds
    assert "`kraken-pipeline backtest search --strategy trend_core --timeframe 1h" in found.said[0]


def test_a_search_that_was_ended_is_taken_up_with_its_hash_and_its_words(tmp_path: Path) -> None:
    loaded = configuration(tmp_path)
    name = searched(loaded)

    found = shown(loaded, Proof.WALK_FORWARD)

    assert found.holds
    assert found.report["search"] == name
    file = SearchFiles(loaded.data_dir).path(name, "evidence")
    assert str(found.report["sha256"]) in file.read_text()
    assert "Sharpe ratio in the tests" in dict(found.report["figures"])  # type: ignore[call-overload]  # JSON


def test_a_search_on_a_made_up_market_is_none(tmp_path: Path) -> None:
    loaded = configuration(tmp_path)
    searched(loaded)
    (loaded.data_dir / MARK).write_text(f"{SIMULATED}\n")

    found = shown(loaded, Proof.WALK_FORWARD)

    assert not found.holds
    assert "the market of this data folder is made up" in found.said[0]


@pytest.mark.parametrize(
    ("wanted", "version", "trades"),
    [
        (replace(WANTED, scheme=Scheme.PURGED), "", TRADED),
        (replace(WANTED, timeframe="4h"), "", TRADED),
        (WANTED, "0.0.0", TRADED),
        (WANTED, "", ()),
    ],
    ids=["it did not walk forward", "another timeframe", "another version", "nothing traded"],
)
def test_a_search_that_shows_nothing_of_it_is_none(
    tmp_path: Path, wanted: Wanted, version: str, trades: Container[object]
) -> None:
    loaded = configuration(tmp_path)
    searched(loaded, wanted, version=version, trades=trades)

    assert not shown(loaded, Proof.WALK_FORWARD).holds


def test_a_search_of_another_type_under_the_same_name_is_none(tmp_path: Path) -> None:
    loaded = configuration(tmp_path)
    searched(loaded, kind="a_copy")

    assert not shown(loaded, Proof.WALK_FORWARD).holds


def test_who_buys_and_holds_is_shown_without_a_round_trip(tmp_path: Path) -> None:
    loaded = configuration(tmp_path)
    searched(loaded, trades=(), fills=20)

    assert shown(loaded, Proof.WALK_FORWARD).holds


def test_trades_of_what_was_chosen_show_nothing_of_what_is_configured(tmp_path: Path) -> None:
    plain = configuration(tmp_path)
    searched(plain, trades=range(5, 20))
    chosen = _last_choice(plain)["atr_bars"]
    assert configured(plain.settings, "trend_core").parameters["atr_bars"] == 20

    assert shown(plain, Proof.WALK_FORWARD).said == (NOT_TRADED,)
    assert shown_again(configuration(tmp_path, f", params: {{atr_bars: {chosen}}}")).holds


def test_what_a_search_chose_last_is_shown_too_and_nothing_else(tmp_path: Path) -> None:
    plain = configuration(tmp_path)
    searched(plain)
    chosen = parameters_hash(_last_choice(plain))

    said = {}
    for bars in range(5, 22):
        loaded = configuration(tmp_path, f", params: {{atr_bars: {bars}}}")
        [subject] = subjects(configured(loaded.settings, "trend_core"))
        said[subject.parameters] = shown_again(loaded).holds

    as_configured = parameters_hash(configured(plain.settings, "trend_core").parameters)
    assert {each for each, holds in said.items() if holds} == {chosen, as_configured}


def _last_choice(loaded: Loaded) -> Mapping[str, object]:
    [name] = SearchFiles(loaded.data_dir).names()
    found = SearchFiles(loaded.data_dir).read(name, "evidence", Evidence)
    strategy = configured(loaded.settings, "trend_core").strategy
    return strategy.parameters(found.fitted[-1].chosen.parameters)


def shown_again(loaded: Loaded) -> Shown:
    [(found, _)] = prove(loaded, "trend_core", (Proof.WALK_FORWARD,), TRIED, now=NOW)
    return found


def test_every_proof_that_is_needed_is_listed_with_what_is_kept_of_it(tmp_path: Path) -> None:
    loaded = configuration(tmp_path)
    found = shown(loaded, Proof.LOOK_AHEAD)

    listed = {proof: (of.timeframe, each) for proof, of, each, _ in kept(loaded, "trend_core")}

    assert set(listed) == set(Proof)
    assert listed[Proof.LOOK_AHEAD] == ("1h", found)
    assert listed[Proof.WALK_FORWARD] == ("1h", None)


def test_proofs_of_another_folder_are_taken_over_where_they_are_of_the_same(
    tmp_path: Path,
) -> None:
    paper = configuration(tmp_path, data="paper")
    made = shown(paper, Proof.LOOK_AHEAD)
    live = configuration(tmp_path, data="live")

    taken = adopt(live, "trend_core", paper.data_dir)

    assert taken == (made,)
    assert [each for each, _ in ProofFiles(live.data_dir).of("trend_core")] == [made]
    assert adopt(live, "trend_core", paper.data_dir) == ()


def test_a_later_failure_here_is_not_written_over(tmp_path: Path) -> None:
    paper = configuration(tmp_path, data="paper")
    made = shown(paper, Proof.LOOK_AHEAD)
    live = configuration(tmp_path, data="live")
    ProofFiles(live.data_dir).keep(replace(made, holds=False, at=NOW + timedelta(days=1)))

    assert adopt(live, "trend_core", paper.data_dir) == ()


def test_proofs_of_other_parameters_are_not_taken_over(tmp_path: Path) -> None:
    paper = configuration(tmp_path, data="paper")
    shown(paper, Proof.LOOK_AHEAD)
    live = configuration(tmp_path, ", params: {atr_bars: 7}", data="live")

    with pytest.raises(InvalidValueError, match="keeps no proof of trend_core as it is here"):
        adopt(live, "trend_core", paper.data_dir)
