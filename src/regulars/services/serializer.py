"""Serialize results to JSON and CSV, for all interfaces.

Sums of money have the currency's decimals, averages have 15 significant digits; days are ISO 8601; a missing value is null.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from regulars.metrics.shapes import Total
from regulars.vocabulary import money, numbers
from regulars.vocabulary.safe_text import in_json, visible, without_formula
from regulars.vocabulary.synonyms import also_called
from regulars.vocabulary.units import Unit

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from regulars.forecast.actuals import ForecastActual
    from regulars.forecast.prediction_intervals import PredictionInterval
    from regulars.forecast.purchases.result import Forecast
    from regulars.forecast.subscriptions.result import SubscribersForecast
    from regulars.load.load_options import LoadResult
    from regulars.metrics.compute.plan import Step
    from regulars.metrics.customers.drill_down import CustomerRow
    from regulars.metrics.customers.segments import Member, Size
    from regulars.metrics.explain import Explanation
    from regulars.metrics.query_result import Change, Value
    from regulars.metrics.shapes import Metric
    from regulars.vocabulary.calendar import Period

Record = dict[str, Any]


def json_text(content: object, *, ascii_only: bool = False) -> str:
    """Return indented JSON, with dates as ISO 8601. Escapes control characters, and with `ascii_only` all but ASCII."""
    return in_json(json.dumps(content, indent=2, ensure_ascii=ascii_only, default=plain))


def plain(value: object) -> str:
    """Return a value without a type in JSON and CSV as text: days and instants as ISO 8601."""
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def csv_field(value: object) -> str:
    """Return a field of CSV: None is empty, lists are joined by "; ".

    Text that a spreadsheet would run as a formula gets a leading apostrophe; control characters are escaped.
    """
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case dict():
            return csv_field(json.dumps(value, ensure_ascii=False))
        case list() | tuple():
            return csv_field("; ".join(str(item) for item in value))
        case str():
            return visible(without_formula(value))
    return plain(value)


def records(items: Iterable[DataclassInstance | Mapping[str, Any]]) -> list[Record]:
    """Return dataclasses and mappings as dictionaries."""
    return [dict(item) if isinstance(item, Mapping) else asdict(item) for item in items]


# Metrics -------------------------------------------------------------------------------------------------------------

_CHANGE = ("before_period", "before", "difference", "difference_low", "difference_high", "verdict", "note", "events")
_CHANGES = (*_CHANGE, *(f"year_earlier_{name.removeprefix('before_')}" for name in _CHANGE))
"""Columns of both comparisons in the flat form."""
_AMOUNTS_OF_CHANGE = ("before", "difference", "difference_low", "difference_high")
MONEY_COLUMNS = frozenset(
    {"value", "numerator", *_AMOUNTS_OF_CHANGE, *(f"year_earlier_{name}" for name in _AMOUNTS_OF_CHANGE)}
)
"""Columns of the flat form that are money if the metric is a sum of money."""


def record(value: Value, compared: bool) -> Record:
    """Return a value as a record; with `change` and `year_earlier` if `compared`."""
    digits = places(value)
    fields: Record = {
        "metric": value.metric.name,
        "period": {**_period(value.period), "complete": value.complete, "mature": value.mature},
        "split": value.split,
        "value": numbers.exact(value.value, digits),
        "low": numbers.exact(value.low, digits),
        "high": numbers.exact(value.high, digits),
        "n": value.n,
        "numerator": numbers.exact(value.numerator, money.SCALE),
        "denominator": numbers.exact(value.denominator, money.SCALE),
        "unit": value.metric.unit.value,
        "currency": value.currency,
        "timezone": value.timezone,
    }
    if value.unknown_share is not None:
        fields["unknown_share"] = numbers.exact(value.unknown_share, 4)
        fields["reason"] = reason_unknown(value.unknown_share)
    if value.unavailable:
        fields["reason"] = f"not available: {value.unavailable}"
    if compared:
        fields["change"] = None if value.change is None else _change(value.change, digits)
        fields["year_earlier"] = None if value.year_earlier is None else _change(value.year_earlier, digits)
    return fields


def reason_unknown(*unknown_shares: float) -> str:
    """Return the reason of a missing value: too large a share of the metric is unknown by the split or filter."""
    share = ("up to " if len(unknown_shares) > 1 else "") + numbers.shown(max(unknown_shares), Unit.SHARE)
    return f"not known by this split or filter: {share} of the metric stands under unknown"


def _period(period: Period) -> dict[str, str]:
    return {"label": period.label, "start": plain(period.start), "end": plain(period.end)}


def _change(change: Change, digits: int | None) -> Record:
    return {
        "period": _period(change.period),
        "before": numbers.exact(change.before, digits),
        "difference": numbers.exact(change.difference, digits),
        "low": numbers.exact(change.low, digits),
        "high": numbers.exact(change.high, digits),
        "verdict": None if change.verdict is None else change.verdict.value,
        "note": change.note,
        "events": [{"date": plain(event.day), "event": event.text} for event in change.events],
    }


def places(value: Value) -> int | None:
    """Return the decimal places of a sum of money: those of the currency. None for other values."""
    return money.digits(value.currency) if value.currency and isinstance(value.metric, Total) else None


def columns(splits: Sequence[str], compared: bool) -> list[str]:
    """Return the columns of the flat form. A split with the name of another column gets the prefix `split_`."""
    fixed = ["metric", "period", "start", "end", "complete", "mature"]
    rest = ["value", "low", "high", "n", "numerator", "denominator", "unit", "currency", "timezone"]
    named = [f"split_{split}" if split in (*fixed, *rest, *_CHANGES) else split for split in splits]
    return [*fixed, *named, *rest, *(_CHANGES if compared else ())]


def flat(value: Value, splits: Sequence[str], compared: bool) -> Record:
    """Return a value as a record without nesting; sums of money with all decimals."""
    fields = record(value, compared)
    cells: list[Any] = [fields["metric"], *fields["period"].values(), *(value.split.get(split) for split in splits)]
    cells += [fields["value"], fields["low"], fields["high"], fields["n"], fields["numerator"], fields["denominator"]]
    cells += [fields["unit"], fields["currency"], fields["timezone"]]
    if compared:
        cells += [*_flat_change(fields["change"]), *_flat_change(fields["year_earlier"])]
    row = dict(zip(columns(splits, compared), cells, strict=True))
    digits = places(value)
    if digits is not None:
        for name in MONEY_COLUMNS & row.keys():
            row[name] = numbers.fixed(row[name], digits)
    return row


def _flat_change(change: Record | None) -> list[Any]:
    if change is None:
        return [None] * len(_CHANGE)
    events = [f"{event['date']} {event['event']}" for event in change["events"]]
    texts = [change[name] for name in ("before", "difference", "low", "high", "verdict", "note")]
    return [change["period"]["label"], *texts, events]


def listed(themes: Mapping[str, Sequence[Metric]]) -> list[Record]:
    """Return one record for each metric."""
    return [
        {
            "metric": metric.name,
            "title": metric.title,
            "theme": theme,
            "group": metric.group,
            "nature": metric.nature.value,
            "question": metric.question,
            "unit": metric.unit.value,
            "also_called": list(also_called(metric.name)),
        }
        for theme, metrics in themes.items()
        for metric in metrics
    ]


def explanation(explained: Explanation, companions: Sequence[Metric], interval: str, split_and_where: str) -> Record:
    """Return the explanation of a metric as a record.

    Args:
        explained: The explanation.
        companions: The companion metrics.
        interval: How the interval is estimated.
        split_and_where: How a split and a filter by the same column differ; empty if they do not.
    """
    metric = explained.metric
    return {
        "metric": metric.name,
        "title": metric.title,
        "question": metric.question,
        "also_called": list(also_called(metric.name)),
        "shape": explained.shape,
        "formula": metric.formula,
        "unit": metric.unit.value,
        "better": metric.better.value,
        "caveat": metric.caveat,
        "group": metric.group,
        "nature": metric.nature.value,
        "length": None if metric.length is None else metric.length.value,
        "variants": list(metric.variants),
        "shown_beside": [companion.name for companion in companions],
        "interval": interval,
        "mature": str(metric.maturity),
        "splits": list(explained.splits),
        "split_and_where": split_and_where,
        "reads": list(explained.reads),
        "tables": list(explained.tables),
        "tables_not_loaded": list(explained.missing),
        "missing_data": list(explained.missing_data),
        "example": {
            "rows": {name: [dict(row) for row in rows] for name, rows in metric.example.tables.items()},
            "period": metric.example.period,
            "value": None if metric.example.value is None else float(metric.example.value),
        },
        "sql": list(explained.sql),
    }


def query_plan(metric: Metric, steps: Sequence[Step]) -> Record:
    """Return the query plan of a metric: a record for each query."""
    return {
        "metric": metric.name,
        "plan": [
            {
                "fact": step.fact.name,
                "answered_from": step.source.value,
                "table": step.table,
                "which": step.about,
                "rows": step.rows,
                "why_nothing_smaller": step.why_not_smaller,
            }
            for step in steps
        ],
    }


# Customers -----------------------------------------------------------------------------------------------------------


def customers(rows: Sequence[CustomerRow]) -> list[Record]:
    """Return one record for each customer behind a value; sums are rounded to their decimal places."""
    return [
        {
            **vars(row),
            "numerator": numbers.exact(row.numerator, money.SCALE),
            "denominator": numbers.exact(row.denominator, money.SCALE),
        }
        for row in rows
    ]


def segment_sizes(sizes: Sequence[Size], as_of: date, currency: str) -> list[Record]:
    """Return one record for each segment of the forecast as of a day."""
    return [
        {
            "segment": size.segment.name,
            "as_of": as_of,
            "customers": size.customers,
            "buyers_90": round(size.buyers_90, 2),
            "value": numbers.exact(size.value, money.SCALE),
            "value_at_risk": numbers.exact(size.value_at_risk, money.SCALE),
            "currency": currency,
            "rule": size.segment.rule,
            "advice": size.segment.advice,
        }
        for size in sizes
    ]


MEMBER_PLACES = {
    "revenue_to_date": money.SCALE,
    "value": money.SCALE,
    "value_at_risk": money.SCALE,
    "probability_purchase_90d": 4,
    "median_days": 1,
}
"""Decimal places of the numbers of `Member`."""


def segment_members(members: Sequence[Member]) -> list[Record]:
    """Return one record for each customer of a segment."""
    return [
        {**asdict(member), **{name: numbers.exact(getattr(member, name), n) for name, n in MEMBER_PLACES.items()}}
        for member in members
    ]


# Loads and forecasts -------------------------------------------------------------------------------------------------


def load(result: LoadResult, version: int | None) -> Record:
    """Return the result of a load as a record; `version` is the version of the shop's data that it made."""
    return {
        "version": version,
        "load_id": result.load_id,
        "files": {name: asdict(counts) for name, counts in result.files.items()},
        "tables": {name: asdict(counts) for name, counts in result.tables.items()},
        "released": result.released,
        "refused": result.refused,
        "unknown": result.unknown,
        "passed_over": result.passed_over,
    }


