import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import ConflictError, UnknownNameError
from kraken_pipeline.services.research.conduct import (
    EVIDENCE,
    PLAN,
    Lab,
    SearchDesk,
    conclude,
    do_fold,
    plan_search,
)
from kraken_pipeline.services.research.plan import Evidence, Plan, Wanted
from kraken_pipeline.store.searches import SearchFiles
from kraken_pipeline_tests.services.research.test_plan import WANTED
from kraken_pipeline_tests.services.research.test_search import Market

CONFIGURED: Mapping[str, object] = {"fast": 3}


def desk(root: Path, market: Market | None = None, **changed: str) -> SearchDesk:
    lab = Lab(
        attempt=market or Market(),
        configured=CONFIGURED,
        strategy_type="trend_core",
        strategy_version="1.0.0",
        config_hash="c" * 8,
        data_digest="d" * 8,
        caveats=("a market of its own",),
    )
    found = replace(lab, **changed)  # type: ignore[arg-type]  # each test names its own
    return SearchDesk(store=SearchFiles(root), lab=lambda wanted: found)


def searched(root: Path, wanted: Wanted = WANTED) -> tuple[Evidence, str]:
    search_id = plan_search(desk(root), wanted).search_id
    for number in range(1, wanted.folds + 1):
        do_fold(desk(root), search_id, number)
    return conclude(desk(root), search_id)


def test_a_search_ends_with_evidence_that_is_kept_with_its_hash(tmp_path: Path) -> None:
    evidence, known = searched(tmp_path)

    kept = SearchFiles(tmp_path).read(evidence.plan.search_id, EVIDENCE, Evidence)
    assert kept == evidence
    assert evidence.judged.trials == 30
    assert known in SearchFiles(tmp_path).path(evidence.plan.search_id, EVIDENCE).read_text()


def test_folds_may_be_done_in_any_order_and_come_to_the_same(tmp_path: Path) -> None:
    first, known = searched(tmp_path / "one")
    search_id = plan_search(desk(tmp_path / "two"), WANTED).search_id
    for number in (3, 1, 2):
        do_fold(desk(tmp_path / "two"), search_id, number)

    assert conclude(desk(tmp_path / "two"), search_id) == (first, known)


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    evidence, _ = searched(tmp_path)
    market = Market()

    again = do_fold(desk(tmp_path, market), evidence.plan.search_id, 2)

    assert again == evidence.fitted[1]
    assert market.asked == []


def test_every_search_of_a_strategy_counts_against_the_next(tmp_path: Path) -> None:
    searched(tmp_path)
    other, _ = searched(tmp_path, replace(WANTED, seed=9))
    stranger, _ = searched(tmp_path, replace(WANTED, strategy_id="other"))

    assert other.judged.trials == 60
    assert stranger.judged.trials == 30


def test_what_was_tried_by_hand_counts_against_a_search_as_well(tmp_path: Path) -> None:
    alone, _ = searched(tmp_path)
    opened = desk(tmp_path).lab
    watched = replace(
        desk(tmp_path), lab=lambda wanted: replace(opened(wanted), by_hand=(0.1, -0.2, 0.9))
    )

    after, _ = conclude(watched, alone.plan.search_id)

    assert (alone.judged.trials, after.judged.trials) == (30, 33)
    assert alone.judged.deflated is not None
    assert after.judged.deflated is not None
    assert after.judged.deflated.chance < alone.judged.deflated.chance


def test_without_every_fold_there_is_no_evidence(tmp_path: Path) -> None:
    search_id = plan_search(desk(tmp_path), WANTED).search_id
    do_fold(desk(tmp_path), search_id, 1)

    with pytest.raises(UnknownNameError, match="there is no fold-2 of a search"):
        conclude(desk(tmp_path), search_id)


@pytest.mark.parametrize(
    "name", ["strategy_type", "strategy_version", "config_hash", "data_digest"]
)
def test_what_changed_since_is_planned_again(tmp_path: Path, name: str) -> None:
    search_id = plan_search(desk(tmp_path), WANTED).search_id
    changed = desk(tmp_path, Market(), **{name: "x"})

    with pytest.raises(ConflictError, match="plan it again"):
        do_fold(changed, search_id, 1)
    assert plan_search(changed, WANTED).search_id != search_id


def test_a_plan_from_before_its_bars_were_named_is_read_and_planned_again(tmp_path: Path) -> None:
    plan = plan_search(desk(tmp_path), WANTED)
    older = json.loads(json.dumps(asdict(plan), default=str))
    del older["strategy_type"], older["data_digest"]
    SearchFiles(tmp_path).keep(plan.search_id, PLAN, older)

    assert SearchFiles(tmp_path).read(plan.search_id, PLAN, Plan).data_digest == ""
    with pytest.raises(ConflictError, match="plan it again"):
        do_fold(desk(tmp_path), plan.search_id, 1)
