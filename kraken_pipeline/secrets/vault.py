"""The keys of an account in one sealed file: `secrets.enc`, a key for each role.

A file of the older layout, or one that was sealed cheaper than today's least, is sealed anew when
it opens. What a rotation replaced is kept until it is known that the new key works.
"""

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.domain.keys import Role
from kraken_pipeline.secrets.container import Cost, calibrated, seal, unseal
from kraken_pipeline.secrets.files import alone_in, read_private, remove, write_private
from kraken_pipeline.secrets.seed_file import is_seed_file, open_seed_file

FILE_NAME: Final = "secrets.enc"
KRAKEN: Final = "kraken"
"""Where a key belongs that is no simulator's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """An API key with its secret. Printing it shows neither."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
    place: str = KRAKEN
    """`kraken`, or the address of the simulator whose key it is."""
    checked_at: datetime | None = None
    """When the exchange last took it; None if it never did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """What the file holds. Immutable: a change gives another one, to be saved."""

    keys: Mapping[Role, StoredKey] = field(default_factory=lambda: MappingProxyType({}))
    previous: Mapping[Role, StoredKey] = field(default_factory=lambda: MappingProxyType({}))
    """What a rotation replaced."""
    rotated_at: datetime | None = None
    """When the last rotation was that is not finished."""

    def with_key(self, roles: frozenset[Role], key: StoredKey) -> "Vault":
        """Return it with a key for these roles."""
        return replace(self, keys={**self.keys, **dict.fromkeys(roles, key)})

    def loses_by(self, roles: frozenset[Role], key: StoredKey) -> bool:
        """Tell whether another key for these roles leaves one nowhere that the exchange took."""
        left = {each.key for each in self.with_key(roles, key).keys.values()}
        return any(
            each.checked_at is not None and each.key not in left for each in self.keys.values()
        )

    def rotated(self, roles: frozenset[Role], key: StoredKey, *, at: datetime) -> "Vault":
        """Return it with another key for these roles, and what was there kept for going back."""
        # the key that worked is worth keeping, not one that was tried in between
        kept = {role: each for role, each in self.keys.items() if role in roles}
        return replace(self.with_key(roles, key), previous={**kept, **self.previous}, rotated_at=at)

    def rolled_back(self) -> "Vault":
        """Return it as it was before the last rotation."""
        return replace(self, keys={**self.keys, **self.previous}, previous={}, rotated_at=None)

    def finished(self) -> "Vault":
        """Return it without what the last rotation replaced."""
        return replace(self, previous={}, rotated_at=None)

    def without(self, roles: frozenset[Role]) -> "Vault":
        """Return it without the keys of these roles, present and previous."""
        return replace(
            self,
            keys={role: each for role, each in self.keys.items() if role not in roles},
            previous={role: each for role, each in self.previous.items() if role not in roles},
        )


class VaultFile:
    """The file, and the only way to it."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; nothing is read."""
        self.path: Final = folder / FILE_NAME

    def exists(self) -> bool:
        """Tell whether there is a file."""
        return self.path.exists()

    def open(self, password: str) -> Vault:
        """Read the file; one that is outdated is sealed anew.

        Raises:
            WrongPasswordError: the password is another one.
            ConfigurationError: others can read it, or it is damaged; nothing of it is used.
        """
        blob = read_private(self.path)
        try:
            vault, outdated = _opened(blob, password)
        except ConfigurationError as wrong:
            raise type(wrong)(f"{self.path}: {wrong}") from None
        if outdated:
            # a folder that cannot be written keeps nobody from their keys
            with contextlib.suppress(ConfigurationError):
                self.save(vault, password)
        return vault

    def save(self, vault: Vault, password: str, *, cost: Cost | None = None) -> None:
        """Seal and write the vault, durably, in place of what was there.

        Args:
            vault: what is to be kept.
            password: opens it again.
            cost: of guessing the password; by default a quarter of a second on this machine.

        Raises:
            ConfigurationError: it cannot be written; what was there is unchanged.
        """
        write_private(self.path, seal(_as_json(vault), password, cost or calibrated()))

    def change(self, password: str, how: Callable[[Vault], Vault]) -> Vault:
        """Replace what the file holds, alone: nobody else's change gets lost in between.

        Args:
            password: opens the file, or seals the first one.
            how: gives what is to be kept, from what there is.

        Raises:
            WrongPasswordError: the password is another one; nothing is changed.
            ConfigurationError: the file cannot be used or written; nothing is changed.
        """
        with alone_in(self.path.parent):
            vault = self.open(password) if self.exists() else Vault()
            changed = how(vault)
            if changed != vault:
                self.save(changed, password)
        return changed

    def remove(self) -> bool:
        """Remove the file; False if there was none."""
        return remove(self.path)


def _opened(blob: bytes, password: str) -> tuple[Vault, bool]:
    if is_seed_file(blob):
        return _from_seed(open_seed_file(blob, password)), True
    unsealed = unseal(blob, password)
    return _from_json(unsealed.text), unsealed.is_outdated


def _as_json(vault: Vault) -> bytes:
    return json.dumps(
        {
            "keys": {role: _plain(each) for role, each in vault.keys.items()},
            "previous": {role: _plain(each) for role, each in vault.previous.items()},
            "rotated_at": _told(vault.rotated_at),
        }
    ).encode()


def _plain(key: StoredKey) -> dict[str, str | None]:
    return {
        "key": key.key,
        "secret": key.secret,
        "place": key.place,
        "checked_at": _told(key.checked_at),
    }


def _from_json(text: bytes) -> Vault:
    try:
        told = json.loads(text)
        return Vault(
            keys={Role(role): _key(each) for role, each in told["keys"].items()},
            previous={Role(role): _key(each) for role, each in told["previous"].items()},
            rotated_at=_instant(told["rotated_at"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        # what is inside is secret, so the cause is not shown
        raise ConfigurationError(
            "it opens, but what is inside cannot be read; use the program that wrote it"
        ) from None


def _from_seed(text: bytes) -> Vault:
    """Read what the older layout holds: one key, which serves every role."""
    try:
        told = json.loads(text)
        key = StoredKey(
            key=str(told["api_key"]),
            secret=str(told["api_secret"]),
            checked_at=_instant(told.get("validated_at")) if told.get("validated") else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigurationError("it opens, but it holds no API key") from None
    return Vault(keys=dict.fromkeys(Role, key))


def _key(told: Mapping[str, str]) -> StoredKey:
    return StoredKey(
        key=told["key"],
        secret=told["secret"],
        place=told["place"],
        checked_at=_instant(told["checked_at"]),
    )


def _told(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _instant(told: str | None) -> datetime | None:
    return None if told is None else datetime.fromisoformat(told).astimezone(UTC)
