"""`strategy new`: a package with a strategy of one's own, whose tests pass as it is written."""

import re
import sys
from importlib.resources import files
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path
from string import Template
from types import MappingProxyType
from typing import Final

from kraken_pipeline.cli.output import print_json
from kraken_pipeline.domain.errors import ConfigurationError, InvalidValueError
from kraken_pipeline.wiring.strategies import GROUP, kinds

NAME: Final = re.compile(r"[a-z][a-z0-9_]{1,38}[a-z0-9]")
FILES: Final = MappingProxyType(
    {"pyproject.toml": "pyproject.txt", "{name}.py": "module.txt", "test_{name}.py": "test.txt"}
)
"""What is written, to the template that it is made of."""


def write_package(name: str, into: Path, *, as_json: bool) -> None:
    """Write a package that brings a strategy, and say how to go on.

    Args:
        name: of the strategy.
        into: the folder in which its own is made.
        as_json: for programs.

    Raises:
        InvalidValueError: the name cannot be one, is taken, or its folder is there already.
        ConfigurationError: two packages bring a strategy of the same name, or the folder cannot be
            written.
    """
    _require_a_name(name)
    folder = into.expanduser() / name
    if folder.exists():
        raise InvalidValueError(f"{folder} is there already: choose another name or --into")
    if find_spec(name) is not None:
        raise InvalidValueError(f"there is a Python module {name!r} already: choose another name")
    try:
        _write(name, folder)
    except OSError as failure:
        raise ConfigurationError(
            f"--into is {str(into)!r}, which cannot be written: {failure.strerror}"
        ) from failure
    if as_json:
        print_json({"strategy": name, "folder": str(folder)})
    else:
        sys.stdout.write(_next_steps(name, folder))


def _write(name: str, folder: Path) -> None:
    folder.mkdir(parents=True)
    words = {
        "name": name,
        "dashed": name.replace("_", "-"),
        "title": name.replace("_", " ").capitalize(),
        "group": GROUP,
    }
    templates = files("kraken_pipeline.cli") / "template"
    for target, source in FILES.items():
        told = Template((templates / source).read_text(encoding="utf-8")).substitute(words)
        (folder / target.format(name=name)).write_text(told, encoding="utf-8")


def _require_a_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise InvalidValueError(
            f"{name!r} cannot be a strategy's name: use 3 to 40 small letters, digits and "
            "underscores, a letter first, such as my_trend"
        )
    if name in kinds().names:
        raise InvalidValueError(f"there is a strategy {name!r} already: choose another name")
    if iskeyword(name):
        raise InvalidValueError(f"{name!r} is a word of Python's own: choose another name")
    if name in sys.stdlib_module_names:
        raise InvalidValueError(f"{name!r} is a module of Python's own: choose another name")


def _next_steps(name: str, folder: Path) -> str:
    return (
        f"wrote {folder}\n"
        f"try it:      pytest {folder}\n"
        f"install it:  pip install -e {folder}\n"
        f"look at it:  kraken-pipeline strategy check {name}\n"
        f"run it:      add {name} to strategies.enabled in config.yaml\n"
    )
