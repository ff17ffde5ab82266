from collections.abc import Callable
from pathlib import Path

import pytest

from kraken_pipeline.kraken.limits import TIERS
from kraken_pipeline.kraken.shared_lines import Household
from kraken_pipeline.kraken.signing import Credential
from kraken_pipeline.wiring.clock import simulator_clock, system_microseconds
from kraken_pipeline.wiring.exchange import KEY, SECRET, turn_clock
from kraken_pipeline.wiring.paper_budget import paper_budget
from kraken_pipeline_tests.kraken.scripted import always, page, scripted
from kraken_pipeline_tests.paper_market import MOMENT, PaperMarket

ASKED: dict[str, Callable[[str, Path], object]] = {
    "clock": lambda url, folder: simulator_clock(url)(),
    "turn": lambda url, folder: turn_clock(url, MOMENT),
    "budget": lambda url, folder: paper_budget(
        url,
        Credential(key=KEY, secret=SECRET),
        Household(folder=folder, tier=TIERS["starter"], clock=system_microseconds),
    ),
}


@pytest.mark.parametrize("what", sorted(ASKED))
def test_a_proxy_of_the_environment_is_not_asked_about_the_simulator(
    market: PaperMarket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    with scripted(always(page(b"no", status="403 Forbidden"))) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        ASKED[what](market.served.url, tmp_path)

        assert proxy.heard == []
