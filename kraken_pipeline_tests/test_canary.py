"""Canaries as keys, secrets, password and token: nowhere to be found after all that can be written.

A whole cycle through Dagster as live has it, at an exchange that stands in for Kraken, with every
log at its chattiest, followed by every failure that could take a secret along (SEC-6, INV-10).
"""

import base64
import contextlib
import http.client
import logging
import sqlite3
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import dagster as dg
import pytest

from kraken_pipeline.defs.cycle import run_cycle
from kraken_pipeline.domain.errors import PipelineError
from kraken_pipeline.domain.keys import USEFUL, Role
from kraken_pipeline.kraken.keys import websockets_token
from kraken_pipeline.kraken.limits import Tier
from kraken_pipeline.secrets.vault import StoredKey
from kraken_pipeline.simulator.faults.kinds import Kind
from kraken_pipeline.simulator.faults.rules import Rule
from kraken_pipeline.wiring.live import LiveEdge, open_live
from kraken_pipeline.wiring.pipeline import Pipeline, connect
from kraken_pipeline_tests.live_market import (
    PASSWORD,
    LiveMarket,
    known,
    live_market,
    secret,
    stored,
)
from kraken_pipeline_tests.proven import prove_all
from kraken_pipeline_tests.secrets.keyrings import NoKeyring, using

KEYS = {role: stored(role) for role in Role}
WRONG = StoredKey(key=stored("trader").key, secret=secret("somebody else"))
GENEROUS = Tier(
    rest_most=1000, rest_decay=1000, engine_most=1000, engine_decay=1000, open_orders=1000
)
LOUD = """
telemetry: {enabled: false}
python_logs: {managed_python_loggers: [root], python_log_level: DEBUG}
"""


def needles(canary: str) -> set[bytes]:
    """Return a canary as it is, in base64 at any offset, and percent-encoded."""
    raw = canary.encode()
    inner = {base64.b64encode(bytes(lead) + raw)[lead + 1 : -4] for lead in range(3)}
    return {raw, quote(canary, safe="").encode(), *inner}


@dataclass(frozen=True, kw_only=True)
class Aviary:
    """Where canaries are let loose, and what was written there."""

    market: LiveMarket
    root: Path
    said: list[str]
    """Texts of exceptions, as somebody would print them."""

    @contextlib.contextmanager
    def pipeline(self, **variables: str) -> Iterator[Pipeline]:
        """Connect as the product does, and put the exchange that stands in into its place."""
        environ = self.market.environ | variables
        connected = connect(environ)
        origin = replace(self.market.origin, tier=GENEROUS, counts_public_calls=False)
        edge = open_live(connected.loaded, environ, origin=origin)
        live = replace(connected, edge=edge)
        try:
            yield live
        finally:
            live.close()

    def fails(self, act: Callable[[], object]) -> None:
        """Do what fails, and keep what it says with its whole traceback."""
        with pytest.raises(PipelineError) as failed:
            act()
        self.said.append("".join(traceback.format_exception(failed.value)))
        logging.getLogger("a.notebook").debug("it failed", exc_info=failed.value)

    def written(self) -> Iterator[tuple[str, bytes]]:
        """Yield everything that was written, with its name."""
        for file in self.root.rglob("*"):
            if file.is_file():
                yield str(file), file.read_bytes()
                if file.suffix == ".db":
                    with contextlib.closing(sqlite3.connect(file)) as database:
                        yield f"{file} as text", "\n".join(database.iterdump()).encode()
        for at, text in enumerate(self.said):
            yield f"exception {at}", text.encode()
        with dg.DagsterInstance.get() as instance:
            for run in instance.get_runs():
                events = instance.all_logs(run.run_id)
                yield f"events of {run.run_id}", "\n".join(map(repr, events)).encode()


@pytest.fixture
def chatty(tmp_path: Path) -> Iterator[Path]:
    """Write every log record at its chattiest, by handlers that know nothing of secrets."""
    (tmp_path / "logs").mkdir()
    root = logging.getLogger()
    level, handler = root.level, logging.FileHandler(tmp_path / "logs" / "debug.log")
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    loud = http.client.HTTPConnection.debuglevel
    http.client.HTTPConnection.debuglevel = 1
    yield tmp_path
    http.client.HTTPConnection.debuglevel = loud
    root.setLevel(level)
    root.removeHandler(handler)
    handler.close()


