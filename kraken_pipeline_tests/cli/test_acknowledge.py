"""`config acknowledge` on paper; in live it is tried with the gates of live."""

from kraken_pipeline_tests.cli.conftest import Command


def test_on_paper_there_is_nothing_to_agree_to(command: Command, fresh: dict[str, str]) -> None:
    said = command("config", "acknowledge", "--reason", "a look", environ=fresh)

    assert (said.code, said.out) == (0, "nothing is looser than was agreed to\n")
