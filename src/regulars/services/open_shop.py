"""The Python interface to a shop: the commands of the command line, with the same options, as tables for pandas and polars."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from regulars.metrics.catalogue import BY_NAME, by_theme, named
from regulars.metrics.measures import FORECASTS
from regulars.metrics.query import Facts
from regulars.services import serializer
from regulars.services.metric_tables import Beside
from regulars.services.overview import all_values
from regulars.services.queries import (
    Day,
    Options,
    Texts,
    conditions,
    day_named,
    distinct_notes,
    known_metrics,
    named_metrics,
    query_of,
    require_forecast,
)
from regulars.services.reading import Reading
from regulars.services.result_table import (
    CUSTOMERS,
    FILES,
    SEGMENT_MEMBERS,
    SEGMENT_SIZES,
    TOTALS,
    ResultTable,
    of_several,
    of_values,
)
from regulars.vocabulary.calendar import Grain
from regulars.vocabulary.errors import UsageError
from regulars.vocabulary.shop import Shop


class OpenShop:
    """An opened shop. All queries read the version that was current at the first query.

    `refresh()` changes to the current version, as do `load()` and `forecast()`. Until `close()` or the end of a `with` block,
    the files of the version stay open.

    Args:
        folder: The shop's folder, which `regulars init` made.

    Raises:
        ShopError: There is no shop in the folder, or its settings make no sense.
    """

    def __init__(self, folder: str | Path = ".") -> None:
        self.folder = Path(folder)
        self._reading = Reading(Shop.open(self.folder), self._derive_again, _tell)
        self._opened = ExitStack()
        self._facts: Facts | None = None
        self._is_closed = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all metrics."""
        return tuple(BY_NAME)

    def metric(
        self, name: str, *,
        grain: Grain | str | None = None, since: Day | None = None, until: Day | None = None, period: Day | None = None,
        split: Texts = (), where: Texts = (), active_window: int | None = None, compare: bool = False,
    ) -> ResultTable:  # fmt: skip
        """Query one metric, by default by month over all data.

        Args:
            name: The metric; `names` has all.
            grain: Length of the periods: day, week, month, quarter, year, fiscal_year or all.
            since: First day.
            until: Last day.
            period: One period: 2011-10, 2011-Q4, FY2012, 2011-W40..2011-W43, last-month, last-90-days, all; with `grain`
                the periods inside it.
            split: What to split by, such as "country" or ["country", "channel"].
            where: Conditions that must all hold, such as "country=DE" or ["channel!=web", "net_revenue>=50"].
            active_window: Days without an order after which a customer counts as lost; the shop's setting by default.
            compare: Whether to add the change against the period before and a year earlier, with its verdict.

        Returns:
            One row for each period and split value. Columns metric, period (label), start and end (dates; the end is exclusive),
            complete, mature, one for each split, value, low and high (95 % interval), n, numerator, denominator, unit,
            currency and timezone; with `compare` before, difference, verdict and others; for a mean its median and
            largest share.

        Raises:
            UsageError: The metric, period, split or condition is not known, or they contradict each other.
            NothingLoaded: What the metric needs is not loaded.
            ForecastRefused: The metric is of a forecast, and none was made yet.
        """
        options = Options.parse(
            grain=grain, since=since, until=until, period=period,
            split=split, where=where, active_window=active_window, compare=compare,
        )  # fmt: skip
        result = query_of(name, options).run(self.facts)
        return of_values(result.values, result.splits, compare, result.beside, result.notes, result.table)

    def metrics(
        self, *names: str, theme: str | None = None,
        grain: Grain | str | None = None, since: Day | None = None, until: Day | None = None, period: Day | None = None,
        split: Texts = (), where: Texts = (), active_window: int | None = None, compare: bool = False,
    ) -> ResultTable:  # fmt: skip
        """Query several metrics, or all but cohort grids, by default for their latest complete month.

        Args:
            *names: The metrics; all that know the splits and conditions where none is named.
            theme: Only this theme, such as retention.
            grain: Length of the periods.
            since: First day.
            until: Last day.
            period: One period.
            split: What to split by.
            where: Conditions that must all hold.
            active_window: Days without an order after which a customer counts as lost.
            compare: Whether to add changes.

        Returns:
            The columns of `metric`; rows ordered by metric. `value` is a float unless all metrics are money; `numerator` and
            `denominator` are decimals.

        Raises:
            UsageError: As in `metric`; also for a cohort grid, and where no metric knows the split or condition.
        """
        options = Options.parse(
            grain=grain, since=since, until=until, period=period,
            split=split, where=where, active_window=active_window, compare=compare,
        )  # fmt: skip
        if names:
            chosen = named_metrics(names, options)
        else:
            chosen = tuple(chain.from_iterable(known_metrics(by_theme(theme), options).values()))
        values, notes = all_values(self.facts, chosen, options)
        splits = options.splits
        return of_values(values, splits, compare, Beside(), notes, lambda: of_several(values, splits, compare))

    def drill_down(self, name: str, period: Day, *, where: Texts = (), active_window: int | None = None) -> ResultTable:
        """Query the customers behind a value, with the numerator and denominator of each.

        Args:
            name: The metric.
            period: The period, such as 2011-10 or all.
            where: Conditions, as in `metric`.
            active_window: In days.

        Returns:
            Columns customer (null for guests, taken together), name, email, country, orders, first_order, last_order,
            numerator and denominator.

        Raises:
            UsageError: The metric, period or condition is not known.
            NothingLoaded: What the metric needs is not loaded.
        """
        options = Options.parse(period=period, where=where, active_window=active_window)
        result = query_of(name, options).drill_down(self.facts)
        records = serializer.customers(result.customers)
        title = f"{result.metric.name} in {result.period.label}: {result.metric.formula}"
        return ResultTable(CUSTOMERS, tuple(records), records, result.notes, title)

    def segments(self, name: str | None = None, *, where: Texts = ()) -> ResultTable:
        """Query the segments of customers of the latest forecast.

        Args:
            name: Whose customers to return, such as due-now; the sizes of all segments where none is named.
            where: Conditions on customers, such as "first_country=DE".

        Raises:
            UsageError: The segment or condition is not known.
            ForecastRefused: No forecast was made yet.
        """
        from regulars.metrics.customers import segments

        segment, where_ = segments.named(name) if name else None, conditions(where)
        facts = self.facts
        notes = distinct_notes([require_forecast((named("customers_at_risk"),), facts)])
        if segment is None:
            made = facts.forecasts[FORECASTS][-1]
            sizes = serializer.segment_sizes(segments.sizes(facts, where_), made.as_of, facts.currency)
            return ResultTable(
                SEGMENT_SIZES, tuple(sizes), sizes, notes, f"Segments by the forecast as of {made.as_of}"
            )
        members = serializer.segment_members(segments.members(segment, facts, where_))
        return ResultTable(SEGMENT_MEMBERS, tuple(members), members, notes, f"{segment.title}: {segment.rule}")

    def load(
        self, *files: str | Path, mapping: str | Path | None = None, source: str = "", account: str = "",
        dates: Literal["dmy", "mdy", "ymd"] | None = None, decimal: Literal[",", "."] | None = None, replace: bool = False,
        again: bool = False, strict: bool = False, accept_rejects: bool = False, skip_refused: bool = False,
        parts: bool = False, overlap: bool = False, skip_unknown: bool = False, covers_until: Day | None = None,
    ) -> ResultTable:  # fmt: skip
        """Load files into the shop, all or nothing. The arguments are the options of `regulars load`.

        Args:
            *files: Files, folders, archives or patterns.
            mapping: A mapping file that says what the files' columns mean.
            source: Whose ids files in our own column names use.
            account: Keeps apart what two accounts of one source bring.
            dates: The order in which the files write dates.
            decimal: What stands before the decimals of the files' numbers.
            replace: These files are all that their source has.
            again: Also load files that were loaded before.
            strict: Refuse the load where any row would be rejected.
            accept_rejects: Load also a file of which many rows, or all, are rejected.
            skip_refused: Leave out files that cannot be read or are refused for their rows.
            parts: The files are one export cut into pieces.
            overlap: The files are exports that overlap.
            skip_unknown: Leave out files that are not recognised or cannot be read.
            covers_until: The last day that the files cover.

        Returns:
            A row for each file: file, read, used, waiting, rejected and skipped rows.

        Raises:
            InputError: A file cannot be read or is not known.
            LoadRefused: Loading the rows would break a promise; nothing was changed.
            UsageError: The options contradict each other.
        """
        from regulars.load.load_options import LoadOptions
        from regulars.load.mapping import ReadOptions
        from regulars.services.app import App

        until = None if covers_until is None else day_named(covers_until)
        app = App(self._shop, _tell)
        result = app.load(
            files,
            mapping=None if mapping is None else Path(mapping),
            source=source,
            account=account,
            written=ReadOptions(decimal, dates),
            skip_unknown=skip_unknown,
            options=LoadOptions(
                replace, again, strict, until, accept_rejects, skip_refused, parts=parts, overlap=overlap
            ),
        )
        self.refresh()
        content = serializer.load(result, app.warehouse.number)
        rows = tuple({"file": name, **counts} for name, counts in content["files"].items())
        notes = (*(["Nothing changed."] if result.unchanged else []), *result.warnings)
        return ResultTable(FILES, rows, content, notes, f"Load {result.load_id}")

    def forecast(
        self,
        *,
        horizon: int | None = None,
        rate: float | None = None,
        model: Literal["pareto", "mbg", "bg", "nbd"] | None = None,
        as_of: Day | None = None,
    ) -> ResultTable:
        """Forecast who will come back and what customers will be worth; where there are subscriptions, who will renew.

        The forecasts are stored in the shop, like those of `regulars forecast`; then `metric` and `segments` know them.

        Args:
            horizon: Days ahead that purchases and value are of; 365 by default.
            rate: Discount a year; 0.1 by default.
            model: How purchases come about; the best of them by default.
            as_of: The last day whose orders the forecast knows; the last day of the data by default.

        Returns:
            A row for each total: forecast (purchases or subscriptions), as_of, quantity, days ahead (null where it is of the
            day of the forecast), expected, low and high (eight in ten cases; null where not known), unit and currency.

        Raises:
            ForecastRefused: The data cannot carry a forecast.
            NothingLoaded: There are no orders.
        """
        from regulars.forecast.options import ForecastOptions
        from regulars.services.forecasting import Forecasting

        app = Forecasting(self._shop, _tell)
        options = {"horizon": horizon, "rate": rate, "model": model}
        chosen = {name: value for name, value in options.items() if value is not None}
        day = None if as_of is None else day_named(as_of)
        purchases, renewals, refused = app.forecast_both(ForecastOptions(as_of=day, **chosen))  # type: ignore[arg-type]
        self.refresh()
        content = serializer.forecast(purchases) if purchases else {}
        content |= {"subscriptions": serializer.forecast(renewals) if renewals else None}
        rows = serializer.purchase_totals(purchases) if purchases else []
        rows += serializer.renewal_totals(renewals) if renewals else []
        return ResultTable(TOTALS, tuple(rows), content, tuple(map(str, refused)), "Forecast")

    @property
    def facts(self) -> Facts:
        """The facts that queries read. Raises NothingLoaded if the shop has no data, UsageError if it is closed."""
        if self._is_closed:
            raise UsageError("This shop is closed.", f"Open it again: regulars.open({str(self.folder)!r})")
        if self._facts is None:
            self._facts = self._opened.enter_context(self._reading.facts())
        return self._facts

    def refresh(self) -> None:
        """Change to the current version of the shop's data, and to its current settings."""
        self._release()
        self._reading = Reading(Shop.open(self.folder), self._derive_again, _tell)

    def close(self) -> None:
        """Close the version's files. Later queries raise UsageError."""
        self._release()
        self._is_closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"regulars.open({str(self.folder)!r})"

    @property
    def _shop(self) -> Shop:
        return self._reading.shop

    def _release(self) -> None:
        self._facts = None
        self._opened.close()

    def _derive_again(self) -> None:
        """Derive the facts again; imports what that needs."""
        from regulars.services.app import App

        App(self._shop, _tell).derive_again()


def _tell(message: str) -> None:
    """Write a message for the user to the standard error stream."""
    sys.stderr.write(f"{message}\n")
