"""What no linter checks: floats in the domain, who approves, where the exchange's address is."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGE = REPOSITORY / "kraken_pipeline"
TESTS = REPOSITORY / "kraken_pipeline_tests"
MODULES = sorted(PACKAGE.rglob("*.py"))
DOMAIN = [each for each in MODULES if each.is_relative_to(PACKAGE / "domain")]
DECIDING = [
    each
    for each in MODULES
    if each.name != "__init__.py"
    and any(each.is_relative_to(PACKAGE / name) for name in ("domain", "strategies"))
]
ADDRESS = "api.kraken.com"
MAY_NAME_THE_ADDRESS = {
    PACKAGE / "kraken" / "live.py",
    # whoever uses it asks public paths by GET and has no key; a test holds it to that
    PACKAGE / "simulator" / "mirror" / "address.py",
}
OF_SEVERAL = ("cases", "kills", "live", "simulation", "third_party", "year")
TREE_OF_ITS_OWN = {TESTS, *(TESTS / each for each in OF_SEVERAL)}
"""Tests of more than one module stand here."""


def tree(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"), filename=str(module))


def name_of(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def called(node: ast.AST) -> str:
    """Return the name that a call calls; empty where the node is no call of a name."""
    if not isinstance(node, ast.Call):
        return ""
    return str(getattr(node.func, "id", "") or getattr(node.func, "attr", ""))


def floats_in(module: Path) -> Iterator[int]:
    """Yield the lines that write a float or make one."""
    for node in ast.walk(tree(module)):
        is_literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
        if isinstance(node, ast.expr) and (is_literal or called(node) == "float"):
            yield node.lineno


@pytest.mark.parametrize("module", DOMAIN, ids=name_of)
def test_no_float_is_written_or_made_in_the_domain(module: Path) -> None:
    assert list(floats_in(module)) == []


@pytest.mark.parametrize(
    ("proof", "maker"),
    [
        ("Approved", "kraken_pipeline/domain/risk/__init__.py"),
        ("Cleared", "kraken_pipeline/domain/preflight.py"),
    ],
)
def test_only_a_gate_gives_the_proof_that_it_was_passed(proof: str, maker: str) -> None:
    makers = {
        name_of(module)
        for module in MODULES
        if any(called(node) == proof for node in ast.walk(tree(module)))
    }

    assert makers == {maker}


def test_where_real_orders_go_stands_in_one_module() -> None:
    naming = {each for each in MODULES if ADDRESS in each.read_text(encoding="utf-8")}

    assert naming <= MAY_NAME_THE_ADDRESS


@pytest.mark.parametrize(
    ("entrance", "others"),
    [
        ("cli", ["cryptography"]),
        ("panic", []),
        ("cli.backtest", ["cryptography", "kraken_pipeline.wiring.stores"]),
    ],
)
def test_a_command_starts_without_dagster_and_without_pandas(
    entrance: str, others: list[str]
) -> None:
    told = f"import sys, kraken_pipeline.{entrance}; print(*sys.modules)"

    loaded = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )

    assert {"dagster", "pandas", *others}.isdisjoint(loaded.stdout.split())


def test_every_test_stands_where_its_subject_stands() -> None:
    folders = {each.parent for each in TESTS.rglob("test_*.py")} - TREE_OF_ITS_OWN
    subjects = {each: PACKAGE / each.relative_to(TESTS) for each in folders}

    lost = [
        name_of(folder)
        for folder, subject in subjects.items()
        if not subject.is_dir() and not subject.with_suffix(".py").is_file()
    ]

    assert lost == []


def test_every_folder_of_tests_is_a_package() -> None:
    bare = {each.parent for each in TESTS.rglob("*.py")} - {
        each.parent for each in TESTS.rglob("__init__.py")
    }

    assert bare == set()


@pytest.mark.parametrize("module", DECIDING, ids=name_of)
def test_every_module_that_decides_something_has_tests(module: Path) -> None:
    decides = any(isinstance(node, ast.FunctionDef) for node in ast.walk(tree(module)))
    test = TESTS / module.relative_to(PACKAGE).with_name(f"test_{module.name}")

    assert test.is_file() or not decides
