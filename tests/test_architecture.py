"""The shape of DESIGN 5, read from the source: layers, owners of libraries, sizes, docstrings, what `--help` loads."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "pipeline"
STAGES = ("intake", "journey", "ledger", "outbound", "reports", "sandbox")
WORDS = (
    "addresses",
    "calls",
    "config",
    "errors",
    "events",
    "keys",
    "model",
    "profile",
    "seeds",
    "settings",
    "small_files",
    "texts",
)
"""The bottom: words and pure rules that every stage may use."""
OWNERS = {
    "aiolimiter": ("pipeline.outbound",),
    "click": ("pipeline.cli", "pipeline.cli_ledger", "pipeline.cli_parts"),
    "email_validator": ("pipeline.intake",),
    "fcntl": ("pipeline.ledger", "pipeline.reports"),
    "httptools": ("pipeline.sandbox",),
    "httpx": ("pipeline.outbound",),
    "pandera": ("pipeline.intake",),
    "phonenumbers": ("pipeline.intake",),
    "polars": ("pipeline.intake",),
    "puremagic": ("pipeline.intake",),
    "pycountry": ("pipeline.intake",),
    "pydantic": ("pipeline.config", "pipeline.profile", "pipeline.settings"),
    "pyreqwest": ("pipeline.outbound",),
    "rapidfuzz": ("pipeline.intake",),
    "charset_normalizer": ("pipeline.intake.encoding",),
    "compression": ("pipeline.intake.unpack",),
    "backports": ("pipeline.intake.unpack",),
    "openpyxl": ("pipeline.intake.workbook", "pipeline.intake.xlsx"),
    "rich": ("pipeline.console",),
    "sqlite3": ("pipeline.ledger", "pipeline.sandbox.store"),
    "starlette": ("pipeline.sandbox",),
    "tomllib": ("pipeline.config", "pipeline.sandbox.scenario"),
    "uvicorn": ("pipeline.sandbox",),
}
"""Library -> the modules or packages that may import it."""
FREE = {"msgspec"}
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}


@cache
def tree(module: str) -> ast.Module:
    """Parse a module."""
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def imported(module: str, *, at_import_only: bool = False) -> Iterator[str]:
    """Name what a module imports, as full names of modules; ``at_import_only``: not inside functions."""
    inside: set[ast.AST] = set()
    if at_import_only:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                inside.update(ast.walk(node))
    for node in ast.walk(tree(module)):
        if node in inside:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute"
            assert node.module is not None
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in MODULES else node.module


def within(module: str, owners: tuple[str, ...]) -> bool:
    """Tell whether a module is one of these or below one."""
    return any(module == owner or module.startswith(f"{owner}.") for owner in owners)


def stage_of(module: str) -> str:
    """Return the stage that a module belongs to, if any."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in STAGES else ""


def test_there_is_something_to_look_at() -> None:
    """The tests below read real modules."""
    assert len(MODULES) > 60
    assert {stage_of(module) for module in MODULES} == {"", *STAGES}
    assert "pipeline.model" in set(imported("pipeline.journey.state"))


def test_stages_do_not_import_each_other() -> None:
    """Joiners join the stages: a stage imports itself and the words, nothing else of the package."""
    allowed = tuple(f"pipeline.{word}" for word in WORDS)
    wrong = [
        f"{module} imports {name}"
        for module in MODULES
        if (stage := stage_of(module))
        for name in imported(module)
        if name.startswith("pipeline.") and not within(name, (f"pipeline.{stage}", *allowed))
    ]
    assert wrong == []


def test_the_sandbox_knows_nothing_of_the_job() -> None:
    """The other side imports only the errors, so that it cannot share a mistake with what it tests.

    How a file that somebody names is read has nothing to do with the bank.
    """
    allowed = ("pipeline.sandbox", "pipeline.errors", "pipeline.small_files")
    wrong = [
        f"{module} imports {name}"
        for module in MODULES
        if stage_of(module) == "sandbox"
        for name in imported(module)
        if name.startswith("pipeline") and not within(name, allowed)
    ]
    assert wrong == []


def test_the_words_import_no_stage_and_no_joiner() -> None:
    """Imports point down."""
    allowed = tuple(f"pipeline.{word}" for word in WORDS)
    wrong = [
        f"{word} imports {name}"
        for word in WORDS
        for name in imported(f"pipeline.{word}")
        if name.startswith("pipeline") and not within(name, allowed)
    ]
    assert wrong == []


