import pytest

from kraken_pipeline.cli.stopping import told_of_ctrl_c


def test_ctrl_c_is_one_line_that_says_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    @told_of_ctrl_c("orders stay")
    def act() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        act()

    assert capsys.readouterr().err == "\nkraken-pipeline: interrupted; orders stay\n"
