from datetime import timedelta

from kraken_pipeline.domain.switch import OFF, SwitchReport
from kraken_pipeline.store import audit
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.switches import SqlSwitchStore
from kraken_pipeline_tests.builders import NOW

MINUTE = timedelta(minutes=1)


def test_before_anything_was_asked_it_is_off(database: Database) -> None:
    assert SqlSwitchStore(database).switch() == OFF


def test_what_is_known_is_there_for_the_next_process(database: Database) -> None:
    store = SqlSwitchStore(database)
    begun = store.change_switch(lambda known: known.arming(NOW, MINUTE), at=NOW, by="a run")
    heard = store.change_switch(
        lambda known: known.heard(
            SwitchReport(told_at=NOW, fires_at=NOW + MINUTE), serial=begun.serial
        ),
        at=NOW,
        by="a run",
    )

    assert SqlSwitchStore(database).switch() == heard
    assert heard.armed_until == NOW + MINUTE


def test_only_what_has_a_reason_goes_to_the_journal_and_the_chain_holds(
    database: Database,
) -> None:
    store = SqlSwitchStore(database)
    store.change_switch(lambda known: known.failed(), at=NOW, by="a run", why="not_confirmed")
    store.change_switch(lambda known: known.failed(), at=NOW, by="a run")

    assert store.switch().failures == 2
    assert audit.head(database).seq == 1
    assert audit.verify(database).faults == ()
