"""Nothing that engines disagree about is written by hand where metrics and facts are: it stands in warehouse/portable.py."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "regulars"
MODULES = sorted([*(SOURCE / "metrics").rglob("*.py"), *(SOURCE / "warehouse" / "facts").rglob("*.py")])

ASKING = {"table", "relation", "aggregate", "orders_of_customers"}
"""A function (or what stands at the top of a module) is about expressions if it uses what is imported from Ibis, or calls one
of these.
"""
ARRAYS = {"np", "pc", "pa"}
"""What is called on these happens in Python, once the engine has answered."""
METHODS = {
    "calendars and clocks": {
        "truncate", "delta", "interval", "date_diff", "bucket", "window_by", "strftime", "as_timestamp", "as_date",
        "as_interval", "now", "today", "year", "month", "day_of_week", "week_of_year", "epoch_seconds", "epoch_days", "date",
        "time",
    },
    "rounding": {"round", "ceil", "floor", "floordiv", "div", "truediv"},
    "means and quantiles": {
        "mean", "median", "quantile", "approx_median", "approx_quantile", "approx_nunique", "mode", "std", "var", "corr",
        "cov", "ntile", "percent_rank", "cume_dist",
    },
    "first rows": {"first", "last", "arbitrary", "argmin", "argmax", "nth", "collect", "group_concat", "any_value"},
    "joins and shapes": {"asof_join", "pivot_wider", "pivot_longer", "unnest", "rollup", "cube", "sample"},
    "smallest and largest": {"least", "greatest"},
    "text": {"hexdigest", "hash", "re_search", "re_extract", "levenshtein"},
    "chance": {"random", "uuid"},
}  # fmt: skip
BANNED = {method: why for why, methods in METHODS.items() for method in methods}


def pieces(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """The functions of a module by name, and whatever stands outside of them."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                yield (f"{node.name}.{inner.name}" if isinstance(inner, ast.FunctionDef) else node.name), inner
        elif not isinstance(node, ast.Import | ast.ImportFrom):
            yield "", node


def root(node: ast.AST) -> str:
    """The name that a chain of attributes and calls starts from."""
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def of_ibis(tree: ast.Module) -> set[str]:
    """The names that a module imports from Ibis."""
    found = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            found |= {alias.asname or "ibis" for alias in node.names if alias.name.partition(".")[0] == "ibis"}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "ibis":
            found |= {alias.asname or alias.name for alias in node.names}
    return found


def is_about_expressions(piece: ast.AST, imported: set[str]) -> bool:
    for node in ast.walk(piece):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in imported:
            return True
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in ASKING:
            return True
    return False


def is_fraction(node: ast.BinOp | ast.AugAssign) -> bool:
    """Whether it is a number written as one, as an example's 2 / 3."""
    return isinstance(node, ast.BinOp) and isinstance(node.left, ast.Constant) and isinstance(node.right, ast.Constant)


def is_typed(node: ast.AST) -> bool:
    """Whether it is a literal with a type, as ibis.literal(Decimal(0), type="decimal(18, 4)")."""
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "ibis.literal" and (
        len(node.args) > 1 or any(word.arg == "type" for word in node.keywords)
    )  # fmt: skip


def by_hand(piece: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """What a piece of code does that belongs into warehouse/portable.py."""
    typed = {inner for node in ast.walk(piece) if is_typed(node) for inner in ast.walk(node)}
    for node in ast.walk(piece):
        if isinstance(node, ast.BinOp | ast.AugAssign):
            if isinstance(node.op, ast.Div | ast.FloorDiv) and not is_fraction(node):
                yield node, "division"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and root(node.func) not in ARRAYS:
            if node.func.attr in BANNED:
                yield node, BANNED[node.func.attr]
            elif node.func.attr == "distinct" and (node.args or any(word.arg == "on" for word in node.keywords)):
                yield node, "first rows"
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "Decimal"
            and node not in typed
        ):
            yield node, "a decimal without a type"


def found_in(module: Path, source: str) -> list[str]:
    """Each thing done by hand in the pieces of a module that are about expressions."""
    tree = ast.parse(source)
    imported = of_ibis(tree)
    return [
        f"{module}:{node.lineno}: {name}: {why}: {ast.unparse(node)}"
        for name, piece in pieces(tree)
        if is_about_expressions(piece, imported)
        for node, why in by_hand(piece)
    ]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(SOURCE)))
def test_nothing_that_engines_disagree_about_is_done_by_hand(module: Path) -> None:
    assert found_in(module.relative_to(SOURCE), module.read_text()) == []


def test_portable_expressions_leave_no_decimal_without_a_type() -> None:
    (module,) = (SOURCE / "warehouse").glob("portable.py")
    found = [
        where for _, piece in pieces(ast.parse(module.read_text())) for where, why in by_hand(piece) if "type" in why
    ]
    assert [ast.unparse(node) for node in found] == []


PLANTED = """from ibis import _; import ibis; import ibis.expr.types as ir
share = _.x / _.y
a = Total(of=_.x // 2)
def one(rows: ir.Table) -> ir.Table:
    rows = rows.mutate(age=rows.at.delta(rows.other, unit="day"))
    total = 0
    total /= rows.n
    return rows.mutate(month=rows.at.truncate("M"))
def two():
    return ibis.memtable(x).day - ibis.interval(days=1)
class Some:
    def three(self, rows):
        return rows.group_by(_.p).agg(_.x.round(2), _.x.mean(), _.x.first(), y=_.y.approx_nunique(), z=_.m.median())
    def four(self, value: ir.Value):
        return value.distinct(on="a"), value.asof_join(b), ibis.least(value, 3)
def five(rows: ir.Table):
    return rows.to_pyarrow()["a"].to_numpy().max(), rows.distinct(), np.round(x), np.quantile(x, 2 / 3)
def six(array: Array) -> Array:
    return array.mean() / array.round()
def seven(facts):
    for _ in range(3):
        return facts.table("orders").units / 2
def eight(rows: ir.Table):
    known = ibis.literal(Decimal(1) - margin, type=MONEY), ibis.literal(Decimal(0), "decimal(18, 4)")
    return rows.x.fill_null(Decimal(0)), rows.x > ibis.literal(Decimal("0.5")), known
"""


def test_what_is_done_by_hand_would_be_found() -> None:
    lines = [line.split(":")[1] for line in found_in(Path("planted.py"), PLANTED)]
    assert sorted(lines, key=int) == ["2", "3", "5", "7", "8", "10", *["13"] * 5, *["15"] * 3, "22", "25", "25"]
