from pathlib import Path

import pytest
from keyring.backend import KeyringBackend

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.secrets import os_keyring
from kraken_pipeline_tests.secrets.keyrings import (
    BrokenKeyring,
    MemoryKeyring,
    NoKeyring,
    using,
)

FILE = Path("/somewhere/secrets.enc")


def test_a_password_is_kept_for_its_file_and_no_other() -> None:
    with using(MemoryKeyring()):
        os_keyring.keep(FILE, "a canary")

        assert os_keyring.recall(FILE) == "a canary"
        assert os_keyring.recall(FILE.with_name("other.enc")) is None
        assert os_keyring.forget(FILE)
        assert not os_keyring.forget(FILE)
        assert os_keyring.recall(FILE) is None


@pytest.mark.parametrize("backend", [NoKeyring, BrokenKeyring])
def test_a_machine_without_a_keyring_is_told_so_in_words(backend: type[KeyringBackend]) -> None:
    with using(backend()):
        assert os_keyring.recall(FILE) is None
        assert not os_keyring.forget(FILE)
        with pytest.raises(ConfigurationError, match="no keyring that would keep") as refused:
            os_keyring.keep(FILE, "a canary")

    assert "canary" not in str(refused.value)
    assert refused.value.__cause__ is None
