"""Who is who: records that share a customer id, an address or a number are one person.

identities.py    what identifies: ids, addresses and numbers in one spelling, as SQL that DuckDB computes
records.py       what records say about who they are, and which identities hang together by it
components.py    connected components by passing labels
persons.py       the persons: connected components of what identifies, derived in full
profiles.py      name, place and address of each person, from the customers' rows
changed_persons.py  the same for what a write touched alone
corrections.py   what the shop corrects: join, split, and the list of merges
"""

from regulars.warehouse.identity.changed_persons import correct_persons
from regulars.warehouse.identity.corrections import (
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
from regulars.warehouse.identity.identities import define_identities, shown
from regulars.warehouse.identity.persons import derive_persons, of_persons

__all__ = [
    "Correction",
    "Link",
    "Merge",
    "correct_persons",
    "corrections",
    "count_merges",
    "define_identities",
    "derive_persons",
    "join",
    "merges",
    "of_persons",
    "resolve",
    "shown",
    "split",
]
