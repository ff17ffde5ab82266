"""`backtest search`: parameters chosen on one stretch, judged on the next, every trial counted."""

import sys
from collections.abc import Mapping

import msgspec

from kraken_pipeline.cli.output import print_json, print_rows
from kraken_pipeline.cli.portfolio import WIDTH
from kraken_pipeline.services.research.conduct import EVIDENCE, conclude, do_fold, plan_search
from kraken_pipeline.services.research.plan import Wanted
from kraken_pipeline.services.research.search import Fitted
from kraken_pipeline.services.research.verdict import figures, fold_rows, words
from kraken_pipeline.settings import load
from kraken_pipeline.store.searches import SearchFiles
from kraken_pipeline.wiring.research import search_desk
from kraken_pipeline.wiring.secrecy import keep_secrets


def run_search(environ: Mapping[str, str], wanted: Wanted, *, as_json: bool) -> None:
    """Do what is left of a search, fold by fold, and show what all of it says.

    Raises:
        ConfigurationError: the strategy is configured wrongly, or a file is torn.
        InvalidValueError: it makes no search, or bars are missing; the message says what to do.
    """
    keep_secrets(environ)
    loaded = load(environ)
    desk = search_desk(loaded)
    plan = plan_search(desk, wanted)
    for each in plan.folds:
        fitted = do_fold(desk, plan.search_id, each.number)
        sys.stderr.write(f"  fold {each.number} of {len(plan.folds)}: {_said(fitted)}\n")
    evidence, known = conclude(desk, plan.search_id)
    file = SearchFiles(loaded.data_dir).path(plan.search_id, EVIDENCE)
    if as_json:
        print_json({"file": str(file), "sha256": known, "evidence": msgspec.to_builtins(evidence)})
        return
    sys.stdout.write(f"{plan.search_id}\n")
    for name, value in figures(evidence).items():
        sys.stdout.write(f"{name:<{WIDTH * 2}} {value}\n")
    print_rows("folds", fold_rows(evidence), nothing="")
    sys.stdout.write("".join(f"note: {each}\n" for each in words(evidence)))
    sys.stdout.write(f"kept as {file}, sha256 {known}\n")


def _said(fitted: Fitted) -> str:
    return f"{len(fitted.trials)} trials, then {fitted.came.trades} round trips in its test"
