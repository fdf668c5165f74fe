"""Every figure of the bench, in the order in which they are measured and shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Any

from bench.aims import FULL_SIZE, LARGE, Aim
from bench.forecast.ours import CELLS, PARQUET, SCORES
from bench.forecast.pasts import LAWS, NAMES
from bench.history import CUSTOMERS, ORDERS
from bench.load import DERIVE, OPEN, PARSE, PERSONS, PUBLISH, STORE
from bench.peers.environments import LIFETIMES, METRICFLOW, PEERS, PYMC
from bench.states import STATES


@dataclass(frozen=True)
class Part:
    """A part of a figure's time, of interest for itself."""

    name: str
    what: str
    against: str = ""
    aim: Aim | None = None


@dataclass(frozen=True)
class Figure:
    """What is measured, how, and what it is held against.

    `against`: the figure that this one's seconds are divided by. `equals`: (ours, theirs), the answers that must be the same.
    `environment`: the peers' own one it runs in. `counts`: what its size is a number of. `most_size`: it is left out above.
    `law`: the model it fits; its answer are parameters, ours near the truth, a peer's near ours. `quick`: arguments of
    a smoke run in place of these. `by_processors`: it is divided by seconds of processors, not of the clock.
    """

    name: str
    what: str
    group: str
    target: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    against: str = ""
    aim: Aim | None = None
    parts: tuple[Part, ...] = ()
    equals: tuple[str, str] | None = None
    environment: str = ""
    one_of: str = ""
    """The figure that measures several of this kind at once."""
    optional: bool = False
    """Only with --lines."""
    most_size: int | None = None
    counts: str = ORDERS
    law: str = ""
    most: int = 5
    budget: float = 30.0
    quick: Mapping[str, Any] = field(default_factory=dict)
    by_processors: bool = False


_CSV = ("orders.csv", "customers.csv")
_PARQUET = ("orders.parquet", "customers.parquet")
_WITH_LINES = (*_CSV, "order_lines.csv")
_LATE = ("late_0.csv", "late_1.csv", "late_2.csv")
_LATE_FEW = 3
_VISITS = 10_000_000
_MANY = 3_000
_DAY, _DAYS_SHOP = 100, 100_000
_WINDOWS = (90, 365)
_MONTHS = ("--grain", "month", "--since", "2023-01")
_ACTIVE = f"customers_end_by_day_{_WINDOWS[0]}"
_SPLIT = ("--split", "country", "--format", "csv")


def _parts(limit: str, aim: Aim | None = None) -> tuple[Part, ...]:
    return (
        Part(OPEN, "find the version, open it and copy files", ""),
        Part(PARSE, "parse and validate", limit, aim),
        Part(STORE, "store"),
        Part(PERSONS, "identity resolution"),
        Part(DERIVE, "derive the facts"),
        Part(PUBLISH, "publish"),
    )


def _limits() -> Iterable[Figure]:
    group = "Limits: plain DuckDB, plain copy"
    read = "bench.limits:read_files"
    yield Figure("read_csv", "read the same CSV files into memory", group, read, {"names": _CSV})
    yield Figure("read_parquet", "read the same Parquet files into memory", group, read, {"names": _PARQUET})
    yield Figure("read_csv_with_lines", "the same with order lines", group, read, {"names": _WITH_LINES}, optional=True)


