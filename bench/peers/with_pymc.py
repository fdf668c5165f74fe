"""pymc-marketing fitting the same pasts to the most likely parameters (MAP), a row per customer in weeks, with its own priors.

Building the model is part of it, as in any script. Compiling it is not: some of the customers are fitted first.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.forecast.pasts import name_of
from bench.measuring import Place, Stopwatch

# Looked up as it is imported: what is compiled stays in the environment, not in a home folder.
os.environ.setdefault("PYTENSOR_FLAGS", f"base_compiledir={Path(sys.prefix) / 'compiled'}")

from pymc_marketing import clv

_WEEK = 7
_LAWS = {"bg": clv.BetaGeoModel, "mbg": clv.ModifiedBetaGeoModel, "pareto": clv.ParetoNBDModel}
_FEW = 1000
_TIMES = {"alpha", "beta"}


def fit_law(place: Place, watch: Stopwatch, law: str, answer: str) -> None:
    """Fit a model of purchases; its parameters are kept in days."""
    rows = pd.read_parquet(place.data(name_of(law)), columns=["frequency", "recency", "age"])
    given = pd.DataFrame(
        {
            "customer_id": np.arange(len(rows)),
            "frequency": rows["frequency"],
            "recency": rows["recency"] / _WEEK,
            "T": rows["age"] / _WEEK,
        }
    )
    found = _fitted(watch, _LAWS[law], given)
    place.write_answers(
        answer, {"parameters": {name: value * (_WEEK if name in _TIMES else 1) for name, value in found.items()}}
    )


def fit_money(place: Place, watch: Stopwatch, law: str, answer: str) -> None:
    """Fit Gamma-Gamma to all orders of each customer."""
    rows = pd.read_parquet(place.data(name_of(law)), columns=["paid", "spent"])
    mean = rows["spent"].astype(float) / rows["paid"]
    given = pd.DataFrame(
        {"customer_id": np.arange(len(rows)), "frequency": rows["paid"], "monetary_value": mean.to_numpy()}
    )
    place.write_answers(answer, {"parameters": _fitted(watch, clv.GammaGammaModel, given)})


def _fitted(watch: Stopwatch, model: Any, given: pd.DataFrame) -> dict[str, float]:
    model(given.head(_FEW)).fit(method="map", progressbar=False)
    for _ in watch.runs():
        with watch.timing():
            fitted = model(given)
            fitted.fit(method="map", progressbar=False)
    return {str(name): float(value.item()) for name, value in fitted.idata.posterior.items() if value.size == 1}
