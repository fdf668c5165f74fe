"""Versions of a shop's warehouse: folders of files that never change, and a pointer to the current one.

    warehouse/v000007/          a version; the last three are kept
    warehouse/current           the pointer: the folder's name, and the highest published number
    warehouse/cache/v000007/    rollup levels built for queries; may be deleted at any time, and is removed with its version
    warehouse/lock              held by the one writer
    warehouse/building-*        the version being written; a leftover where its writer was killed
    warehouse/removed-*         a version being removed

Readers see a change only when the pointer is replaced.
"""

from regulars.warehouse.versions.connection import set_version_properties, version_properties
from regulars.warehouse.versions.warehouse import Version, Warehouse

__all__ = ["Version", "Warehouse", "set_version_properties", "version_properties"]
