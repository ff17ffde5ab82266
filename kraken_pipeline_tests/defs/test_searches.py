from collections.abc import Mapping

import dagster as dg
import pytest

from kraken_pipeline.defs.searches import FOLDS, search_evidence, search_folds, search_plan
from kraken_pipeline_tests.defs.runs import QUIET, Runs, failures_of, metadata_of
from kraken_pipeline_tests.paper_market import PaperMarket

SEARCH = {
    "strategy": "trend_core",
    "since": "2024-02-18",
    "until": "2024-02-26",
    "choose": ["profile=balanced,aggressive"],
    "folds": 2,
    "trials": 2,
    "purge_days": 1,
    "pairs": ["ETHUSD", "ADAUSD"],
}


def materialised(
    runs: Runs,
    asset: dg.AssetsDefinition,
    fold: str | None = None,
    config: Mapping[str, object] | None = None,
) -> dg.ExecuteInProcessResult:
    told = {"ops": {asset.op.name: {"config": config}}} if config else {}
    return dg.materialize(
        [search_plan, search_folds, search_evidence],
        selection=[asset],
        instance=runs.instance,
        resources={"pipeline": runs.pipeline},
        partition_key=fold,
        run_config=QUIET | told,
        raise_on_error=False,
    )


def test_each_fold_is_a_run_and_all_of_them_are_evidence(runs: Runs, market: PaperMarket) -> None:
    before = list(market.rows("SELECT * FROM journal"))
    planned = metadata_of(materialised(runs, search_plan, config=SEARCH), "search_plan")
    folds = runs.instance.get_dynamic_partitions(str(FOLDS.name))

    done = [metadata_of(materialised(runs, search_folds, each), "search_folds") for each in folds]
    said = metadata_of(materialised(runs, search_evidence), "search_evidence")

    assert list(folds) == [f"{planned['search']}:{each}" for each in (1, 2)]
    assert [each["trials"] for each in done] == [2, 2]
    assert (said["search"], said["trials"]) == (planned["search"], 4)
    assert said["folds"].count("profile") == 2
    assert "it was tried on ETHUSD, ADAUSD alone" in said["said"]
    assert market.rows("SELECT * FROM journal") == before


def test_evidence_without_its_folds_names_the_one_that_lacks(runs: Runs) -> None:
    materialised(runs, search_plan, config=SEARCH)

    [said] = failures_of(materialised(runs, search_evidence))

    assert "there is no fold-1 of a search" in said


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"since": "soon"}, "'soon' is no day"), ({"folds": 99}, "cannot be divided")],
    ids=["no day", "too many folds"],
)
def test_a_plan_that_makes_no_search_says_why(
    runs: Runs, changed: dict[str, object], said: str
) -> None:
    [failure] = failures_of(materialised(runs, search_plan, config={**SEARCH, **changed}))

    assert said in failure
