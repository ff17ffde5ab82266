"""A plugin of pytest: what breaks a property is not made small, for nobody reads it.

Making it small takes minutes, and a mutation is noticed without.
"""

import pytest
from hypothesis import Phase, settings


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """Load the profile of the tests without its last phases."""
    found = (Phase.explicit, Phase.generate)
    settings.register_profile("unshrunk", parent=settings(), phases=found)
    settings.load_profile("unshrunk")
