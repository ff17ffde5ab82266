"""What a run of the simulator may take from the machine, and where: all else repeats itself."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import kraken_pipeline.simulator

PACKAGE = Path(kraken_pipeline.simulator.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
MACHINE = {
    *("time", "random", "secrets", "uuid", "os", "fcntl", "socket", "select", "signal", "asyncio"),
    *("threading", "multiprocessing", "concurrent", "queue", "subprocess", "tempfile", "platform"),
    *("uvicorn", "websockets", "requests", "httpx", "locale", "getpass", "contextvars", "gc"),
}
SEAMS: Mapping[str, set[str]] = {
    "machine.py": {"time", "secrets"},  # the seam for both
    "options.py": {"secrets"},  # a new key, before anything runs
    "journal.py": {"os", "fcntl"},  # the only files
    "nonces.py": {"os"},  # in a file that the journal opens
    # the server and whoever runs it
    "__main__.py": {"os"},
    "program.py": {"asyncio", "os", "signal", "socket", "threading"},
    "rest.py": {"asyncio", "socket", "threading", "uvicorn"},
    "server.py": {"asyncio", "socket", "uvicorn"},
    "connections.py": {"asyncio", "os", "socket", "uvicorn"},
    "faults/delivery.py": {"asyncio"},
    "stream/route.py": {"asyncio"},
    "stream/connection.py": {"asyncio"},
    "stream/station.py": {"asyncio"},
    # locks against other threads, never waits
    "faults/faults.py": {"threading"},
    "stream/private.py": {"threading"},
    "tokens.py": {"threading"},
    # another exchange, and the thread that asks it
    "waiting.py": {"asyncio"},
    "mirror/upstream.py": {"requests", "threading"},
    "mirror/source.py": {"queue", "threading"},
    "mirror/follower.py": {"threading"},
    "mirror/crowd.py": {"queue"},
}
CLOCK = "clock.py"
"""The one module that reads what time it is."""
UNREPEATABLE = {"hash", "id", "urandom", "getpid", "default_rng"}
TODAY = {"now", "utcnow", "today"}
"""Of a `datetime`; what is asked of the exchange's clock is another matter."""
FOLDERS = {"glob", "rglob", "iterdir", "listdir", "scandir"}
ORDER_FREE = {"sorted", "min", "max", "any", "all", "len", "set", "frozenset", "Counter"}
"""What comes out the same in whatever order it is fed."""
IN_ORDER = {"list", "tuple", "iter", "enumerate", "zip", "map", "filter", "next", "fromkeys"} | {
    *("join", "reversed", "deque", "extend", "chain", "sum", "array", "asarray"),
}
SET_METHODS = {"union", "intersection", "difference", "symmetric_difference"}


def name_of(module: Path) -> str:
    return module.relative_to(PACKAGE).as_posix()


def tree(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"), filename=str(module))


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def called(node: ast.AST) -> str:
    """Return the last name of what a call calls; empty where the node is no call."""
    function = node.func if isinstance(node, ast.Call) else None
    return str(getattr(function, "id", "") or getattr(function, "attr", ""))


def unrepeatable(found: ast.AST) -> Iterator[int]:
    """Yield the lines that ask the machine for what is another in each run."""
    for node in ast.walk(found):
        if isinstance(node, ast.Attribute) and node.attr == "random":  # numpy's
            yield node.lineno
        name = called(node)
        if not isinstance(node, ast.Call) or name not in UNREPEATABLE | TODAY:
            continue
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        if name in UNREPEATABLE or (owner is not None and _bare(owner) in {"datetime", "date"}):
            yield node.lineno


def unordered(found: ast.AST) -> Iterator[int]:
    """Yield the lines that take a set or a folder one by one, in the order of this run."""
    named = {name for node in ast.walk(found) for name in _named_sets(node)}
    harmless = {
        id(argument)
        for node in ast.walk(found)
        if isinstance(node, ast.Call) and called(node) in ORDER_FREE
        for argument in node.args
    }
    for node in ast.walk(found):
        for taken in _taken(node, harmless):
            if _is_set(taken, named) or called(taken) in FOLDERS:
                yield taken.lineno


def _named_sets(node: ast.AST) -> Iterator[str]:
    """Yield the name that a statement gives to a set."""
    if isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
        kind = ast.unparse(node.annotation)
        if kind.startswith(("set[", "frozenset[", "Final[set[", "Final[frozenset[")):
            yield _bare(node.target if isinstance(node, ast.AnnAssign) else node)
    if isinstance(node, ast.Assign | ast.AnnAssign) and _is_set(node.value, set()):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from map(_bare, targets)


def _bare(node: ast.AST) -> str:
    return str(getattr(node, "id", "") or getattr(node, "attr", "") or getattr(node, "arg", ""))


def _is_set(node: ast.AST | None, named: set[str]) -> bool:
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.BitXor):
        parts = (node.left, node.right)
        return any(_is_set(part, named) or called(part) == "keys" for part in parts)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        return _is_set(node.left, named) or called(node.left) == "keys"
    if isinstance(node, ast.Call):
        return called(node) in {"set", "frozenset"} | SET_METHODS
    return node is not None and _bare(node) in named - {""}


