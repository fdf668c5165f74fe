"""How far to trust a forecast, drawn for people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from regulars.cli.forecasts import seasons
from regulars.cli.forecasts.tables import by_chance, numbered, of_kept, percent
from regulars.cli.output import say, show
from regulars.forecast.conventions import off_by
from regulars.forecast.forecast_actual import ForecastActual
from regulars.forecast.purchases.result import Forecast
from regulars.services.tables import Table
from regulars.vocabulary.numbers import NOTHING, shown
from regulars.vocabulary.units import Unit

_NAIVE = "as often as in the days before"
_LEARNT = {"logistic": "logistic regression", "boosting": "gradient boosting"}


def trust(found: Forecast, came: Iterable[ForecastActual]) -> None:
    """Parameters, forecasts of a hidden past beside what came, and what came of the forecasts that were kept."""
    say()
    show(_parameters(found))
    if found.backtest is not None:
        for sheet in (
            _quarters(found.backtest, "buyers", "customers who bought"),
            _quarters(found.backtest, "purchases", "purchases"),
            _models(found.backtest, found.model),
            _calibration(found.backtest),
            seasons.sheet(found.seasons),
        ):
            say()
            show(sheet)
    kept = of_kept(came, "Forecasts that were kept: customers who bought")
    if kept.rows:
        say()
        show(kept)


def _parameters(found: Forecast) -> Table:
    unit = "days of the shop's own clock" if found.seasons and found.seasons["taken"] else "days"
    sheet = numbered(["parameter"], ["value", "standard error"], f"Parameters of the model {found.model}, in {unit}")
    for name, value in found.parameters.items():
        sheet.rows.append([name, f"{value:.4g}", f"{found.standard_errors[name]:.2g}"])
    return sheet


def _quarters(backtest: dict[str, Any], what: str, words: str) -> Table:
    """Each hidden quarter, and what would have been chance alone where the model states it."""
    title = f"The past, hidden and forecast: {words} within {backtest['days']} days"
    ranges = ["by chance alone"] if what == "buyers" else []
    sheet = numbered(["as of"], ["forecast", *ranges, "came", "off by", _NAIVE, "off by that"], title)
    for one in backtest["quarters"]:
        counts = one[what]
        said, guess, came = counts["forecast"], counts["naive"], counts["came"]
        between = [by_chance(said, counts["spread"])] if ranges else []
        sheet.rows.append(
            [one["as_of"], f"{said:,.0f}", *between, f"{came:,.0f}", percent(off_by(said, came)), f"{guess:,.0f}",
             percent(off_by(guess, came))]
        )  # fmt: skip
    return sheet


def _models(backtest: dict[str, Any], chosen: str) -> Table:
    columns = ["log score", "Brier score", "mean error", "purchases of the top tenth"]
    sheet = numbered(["model"], columns, "Each customer, in all of these: what models said beside what came")
    learnt = {name: backtest.get(key) for key, name in _LEARNT.items()}
    rows = {**backtest["models"], **learnt, _NAIVE: backtest["naive"]}
    for name, one in rows.items():
        if one is None:
            continue
        log_score = f"{one['log_score']:.4f}" if "log_score" in one else NOTHING
        error = f"{one['mean_absolute_error']:.3f}" if "mean_absolute_error" in one else NOTHING
        called = f"{name} (taken)" if name == chosen else name
        sheet.rows.append(
            [
                called,
                log_score,
                f"{one['brier']:.4f}",
                error,
                shown(one["top_tenth"], Unit.SHARE),
            ]
        )
    sheet.notes = [
        "The log score decides: nearer to 0 is better. Brier score and mean error: less is better. The top tenth are the tenth of"
        " customers expected to buy most; more of all purchases with them is better. Logistic regression learns the chance to buy"
        " from recency, frequency and age in the period before; it tells no number of purchases.",
    ]
    if "boosting" not in backtest:
        sheet.notes.append(
            "Beside gradient boosting, too, where scikit-learn is installed: pip install regulars[learning]"
        )
    return sheet


def _calibration(backtest: dict[str, Any]) -> Table:
    title = f"Customers in ten groups by their chance to buy within {backtest['days']} days, and the share who did"
    sheet = numbered(["group"], ["customers", "chance", "bought"], title)
    for number, one in enumerate(backtest["calibration"], start=1):
        sheet.rows.append(
            [
                str(number),
                f"{one['customers']:,.0f}",
                shown(one["forecast"], Unit.SHARE),
                shown(one["came"], Unit.SHARE),
            ]
        )
    return sheet
