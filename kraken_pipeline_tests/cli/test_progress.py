import pytest

from kraken_pipeline.cli.progress import Progress, said
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.wiring.pipeline import Pipeline


def test_each_stage_is_a_line_on_stderr_and_kept(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    progress.begin("universe")
    progress.finished("universe", 1.25, None)

    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "  universe            1.25 s  \n")
    assert [each.name for each in progress.stages] == ["universe"]


def test_bars_are_counted_while_they_come_and_not_at_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    progress = Progress()
    progress.bars("1h", 100, 250)
    progress.bars("1h", 250, 250)

    assert capsys.readouterr().err == "  bars 1h          100 of 250 pairs\n"


def test_what_a_stage_gave_is_said_in_a_few_words(pipeline: Pipeline) -> None:
    words = [
        said(pipeline.refresh_universe()),
        said(pipeline.refresh_bars(timeframe("1h"))),
        said(pipeline.keep_books()),
        said({"filled": 2, "live": 1}),
        said(()),
        said(None),
    ]

    assert words[0].startswith("4 pairs in, ")
    assert words[1:] == [
        "0 new bars of 0 pairs",
        "equity 10000.00, 0 new fills",
        "2 filled, 1 live",
        "no newly closed bar",
        "",
    ]


def test_decisions_are_counted_with_their_intents(pipeline: Pipeline) -> None:
    decided = pipeline.decide(timeframe("4h"), run_id="a test")

    assert said(decided) == f"1 decisions, {len(decided[0].intents)} intents"
