"""A copy of both packages in which rules are broken, one at a time, and tests are run."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from kraken_pipeline_tests.mutations.mutation import Mutation

REPOSITORY: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("kraken_pipeline", "kraken_pipeline_tests")
PLUGIN: Final = "kraken_pipeline_tests.mutations.unshrunk"
PATIENCE_SECONDS: Final = 180
"""A broken rule may make a loop endless; that is noticed too."""
PASSED, FAILED = 0, 1
"""What pytest exits with."""


class Verdict(StrEnum):
    """What came of a mutation."""

    NOTICED = "noticed"
    ENDLESS = "noticed: a test did not end"
    SURVIVED = "SURVIVED"
    UNSOUND = "UNSOUND: the tests could not even be read"


GOOD: Final = frozenset({Verdict.NOTICED, Verdict.ENDLESS})


@dataclass(frozen=True, slots=True)
class Finding:
    """A mutation and what came of it."""

    mutation: Mutation
    verdict: Verdict
    said: str
    """The last line of the tests that were run."""


class Workshop:
    """One copy, for one mutation at a time."""

    def __init__(self, folder: Path) -> None:
        """Copy both packages into a folder that is not there yet."""
        self._folder = folder
        for package in PACKAGES:
            shutil.copytree(REPOSITORY / package, folder / package)
        shutil.copy2(REPOSITORY / "pyproject.toml", folder)
        # compiled once: a run writes nothing, so no compiled mutant can outlive its source
        compileall = [sys.executable, "-m", "compileall", "-q", *PACKAGES]
        subprocess.run(compileall, cwd=folder, check=True, env=self._env(compiles=True))

    def sound(self, tests: Iterable[str]) -> str | None:
        """Run tests on the code as it is; return what they said if they did not pass."""
        code, said = self._tested(tests)
        return None if code == PASSED else said

    def tried(self, mutation: Mutation) -> Finding:
        """Break a rule, run its tests, and mend it again.

        Raises:
            ValueError: the mutation does not fit the code.
        """
        file = self._folder / "kraken_pipeline" / mutation.file
        source = file.read_text(encoding="utf-8")
        broken = mutation.applied(source)
        ast.parse(broken, filename=mutation.name)
        for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*.pyc"):
            compiled.unlink()
        file.write_text(broken, encoding="utf-8")
        try:
            code, said = self._tested(mutation.tests)
        except subprocess.TimeoutExpired:
            return Finding(mutation, Verdict.ENDLESS, f"stopped after {PATIENCE_SECONDS} s")
        finally:
            file.write_text(source, encoding="utf-8")
        verdicts = {PASSED: Verdict.SURVIVED, FAILED: Verdict.NOTICED}
        return Finding(mutation, verdicts.get(code, Verdict.UNSOUND), said)

    def _tested(self, tests: Iterable[str]) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "--no-header", "--tb=no", "-p", PLUGIN]
            + [f"kraken_pipeline_tests/{test}" for test in tests],
            cwd=self._folder,
            env=self._env(compiles=False),
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        failed = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
        return done.returncode, (failed or lines or [""])[-1]

    def _env(self, *, compiles: bool) -> dict[str, str]:
        env = {**os.environ, "PYTHONPATH": str(self._folder)}
        env.setdefault("KRAKEN_RECORDED", str(REPOSITORY.parent / "shared/kraken/recorded"))
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        return env if compiles else env | {"PYTHONDONTWRITEBYTECODE": "1"}
