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

from posix_only import MODULES as POSIX_MODULES
from posix_only import OS_NAMES, SIGNAL_NAMES

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


# What `regulars.open` leads to: a module imported only when it is used is what makes it start fast.
STARTS_FAST = {"__init__.py", "services/open_shop.py"}


def imports_in_functions(tree: ast.Module) -> Iterator[ast.Import | ast.ImportFrom]:
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom))


def packages_of(node: ast.Import | ast.ImportFrom) -> set[str]:
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_imports_stand_at_the_top(module: Path):
    if module.is_relative_to(PACKAGE / "cli") or name_of(module) in STARTS_FAST:
        return
    hidden = [node for node in imports_in_functions(ast.parse(module.read_text())) if not packages_of(node) <= OPTIONAL]
    assert [f"line {node.lineno}: {ast.unparse(node)}" for node in hidden] == []


def test_the_command_line_imports_nothing_heavy_before_it_knows_the_command():
    code = f"import sys, regulars.cli; print(*sorted(set({HEAVY}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, [], "")


# What is not the same on every system although it is there: it fails, or does something else. os.kill ends a process.
DIFFERS = {"os": {*OS_NAMES, "fsync", "kill", "link", "rename", "replace"}, "signal": SIGNAL_NAMES}


def tied_to_a_system(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names) if {alias.name.partition(".")[0] for alias in names} & {
                *POSIX_MODULES,
                "msvcrt",
            }:
                yield f"line {node.lineno}: {ast.unparse(node)}"
            case ast.ImportFrom(module=str(module), names=names) if module in {*POSIX_MODULES, "msvcrt"} or {
                alias.name for alias in names
            } & {*DIFFERS.get(module, ())}:
                yield f"line {node.lineno}: {ast.unparse(node)}"
            case ast.Attribute(value=ast.Name(id="os" | "signal" as module), attr=name) if name in DIFFERS[module]:
                yield f"line {node.lineno}: {module}.{name}"
            case (
                ast.Attribute(value=ast.Name(id="sys"), attr="platform")
                | ast.Attribute(value=ast.Name(id="os"), attr="name")
            ):
                yield f"line {node.lineno}: {ast.unparse(node)}"
            # str.replace takes two texts and date.replace names: this is a path's, which Windows refuses for open files.
            case ast.Call(func=ast.Attribute(value=owner, attr="replace"), args=[_], keywords=[]) if (
                not isinstance(owner, ast.Name) or owner.id != "disk"
            ):
                yield f"line {node.lineno}: {ast.unparse(node)}"


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_only_one_folder_knows_the_operating_system(module: Path):
    if not module.is_relative_to(PACKAGE / "system"):
        assert list(tied_to_a_system(ast.parse(module.read_text()))) == []


@pytest.mark.parametrize(
    "code",
    [
        "import fcntl", "import os, pwd", "from resource import getrusage", "from os import fork, path", "os.getuid()",
        "os.O_CLOEXEC", "signal.SIGHUP", "staged.replace(file)", "os.kill(1, 0)", "sys.platform == 'win32'",
    ],
)  # fmt: skip
def test_what_is_tied_to_a_system_is_found(code: str):
    assert len(list(tied_to_a_system(ast.parse(code)))) == 1


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


# Words that are not terms of the field, each with the term to use. They are refused anywhere in a name: as `wish` is in
# `wish_of` and in `Wish`.
REFUSED_WORDS = {
    "album": "html_report",
    "asking": "execute",
    "books": "result, load_history",
    "bringing": "renewal_value",
    "choosing": "model_selection",
    "doomed": "rejected",
    "edition": "version",
    "finished": "complete",
    "hindsight": "actuals",
    "houses": "the term of what it holds",
    "insist": "require",
    "judge": "validate",
    "judged": "validated, evaluated",
    "judgement": "validation",
    "lives": "renewal_history",
    "making": "run, pipeline",
    "ripe": "mature",
    "ripens": "maturity",
    "rooms": "limits, workspace",
    "said": "what was stated: actual, record, value",
    "shelf": "store",
    "silence": "inactivity",
    "stake": "risk",
    "tidied": "normalized",
    "tidy": "normalize",
    "told": "known attributes",
    "unheard": "broken pipe",
    "wish": "options",
    "wishes": "options",
}
# Words refused as a whole name only: longer names may use them in their usual sense, such as `last_seen` and `one_sided`.
REFUSED_NAMES = {
    "asked": "what it holds: query, requested",
    "came": "actual",
    "found": "what it holds: rows, matches, expression",
    "given": "what it holds: value, path, column",
    "gone": "removed",
    "heads": "order_headers",
    "heard": "what it holds: signals, answers",
    "mine": "own, of this one",
    "nobody": "what it holds: unidentified, no_customers",
    "one": "what it holds: row, customer, group",
    "ours": "own",
    "seen": "known, processed",
    "sheets": "tables",
    "somebody": "what it holds: person, customer",
    "theirs": "other",
}
# Folders in which a refused word is a term of the field.
USUAL = {("load", "sheets")}  # of an XLSX workbook


def names_in(tree: ast.Module) -> Iterator[str]:
    """The names of classes, functions, parameters, variables and attributes that a module defines."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case ast.alias(asname=str(name)) | ast.ExceptHandler(name=str(name)):
                yield name
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                yield name


def refused_in(name: str) -> set[str]:
    """The refused words that a name is or holds."""
    words = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}
    return (words & REFUSED_WORDS.keys()) | ({name.strip("_").lower()} & REFUSED_NAMES.keys())


def test_refused_names_are_recognised_in_every_place_that_names_something():
    module = """
class Wish:
    told: int
def found(given, *said, seen=1, **asked):
    for one in (ours := given):
        self.gone = lambda mine: [theirs for theirs in mine]
    with open() as heard, other() as (heads, last_seen):
        import json as silence
    match given:
        case [somebody, *nobody] | {"key": came, **sheets}: pass
    try: pass
    except OSError as _tidied: pass
    found.read(found_rows=insisted)
"""
    refused = set().union(*(refused_in(name) for name in names_in(ast.parse(module))))
    assert refused == {
        *("wish", "told", "found", "given", "said", "seen", "asked", "one", "ours", "gone", "mine", "theirs", "heard"),
        *("heads", "silence", "somebody", "nobody", "came", "sheets", "tidied"),
    }


FOLDERS = sorted({str(module.parent.relative_to(PACKAGE)) for module in MODULES})


@pytest.mark.parametrize("folder", FOLDERS)
def test_names_are_terms_of_the_field(folder: str):
    """A refused word needs another name."""
    places: dict[str, set[str]] = {}
    for module in (PACKAGE / folder).glob("*.py"):
        for name in {*names_in(ast.parse(module.read_text())), module.stem, module.parent.name}:
            for word in refused_in(name):
                places.setdefault(word, set()).add(f"{module.name}: {name}")
    usual = {word for top, word in USUAL if Path(folder).is_relative_to(top)}
    terms = REFUSED_WORDS | REFUSED_NAMES
    refused = {word: (sorted(names), f"say: {terms[word]}") for word, names in places.items() if word not in usual}
    assert refused == {}
