"""Every connection of the program is closed: no file, no network and no extension but what it is there for."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import duckdb
import ibis
import pytest

from regulars.load.workspace import Workspace
from regulars.vocabulary.machine import Machine
from regulars.warehouse.versions.connection import connect, connect_in_memory

SOURCE = Path(__file__).resolve().parents[2] / "src" / "regulars"
OPENS = SOURCE / "warehouse" / "versions" / "connection.py"

Connection = duckdb.DuckDBPyConnection


def opened(tree: ast.AST) -> Iterator[str]:
    """What of DuckDB a module uses other than its classes: each opens a connection, or asks the process's own open one."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name("duckdb"), attr=name) if name[0].islower() and callable(
                getattr(duckdb, name, None)
            ):
                yield f"{ast.unparse(node)} in line {node.lineno}"
            case ast.Attribute(value=where, attr="connect") if ast.unparse(where) in ("ibis", "ibis.duckdb"):
                yield f"{ast.unparse(node)} in line {node.lineno}"
            case ast.Import(names=names) if any(_is_other_name(name) for name in names):
                yield f"{ast.unparse(node)} in line {node.lineno}"
            case ast.ImportFrom(module="ibis", names=names) if any(
                name.name in ("duckdb", "connect") for name in names
            ):
                yield f"{ast.unparse(node)} in line {node.lineno}"
            case ast.ImportFrom(module="duckdb" | "_duckdb"):
                yield f"{ast.unparse(node)} in line {node.lineno}"


def _is_other_name(name: ast.alias) -> bool:
    return name.name == "_duckdb" or (name.name in ("duckdb", "ibis") and name.asname not in (None, name.name))


def test_one_module_opens_connections():
    """Of the program: bench/ compares with plain DuckDB, and tests/ look at files beside it, with connections of their own."""
    found = {str(file.relative_to(SOURCE)): list(opened(ast.parse(file.read_text()))) for file in SOURCE.rglob("*.py")}
    assert {name for name, lines in found.items() if lines} == {str(OPENS.relative_to(SOURCE))}, found


@pytest.mark.parametrize(
    "code",
    [
        *(
            "duckdb.connect()",
            "duckdb.sql('1')",
            "ibis.duckdb.connect()",
            "ibis.connect('x')",
            "from duckdb import connect",
        ),
        *("import duckdb as db", "import ibis as i", "from ibis import duckdb", "import _duckdb"),
    ],
)
def test_the_search_finds_every_way_to_open_one(code: str):
    assert list(opened(ast.parse(code)))


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    (tmp_path / "elsewhere").mkdir()
    file = tmp_path / "elsewhere" / "secret.csv"
    file.write_text("a,b\n1,2\n")
    duckdb.sql(f"COPY (SELECT 1 AS a) TO '{file.with_suffix('.parquet')}'")
    return file


def reading(folder: Path) -> Connection:
    connect(folder / "shop.duckdb", read_only=False).close()
    return connect(folder / "shop.duckdb", read_only=True)


OPENED: dict[str, Callable[[Path], AbstractContextManager[Connection]]] = {
    "writer": lambda folder: connect(folder / "shop.duckdb", read_only=False),
    "reader": reading,
    "second reader": lambda folder: [reading(folder), connect(folder / "shop.duckdb", read_only=True)][1],
    "small machine": lambda folder: connect(
        folder / "shop.duckdb", read_only=False, machine=Machine(memory_limit="100MB", spill_limit="1GB", threads=1)
    ),
    "in memory": lambda _: connect_in_memory(),
    "in memory, with a file": lambda folder: connect_in_memory([folder / "mine.csv"]),
    "writer, with a file": lambda folder: connect(folder / "shop.duckdb", read_only=False, reads=[folder / "mine.csv"]),
    "cursor": lambda folder: connect(folder / "shop.duckdb", read_only=False).cursor(),
}