def _loads() -> Iterable[Figure]:
    group = "Load"
    whole = "bench.load:whole"
    yield Figure(
        "load_csv", "orders and customers from CSV", group, whole, {"files": _CSV, "keep": True}, "read_csv",
        Aim(seconds=25, busy=15, busy_at=LARGE, peak_mb=6000), _parts("read_csv", Aim(ratio_at_most=6)), most=3,
        by_processors=True,
    )  # fmt: skip
    yield Figure(
        "load_parquet", "the same from Parquet", group, whole, {"files": _PARQUET}, "read_parquet",
        parts=_parts("read_parquet"), most=3, by_processors=True,
    )  # fmt: skip
    yield Figure(
        "load_csv_with_lines", "with order lines", group, whole, {"files": _WITH_LINES}, "read_csv_with_lines",
        Aim(busy=30, busy_at=LARGE), _parts("read_csv_with_lines"), optional=True, most=3, by_processors=True,
    )  # fmt: skip
    for what, aim, aim_with_lines in (("version", 90, 180), ("log", 30, None)):
        name, said = f"bytes_of_{what}", "a version" if what == "version" else "the log (stored once)"
        yield Figure(name, f"{said}, on disk", group, "bench.load:stored", {"what": what}, aim=Aim(bytes_per_order=aim))
        yield Figure(
            f"{name}_with_lines", "the same with order lines", group, "bench.load:stored", {"what": what, "lines": True},
            aim=None if aim_with_lines is None else Aim(bytes_per_order=aim_with_lines), optional=True, most=1,
        )  # fmt: skip
    for packed, where in ((False, "a folder"), (True, "one zip")):
        yield Figure(
            "load_many_zip" if packed else "load_many", f"{_MANY:,} files of one order each, in {where}", group,
            "bench.load:many", {"files": _MANY, "packed": packed}, aim=Aim(busy=30), most=1,
        )  # fmt: skip
    yield Figure("copy_version", "copy all files of a version", group, "bench.limits:copy_version")
    yield Figure(
        "load_late", "10,000 late orders (a tenth of a small shop's) into it", group, "bench.load:late", {"files": _LATE},
        "copy_version", Aim(busy=2.5, busy_at=LARGE), _parts(""), most=_LATE_FEW, by_processors=True,
    )  # fmt: skip
    day = {"base": _DAYS_SHOP, "rows": _DAY}
    what = f"{_DAY} orders of a day into {_DAYS_SHOP:,}"
    yield Figure(
        "append_day", f"{what}: plain DuckDB, which computes every customer's history again", group, "bench.limits:append_day", day
    )  # fmt: skip
    yield Figure("load_day", what, group, "bench.load:day", day, "append_day", parts=_parts(""), by_processors=True)
    yield Figure(
        "load_day_cold", "the same from the command line", group, "bench.load:day", {**day, "cold": True}, "append_day",
        Aim(busy=0.8), by_processors=True,
    )  # fmt: skip
    one = "bench.load:one"
    yield Figure("load_one", "one order into it", group, one, {"visits": 0}, parts=_parts(""))
    yield Figure(
        "load_one_beside_visits", "one order beside 10 million visits", group, one, {"visits": _VISITS}, "load_one",
        Aim(ratio_at_most=1.2), _parts(""), quick={"visits": 10_000}, by_processors=True,
    )  # fmt: skip


def _states() -> Iterable[Figure]:
    group = "Customers at a moment, for every day (warm)"
    target = "bench.states:by_day"
    yield Figure("scan_orders", "scan the four columns that this needs", group, "bench.limits:scan_orders", most=20)
    for window in _WINDOWS:
        yield Figure(
            f"states_by_day_{window}", f"all {len(STATES)} metrics, W = {window}", group, target, {"window": window},
            "scan_orders", Aim(seconds=0.015), most=10,
        )  # fmt: skip
    for window in _WINDOWS:
        for metric in STATES:
            yield Figure(
                f"{metric}_by_day_{window}", f"{metric} alone, W = {window}", group, target,
                {"window": window, "metric": metric}, "scan_orders", one_of=f"states_by_day_{window}",
            )  # fmt: skip


