"""Write the precompiled statements of facts (src/regulars/warehouse/derive/precompiled.py)."""

from __future__ import annotations

from regulars.warehouse.derive.precompiled import FILE, file_content

FILE.write_text(file_content() + "\n", encoding="utf-8")
