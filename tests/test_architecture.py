"""The plan of the house, read from the source: layers, owners of libraries, sizes, docstrings, what `--help` loads."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from finhub_onboard.intake.checking.violation_codes import ViolationCode
from finhub_onboard.journey.codes import Code

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "pipeline"
PACKAGE = "finhub_onboard"
LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors", "texts", "small_files"),
    ("model",),
    ("events", "keys"),
    ("config",),
    ("finhub",),
    ("intake", "journey", "ledger", "outbound"),
    ("matching",),
    ("reports",),
    ("sandbox",),
    ("engine",),
    ("subscribers",),
    ("job",),
    ("commands", "rehearsal"),
    ("api", "monitor"),
    ("cli",),
    ("__main__",),
)
"""The whole rule: a package imports itself and what stands on an earlier line. Every module is on a line."""
WALLS = {
    "sandbox": ("errors", "small_files"),
    "reports.files": ("errors", "model", "texts"),
}
"""Package -> all that it may import besides itself: the practice bank shares no mistake with what it tests (how a named
file is read has nothing to do with the bank), and how a report looks knows the words only."""
INSIDE = {
    "ledger.sqlite": ("ledger.connect",),
    "journey.phases": ("journey.phase_table",),
    "outbound.pacing.pacer": ("engine.connection",),
    "engine.admission": ("engine.onboarding",),
}
"""Package -> who may import it besides itself: who chooses the ledger's adapter, the rate budget, the work source;
the table of all phases."""
CALLS_NAMED_BY = {
    "engine.gateway": {"LIST_DELIVERIES", "REGISTER", "UPLOAD_DOCUMENT"},  # which requests need more than the row
    "engine.refusal_scope": {"REGISTER"},  # which call takes a category
    "journey.restored": {"CHECK"},
    "journey.situation": {"CHECK"},
    "outbound.finished_customers": {"CHECK"},
    "outbound.hierarchy": {"HIERARCHY"},
    "outbound.subscription": {"CREATE_SUBSCRIPTION", "LIST_DELIVERIES"},
}
"""Module -> the calls that it names, beside the bank's contract and the phases."""
OWNERS = {
    "aiohttp": ("outbound.aiohttp_transport", "outbound.http1"),
    "aiolimiter": ("outbound.pacing",),
    "click": ("cli",),
    "cryptography": ("outbound.own_certificate",),
    "email_validator": ("intake",),
    "fcntl": ("ledger.sqlite", "reports.files"),
    "httptools": ("outbound.http1", "sandbox"),
    "httpx": ("outbound", "subscribers.channels"),
    "jinja2": ("monitor.page", "reports.files.page"),
    "markupsafe": ("monitor.page", "reports.files"),
    "opentelemetry": ("subscribers.telemetry",),
    "pandera": ("intake.checking",),
    "phonenumbers": ("intake",),
    "polars": ("intake", "api.results"),
    "pycountry": ("intake",),
    "pydantic": ("config",),
    "rapidfuzz": ("intake",),
    "charset_normalizer": ("intake.reading.encoding",),
    "compression": ("intake.reading.unpack",),
    "backports": ("intake.reading.unpack",),
    "openpyxl": ("intake.reading.workbook", "intake.reading.xlsx"),
    "requests": ("subscribers.telemetry",),
    "rich": ("cli.live", "cli.tables", "cli.watching"),
    "sqlite3": ("ledger.sqlite", "sandbox.store"),
    "starlette": ("monitor", "sandbox"),
    "tomllib": ("config", "sandbox.scenario"),
    "uvicorn": ("monitor", "sandbox"),
    "yarl": ("outbound.aiohttp_transport",),
}
"""Library -> the modules or packages that may import it."""
FREE = {"msgspec"}
MODULES = {
    ".".join(path.relative_to(SOURCES / PACKAGE).with_suffix("").parts).removesuffix("__init__").removesuffix("."): path
    for path in sorted((SOURCES / PACKAGE).rglob("*.py"))
}
"""Name below the package -> file; the package itself is the empty name."""


