import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

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


NOTING: Final = """
import sys
from pathlib import Path
from kraken_pipeline.domain.speeds import Work
from kraken_pipeline.store.speeds import SpeedFile
from kraken_pipeline_tests.store.test_speeds import CALLS
for _ in range(300):
    SpeedFile(Path(sys.argv[1])).note(Work.CALLS, CALLS)
"""


def test_two_processes_that_note_at_once_do_not_stop_each_other(tmp_path: Path) -> None:
    command = [sys.executable, "-c", NOTING, str(tmp_path)]
    both = [subprocess.Popen(command, env={"PYTHONPATH": ":".join(sys.path)}) for _ in range(2)]

    assert [each.wait(60) for each in both] == [0, 0]
    assert SpeedFile(tmp_path).noted() == {Work.CALLS: CALLS}