def _catalogue() -> Iterable[Figure]:
    group = "The catalogue by month, split by country"
    warm, cold = "bench.catalogue:", "bench.cold:command"
    yield Figure(
        "catalogue_warm", "all metrics, warm", group, f"{warm}by_month", {}, "scan_orders", Aim(seconds=0.15), most=10
    )
    yield Figure("catalogue_again", "the same query again", group, f"{warm}again", {}, "catalogue_warm", most=10)
    yield Figure("beside_warm", "medians and largest shares, warm", group, f"{warm}beside", {},
                 aim=Aim(seconds=0.05), most=10)  # fmt: skip
    yield Figure(
        "beside_first",
        "the same, as the first query after a load",
        group,
        f"{warm}beside_first",
        {},
        "beside_warm",
        most=3,
    )
    yield Figure("catalogue_cold", "all metrics, from the command line", group, cold,
                 {"words": ("metrics", *_MONTHS, *_SPLIT)}, "catalogue_warm")  # fmt: skip
    yield Figure(
        "start_floor",
        "a new Python process that imports Typer, Rich, numpy and DuckDB",
        group,
        "bench.cold:floor",
        most=9,
    )
    for name, what, words in (
        ("latest_month_cold", "`regulars metrics`, the latest month", ("metrics",)),
        ("one_metric_cold", "`regulars metric customer_churn_rate --split country`, by month",
         ("metric", "customer_churn_rate", *_SPLIT)),
    ):  # fmt: skip
        yield Figure(
            name, what, group, cold, {"words": words}, "start_floor", Aim(busy=0.35), most=9, by_processors=True
        )
    yield Figure("like_peers", "the metrics that pandas and polars compute, warm", group, f"{warm}like_peers", most=10)


def _peers() -> Iterable[Figure]:
    group = "pandas and polars, the same work, equal results"
    for name in ("polars", "pandas"):
        aim = Aim(ratio_at_least=10) if name == "polars" else None
        most_size = 20_000_000 if name == "pandas" else None
        for how, what in (("from_parquet", "from Parquet"), ("in_memory", "every column computed before, in memory")):
            theirs = name if how == "from_parquet" else f"{name}_in_memory"
            yield Figure(
                theirs, f"{name}, {what}", group, f"bench.peers.with_{name}:{how}", {}, "like_peers",
                aim if how == "from_parquet" else None, (), ("like_peers", theirs), PEERS, most_size=most_size, most=3,
            )  # fmt: skip


def _others() -> Iterable[Figure]:
    group = "MetricFlow and the usual SQL, equal results"
    cold = "bench.cold:command"
    value = "average_order_value"
    yield Figure(f"{value}_by_month", f"{value} by month, warm", group, "bench.catalogue:one_metric", {"metric": value})
    yield Figure("customers_end_cold", "customers_end by day, W = 90, from the command line", group, cold,
                 {"words": ("metric", "customers_end", "--grain", "day", "--active-window", "90", "--format", "csv")})  # fmt: skip
    yield Figure(f"{value}_cold", f"{value} by month, from the command line", group, cold,
                 {"words": ("metric", value, *_MONTHS, "--format", "csv")})  # fmt: skip
    asks = "bench.peers.metricflow:query"
    yield Figure(
        "metricflow_active_customers", "MetricFlow, the same by day", group, asks,
        {"metric": "active_customers", "grain": "day", "ours": "customers_end"}, "customers_end_cold",
        equals=(f"states_90_{'customers_end'}", "metricflow_active_customers"), environment=METRICFLOW, most=2,
        most_size=FULL_SIZE,
    )  # fmt: skip
    yield Figure(
        f"metricflow_{value}", "MetricFlow, the same by month", group, asks,
        {"metric": value, "grain": "month", "ours": value}, f"{value}_cold",
        equals=(value, f"metricflow_{value}"), environment=METRICFLOW, most=2, most_size=FULL_SIZE,
    )  # fmt: skip
    yield Figure(
        "analyst", "ten metrics by month and country, one query of plain DuckDB", group, "bench.peers.with_sql:by_month",
        {}, "like_peers", equals=("like_peers", "analyst"), most=3,
    )  # fmt: skip
    yield Figure(
        "spine_90", "calendar, range join, count distinct by DuckDB, W = 90", group, "bench.peers.spine:daily_active",
        {"window": 90}, _ACTIVE, equals=("states_90_customers_end", "spine_90"), most_size=1_000_000, most=2,
    )  # fmt: skip


_MONEY = "gamma_gamma"
_LARGEST: dict[str, dict[str, int | None]] = {
    LIFETIMES: {"bg": None, "mbg": 1_000_000, "pareto": 10_000, _MONEY: None},
    PYMC: {"bg": None, "mbg": 100_000, "pareto": 100_000, _MONEY: None},
}
"""Customers that a peer fits in a few minutes."""


