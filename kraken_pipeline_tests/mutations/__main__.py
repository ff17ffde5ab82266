"""Break every rule in turn and see that a test notices.

`python -m kraken_pipeline_tests.mutations [--jobs N] [words]` tries those whose names have all the
words. It ends with 1 if a mutation survives, does not fit the code, or can't be judged.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from kraken_pipeline_tests.mutations.mutation import Mutation
from kraken_pipeline_tests.mutations.table import MUTATIONS
from kraken_pipeline_tests.mutations.workshop import GOOD, Finding, Workshop


def main(arguments: Sequence[str]) -> int:
    """Try the mutations that were asked for and return the exit code."""
    parser = argparse.ArgumentParser(prog="kraken_pipeline_tests.mutations", description=__doc__)
    parser.add_argument("words", nargs="*", help="only mutations whose names have all of these")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    told = parser.parse_args(arguments)
    wanted = [each for each in MUTATIONS if all(word in each.name for word in told.words)]
    if not wanted:
        parser.error(f"no mutation has {' '.join(told.words)!r} in its name")
    with tempfile.TemporaryDirectory() as folder:
        workshops = [Workshop(Path(folder) / str(number)) for number in range(told.jobs)]
        unsound = workshops[0].sound(sorted({test for each in wanted for test in each.tests}))
        if unsound is not None:
            sys.stderr.write(f"the tests fail on the code as it is: {unsound}\n")
            return 1
        found = _tried(workshops, wanted)
    bad = [each for each in found if each.verdict not in GOOD]
    sys.stdout.write(f"{len(found) - len(bad)} of {len(found)} mutations noticed\n")
    return 1 if bad else 0


def _tried(workshops: Sequence[Workshop], wanted: Sequence[Mutation]) -> list[Finding]:
    idle: SimpleQueue[Workshop] = SimpleQueue()
    for each in workshops:
        idle.put(each)

    def tried(mutation: Mutation) -> Finding:
        workshop = idle.get()
        try:
            found = workshop.tried(mutation)
        finally:
            idle.put(workshop)
        sys.stdout.write(f"{found.verdict}: {mutation.name}\n    {found.said}\n")
        sys.stdout.flush()
        return found

    with ThreadPoolExecutor(len(workshops)) as pool:
        return list(pool.map(tried, wanted))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
