from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.domain.preflight import Cleared, Grounded, LiveCase, preflight
from kraken_pipeline.wiring.preflight import FILE, keep, last
from kraken_pipeline_tests.domain.test_preflight import READY, REFUSED


def test_before_any_preflight_there_is_no_result(tmp_path: Path) -> None:
    assert last(tmp_path) is None


@pytest.mark.parametrize("case", [READY, REFUSED["the clock is off"][0]])
def test_the_last_result_is_kept_for_its_owner_alone(tmp_path: Path, case: LiveCase) -> None:
    outcome = preflight(case)
    keep(tmp_path, preflight(REFUSED["a role has no key"][0]))
    keep(tmp_path, outcome)

    kept = last(tmp_path)

    assert kept is not None
    assert (kept.at, kept.passed) == (case.now, isinstance(outcome, Cleared))
    assert kept.said == tuple(
        str(each)
        for each in (outcome.objections if isinstance(outcome, Grounded) else outcome.warnings)
    )
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"at": "soon"}'])
def test_what_cannot_be_read_is_named_with_the_remedy(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)

    with pytest.raises(ConfigurationError, match=f"{FILE} cannot be read: .*Remove it"):
        last(tmp_path)