def _forecasts() -> Iterable[Figure]:
    group, ours = "Forecast", "bench.forecast.ours:"
    aim = Aim(seconds=0.5)
    pasts = {"law": "pareto"}
    yield Figure(
        "forecast_histories", "store the customers' histories, equal ones together", group, f"{ours}histories", pasts,
        counts=CUSTOMERS,
    )  # fmt: skip
    yield Figure(
        "forecast_cells", "SQL group-by to cells by days", group, f"{ours}count", pasts, counts=CUSTOMERS, most=10
    )
    yield Figure(
        "forecast_week_cells", "the same to cells by weeks", group, f"{ours}count", {**pasts, "weeks": True},
        counts=CUSTOMERS, most=10,
    )  # fmt: skip
    for law in LAWS:
        for days in (False, True):
            name = f"forecast_fit_{law}" + ("_days" if days else "")
            yield Figure(
                name, f"fit {NAMES[law]} to cells by days" if days else f"fit {NAMES[law]}, to cells by weeks if days have many",
                group, f"{ours}fit_law", {"law": law, "answer": name, "days": days}, aim=None if days else aim,
                counts=CUSTOMERS, law=law,
            )  # fmt: skip
    yield Figure(
        f"forecast_fit_{_MONEY}", "fit Gamma-Gamma to grouped means, SQL included", group, f"{ours}fit_money", pasts,
        aim=aim, counts=CUSTOMERS,
    )  # fmt: skip
    name = f"forecast_fit_{_MONEY}_of_each"
    yield Figure(
        name, "fit Gamma-Gamma to each customer's mean", group, f"{ours}fit_money_of_each", {**pasts, "answer": name},
        counts=CUSTOMERS, law=_MONEY,
    )  # fmt: skip
    for law in LAWS:
        parts = (
            Part(CELLS, "count the cells"),
            Part(SCORES, "evaluate the model for each cell"),
            Part(PARQUET, "join, write"),
        )
        yield Figure(
            f"forecast_score_{law}", f"all of facts.predictions by {NAMES[law]}, from histories to Parquet", group,
            f"{ours}score", {"law": law}, aim=Aim(seconds=2), parts=parts, counts=CUSTOMERS,
        )  # fmt: skip


def _forecasting_peers() -> Iterable[Figure]:
    group = "lifetimes and pymc-marketing, the same histories, equal parameters"
    for peer, module, said in ((LIFETIMES, "lifetimes", "lifetimes"), (PYMC, "pymc", "pymc-marketing, MAP")):
        for law, largest in _LARGEST[peer].items():
            money = law == _MONEY
            own, name = f"forecast_fit_{law}{'_of_each' if money else '_days'}", f"forecast_{peer}_{law}"
            yield Figure(
                name, f"{said}: {NAMES[law]}", group,
                f"bench.peers.with_{module}:fit_{'money' if money else 'law'}",
                {"law": "pareto" if money else law, "answer": name}, own, equals=(own, name), environment=peer,
                most_size=largest, most=3, counts=CUSTOMERS, law=law,
            )  # fmt: skip


FIGURES: tuple[Figure, ...] = (
    *_limits(), *_loads(), *_states(), *_catalogue(), *_peers(), *_others(), *_forecasts(), *_forecasting_peers(),
)  # fmt: skip
BY_NAME: dict[str, Figure] = {figure.name: figure for figure in FIGURES}
_ANSWERED_BY = {
    "like_peers": "like_peers",
    "states_90_customers_end": _ACTIVE,
    "average_order_value": "average_order_value_by_month",
}
"""Which figure gives an answer that others are compared with."""


def chosen(pattern: str, *, lines: bool) -> tuple[Figure, ...]:
    """The figures that match the pattern (all without one), and those they are held against."""
    names = {f.name for f in FIGURES if (lines or not f.optional) and fnmatch(f.name, pattern or "*")}
    waiting = list(names)
    while waiting:
        figure = BY_NAME[waiting.pop()]
        needed = {figure.against, *(part.against for part in figure.parts)}
        needed |= {_ANSWERED_BY.get(figure.equals[0], figure.equals[0])} if figure.equals else set()
        waiting += (new := needed - names - {""})
        names |= new
    return tuple(figure for figure in FIGURES if figure.name in names)