@pytest.fixture
def aviary(
    chatty: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Aviary]:
    (chatty / "dagster").mkdir()
    (chatty / "dagster" / "dagster.yaml").write_text(LOUD)
    monkeypatch.setenv("DAGSTER_HOME", str(chatty / "dagster"))
    keys = (known(role, *USEFUL[role]) for role in Role)
    with using(NoKeyring()), live_market(tmp_path_factory.mktemp("exchange"), *keys) as served:
        market = replace(served, root=chatty)
        loaded = market.configure()
        loaded.data_dir.mkdir()
        prove_all(loaded)
        market.keep(KEYS)
        yield Aviary(market=market, root=chatty, said=[])


def fly(aviary: Aviary) -> str:
    """Run a cycle, then everything that can fail; return the stream's token."""
    faults = aviary.market.served.service.faults
    with aviary.pipeline() as pipeline:
        faults.add(Rule(kind=Kind.HTTP_ERROR, subject="AddOrder", status=502, effect=True))
        faults.add(Rule(kind=Kind.RESET, subject="AddOrder"))
        run_cycle(pipeline, pipeline.clock())
        assert aviary.market.served.exchange.account.orders
        edge = pipeline.edge
        assert isinstance(edge, LiveEdge)
        token = websockets_token(edge._line(edge._credentials.of(Role.TRADER))).token
        logging.getLogger("a.stream").debug("sent %s", {"method": "subscribe", "token": token})
        for kind in (Kind.LOST_REPLY, Kind.TRUNCATED_BODY, Kind.INVALID_NONCE):
            faults.add(Rule(kind=kind, subject="BalanceEx", times=2))
            aviary.fails(edge.account.balances)
            faults.clear()
        faults.add(Rule(kind=Kind.HTTP_ERROR, subject="BalanceEx", status=520))
        aviary.fails(lambda: run_cycle(pipeline, pipeline.clock()))
    with aviary.pipeline(KRAKEN_PIPELINE_SECRET_PW="another-canary-password") as pipeline:
        aviary.fails(lambda: run_cycle(pipeline, pipeline.clock()))
    aviary.market.keep(dict.fromkeys(Role, WRONG))
    with aviary.pipeline() as pipeline:
        aviary.fails(lambda: run_cycle(pipeline, pipeline.clock()))
    return token


def test_no_secret_is_anywhere_after_a_cycle_and_all_that_can_fail(
    aviary: Aviary, capfd: pytest.CaptureFixture[str]
) -> None:
    """F-SEC-2: in no log, error, address, event of Dagster or file that was written."""
    token = fly(aviary)
    printed = capfd.readouterr()
    (aviary.root / "logs" / "printed.log").write_text(printed.out + printed.err)
    canaries = {
        "token": token,
        "password": PASSWORD,
        "wrong password": "another-canary-password",
        **{f"key of {role}": each.key for role, each in KEYS.items()},
        **{f"secret of {role}": each.secret for role, each in KEYS.items()},
        "wrong secret": WRONG.secret,
    }
    written = dict(aviary.written())

    found = {
        (canary, name)
        for canary, text in canaries.items()
        for needle in needles(text)
        for name, content in written.items()
        if needle in content
    }

    assert found == set()
    assert len(aviary.said) == 6
    assert b"API-Key: ***" in written[str(aviary.root / "logs" / "printed.log")]
    assert b"/0/private/BalanceEx" in written[str(aviary.root / "logs" / "debug.log")]
    assert sum(name.startswith("events of") for name in written) > 0


@pytest.mark.parametrize("spelled", [str, lambda text: base64.b64encode(f"a{text}b".encode())])
def test_a_canary_that_was_let_loose_would_be_found(spelled: Callable[[str], object]) -> None:
    loose = f"<{spelled(PASSWORD)}>".encode()

    assert any(needle in loose for needle in needles(PASSWORD))
