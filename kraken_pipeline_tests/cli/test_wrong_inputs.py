"""Each wrong input is one sentence that names it, and exit code 2, before anything starts."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kraken_pipeline.cli.dev import _only_one
from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline_tests.programs import environment, free_port, run, taken_port

pytestmark = pytest.mark.slow

CAP = "risk: {max_per_strategy_pct: {trend_core: 10}}\n"


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """A wrong input and the words that must be said of it."""

    says: tuple[str, ...]
    command: tuple[str, ...] = ("cycle",)
    config: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    """`ROOT` in a value stands for the test's folder; a regular file lies at `ROOT/file`."""


def live(**gates: str) -> str:
    opened = {"mode": "live", "validate_only": "false", "allow_live_trading": "true"} | gates
    told = ", ".join(f"{name}: {value}" for name, value in opened.items())
    return f"execution: {{{told}, live_strategy_allowlist: [trend_core]}}\n{CAP}"


WRONG = {
    "an unknown key": Wrong(
        command=("status",),
        config="risk: {max_open_position: 3}",
        says=("max_open_position", "max_open_positions", "config.yaml:1"),
    ),
    "a bad percentage": Wrong(
        command=("status",),
        config="risk: {max_per_asset_pct: 150}",
        says=("risk.max_per_asset_pct", "150", "100"),
    ),
    "a percentage that is none": Wrong(
        command=("status",),
        config="risk: {max_per_asset_pct: lots}",
        says=("risk.max_per_asset_pct", "lots", "number"),
    ),
    "a data folder that is a file": Wrong(
        command=("status",),
        variables={"KRAKEN_PIPELINE_DATA_DIR": "ROOT/file"},
        says=("KRAKEN_PIPELINE_DATA_DIR", "no folder"),
    ),
    "a data folder that can not be made": Wrong(
        variables={"KRAKEN_PIPELINE_DATA_DIR": "ROOT/file/below"},
        says=("data folder", "file/below", "Not a directory"),
    ),
    "a variable that nobody reads": Wrong(
        command=("status",),
        variables={"KRAKEN_PIPELINE_DATADIR": "ROOT"},
        says=("KRAKEN_PIPELINE_DATADIR", "KRAKEN_PIPELINE_DATA_DIR"),
    ),
    "a home of dagster that is relative": Wrong(
        variables={"DAGSTER_HOME": "here"}, says=("DAGSTER_HOME is 'here'", "absolute")
    ),
    "a replay folder that is missing": Wrong(
        command=("cycle", "--replay", "nowhere"), says=("--replay is 'nowhere'", "no folder")
    ),
    "a replay folder without a usable file": Wrong(
        command=("cycle", "--replay", "docs"), says=("docs", "PAIR_minutes.range.csv")
    ),
    "replay and seed together": Wrong(
        command=("cycle", "--replay", "docs", "--seed", "3"), says=("--replay and --seed",)
    ),
    "a beginning that is no time": Wrong(
        command=("cycle", "--replay", "docs", "--at", "soon"), says=("--at is 'soon'",)
    ),
    "live with validate_only": Wrong(
        config=live(validate_only="true"), says=("execution.validate_only is true",)
    ),
    "live without permission": Wrong(
        config=live(allow_live_trading="false"), says=("execution.allow_live_trading is false",)
    ),
    "live with every gate open": Wrong(
        config=live(), says=("a simulator of its own", "mode: paper")
    ),
    "live without a cap": Wrong(
        command=("dev",),
        config="execution: {mode: live}",
        says=("max_per_strategy_pct.trend_core",),
    ),
    "live for dev": Wrong(
        command=("dev",),
        config=live(validate_only="true"),
        says=("execution.validate_only is true",),
    ),
    "a strategy that does not exist": Wrong(
        config="strategies: {enabled: [momentum]}",
        says=("strategies.enabled names momentum", "trend_core"),
    ),
    "a parameter that does not exist": Wrong(
        command=("dev",),
        config="strategies: {configs: {trend_core: {params: {profil: balanced}}}}",
        says=("strategies.configs.trend_core.params", "profil", "did you mean profile?"),
    ),
    "a pair that nobody lists": Wrong(
        config="universe: {include_pairs: [XBTUSD, NOPEUSD]}",
        says=("universe.include_pairs: 'NOPEUSD'", "XBTUSD, BTC/USD"),
    ),
    "a market for a simulator that has one": Wrong(
        command=("cycle", "--seed", "3"),
        variables={"KRAKEN_PIPELINE_SIMULATOR_URL": "http://127.0.0.1:9"},
        says=("KRAKEN_PIPELINE_SIMULATOR_URL",),
    ),
}


def complaint(*command: str, env: dict[str, str]) -> str:
    """Return the one sentence that a command refuses with."""
    ended = run(*command, env=env)
    said = [line for line in ended.stderr.splitlines() if line.startswith("kraken-pipeline: ")]
    complaints = [line for line in said if "warning: " not in line]
    assert "Traceback" not in ended.stderr
    assert (ended.returncode, ended.stdout, len(complaints)) == (2, "", 1), ended.stderr
    return complaints[0]


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_in_one_sentence(tmp_path: Path, name: str) -> None:
    wrong = WRONG[name]
    (tmp_path / "file").write_text("")
    variables = {
        variable: value.replace("ROOT", str(tmp_path))
        for variable, value in wrong.variables.items()
    }
    env = environment(tmp_path, wrong.config, **variables)

    said = complaint(*wrong.command, env=env)

    assert [word for word in wrong.says if word not in said] == []


@pytest.mark.parametrize(
    "command",
    [("cycle", "--port"), ("dev", "--port", str(free_port()), "--simulator-port")],
    ids=lambda each: each[0],
)
def test_a_simulators_port_that_is_in_use_is_named(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    with taken_port() as port:
        said = complaint(*command, str(port), env=environment(tmp_path))

    assert f"port {port} on 127.0.0.1 is in use" in said


def test_dagsters_port_that_is_in_use_is_named(tmp_path: Path) -> None:
    with taken_port() as port:
        said = complaint("dev", "--port", str(port), env=environment(tmp_path))

    assert f"port {port} is in use" in said
    assert "PORT=n" in said


def test_a_beginning_outside_of_what_is_recorded_is_named_with_the_bounds(
    tmp_path: Path, recorded: Path
) -> None:
    said = complaint(
        "cycle", "--replay", str(recorded / "ohlc"), "--at", "1999-01-01", env=environment(tmp_path)
    )

    assert "1999-01-01" in said
    assert "outside of what is recorded" in said


def test_a_second_dev_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with (
        _only_one(tmp_path),
        pytest.raises(ConfigurationError, match="another dev runs on"),
        _only_one(tmp_path),
    ):
        pytest.fail("both were let in")

    with _only_one(tmp_path):
        assert (tmp_path / "dev.lock").exists()
