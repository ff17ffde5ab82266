from datetime import UTC, datetime

from kraken_pipeline.domain.renames import in_force
from kraken_pipeline.settings.aliases import aliases, shipped
from kraken_pipeline.settings.sections import Settings
from kraken_pipeline.settings.sections import Universe as Section

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_the_aliases_that_come_with_the_program_lead_somewhere() -> None:
    found = in_force(shipped(), NOW)

    assert {"REP": "REPV2", "MATIC": "POL", "XBT": "BTC"}.items() <= {
        old: each.new for old, each in found.items()
    }.items()


def test_an_alias_of_the_configuration_stands_above_ours_and_adds_to_them() -> None:
    given = ("MATIC OTHER 2024-09-04T00:00Z 2", "MINE YOURS 2026-01-01T00:00Z")
    found = in_force(aliases(Settings(universe=Section(aliases=given))), NOW)

    assert {old: each.new for old, each in found.items() if old in {"MATIC", "MINE", "REP"}} == {
        "MATIC": "OTHER",
        "MINE": "YOURS",
        "REP": "REPV2",
    }