def forecast(made: Forecast | SubscribersForecast, actuals: Sequence[ForecastActual] | None = None) -> Record:
    """Return a forecast as a record; money is text with its decimals. `actuals`: those of stored forecasts, for a report."""
    report = {} if actuals is None else {"actuals": [actual.as_record() for actual in actuals]}
    return {**asdict(made), "stale": list(made.stale), **report}


def purchase_totals(made: Forecast) -> list[Record]:
    """Return one record for each total of a forecast of purchases: expected value and 80 % prediction interval."""
    totals, sums = _Totals("purchases", made.as_of, made.currency), made.totals
    for days, buyers in sums["buyers"].items():
        totals.add("buyers", int(days), buyers, made.buyers_range(int(days)))
    totals.add("purchases", made.horizon, sums["purchases"], made.total_range("purchases"))
    for name in ("revenue", "profit"):
        totals.add(name, made.horizon, sums[name], made.total_range(name), is_money=True)
    totals.add("customers_alive", None, sums["customers_alive"])
    totals.add("at_risk", None, sums["at_risk"])
    for name in ("revenue_at_risk", "profit_at_risk"):
        totals.add(name, 365, sums[name], is_money=True)
    return totals.records


def renewal_totals(made: SubscribersForecast) -> list[Record]:
    """Return one record for each total of a forecast of subscriptions, as in `purchase_totals`."""
    totals, sums = _Totals("subscriptions", made.as_of, made.currency), made.totals
    totals.add("subscriptions", None, sums["subscriptions"])
    totals.add("customers", None, sums["persons"])
    for days, renewing in sums["renewing"].items():
        totals.add("renewing", int(days), renewing, made.renewing_range(int(days)))
    totals.add("renewals", made.horizon, sums["purchases"])
    for name in ("revenue", "profit"):
        totals.add(name, made.horizon, sums[name], is_money=True)
    totals.add("value_at_risk", 365, sums["value_at_risk"], is_money=True)
    return totals.records


@dataclass(frozen=True)
class _Totals:
    """The totals of one forecast, without unknown ones, such as profit without costs."""

    forecast: str
    as_of: date
    currency: str
    records: list[Record] = field(default_factory=list)

    def add(
        self,
        quantity: str,
        days: int | None,
        expected: object,
        range_: PredictionInterval | None = None,
        is_money: bool = False,
    ) -> None:
        if expected is None:
            return
        low, high = (None, None) if range_ is None else (range_.low, range_.high)
        self.records.append(
            {
                "forecast": self.forecast,
                "as_of": self.as_of,
                "quantity": quantity,
                "days": days,
                "expected": expected,
                "low": low,
                "high": high,
                "unit": (Unit.MONEY if is_money else Unit.COUNT).value,
                "currency": self.currency if is_money else None,
            }
        )
