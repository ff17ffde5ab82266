"""Lay the layers over each other: defaults, `config.yaml`, its overlay, the environment."""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.settings.complaints import schema_problems
from kraken_pipeline.settings.crosschecks import ERRORS
from kraken_pipeline.settings.documents import Document, KeyPath, Plain, read
from kraken_pipeline.settings.environment import (
    DB_URL,
    ENV,
    ENVIRONMENTS,
    Surroundings,
    surroundings,
)
from kraken_pipeline.settings.finding import Finding, findings
from kraken_pipeline.settings.overruled import WARNINGS
from kraken_pipeline.settings.sections import Settings
from kraken_pipeline.settings.showing import digest, flow, leaves, without_password

DEFAULT: Final = "default"
_DB_URL_PATH: Final = ("portfolio", "db_url")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The configuration in force, and where each value came from."""

    settings: Settings
    hash: str
    """SHA-256 of the values, in hexadecimal; stamped on whatever is decided under them."""
    origins: Mapping[str, str]
    """For each dotted key: `default`, `config.yaml:12` or the name of a variable."""
    config_dir: Path
    data_dir: Path
    env: str
    """Which overlay held: dev, paper or live."""
    simulator_url: str | None
    """Where a simulator runs already; without one, paper starts its own."""
    warnings: tuple[str, ...]
    """What the user should know, one sentence each."""

    @property
    def database_url(self) -> str:
        """The address of the books, in SQLAlchemy's form. It may hold a password."""
        portfolio = self.settings.portfolio
        if portfolio.db_url is not None:
            return portfolio.db_url
        return f"sqlite:///{self._in_data_dir(portfolio.db_path, 'portfolio.db').as_posix()}"

    @property
    def bars_dir(self) -> Path:
        """The folder of the bars."""
        return self._in_data_dir(self.settings.market_data.ohlc_store.root_dir, "ohlc")

    @property
    def metadata_path(self) -> Path:
        """The file with the last known pairs."""
        return self._in_data_dir(self.settings.market_data.metadata_path, "metadata.json")

    def _in_data_dir(self, given: str | None, usual: str) -> Path:
        return self.data_dir / Path(given or usual).expanduser()


def load(environ: Mapping[str, str]) -> Loaded:
    """Read and check the whole configuration.

    Args:
        environ: the environment, usually `os.environ`.

    Raises:
        ConfigurationError: something is wrong; every problem found is named, one a line, with its
            place, its value and the remedy.
    """
    around = surroundings(environ)
    files = tuple(_files(around))
    layers = (*files, *_from_variables(around))
    _refuse([problem for each in layers for problem in _problems(each)])
    settings = Settings.model_validate(_merged(layers))
    written = frozenset(path for layer in layers for path in layer.lines)
    wrong = findings(ERRORS, settings, written)
    _refuse([f"{_where(layers, each)}: {each.says}" for each in wrong])
    doubtful = findings(WARNINGS, settings, written)
    return Loaded(
        settings=settings,
        hash=digest(settings),
        origins=_origins(layers, settings),
        config_dir=around.config_dir,
        data_dir=around.data_dir,
        env=around.env,
        simulator_url=around.simulator_url,
        warnings=(
            *around.warnings,
            *_strays(around),
            *(f"{_where(layers, each)}: {each.says}" for each in doubtful),
        ),
    )


def effective(loaded: Loaded) -> list[tuple[str, str, str]]:
    """Return every key with its value and unit, and the layer that it came from (CFG-4)."""
    return [
        (
            ".".join(leaf.path),
            f"{flow(leaf.value)} {leaf.unit}".rstrip(),
            loaded.origins[".".join(leaf.path)],
        )
        for leaf in leaves(loaded.settings)
    ]


def _refuse(problems: list[str]) -> None:
    if problems:
        raise ConfigurationError("\n".join(problems))


