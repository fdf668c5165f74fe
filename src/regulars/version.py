"""The release of Regulars: imported by modules that the package's own `__init__` leads to."""

__version__ = "0.1.0"
