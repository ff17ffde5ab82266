"""A process that dies in the middle of a write leaves all of it or nothing."""

import subprocess
import sys

import pytest

from kraken_pipeline.domain.orders import State
from kraken_pipeline.store.audit import verify
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.orders import SqlOrderStore
from kraken_pipeline_tests.conftest import REPOSITORY
from kraken_pipeline_tests.store.builders import HOUR, LEASE, NOW, planned

DYING = """
import os, sys
from kraken_pipeline.domain.orders import Fact
from kraken_pipeline.store.database import connect
from kraken_pipeline.store.orders import SqlOrderStore
from kraken_pipeline_tests.store.builders import event
from kraken_pipeline_tests.store.statements import before_each

url, local_id, epoch, statements = sys.argv[1:]
left = int(statements)
database = connect(url)
orders = SqlOrderStore(database)
order = orders.order(local_id)

def count():
    global left
    if left == 0:
        os._exit(9)
    left -= 1

before_each(database, count)
orders.record(order, event(Fact.SEND_STARTED), epoch=int(epoch))
os._exit(0)
"""


@pytest.mark.parametrize("statements", [1, 3, 5, 7, 9, 20])
def test_a_kill_while_an_order_is_written_leaves_all_of_it_or_nothing(
    database: Database, url: str, statements: int
) -> None:
    """F-STO-1: a write that is torn by the end of its process."""
    orders = SqlOrderStore(database)
    made = planned(database)
    epoch = orders.take_lease(LEASE, owner="a", now=NOW, length=HOUR)
    arguments = [url, made.local_id, str(epoch), str(statements)]
    ran = subprocess.run([sys.executable, "-c", DYING, *arguments], check=False, cwd=REPOSITORY)

    left = orders.order(made.local_id)
    assert left.state is (State.PLANNED if ran.returncode else State.SENDING)
    assert ran.returncode == (9 if statements < 20 else 0)
    assert verify(database).faults == ()