REFUSED = [
    "FROM read_csv('{file}')",
    "FROM '{file}'",
    "FROM read_text('{file}')",
    "FROM read_blob('{file}')",
    "FROM read_json('{file}')",
    "FROM read_parquet('{parquet}')",
    "SELECT exists(FROM read_text('{file}'))",
    "FROM glob('{folder}/*')",
    "FROM read_csv('work/../elsewhere/secret.csv')",
    "COPY (SELECT 1) TO '{folder}/out.csv'",
    "EXPORT DATABASE '{folder}/out'",
    "ATTACH '{folder}/other.duckdb' AS other",
    "INSTALL httpfs",
    "LOAD httpfs",
    "INSTALL prophet FROM community",
    "FROM read_csv('http://127.0.0.1:9/x.csv')",
    "FROM postgres_scan('', 'public', 'x')",
    "CREATE PERSISTENT SECRET s (TYPE S3, KEY_ID 'x', SECRET 'y')",
    "SELECT getenv('HOME')",
    "SET enable_external_access = true",
    "SET GLOBAL allowed_directories = ['/']",
    "SET GLOBAL allowed_configs = ['threads']",
    "SET lock_configuration = false",
    "SET autoinstall_known_extensions = true",
    "SET temp_directory = '{folder}'",
    "RESET enable_external_access",
]


@pytest.mark.parametrize("opening", OPENED.values(), ids=OPENED.keys())
def test_nothing_outside_is_reached(opening: Callable[[Path], AbstractContextManager[Connection]], secret: Path):
    folder = secret.parent.parent / "work"
    folder.mkdir()
    names = {"file": secret, "parquet": secret.with_suffix(".parquet"), "folder": secret.parent}
    reached = []
    with opening(folder) as con:
        for statement in REFUSED:
            try:
                con.execute(statement.format(**names)).fetchall()
            except duckdb.Error:
                continue
            reached.append(statement)
    assert reached == []
    assert sorted(file.name for file in secret.parent.iterdir()) == ["secret.csv", "secret.parquet"]


def test_the_zone_may_be_set_and_nobody_elses_changes(tmp_path: Path):
    with connect(tmp_path / "shop.duckdb", read_only=False) as con, con.cursor() as other:
        con.execute("SET TimeZone = 'Asia/Tokyo'")
        assert other.execute("SELECT current_setting('TimeZone')").fetchall() == [("UTC",)]
        assert ibis.duckdb.from_connection(con).sql("SELECT 1 AS one").to_pyarrow().to_pylist() == [{"one": 1}]


@pytest.mark.parametrize(
    "name", ["orders.csv", "orders[1].csv", "o*.csv", "o?ders.csv", "a'b\n.csv", "ü ;%.csv", "{a,b}.csv"]
)
def test_a_load_reaches_its_own_files_only(tmp_path: Path, name: str, secret: Path):
    given = tmp_path / name
    given.write_text("a\nmine\n")
    (tmp_path / "orders1.csv").write_text("a\nnot mine\n")
    (tmp_path / "building").mkdir()
    with connect(tmp_path / "building" / "shop.duckdb", read_only=False, reads=[given]) as con:
        with Workspace(con) as room:
            path = room.reachable(given)
            assert con.execute("FROM read_csv(?, header = true)", [str(path)]).fetchall() == [("mine",)]
            with pytest.raises(duckdb.PermissionException):
                con.execute("FROM read_csv(?)", [str(secret)])
        assert given.read_text() == "a\nmine\n"
    assert not list(tmp_path.glob("*.work"))


def test_a_relative_name_is_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "orders.csv").write_text("a\nmine\n")
    monkeypatch.chdir(tmp_path)
    orders = Path("orders.csv")
    with connect(Path("shop.duckdb"), read_only=False, reads=[orders]) as con, Workspace(con) as room:
        path = room.reachable(orders)
        assert con.execute("FROM read_csv(?, header = true)", [str(path)]).fetchall() == [("mine",)]
