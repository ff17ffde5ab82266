"""F-DAG-3: a decision is there whole or not at all, whatever is reloaded."""

import os
import subprocess
import sys
from contextlib import closing

import pytest

from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.store.audit import verify
from kraken_pipeline.store.database import connect
from kraken_pipeline.store.decisions import SqlDecisionStore
from kraken_pipeline_tests.conftest import REPOSITORY
from kraken_pipeline_tests.fakes import Crash
from kraken_pipeline_tests.services.paper import Paper
from kraken_pipeline_tests.store.builders import decision
from kraken_pipeline_tests.store.statements import before_each

STATEMENTS = 11
"""Of the transaction that keeps a decision, its beginning and its end among them."""
DIES_AT_THE_END = """
import os, sys
from kraken_pipeline.store.database import Database, connect
from kraken_pipeline.store.decisions import SqlDecisionStore
from kraken_pipeline_tests.store.builders import decision

commits = Database._commit

def commit(self, connection):
    if sys.argv[2] == "after":
        commits(self, connection)
    os._exit(9)

Database._commit = commit
SqlDecisionStore(connect(sys.argv[1])).record(decision("XBTUSD", "ETHUSD"), {"a": "1"})
"""


class Fuse:
    """Lets the process die before one of its statements."""

    def __init__(self, statements: int) -> None:
        self.left = statements

    def __call__(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Crash


def kept(desk: Paper) -> tuple[int, int, dict[str, str]]:
    """Return how many decisions and intents there are, and what the strategy remembers."""
    with desk.stores.database.reading() as connection:
        decisions, intents = (
            connection.exec_driver_sql(f"SELECT COUNT(*) FROM {table}").scalar_one()  # noqa: S608 - our names
            for table in ("decisions", "intents")
        )
    state = desk.stores.decisions.state(Namespace.TRADE, "trend", "1h", version="1")
    return decisions, intents, dict(state)


def decide(desk: Paper) -> bool:
    """Keep the decision of a bar, as the code that was loaded anew would."""
    with closing(connect(desk.url)) as database:
        return SqlDecisionStore(database).record(decision("XBTUSD", "ETHUSD"), {"a": "1"})


@pytest.mark.parametrize("statements", range(STATEMENTS))
def test_f_dag_3_a_decision_that_is_cut_short_anywhere_is_absent_and_then_made_whole(
    desk: Paper, statements: int
) -> None:
    with closing(connect(desk.url)) as database:
        before_each(database, Fuse(statements))
        with pytest.raises(Crash):
            SqlDecisionStore(database).record(decision("XBTUSD", "ETHUSD"), {"a": "1"})
    assert kept(desk) == (0, 0, {})

    assert decide(desk)
    assert not decide(desk)

    assert kept(desk) == (1, 2, {"a": "1"})
    assert verify(desk.stores.database).faults == ()


def test_f_dag_3_the_cuts_are_at_every_statement(desk: Paper) -> None:
    with closing(connect(desk.url)) as database:
        fuse = Fuse(STATEMENTS)
        before_each(database, fuse)
        assert SqlDecisionStore(database).record(decision("XBTUSD", "ETHUSD"), {"a": "1"})

    assert fuse.left == 0


@pytest.mark.parametrize(("dies", "is_there"), [("before", False), ("after", True)])
def test_f_dag_3_a_process_that_is_ended_at_the_commit_leaves_all_of_it_or_nothing(
    desk: Paper, dies: str, *, is_there: bool
) -> None:
    told = [sys.executable, "-c", DIES_AT_THE_END, desk.url, dies]
    ended = subprocess.run(told, cwd=REPOSITORY, env=os.environ, check=False, timeout=60)
    assert ended.returncode == 9

    assert kept(desk) == ((1, 2, {"a": "1"}) if is_there else (0, 0, {}))
    assert decide(desk) is not is_there
    assert kept(desk) == (1, 2, {"a": "1"})
