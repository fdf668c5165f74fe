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

_NAIVE = "naive: same as the days before"
_LEARNT = {"logistic": "logistic regression", "boosting": "gradient boosting"}


def trust(forecast: Forecast, actuals: Iterable[ForecastActual]) -> None:
    """Show parameters, the backtest, and stored forecasts beside the actuals."""
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
    kept = of_kept(actuals, "Earlier forecasts and what happened: customers who bought")
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
    """Return a row for each backtest period, with the range by chance alone for buyers."""
    title = f"Backtest: {words} within {backtest['days']} days"
    ranges = ["range by chance alone"] if what == "buyers" else []
    sheet = numbered(["as of"], ["forecast", *ranges, "actual", "error", _NAIVE, "error of naive"], title)
    for quarter in backtest["quarters"]:
        counts = quarter[what]
        expected, naive, actual = counts["forecast"], counts["naive"], counts["actual"]
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
    sheet = numbered(["model"], columns, "Backtest by customer, all periods together: models compared")
    learnt = {name: backtest.get(key) for key, name in _LEARNT.items()}
    rows = {**backtest["models"], **learnt, _NAIVE: backtest["naive"]}
    for name, scores in rows.items():
        if scores is None:
            continue
        log_score = f"{scores['log_score']:.4f}" if "log_score" in scores else NOTHING
        error = f"{scores['mean_absolute_error']:.3f}" if "mean_absolute_error" in scores else NOTHING
        called = f"{name} (used)" if name == chosen else name
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
        "The log score decides: nearer to 0 is better. Brier score and mean error: lower is better. The top tenth are the 10 % of"
        " customers with the most expected purchases: a higher share of all purchases is better. Logistic regression predicts only"
        " whether a customer buys, from recency, frequency and age.",
    ]
    if "boosting" not in backtest:
        sheet.notes.append(
            "To compare with gradient boosting too, install scikit-learn: pip install regulars[learning]"
        )
    return sheet


def _calibration(backtest: dict[str, Any]) -> Table:
    title = f"Calibration: ten groups of customers by their chance to buy within {backtest['days']} days, and the share who bought"
    sheet = numbered(["group"], ["customers", "chance", "bought"], title)
    for number, group in enumerate(backtest["calibration"], start=1):
        sheet.rows.append(
            [
                str(number),
                f"{group['customers']:,.0f}",
                shown(group["forecast"], Unit.SHARE),
                shown(group["actual"], Unit.SHARE),
            ]
        )
    return sheet