def _files(around: Surroundings) -> Iterator[Document]:
    for name in ("config.yaml", f"config.{around.env}.yaml"):
        found = read(around.config_dir / name)
        if found is not None:
            yield found


def _from_variables(around: Surroundings) -> Iterator[Document]:
    if around.db_url is not None:
        yield Document(
            name=DB_URL,
            place=DB_URL,
            tree={"portfolio": {"db_url": around.db_url}},
            lines={_DB_URL_PATH: 0},
        )


def _problems(layer: Document) -> Iterator[str]:
    """Yield what is wrong with one layer by itself, so that no other layer can hide it."""
    yield from layer.problems
    yield from schema_problems(layer)
    portfolio = layer.tree.get("portfolio")
    url = portfolio.get("db_url") if isinstance(portfolio, dict) else None
    if layer.name != DB_URL and isinstance(url, str) and without_password(url) != url:
        yield (
            f"{layer.where(_DB_URL_PATH)}: portfolio.db_url holds a password, and secrets are "
            f"never in the configuration. Leave it out and set {DB_URL} instead."
        )


def _merged(layers: tuple[Document, ...]) -> dict[str, Plain]:
    tree: dict[str, Plain] = {}
    for layer in layers:
        tree = _over(tree, layer.tree)
    return tree


def _over(below: dict[str, Plain], above: dict[str, Plain]) -> dict[str, Plain]:
    """Lay one tree over another: mappings are joined, whatever else is replaced."""
    joined = dict(below)
    for key, value in above.items():
        under = joined.get(key)
        joined[key] = (
            _over(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
        )
    return joined


def _origins(layers: tuple[Document, ...], settings: Settings) -> Mapping[str, str]:
    return MappingProxyType(
        {".".join(leaf.path): _origin(layers, leaf.path) for leaf in leaves(settings)}
    )


def _origin(layers: tuple[Document, ...], path: KeyPath) -> str:
    return next((each.origin(path) for each in reversed(layers) if path in each.lines), DEFAULT)


def _where(layers: tuple[Document, ...], finding: Finding) -> str:
    """Return the place of the first of the settings that is written anywhere."""
    above = (path[:depth] for path in finding.paths for depth in range(len(path) - 1, 0, -1))
    for path in (*finding.paths, *above):
        for layer in reversed(layers):
            if path in layer.lines:
                return layer.where(path)
    return "built-in defaults"


def _strays(around: Surroundings) -> Iterator[str]:
    """Name files that look like configuration and are not read, and an overlay that is missing."""
    read_as = {"config.yaml", *(f"config.{env}.yaml" for env in ENVIRONMENTS)}
    for pattern in ("config*.yaml", "config*.yml"):
        for path in sorted(around.config_dir.glob(pattern)):
            if path.name not in read_as:
                yield f"{path} is not read; what is read is {', '.join(sorted(read_as))}"
    if around.env == "live" and not (around.config_dir / "config.live.yaml").exists():
        yield f"{ENV} is live, but {around.config_dir / 'config.live.yaml'} does not exist"


def prepare_data_dir(loaded: Loaded) -> Path:
    """Make the data folder if it is missing, and make sure that it can be written to.

    A new folder can be read by its owner only.

    Returns:
        The folder.

    Raises:
        ConfigurationError: it cannot be made, is no folder, or cannot be written to.
    """
    folder = loaded.data_dir
    remedy = "Make it a folder that you may write to, or set KRAKEN_PIPELINE_DATA_DIR to one."
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError as wrong:
        raise ConfigurationError(f"the data folder {folder} is no folder. {remedy}") from wrong
    except OSError as wrong:
        raise ConfigurationError(
            f"the data folder {folder} cannot be made: {wrong.strerror}. {remedy}"
        ) from wrong
    try:
        # Asking for permissions would answer for the user, not for a full or read-only disk.
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"?")
    except OSError as wrong:
        raise ConfigurationError(
            f"the data folder {folder} cannot be written to: {wrong.strerror}. {remedy}"
        ) from wrong
    return folder