@cache
def tree(module: str) -> ast.Module:
    """Parse a module."""
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def imported(module: str, *, at_import_only: bool = False) -> Iterator[str]:
    """Name what a module imports: names below the package, or full names of other modules behind a ``:``.

    ``at_import_only``: neither inside functions nor for type checkers only.
    """
    inside: set[ast.AST] = set()
    if at_import_only:
        for node in ast.walk(tree(module)):
            is_for_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
            if is_for_types or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                inside.update(ast.walk(node))
    for node in ast.walk(tree(module)):
        if node in inside:
            continue
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            assert not any(name.split(".")[0] == PACKAGE for name in names), f"{module}: use from ... import"
            yield from (f":{name}" for name in names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute"
            assert node.module is not None
            top, _, below = node.module.partition(".")
            if top != PACKAGE:
                yield f":{node.module}"
                continue
            for alias in node.names:
                full = f"{below}.{alias.name}".removeprefix(".")
                yield full if full in MODULES else below


def within(module: str, owners: tuple[str, ...]) -> bool:
    """Tell whether a module is one of these or below one."""
    return any(module == owner or module.startswith(f"{owner}.") for owner in owners)


def layer_of(module: str) -> int:
    """Return the line of ``LAYERS`` that a module stands on; -1: the package itself, which all may import."""
    top = module.split(".", maxsplit=1)[0]
    return next((number for number, line in enumerate(LAYERS) if top in line), -1)


def test_there_is_something_to_look_at() -> None:
    """The tests below read real modules."""
    assert len(MODULES) > 150
    assert "model" in set(imported("journey.state"))


def test_every_module_is_on_a_line() -> None:
    """The table names each package and module at the top once, and nothing that is not there."""
    named = [name for line in LAYERS for name in line]
    assert sorted(named) == sorted({module.split(".")[0] for module in MODULES} - {""})


def test_imports_point_to_earlier_lines() -> None:
    """No arrow points up or to a neighbour on the same line."""
    wrong = [
        f"{module} imports {name}"
        for module in MODULES
        for name in imported(module)
        if module and not name.startswith(":") and name.split(".")[0] != module.split(".")[0]
        if layer_of(name) >= layer_of(module)
    ]
    assert wrong == []


@pytest.mark.parametrize("package", WALLS)
def test_walls_let_nothing_else_through(package: str) -> None:
    """What stands behind a wall imports itself and what the wall names."""
    wrong = [
        f"{module} imports {name}"
        for module in MODULES
        if within(module, (package,))
        for name in imported(module)
        if not name.startswith(":") and not within(name, (package, *WALLS[package]))
    ]
    assert wrong == []


@pytest.mark.parametrize("package", INSIDE)
def test_what_lies_inside_is_reached_by_one_way(package: str) -> None:
    """Everybody else names the port of the ledger, of the rate budget or of the work source, or the table of phases."""
    wrong = [
        f"{module} imports {name}"
        for module in MODULES
        if not within(module, (package, *INSIDE[package]))
        for name in imported(module)
        if within(name, (package,))
    ]
    assert wrong == []


def test_a_call_is_named_by_its_phase() -> None:
    """What a call means for a customer is decided in ``journey.phases``; the rest works on calls of any name."""
    named: dict[str, set[str]] = {}
    for module in MODULES:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "CallName":
                named.setdefault(module, set()).add(node.attr)
    assert {module: calls for module, calls in named.items() if not within(module, ("finhub", "journey.phases"))} == (
        CALLS_NAMED_BY
    )


def test_arrows_between_packages_are_few() -> None:
    """Packages and the modules beside them: whoever imports whom, counted once a pair."""
    arrows = {
        (module.split(".")[0], name.split(".")[0])
        for module in MODULES
        for name in imported(module)
        if module and name and not name.startswith(":")
    }
    assert len({(one, other) for one, other in arrows if one != other}) <= 124


def test_the_pure_modules_know_no_clock_file_or_socket() -> None:
    """What decides about a customer gets the time, the random source and the data handed in."""
    pure = (
        "model",
        "finhub.calls",
        "keys",
        "reports.projection",
        "journey.next_move",
        "journey.policy",
        "journey.state",
        "journey.traverse",
    )
    effects = {"time", "random", "os", "pathlib", "socket", "sqlite3", "asyncio", "threading", "secrets", "subprocess"}
    wrong = [
        f"{module} imports {name}"
        for module in pure
        for name in imported(module)
        if name.removeprefix(":").split(".")[0] in effects
    ]
    assert wrong == []


def test_each_library_has_its_owner() -> None:
    """A library is imported where DESIGN 5 says and nowhere else, and none is without an owner."""
    wrong, used = [], set()
    for module in MODULES:
        for top in (name[1:].split(".")[0] for name in imported(module) if name.startswith(":")):
            used.add(top)
            if top in OWNERS and not within(module, OWNERS[top]):
                wrong.append(f"{module} imports {top}")
            if top not in sys.stdlib_module_names and top not in {*OWNERS, *FREE}:
                wrong.append(f"{module} imports {top}, which has no owner")
    assert wrong == []
    assert set(OWNERS) - {"compression", "httptools"} <= used  # of a newer Python; uvicorn takes it by name


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


def test_a_module_is_short_and_says_what_it_is() -> None:
    """At most 300 lines, opened by a docstring, and so are its public classes and functions."""
    lines = {module: len(path.read_text(encoding="utf-8").splitlines()) for module, path in MODULES.items()}
    assert {module: count for module, count in lines.items() if count > 300} == {}
    nodes = (found for module in MODULES for found in public(module, tree(module)))
    assert [name for name, node in nodes if not ast.get_docstring(node)] == []


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
    assert makers == {"finhub.redact"}
    assert callers == {"finhub.refusals"}
    assert repliers == {"finhub.answers"}
    # And only these see a body at all, or a token's claims: everybody else gets what they made of it.
    for what, readers in {
        "msgspec.json.decode": {"finhub.json_fields"},
        "json_fields.decoded": {"finhub.answers", "finhub.tokens"},
    }.items():
        found = {module for module in MODULES if what in MODULES[module].read_text(encoding="utf-8")}
        assert {module for module in found if within(module, ("finhub", "outbound"))} == readers


def test_no_module_decides_by_a_bare_code() -> None:
    """A code is compared as a member of ``Code`` or ``ViolationCode``, and not by how it is written or begins.

    The sandbox knows nothing of the job.
    """
    codes = {*Code, *ViolationCode} - {Code.NONE}
    wrong = [
        f"{module}:{word.lineno} decides by {word.value!r}"
        for module in MODULES
        if not within(module, ("sandbox",))
        for word in decisive_words(tree(module))
        if word.value in codes
    ]
    wrong += [
        f"{module}:{node.lineno} decides by how a code begins"
        for module in MODULES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Attribute) and node.attr == "startswith" and ast.unparse(node.value).endswith(".code")
    ]
    assert wrong == []


def test_a_violation_code_is_written_once() -> None:
    """In its table; whoever gives or sorts one names the member."""
    written = [
        f"{module}:{node.lineno} writes {ast.unparse(node)}"
        for module in MODULES
        if within(module, ("intake", "reports", "matching", "commands")) and not module.endswith("violation_codes")
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Constant) and node.value in set(ViolationCode)
    ]
    assert written == []


def decisive_words(module: ast.Module) -> Iterator[ast.Constant]:
    """Find constants that something is compared with: operands, cases, elements of sets and of what is looked in."""
    for node in ast.walk(module):
        operands: list[ast.expr] = []
        if isinstance(node, ast.Compare):
            operands = [node.left, *node.comparators]
        elif isinstance(node, ast.MatchValue):
            operands = [node.value]
        elif isinstance(node, ast.Set):
            operands = node.elts
        for operand in operands:
            inner = operand.elts if isinstance(operand, ast.Tuple | ast.List) else [operand]
            yield from (word for word in inner if isinstance(word, ast.Constant))


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
        [sys.executable, "-X", "importtime", "-m", PACKAGE, "--help"],
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
