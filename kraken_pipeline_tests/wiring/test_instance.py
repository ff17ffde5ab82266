import subprocess
import sys
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.wiring.instance import InstanceLock
from kraken_pipeline_tests.conftest import REPOSITORY

HOLD = """
import sys
from pathlib import Path
from kraken_pipeline.wiring.instance import InstanceLock
lock = InstanceLock(Path(sys.argv[1]), "a-key")
print(lock.take(Path(sys.argv[2])), flush=True)
sys.stdin.read()
"""


def test_processes_of_one_instance_share_a_key(tmp_path: Path) -> None:
    first, second = InstanceLock(tmp_path, "a-key"), InstanceLock(tmp_path, "a-key")

    assert (first.take(tmp_path / "data"), second.take(tmp_path / "data")) == ("", "")
    assert first.take(tmp_path / "data") == ""
    first.release()
    second.release()


def test_another_instance_is_told_whose_the_key_is_until_that_one_ends(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path), "/one/data"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "\n"
        late = InstanceLock(tmp_path, "a-key")

        assert late.take(Path("/two/data")).endswith("with its data in /one/data")
        assert InstanceLock(tmp_path, "another-key").take(Path("/two/data")) == ""
        other.kill()
        other.wait()

        assert late.take(Path("/two/data")) == ""
    late.release()


def test_a_lock_that_cannot_be_kept_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ConfigurationError, match="nobody can tell who uses the key"):
        InstanceLock(tmp_path / "file", "a-key").take(tmp_path)