def _taken(node: ast.AST, harmless: set[int]) -> Iterator[ast.expr]:
    """Yield what a node takes one by one, in order."""
    if isinstance(node, ast.For):
        yield node.iter
    if (
        isinstance(node, ast.ListComp | ast.DictComp | ast.GeneratorExp)
        and id(node) not in harmless
    ):
        yield from (each.iter for each in node.generators)
    if isinstance(node, ast.Starred):
        yield node.value
    if isinstance(node, ast.Call) and called(node) in IN_ORDER:
        yield from node.args


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_only_the_seams_take_anything_from_the_machine(module: Path) -> None:
    taken = {
        name.partition(".")[0]
        for node in ast.walk(tree(module))
        for name in imported(node)
        if name.partition(".")[0] in MACHINE
    }

    assert taken == SEAMS.get(name_of(module), set())


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_nothing_is_asked_that_is_another_in_each_run(module: Path) -> None:
    assert list(unrepeatable(tree(module))) == [] or name_of(module) == CLOCK


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_nothing_goes_by_the_order_of_a_set_or_a_folder(module: Path) -> None:
    assert list(unordered(tree(module))) == []


@pytest.mark.parametrize(
    "broken",
    [
        "for key in before.keys() | after.keys(): tell(key)",
        "rows = [each for each in {a, b}]",
        "text = ','.join(set(names))",
        "names: set[str] = made()\nfirst = next(iter(names))",
        "FLAGS = frozenset(given)\ntold = [*FLAGS]",
        "for path in folder.glob('*.csv'): read(path)",
        "total = sum(each for each in found.union(more))",
        "def told(names: frozenset[str]): return list(names)",
    ],
)
def test_the_check_finds_an_order_that_is_another_in_each_run(broken: str) -> None:
    assert list(unordered(ast.parse(broken))) != []


@pytest.mark.parametrize(
    "sound",
    [
        "for key in sorted(before.keys() | after.keys()): tell(key)",
        "known = ', '.join(sorted(set(names)))",
        "fine = any(each > 0 for each in {a, b})",
        "for key in dict.fromkeys([*before, *after]): tell(key)",
        "for path in sorted(folder.glob('*.csv')): read(path)",
    ],
)
def test_the_check_leaves_alone_what_is_put_in_order(sound: str) -> None:
    assert list(unordered(ast.parse(sound))) == []


@pytest.mark.parametrize(
    "broken",
    [
        "at = datetime.now(UTC)",
        "name = hash(text)",
        "rank = id(order)",
        "os.urandom(8)",
        "np.random.rand()",
    ],
)
def test_the_check_finds_what_is_another_in_each_run(broken: str) -> None:
    assert list(unrepeatable(ast.parse(broken))) != []


def test_the_check_lets_the_exchanges_own_clock_be_read() -> None:
    assert list(unrepeatable(ast.parse("now = self.exchange.clock.now(); clock().now()"))) == []
