"""Values that systems write in an identity column where the customer is not known."""

from __future__ import annotations

UNIDENTIFIED = ("0", "-1", "-", "guest", "null", "none", "n/a", "nan", "undefined")
"""The values in lower case. None of them identifies a customer, in any column."""
