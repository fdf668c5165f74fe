"""Who is who: records that share a customer id, an address or a number are one person.

identities.py   what identifies: ids, addresses and numbers in one spelling, as SQL that DuckDB computes
persons.py      the persons: connected components of what identifies, derived in full
corrections.py  what the shop corrects: join, split, and the list of merges
"""

from regulars.warehouse.people.corrections import (
    Correction,
    Link,
    Merge,
    corrections,
    count_merges,
    join,
    merges,
    resolve,
    split,
)
from regulars.warehouse.people.identities import shown
from regulars.warehouse.people.persons import derive_persons

__all__ = [
    "Correction",
    "Link",
    "Merge",
    "corrections",
    "count_merges",
    "derive_persons",
    "join",
    "merges",
    "resolve",
    "shown",
    "split",
]
