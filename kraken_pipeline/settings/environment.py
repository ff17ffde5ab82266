"""What the environment decides: where the files are, which overlay holds, and little else."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from platformdirs import user_config_path, user_data_path

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.settings.nearest import nearest

APP: Final = "kraken_pipeline"
PREFIX: Final = "KRAKEN_PIPELINE_"
CONFIG_DIR: Final = "KRAKEN_PIPELINE_CONFIG_DIR"
DATA_DIR: Final = "KRAKEN_PIPELINE_DATA_DIR"
ENV: Final = "KRAKEN_PIPELINE_ENV"
DB_URL: Final = "KRAKEN_PIPELINE_DB_URL"
SIMULATOR_URL: Final = "KRAKEN_PIPELINE_SIMULATOR_URL"
SECRET_PW: Final = "KRAKEN_PIPELINE_SECRET_PW"  # noqa: S105 - the name of a variable

VARIABLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        CONFIG_DIR: "the folder of config.yaml and its overlays",
        DATA_DIR: "the folder of bars, books and state",
        ENV: "which overlay is laid over config.yaml: dev, paper or live",
        DB_URL: "sets portfolio.db_url; may hold the password",
        SIMULATOR_URL: "a running simulator on this machine, instead of one of our own",
        SECRET_PW: "the password of secrets.enc, which keeps the API keys",
    }
)
"""Every variable with our prefix that is read. Any other stops the start (CFG-1)."""

ENVIRONMENTS: Final = ("dev", "paper", "live")

_ALIKE: Final = 0.93
"""How alike a name must be to count as one of ours mistyped: one character in ours is more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The environment as it was understood."""

    config_dir: Path
    data_dir: Path
    env: str
    db_url: str | None = field(repr=False)
    simulator_url: str | None
    warnings: tuple[str, ...]


def surroundings(environ: Mapping[str, str]) -> Surroundings:
    """Read our variables.

    Args:
        environ: the environment, usually `os.environ`.

    Raises:
        ConfigurationError: a variable is unknown or has a value that cannot be used; all of them
            are named, one a line.
    """
    problems = [*_unknown(environ), *_unusable(environ)]
    if problems:
        raise ConfigurationError("\n".join(problems))
    config_dir = config_folder(environ)
    warnings: tuple[str, ...] = ()
    if CONFIG_DIR in environ and not config_dir.exists():
        warnings = (f"{CONFIG_DIR} is {config_dir}, which does not exist: no file was read",)
    return Surroundings(
        config_dir=config_dir,
        data_dir=data_folder(environ),
        env=environ.get(ENV, "paper"),
        db_url=environ.get(DB_URL),
        simulator_url=environ.get(SIMULATOR_URL),
        warnings=warnings,
    )


def config_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder of the configuration, asking nothing else of the environment: for panic."""
    return _folder(environ, CONFIG_DIR) or user_config_path(APP)


def data_folder(environ: Mapping[str, str]) -> Path:
    """Return the data folder, asking nothing else of the environment: for panic."""
    return _folder(environ, DATA_DIR) or user_data_path(APP)


def _folder(environ: Mapping[str, str], name: str) -> Path | None:
    given = environ.get(name)
    return None if given is None else Path(given).expanduser()


def _unknown(environ: Mapping[str, str]) -> Iterator[str]:
    """Find names with our prefix, or one slip away from one of ours, that nothing reads."""
    for name in sorted(set(environ) - set(VARIABLES)):
        ours = name.upper().startswith(PREFIX)
        meant = nearest(name, VARIABLES, at_least=0.0 if ours else _ALIKE)
        if meant:
            yield (
                f"{name} is set in the environment, but nothing reads it. "
                f"Did you mean {' or '.join(meant)}? Rename it or unset it."
            )


def _unusable(environ: Mapping[str, str]) -> Iterator[str]:
    for name in VARIABLES:
        value = environ.get(name)
        if value is None:
            continue
        if not value.strip():
            yield f"{name} is set to nothing. Unset it, or give {VARIABLES[name]}."
        elif name in (CONFIG_DIR, DATA_DIR):
            yield from _unusable_folder(name, Path(value).expanduser())
        elif name == ENV and value not in ENVIRONMENTS:
            yield from _unusable_env(value)
        elif name == SIMULATOR_URL and not _on_this_machine(value):
            yield (
                f"{name} is {value}, which is no http address of this machine. "
                "Give one such as http://127.0.0.1:8080."
            )


def _unusable_folder(name: str, folder: Path) -> Iterator[str]:
    # A relative path would mean another folder, and other books, to each process.
    if not folder.is_absolute():
        yield f"{name} is {folder}, which is relative. Give the whole path: {folder.absolute()}."
    elif folder.exists() and not folder.is_dir():
        yield f"{name} is {folder}, which is no folder. Give a folder."


def _unusable_env(value: str) -> Iterator[str]:
    meant = nearest(value, ENVIRONMENTS, at_least=0.6)
    hint = f" Did you mean {meant[0]}?" if meant else ""
    yield f"{ENV} is {value}, but must be one of {', '.join(ENVIRONMENTS)}.{hint}"


def _on_this_machine(url: str) -> bool:
    """Tell whether an address is plain HTTP on the loopback; paper must reach nothing else."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        usable = parts.scheme == "http" and (parts.port is None or parts.port > 0)
        return usable and (host == "localhost" or ip_address(host).is_loopback)
    except ValueError:
        return False
