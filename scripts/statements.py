"""Writes the statements that are compiled beforehand (src/regulars/warehouse/derive/shipped.py)."""

from __future__ import annotations

from regulars.warehouse.derive.shipped import FILE, content

FILE.write_text(content() + "\n", encoding="utf-8")
