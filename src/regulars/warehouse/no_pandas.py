"""Keeps DuckDB and pyarrow from importing pandas, which takes a third of a second and is not used."""

from __future__ import annotations

import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class NoPandas:
    """A finder of modules that refuses pandas.

    DuckDB imports it at its first statement with a parameter, and pyarrow at its first conversion, only to ask whether a value
    is one of its kinds; both go on without it.
    """

    everywhere: bool
    """Whether it is refused whoever asks, as the command line's process is its own. Else only to Regulars' code, for a notebook may
    import it; and only before pyarrow is imported, which asks once and would leave the notebook without pandas ever after.
    """

    def find_spec(self, fullname: str, *_: object) -> None:
        """Raise ModuleNotFoundError where pandas is refused; else leave it to the other finders."""
        if fullname == "pandas" and (self.everywhere or ("pyarrow" not in sys.modules and _is_regulars())):
            raise ModuleNotFoundError("No module named 'pandas'", name=fullname)


def refuse_pandas(*, everywhere: bool = False) -> None:
    """Put the finder in place, once."""
    finder = NoPandas(everywhere)
    if finder not in sys.meta_path:
        sys.meta_path.insert(0, finder)


def _is_regulars() -> bool:
    """Whether Regulars' code imports something: the first frame past those of the import itself."""
    frame = sys._getframe(2)
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).partition(".")[0] == "importlib":
        frame = frame.f_back
    return str(frame.f_globals.get("__name__")).partition(".")[0] == "regulars"
