"""Keyrings for tests: one that keeps things in memory, and none at all."""

from collections.abc import Iterator
from contextlib import contextmanager

import keyring
from keyring.backend import KeyringBackend
from keyring.backends import fail
from keyring.errors import PasswordDeleteError


class MemoryKeyring(KeyringBackend):
    """Keeps passwords as long as it lives."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring types only a part of itself
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError("there is none")


class NoKeyring(fail.Keyring):
    """What keyring itself falls back to where a machine has none."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring types only a part of itself


class BrokenKeyring(MemoryKeyring):
    """Fails as one does whose service is gone."""

    def get_password(self, service: str, username: str) -> str | None:
        raise OSError(f"no bus for {service}")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(f"cannot keep {password}")

    def delete_password(self, service: str, username: str) -> None:
        raise OSError(f"no bus for {service}")


@contextmanager
def using(backend: KeyringBackend) -> Iterator[None]:
    """Make it the keyring of this process for as long as the context lasts."""
    usual = keyring.get_keyring()
    keyring.set_keyring(backend)
    try:
        yield
    finally:
        keyring.set_keyring(usual)