def test_the_pure_modules_know_no_clock_file_or_socket() -> None:
    """What decides about a customer gets the time, the random source and the data handed in."""
    pure = (
        "model",
        "calls",
        "keys",
        "projection",
        "journey.moves",
        "journey.policy",
        "journey.state",
        "journey.traverse",
    )
    effects = {"time", "random", "os", "pathlib", "socket", "sqlite3", "asyncio", "threading", "secrets", "subprocess"}
    wrong = [
        f"{module} imports {name}"
        for module in pure
        for name in imported(f"pipeline.{module}")
        if name.split(".")[0] in effects
    ]
    assert wrong == []


def test_each_library_has_its_owner() -> None:
    """A library is imported where DESIGN 5 says and nowhere else, and none is without an owner."""
    wrong, used = [], set()
    for module in MODULES:
        for name in imported(module):
            top = name.split(".")[0]
            used.add(top)
            if top in OWNERS and not within(module, OWNERS[top]):
                wrong.append(f"{module} imports {top}")
            foreign = top not in sys.stdlib_module_names and top not in {*OWNERS, *FREE, "pipeline"}
            if foreign:
                wrong.append(f"{module} imports {top}, which has no owner")
    assert wrong == []
    assert {"click", "httpx", "sqlite3", "polars", "pandera", "rich", "starlette", "pydantic"} <= used


def test_there_are_no_import_cycles() -> None:
    """Importing any module first works: no chain of imports at module level leads back to its start."""
    edges = {
        module: {name for name in imported(module, at_import_only=True) if name in MODULES and name != module}
        for module in MODULES
    }
    done: set[str] = set()

    def visit(module: str, chain: tuple[str, ...]) -> None:
        assert module not in chain, f"a cycle: {' > '.join((*chain[chain.index(module) :], module))}"
        if module not in done:
            for name in sorted(edges[module]):
                visit(name, (*chain, module))
            done.add(module)

    for module in MODULES:
        visit(module, ())


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_module_is_short_and_says_what_it_is(module: str) -> None:
    """At most 300 lines, opened by a docstring, and so are its public classes and functions."""
    lines = MODULES[module].read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 300, f"{module} has {len(lines)} lines"
    silent = [name for name, node in public(module, tree(module)) if not ast.get_docstring(node)]
    assert silent == []


def public(
    name: str, node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
) -> Iterator[tuple[str, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Name a module and the public classes, functions and methods in it; not what stands inside a function."""
    yield name, node
    inner = node.body if isinstance(node, ast.Module | ast.ClassDef) else []
    for child in (one for one in inner if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)):
        if not child.name.startswith("_"):
            yield from public(f"{name}.{child.name}", child)


def test_words_of_the_bank_have_one_way_in() -> None:
    """Only the redactor makes ``Redacted``, the type of a reply's message; who calls it and who replies is one each."""
    makers, callers, repliers = set(), set(), set()
    for module in MODULES:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                given = {keyword.arg for keyword in node.keywords}
                nothing = bool(node.args) and ast.unparse(node.args[0]) == "''"
                makers |= {module} if node.func.id == "Redacted" and not nothing else set()
                repliers |= {module} if node.func.id == "Reply" and "message" in given else set()
                callers |= {module} if node.func.id == "redact_all" else set()
    assert makers == {"pipeline.outbound.redact"}
    assert callers == {"pipeline.outbound.refusals"}
    assert repliers == {"pipeline.outbound.answers"}
    # And only these two see a body at all: everybody else gets what they made of it.
    readers = {module for module in MODULES if "msgspec.json.decode" in MODULES[module].read_text(encoding="utf-8")}
    assert {module for module in readers if stage_of(module) == "outbound"} == {"pipeline.outbound.answers"}


def test_nothing_happens_at_import() -> None:
    """Module level holds definitions and constants: no loop, no ``with``, no bare call."""
    allowed = (
        ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign
    )
    wrong = []
    for module in MODULES:
        if module.endswith("__main__"):
            continue
        for node in tree(module).body:
            text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            # What only type checkers import, and what is part of Python from some version on.
            guard = isinstance(node, ast.If) and re.search("TYPE_CHECKING|version_info", ast.dump(node.test))
            if not (isinstance(node, allowed) or text or guard):
                wrong.append(f"{module}:{node.lineno}")
    assert wrong == []


def test_help_loads_nothing_heavy() -> None:
    """`onboard --help` answers at once because polars, pandera, httpx, pydantic and the like wait until needed."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pipeline", "--help"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
        timeout=60,
    )
    loaded = {line.rpartition("|")[2].strip().split(".")[0] for line in done.stderr.splitlines() if "|" in line}
    assert "click" in loaded
    heavy = set(OWNERS) - {"click", "fcntl", "tomllib"} | {"asyncio"}
    assert loaded & heavy == set()
    assert "Usage" in done.stdout
