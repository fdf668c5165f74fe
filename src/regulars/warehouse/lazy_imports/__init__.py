"""Ibis, pyarrow and openpyxl, each imported when something in it is first used: half a second of a command that does not.

`from regulars.warehouse.lazy_imports import ibis` stands in place of `import ibis` wherever a question or a load passes by.
"""

from __future__ import annotations

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
        """Stands for a module until one of its names is asked for."""

        def __getattr__(self, name: str) -> Any:
            return getattr(import_module(self.__name__), name)

    names = ("ibis", "ibis.backends.sql.datatypes", "openpyxl", "pyarrow", "pyarrow.compute")
    ibis, ibis_types, openpyxl, pa, pc = map(_LazyModule, names)

__all__ = ["ibis", "ibis_types", "openpyxl", "pa", "pc"]
