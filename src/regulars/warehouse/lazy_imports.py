"""Imports of heavy packages on first use, and refusal of pandas. They save 0.5 s and 0.3 s of a command.

`from regulars.warehouse.lazy_imports import ibis` replaces `import ibis` in modules that most commands import.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ibis
    import openpyxl
    import pyarrow as pa
    import pyarrow.compute as pc
    from ibis.backends.sql import datatypes as ibis_types
else:

    class _LazyModule(ModuleType):
        """A proxy of a module, which is imported when one of its names is first used."""

        def __getattr__(self, name: str) -> Any:
            return getattr(import_module(self.__name__), name)

    names = ("ibis", "ibis.backends.sql.datatypes", "openpyxl", "pyarrow", "pyarrow.compute")
    ibis, ibis_types, openpyxl, pa, pc = map(_LazyModule, names)

__all__ = ["NoPandas", "ibis", "ibis_types", "openpyxl", "pa", "pc", "refuse_pandas"]


@dataclass(frozen=True)
class NoPandas:
    """An import finder that refuses pandas.

    DuckDB imports pandas at its first statement with a parameter, and pyarrow at its first conversion, to check the
    type of a value; both work without it.
    """

    everywhere: bool
    """True in the command line's own process: pandas is refused to all code. False in a notebook: it is refused to
    Regulars' code only, and only before pyarrow is imported, since pyarrow checks for pandas once.
    """

    def find_spec(self, fullname: str, *_: object) -> None:
        """Raise ModuleNotFoundError where pandas is refused; else leave the import to the other finders."""
        if fullname == "pandas" and (self.everywhere or ("pyarrow" not in sys.modules and _is_regulars())):
            raise ModuleNotFoundError("No module named 'pandas'", name=fullname)


def refuse_pandas(*, everywhere: bool = False) -> None:
    """Install the finder, once."""
    finder = NoPandas(everywhere)
    if finder not in sys.meta_path:
        sys.meta_path.insert(0, finder)


def _is_regulars() -> bool:
    """Return True where Regulars' code imports: the first frame outside importlib decides."""
    frame = sys._getframe(2)
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).partition(".")[0] == "importlib":
        frame = frame.f_back
    return str(frame.f_globals.get("__name__")).partition(".")[0] == "regulars"
