"""Versions of a shop's warehouse: folders of files that never change, and a pointer to the one that counts.

    warehouse/v000007/          a version; the last three are kept
    warehouse/current           the pointer: the folder's name, and the highest number ever published
    warehouse/cache/v000007/    levels of rollups built for questions; it may be deleted at any time, and goes with its version
    warehouse/lock              held by the one writer
    warehouse/building-*        the version being written; a leftover where its writer was killed
    warehouse/removed-*         a version being removed

Replacing the pointer is the only moment at which anything changes for a reader.
"""

from regulars.warehouse.versions.connection import about, remember
from regulars.warehouse.versions.warehouse import Version, Warehouse

__all__ = ["Version", "Warehouse", "about", "remember"]
