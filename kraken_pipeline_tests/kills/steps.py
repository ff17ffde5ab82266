"""Kill a writer at the steps that it takes in the file system, each time another."""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

STEPS = frozenset({"os.rename", "os.remove", "os.mkdir", "open"})
BEFORE = "before"
"""Folder of what lies there before each; it need not be."""


def killed_at_each(root: Path, work: Callable[[Path], None], *, stride: int) -> None:
    """Fork a writer for each step, in a folder of its own that is named by the step.

    To be called in a process that has no thread yet.

    Args:
        root: of the folders.
        work: writes into a folder.
        stride: from one step that is tried to the next.
    """
    for count in range(1, 10**6, stride):
        folder = root / str(count)
        if (root / BEFORE).exists():
            shutil.copytree(root / BEFORE, folder)
        folder.mkdir(exist_ok=True)
        child = os.fork()
        if child == 0:
            _arm(count)
            work(folder)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status == 0:
            return
        if status != signal.SIGKILL:
            sys.exit(f"step {count}: {status}")


def _arm(count: int) -> None:
    left = count

    def step() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(act: Callable[..., None]) -> Callable[..., None]:
        def done(*told: int) -> None:
            step()
            act(*told)

        return done

    os.fsync = counted(os.fsync)
    sys.addaudithook(lambda event, _: step() if event in STEPS else None)
