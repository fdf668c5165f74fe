"""The house rules that no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "regulars"
MODULES = sorted(PACKAGE.rglob("*.py"))

LONGEST = 400
MOST_IN_A_FOLDER = 12
SAYS_NOTHING = {"util", "utils", "helper", "helpers", "base", "common", "misc"}
HEAVY = ("ibis", "pandas", "pyarrow", "numpy", "scipy", "openpyxl", "duckdb", "altair", "vl_convert")

# Packages that are not installed by default, by the name they are imported by: the one kind of import, outside the
# command line's table of commands, that may stand inside a function.
OPTIONAL: frozenset[str] = frozenset({"sklearn", "threadpoolctl"})


def name_of(module: Path) -> str:
    return str(module.relative_to(PACKAGE))


def test_no_file_is_too_long_to_read():
    lengths = {name_of(module): len(module.read_text().splitlines()) for module in MODULES}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_no_folder_is_too_full_to_survey():
    files = Counter(module.parent for module in MODULES if module.name != "__init__.py")
    assert {name_of(folder): count for folder, count in files.items() if count > MOST_IN_A_FOLDER} == {}


PACKAGES = [module for module in MODULES if module.name == "__init__.py"]


@pytest.mark.parametrize("package", PACKAGES, ids=name_of)
def test_the_modules_that_a_package_lists_are_there(package: Path):
    listed = re.findall(r"^ *([a-z_]+(?:\.py|/))  ", ast.get_docstring(ast.parse(package.read_text())) or "", re.M)
    assert [name for name in listed if not (package.parent / name).exists()] == []


def test_every_name_says_something():
    named = {name_of(module): set(module.relative_to(PACKAGE).with_suffix("").parts) for module in MODULES}
    assert [name for name, words in named.items() if words & SAYS_NOTHING] == []


# Folders that hold the same roles of two things; and those whose modules show what a module of that name computes.
SIBLINGS = (
    {"warehouse/tables", "warehouse/facts", "warehouse/facts/orders"},
    {"forecast/purchases", "forecast/subscriptions"},
)
DOORS = {"cli", "reports"}


def test_no_module_name_stands_twice_but_for_the_same_role():
    folders: dict[str, set[str]] = {}
    for module in MODULES:
        if module.stem not in ("__init__", "__main__"):
            folders.setdefault(module.stem, set()).add(str(module.parent.relative_to(PACKAGE)))
    twice = set()
    for name, found in folders.items():
        shown = {folder for folder in found if folder.partition("/")[0] not in DOORS}
        if len(shown) > 1 and not any(shown <= siblings for siblings in SIBLINGS):
            twice.add(name)
    assert twice == set()


def test_no_cycles_between_modules():
    graph = grimp.build_graph("regulars", cache_dir=None)
    cycles = []
    for module in sorted(graph.modules):
        for imported in sorted(graph.find_modules_directly_imported_by(module)):
            back = graph.find_shortest_chain(imported, module)
            if back:
                cycles.append(" -> ".join((module, *back)))
    assert cycles == []


def imports_in_functions(tree: ast.Module) -> Iterator[ast.Import | ast.ImportFrom]:
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom))


def packages_of(node: ast.Import | ast.ImportFrom) -> set[str]:
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_imports_stand_at_the_top(module: Path):
    if module.is_relative_to(PACKAGE / "cli"):
        return
    hidden = [node for node in imports_in_functions(ast.parse(module.read_text())) if not packages_of(node) <= OPTIONAL]
    assert [f"line {node.lineno}: {ast.unparse(node)}" for node in hidden] == []


def test_the_command_line_imports_nothing_heavy_before_it_knows_the_command():
    code = f"import sys, regulars.cli; print(*sorted(set({HEAVY}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, [], "")


PIN = re.compile(r"^([\w.-]+)==(\S+) \\$")


def pins_of(name: str) -> dict[str, str]:
    pins = (PIN.match(line) for line in (ROOT / name).read_text().splitlines())
    return {canonicalize_name(pin[1]): pin[2] for pin in pins if pin}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_hold_pins_and_hashes_and_no_addresses(name: str):
    lines = (ROOT / name).read_text().splitlines()
    meant = re.compile(r"#|\s+#|[\w.-]+==\S+ \\$|    --hash=sha256:[0-9a-f]{64}( \\)?$")
    assert [line for line in lines if not meant.match(line) or "://" in line] == []


def test_everything_declared_is_pinned_at_a_version_it_allows():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = {
        "requirements.txt": project["dependencies"] + extras["build"],
        "requirements-dev.txt": project["dependencies"] + extras["build"] + extras["dev"],
    }
    wrong = [
        f"{name}: {requirement}"
        for name, requirements in wanted.items()
        for requirement in map(Requirement, requirements)
        if not requirement.specifier.contains(pins_of(name).get(canonicalize_name(requirement.name), "0"))
    ]
    assert wrong == []
    assert pins_of("requirements.txt").items() <= pins_of("requirements-dev.txt").items()
