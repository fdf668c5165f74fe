"""The names that Regulars exports: what other programs may rely on. A change here is a change for them."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

import pytest

import regulars
from regulars import forecast
from regulars.services.open_shop import OpenShop
from regulars.services.result_table import ResultTable
from regulars.vocabulary import errors


@pytest.mark.parametrize(
    ("module", "names"),
    [
        (regulars, ["RegularsError", "__version__", "open"]),
        (
            forecast,
            [
                "Estimate", "PurchaseForecast", "RFMSummary", "SpendForecast", "Status", "SubscriptionForecast", "fit",
                "fit_spend", "fit_subscriptions",
            ],
        ),
    ],
    ids=["regulars", "regulars.forecast"],
)  # fmt: skip
def test_a_public_module_exports_these_names(module: ModuleType, names: list[str]) -> None:
    assert sorted(module.__all__) == names
    assert [name for name in names if not hasattr(module, name)] == []


def public(kind: type[Any]) -> list[str]:
    """The names of a class that do not begin with an underscore, its fields included."""
    return sorted(name for name in {*vars(kind), *getattr(kind, "__annotations__", {})} if not name.startswith("_"))


def test_an_opened_shop_has_these_methods() -> None:
    names = ["close", "drill_down", "facts", "forecast", "load", "metric", "metrics", "names", "refresh", "segments"]
    assert public(OpenShop) == names


def test_a_result_has_these_methods() -> None:
    names = ["columns", "content", "notes", "rows", "title", "to_arrow", "to_json", "to_pandas", "to_polars"]
    assert public(ResultTable) == names
    assert {"__arrow_c_stream__", "_repr_html_", "__repr__", "__len__", "__iter__"} <= vars(ResultTable).keys()


QUESTION = ["name", "grain", "since", "until", "period", "split", "where", "active_window", "compare"]


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        (OpenShop.metric, QUESTION),
        (OpenShop.metrics, ["names", "theme", *QUESTION[1:]]),
        (OpenShop.drill_down, ["name", "period", "where", "active_window"]),
        (OpenShop.segments, ["name", "where"]),
        (OpenShop.forecast, ["horizon", "rate", "model", "as_of"]),
        (
            OpenShop.load,
            [
                "files", "mapping", "source", "account", "dates", "decimal", "replace", "again", "strict", "accept_rejects",
                "skip_refused", "parts", "overlap", "skip_unknown", "covers_until",
            ],
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)  # fmt: skip
def test_a_method_takes_these_arguments(method: Any, arguments: list[str]) -> None:
    assert list(inspect.signature(method).parameters)[1:] == arguments


def test_every_refusal_is_a_regulars_error() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert [kind.__name__ for kind in kinds if not issubclass(kind, regulars.RegularsError)] == []
