"""The page in a real browser, which must draw it, say nothing against it, and show the books."""

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.cli.test_portfolio_lists import lived
from kraken_pipeline_tests.paper_market import PaperMarket

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--enable-logging=stderr", "--virtual-time-budget=3000"),
    *("--allow-file-access-from-files", "--dump-dom"),
)
LOOK = """<!doctype html><meta charset="utf-8"><iframe src="report.html" width="WIDE" height="900">
</iframe><pre></pre><script>
document.querySelector("iframe").onload = ({target}) => {
  const page = target.contentDocument, root = page.documentElement;
  const sizes = [...page.querySelectorAll("svg")].map(each => each.getBoundingClientRect());
  document.querySelector("pre").textContent = JSON.stringify({
    sizes: sizes.map(({width, height}) => [width, height]),
    text: page.body.innerText,
    overhang: root.scrollWidth - root.clientWidth,
    labels: [...page.querySelectorAll("svg text")].map(each => each.getBoundingClientRect().height),
  });
};
</script>"""


@pytest.fixture
def browser() -> str:
    """Return where a browser is."""
    found = next((at for at in map(shutil.which, NAMES) if at), None)
    if found is None:
        pytest.skip(f"none of {', '.join(NAMES)} is installed: `apt-get install chromium`")
    return found


def seen_by(browser: str, folder: Path, wide: int) -> Any:  # noqa: ANN401 - JSON is of any shape
    """Return what a browser shows of `report.html` at a width, in pixels; it must say nothing."""
    (folder / "look.html").write_text(LOOK.replace("WIDE", str(wide)))
    ended = subprocess.run(
        [
            browser,
            *QUIET,
            f"--user-data-dir={folder / 'profile'}",
            f"file://{folder}/look.html",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "CONSOLE" not in ended.stderr
    [seen] = re.findall(r"<pre>(.*?)</pre>", ended.stdout, re.DOTALL)
    return json.loads(unescape(seen))


@pytest.mark.slow
@pytest.mark.parametrize("wide", [1100, 360])
def test_a_browser_draws_every_chart_and_shows_the_books(
    browser: str,
    command: Command,
    market: PaperMarket,
    pipeline: Pipeline,
    tmp_path: Path,
    wide: int,
) -> None:
    lived(market, pipeline)
    command("portfolio", "report", "--out", str(tmp_path / "report.html"), environ=market.environ)

    drawn = seen_by(browser, tmp_path, wide)

    snapshot = pipeline.stores.books.latest_snapshot()
    assert snapshot is not None
    assert len(drawn["sizes"]) == 3 + len(pipeline.stores.books.fills_after(None))
    assert all(width > wide * 0.8 and height > 90 for width, height in drawn["sizes"])
    assert all(height > 8 for height in drawn["labels"])
    assert drawn["overhang"] == 0
    assert f"{snapshot.equity:.2f}" in drawn["text"]
    assert all(f"{each.value:.2f}" in drawn["text"] for each in snapshot.valuations)
