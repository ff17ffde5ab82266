from datetime import UTC, datetime
from pathlib import Path

from kraken_pipeline.domain.speeds import Speed, Work
from kraken_pipeline.store.speeds import NAME, SpeedFile

SLOW = Speed(at=datetime(2026, 3, 1, tzinfo=UTC), done=10, seconds=5.0)
CALLS = Speed(at=datetime(2026, 3, 2, tzinfo=UTC), done=102, seconds=125.0, fewest=100.0)


def test_the_newest_of_each_kind_is_kept(tmp_path: Path) -> None:
    fast = Speed(at=datetime(2026, 3, 3, tzinfo=UTC), done=10, seconds=1.0)
    for work, speed in ((Work.IMPORT, SLOW), (Work.CALLS, CALLS), (Work.IMPORT, fast)):
        SpeedFile(tmp_path / "bars").note(work, speed)

    assert SpeedFile(tmp_path / "bars").noted() == {Work.IMPORT: fast, Work.CALLS: CALLS}


def test_what_is_torn_is_not_shown_and_written_anew(tmp_path: Path) -> None:
    SpeedFile(tmp_path).note(Work.IMPORT, SLOW)
    (tmp_path / NAME).write_bytes((tmp_path / NAME).read_bytes()[:20])

    assert SpeedFile(tmp_path).noted() == {}
    SpeedFile(tmp_path).note(Work.CALLS, CALLS)
    assert SpeedFile(tmp_path).noted() == {Work.CALLS: CALLS}
