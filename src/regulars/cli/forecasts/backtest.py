"""How far to trust a forecast, drawn for people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from regulars.cli.forecasts import seasons
from regulars.cli.forecasts.tables import by_chance, numbered, of_kept, percent
from regulars.cli.output import say, show
from regulars.forecast.actuals import ForecastActual
from regulars.forecast.conventions import relative_error
from regulars.forecast.purchases.result import Forecast
from regulars.services.tables import Table
from regulars.vocabulary.numbers import NOTHING, shown
from regulars.vocabulary.units import Unit

_NAIVE = "as often as in the days before"
_LEARNT = {"logistic": "logistic regression", "boosting": "gradient boosting"}


def trust(forecast: Forecast, actuals: Iterable[ForecastActual]) -> None:
    """Show parameters, the backtest, and the kept forecasts beside the actuals."""
    say()
    show(_parameters(forecast))
    if forecast.backtest is not None:
        for sheet in (
            _quarters(forecast.backtest, "buyers", "customers who bought"),
            _quarters(forecast.backtest, "purchases", "purchases"),
            _models(forecast.backtest, forecast.model),
            _calibration(forecast.backtest),
            seasons.sheet(forecast.seasons),
        ):
            say()
            show(sheet)
    kept = of_kept(actuals, "Forecasts that were kept: customers who bought")
    if kept.rows:
        say()
        show(kept)


def _parameters(forecast: Forecast) -> Table:
    unit = "days of the shop's own clock" if forecast.seasons and forecast.seasons["taken"] else "days"
    sheet = numbered(["parameter"], ["value", "standard error"], f"Parameters of the model {forecast.model}, in {unit}")
    for name, value in forecast.parameters.items():
        sheet.rows.append([name, f"{value:.4g}", f"{forecast.standard_errors[name]:.2g}"])
    return sheet


def _quarters(backtest: dict[str, Any], what: str, words: str) -> Table:
    """Each hidden quarter, and what would have been chance alone where the model states it."""
    title = f"The past, hidden and forecast: {words} within {backtest['days']} days"
    ranges = ["by chance alone"] if what == "buyers" else []
    sheet = numbered(["as of"], ["forecast", *ranges, "came", "off by", _NAIVE, "off by that"], title)
    for quarter in backtest["quarters"]:
        counts = quarter[what]
        expected, naive, actual = counts["forecast"], counts["naive"], counts["came"]
        between = [by_chance(expected, counts["spread"])] if ranges else []
        sheet.rows.append(
            [
                quarter["as_of"],
                f"{expected:,.0f}",
                *between,
                f"{actual:,.0f}",
                percent(relative_error(expected, actual)),
                f"{naive:,.0f}",
                percent(relative_error(naive, actual)),
            ]
        )
    return sheet


def _models(backtest: dict[str, Any], chosen: str) -> Table:
    columns = ["log score", "Brier score", "mean error", "purchases of the top tenth"]
    sheet = numbered(["model"], columns, "Each customer, in all of these: what models said beside what came")
    learnt = {name: backtest.get(key) for key, name in _LEARNT.items()}
    rows = {**backtest["models"], **learnt, _NAIVE: backtest["naive"]}
    for name, scores in rows.items():
        if scores is None:
            continue
        log_score = f"{scores['log_score']:.4f}" if "log_score" in scores else NOTHING
        error = f"{scores['mean_absolute_error']:.3f}" if "mean_absolute_error" in scores else NOTHING
        called = f"{name} (taken)" if name == chosen else name
        sheet.rows.append(
            [
                called,
                log_score,
                f"{scores['brier']:.4f}",
                error,
                shown(scores["top_tenth"], Unit.SHARE),
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
    for number, group in enumerate(backtest["calibration"], start=1):
        sheet.rows.append(
            [
                str(number),
                f"{group['customers']:,.0f}",
                shown(group["forecast"], Unit.SHARE),
                shown(group["came"], Unit.SHARE),
            ]
        )
    return sheet
