"""Words that systems write where they know no customer."""

from __future__ import annotations

NOBODY = ("0", "-1", "-", "guest", "null", "none", "n/a", "nan", "undefined")
"""In lower case. Such a value is no identity in any column."""
