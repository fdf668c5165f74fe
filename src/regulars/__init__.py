"""Regulars tells an online shop how its customers are doing.

>>> import regulars
>>> shop = regulars.open("myshop")
>>> shop.metric("net_revenue", grain="quarter", split="country")
>>> shop.metric("customer_churn_rate", compare=True).to_pandas()
"""

from __future__ import annotations

from os import PathLike, fspath
from typing import TYPE_CHECKING

from regulars.version import __version__
from regulars.vocabulary.errors import RegularsError

if TYPE_CHECKING:
    from regulars.services.open_shop import OpenShop

__all__ = ["RegularsError", "__version__", "open"]


def open(folder: str | PathLike[str] = ".") -> OpenShop:  # noqa: A001 - always called as regulars.open
    """Open a shop's folder for questions, loads and forecasts.

    Args:
        folder: The folder that `regulars init` made.

    Returns:
        The shop, to be closed with `close()` or used in a `with` block. Its methods return tables for pandas, polars, pyarrow
        and DuckDB.

    Raises:
        RegularsError: There is no shop in the folder, or its settings make no sense.
    """
    from regulars.services.open_shop import OpenShop

    return OpenShop(fspath(folder))
