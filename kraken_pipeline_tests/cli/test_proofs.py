"""`strategy prove` and `strategy proofs`."""

import json
from dataclasses import replace
from pathlib import Path

from kraken_pipeline.store.proofs import ProofFiles
from kraken_pipeline_tests.cli.conftest import Command

SHORT = "strategies: {configs: {trend_core: {stage: canary, timeframes: [1h]}}}\n"


def configure(environ: dict[str, str]) -> None:
    folder = Path(environ["KRAKEN_PIPELINE_CONFIG_DIR"])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(SHORT)


def test_what_lacks_is_listed_with_the_command_that_makes_it(
    command: Command, fresh: dict[str, str]
) -> None:
    configure(fresh)
    before = command("strategy", "proofs", "trend_core", environ=fresh)
    made = command("strategy", "prove", "trend_core", "--look-ahead", environ=fresh)
    after = command("strategy", "proofs", "trend_core", "--json", environ=fresh)

    assert (before.code, made.code, after.code) == (3, 0, 3)
    assert "trend_core, at stage canary" in before.out
    assert "lacking: kraken-pipeline strategy prove trend_core --look-ahead" in before.out
    told = {each["proof"]: each for each in json.loads(after.out)["proofs"]}
    assert told["look_ahead"]["holds"] is True
    assert told["look_ahead"]["sha256"]
    assert told["parity"]["next"].endswith("prove trend_core --parity")
    assert told["walk_forward"]["next"].endswith("prove trend_core --walk-forward")


def test_what_does_not_hold_ends_otherwise_and_says_why(
    command: Command, fresh: dict[str, str]
) -> None:
    configure(fresh)

    said = command("strategy", "prove", "trend_core", "--walk-forward", environ=fresh)

    assert said.code == 3
    assert "walk_forward 1h: no search that walks forward was ended" in said.out


def test_all_of_it_is_tried_where_nothing_is_named_and_the_figures_are_shown(
    command: Command, fresh: dict[str, str]
) -> None:
    configure(fresh)

    said = command("strategy", "prove", "trend_core", environ=fresh)

    assert said.code == 3
    assert "look_ahead 1h, closes: 48" in said.out
    assert "parity 1h: nothing was ever decided on paper in this data folder" in said.out
    assert "lacking: kraken-pipeline strategy prove trend_core --parity" in said.out


def test_a_folder_that_keeps_nothing_of_it_is_said_to(
    command: Command, fresh: dict[str, str], tmp_path: Path
) -> None:
    configure(fresh)

    said = command("strategy", "proofs", "trend_core", "--adopt", str(tmp_path), environ=fresh)

    assert said.code == 2
    assert "keeps no proof of trend_core as it is here" in said.err


def test_what_was_shown_of_other_code_is_told_as_such(
    command: Command, fresh: dict[str, str]
) -> None:
    configure(fresh)
    command("strategy", "prove", "trend_core", "--look-ahead", environ=fresh)
    same = command("strategy", "proofs", "trend_core", environ=fresh)
    store = ProofFiles(Path(fresh["KRAKEN_PIPELINE_DATA_DIR"]))
    [(shown, _)] = store.of("trend_core")
    store.keep(replace(shown, code="0" * 64))

    other = command("strategy", "proofs", "trend_core", environ=fresh)

    assert "shown of other code" not in same.out
    assert "look_ahead 1h: shown of other code: the file of trend_core changed since" in other.out
    assert "strategy prove trend_core --look-ahead" in other.out
